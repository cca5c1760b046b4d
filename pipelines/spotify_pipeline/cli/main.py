"""The command `spotify-source`: `load`, `report` and `probe` as subcommands. Knows their names only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

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
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] in (["-h"], ["--help"]):
        print(_usage())  # noqa: T201
        return 0
    if not given or given[0] not in COMMANDS:
        print(_usage(), file=sys.stderr)  # noqa: T201
        return 78
    run = import_module(f"spotify_pipeline.cli.{given[0]}").main
    return int(run(given[1:]))


def _usage() -> str:
    commands = "\n".join(f"  {name:8}{text}" for name, text in COMMANDS.items())
    return f"usage: spotify-source COMMAND [options]\n\ncommands:\n{commands}\n\nspotify-source COMMAND --help lists its options."
