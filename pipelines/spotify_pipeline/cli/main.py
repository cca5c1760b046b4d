"""Entry points: `spotify-source` and the scripts in `pipelines/`.

The modules that load, write the page and probe import dlt, which takes most of a second. They are imported once the
options are known, so that `--help` answers at once and a missing package leads to install instructions.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

from spotify_pipeline.cli.options import parse_load, parse_probe, parse_report
from spotify_pipeline.cli.terminal import exit_on_interrupt, install_instructions
from spotify_pipeline.exits import Exit
from spotify_pipeline.installation import checkout


class Command(NamedTuple):
    """A subcommand, whose module is named after it."""

    summary: str
    script: str  # in `pipelines/` of a checkout
    parse: Callable[[Sequence[str] | None, str], Any]


COMMANDS: Final = {
    "load": Command("load new releases into DuckDB", "load.py", parse_load),
    "report": Command("write an HTML page about the loaded data", "report.py", parse_report),
    "probe": Command("measure the API's rate limit", "probe_rate_limit.py", parse_probe),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `spotify-source` and return the exit code.

    Args:
        arguments: Command line without the program; that of the process by default.
    """
    name, *rest = [*(sys.argv[1:] if arguments is None else arguments)] or [""]
    if name in ("-h", "--help"):
        print(_usage())  # noqa: T201 - output of the command
        return Exit.COMPLETE
    if name not in COMMANDS:
        print(f"{_usage()}\n\n{_unknown(name)}", file=sys.stderr)  # noqa: T201 - output of the command
        return Exit.CONFIGURATION
    return run_command(name, rest, prog=f"spotify-source {name}")


def run_command(name: str, arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run a subcommand and return the exit code.

    Args:
        name: Key of COMMANDS.
        arguments: Command line without the program; that of the process by default.
        prog: Name of the program in its help; that of the script by default.
    """
    command = COMMANDS[name]
    with exit_on_interrupt():
        options = command.parse(arguments, prog or command.script)
        _configure_dlt()
        with install_instructions():
            module = import_module(f"spotify_pipeline.cli.{name}_command")
        return int(module.run(options))


def _configure_dlt() -> None:
    """Set what dlt reads from the environment when it is imported."""
    root = checkout()
    if root is not None and not Path(".dlt").is_dir():
        os.environ.setdefault("DLT_PROJECT_DIR", str(root))
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    # The commands handle signals themselves.
    os.environ["RUNTIME__INTERCEPT_SIGNALS"] = "false"
    # The commands report errors themselves; dlt logs them with a traceback.
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")
    # Arrow's own memory pool keeps freed memory; the system's returns it.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    # Load files in the working directory would outlive --retain-days, and fill the disk.
    os.environ["LOAD__DELETE_COMPLETED_JOBS"] = "true"


def _usage() -> str:
    commands = "\n".join(f"  {name:8}{command.summary}" for name, command in COMMANDS.items())
    return f"""\
usage: spotify-source COMMAND [options]

commands:
{commands}

spotify-source COMMAND --help lists its options."""


def _unknown(name: str) -> str:
    if not name:
        return "spotify-source: no command given."
    suggestions = difflib.get_close_matches(name, COMMANDS, n=1)
    return f"spotify-source: unknown command {name!r}.{f' Did you mean {suggestions[0]}?' if suggestions else ''}"
