"""Loads Spotify's new releases into DuckDB: `python pipelines/load.py --help`.

Only what `--help` needs is imported before the options are known, so that it answers at once.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # As a script it runs from any folder, whether or not the checkout is installed.
    sys.path[0] = str(CHECKOUT)
    # What is imported stays to the end: to look through it for garbage, again and again, takes 0.2 s.
    gc.disable()

from pipelines.options import parse  # noqa: E402 - needs the path above


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line without the program; that of the process by default.

    Returns:
        The exit code.
    """
    options = parse(arguments)
    prepare_dlt()
    from pipelines.command import load  # noqa: PLC0415 - takes most of a second

    gc.freeze()
    gc.enable()
    return load(options)


def prepare_dlt() -> None:
    """Tell dlt, before it is imported, where its settings are, and that signals are ours."""
    if not Path(".dlt").is_dir():
        os.environ.setdefault("DLT_PROJECT_DIR", str(CHECKOUT))
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__INTERCEPT_SIGNALS"] = "false"
    # What fails is told by the command, in its own words; dlt's begin with a traceback.
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")
    # Arrow's own pool keeps memory that it no longer needs; the system's gives it back.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    # What is loaded is not kept in the working folder as well: it would outlive --retain-days, and fill the disk.
    os.environ["LOAD__DELETE_COMPLETED_JOBS"] = "true"


if __name__ == "__main__":
    # All is written and closed. To take apart what is left in memory, as Python does when it exits, takes 0.15 s.
    os._exit(main())
