"""The command that loads: `spotify-source load`, and `python pipelines/load.py` in a checkout.

Only what `--help` needs is imported before the options are known, so that it answers at once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from spotify_pipeline.cli.interrupt import ended_by_interrupt
from spotify_pipeline.cli.missing import told_how_to_install
from spotify_pipeline.cli.options import parse
from spotify_pipeline.places import checkout


def main(arguments: Sequence[str] | None = None, prog: str = "load.py") -> int:
    """Run the command.

    Args:
        arguments: The command line without the program; that of the process by default.
        prog: What the program is called in its help.

    Returns:
        The exit code.
    """
    with ended_by_interrupt():
        options = parse(arguments, prog)
        prepare_dlt()
        with told_how_to_install():
            from spotify_pipeline.cli.command import load  # noqa: PLC0415 - takes most of a second

        return load(options)


def prepare_dlt() -> None:
    """Tell dlt, before it is imported, where its settings are, and that signals are ours."""
    root = checkout()
    if root is not None and not Path(".dlt").is_dir():
        os.environ.setdefault("DLT_PROJECT_DIR", str(root))
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__INTERCEPT_SIGNALS"] = "false"
    # What fails is told by the command, in its own words; dlt's begin with a traceback.
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")
    # Arrow's own pool keeps memory that it no longer needs; the system's gives it back.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    # What is loaded is not kept in the working directory as well: it would outlive --retain-days, and fill the disk.
    os.environ["LOAD__DELETE_COMPLETED_JOBS"] = "true"
