"""The command `spotify-source`: `load`, `report` and `probe` as subcommands. Knows their names only."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from spotify_pipeline.exits import Exit

COMMANDS: Final = {
    "load": "load new releases into DuckDB",
    "report": "write one HTML page that shows what was loaded",
    "probe": "measure what the API answers at a given interval",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand with the arguments that follow it.

    Args:
        arguments: The command line without the program; that of the process by default.

    Returns:
        The exit code.
    """
    command, *rest = [*(sys.argv[1:] if arguments is None else arguments)] or [""]
    if command in ("-h", "--help"):
        print(_usage())  # noqa: T201
        return Exit.COMPLETE
    if command not in COMMANDS:
        print(f"{_usage()}\n\n{_no_command(command)}", file=sys.stderr)  # noqa: T201
        return Exit.CONFIGURATION
    return int(import_module(f"spotify_pipeline.cli.{command}").main(rest, prog=f"spotify-source {command}"))


def _usage() -> str:
    commands = "\n".join(f"  {name:8}{text}" for name, text in COMMANDS.items())
    return f"""\
usage: spotify-source COMMAND [options]

commands:
{commands}

spotify-source COMMAND --help lists its options."""


def _no_command(command: str) -> str:
    if not command:
        return "spotify-source: no command given."
    meant = difflib.get_close_matches(command, COMMANDS, n=1)
    return f"spotify-source: unknown command {command!r}.{f' Did you mean {meant[0]}?' if meant else ''}"
