"""Writes the page to look at: `python pipelines/report.py --help`.

Only what `--help` needs is imported before the options are known, so that it answers at once.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from spotify_pipeline.cli.interrupt import ended_by_interrupt
from spotify_pipeline.cli.options import Parser
from spotify_pipeline.exits import Exit
from spotify_pipeline.places import requirement

# What the extra 'report' brings.
EXTRA = ("jinja2", "vl_convert")
EPILOG = """\
exit codes: 0 written; 69 the database is in use; 78 a wrong option or file, or the extra 'report' is not installed;
1 a defect in this program.
"""


def build_parser(prog: str = "report.py") -> argparse.ArgumentParser:
    """The parser of the command line of a program of this name."""
    parser = Parser(
        prog=prog,
        description="Write one HTML page that shows what a DuckDB file holds. It is only read.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    default = {"db": Path("spotify.duckdb"), "out": Path("spotify.html")}
    parser.add_argument(
        "--db", type=Path, default=default["db"], metavar="PATH", help="the DuckDB file (default: spotify.duckdb)"
    )
    parser.add_argument("--dataset", default="spotify_raw", metavar="NAME", help="its schema (default: spotify_raw)")
    parser.add_argument(
        "--out", type=Path, default=default["out"], metavar="FILE", help="the page (default: spotify.html)"
    )
    return parser


def main(arguments: Sequence[str] | None = None, prog: str = "report.py", now: datetime | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line without the program; that of the process by default.
        prog: What the program is called in its help.
        now: The time; the machine's by default.

    Returns:
        The exit code.
    """
    options = build_parser(prog).parse_args(arguments)
    with ended_by_interrupt():
        return _report(options, now)


def _report(options: argparse.Namespace, now: datetime | None) -> int:
    if any(importlib.util.find_spec(module) is None for module in EXTRA):
        print(f'The page needs the extra "report": python -m pip install "{requirement("report")}"', file=sys.stderr)  # noqa: T201
        return Exit.CONFIGURATION
    from spotify_pipeline.run.failures import understand  # noqa: PLC0415 - takes most of a second

    try:
        _write(options.db.expanduser(), options.dataset, options.out.expanduser(), now or datetime.now(timezone.utc))
    except Exception as error:  # noqa: BLE001 - every end has an exit code
        failure = understand(error)
        if failure.error is None:
            traceback.print_exception(error)
        else:
            print(failure.error, file=sys.stderr)  # noqa: T201
        return failure.exit
    return Exit.COMPLETE


def _write(db: Path, dataset: str, out: Path, now: datetime) -> None:
    from spotify_pipeline.dlt_internals.destinations import dataset_name  # noqa: PLC0415 - takes most of a second
    from spotify_pipeline.page.database import opened  # noqa: PLC0415 - takes most of a second
    from spotify_pipeline.page.document import page  # noqa: PLC0415 - the same

    _check_place(db, out)
    with opened(db, dataset_name(dataset)) as database:
        text = page(database, now.astimezone(timezone.utc).replace(tzinfo=None))
    _replace(out, text)
    print(f"Wrote {out} ({len(text.encode()) / 1e6:.1f} MB). Open it in a browser: {out.resolve().as_uri()}")  # noqa: T201


def _check_place(db: Path, out: Path) -> None:
    from spotify_source.errors import ConfigurationError  # noqa: PLC0415 - takes most of a second

    if not out.parent.is_dir():
        raise ConfigurationError(f"There is no folder {out.parent}.", guidance="Create it, or choose another --out.")
    if out.is_dir() or (out.exists() and db.exists() and out.samefile(db)):
        raise ConfigurationError(f"{out} is no place for a page.", guidance="Choose another file with --out.")


def _replace(out: Path, text: str) -> None:
    """Write the file as a whole or not at all."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".page-") as folder:
        written = Path(folder) / out.name
        written.write_text(text, encoding="utf-8", newline="\n")
        written.replace(out)
