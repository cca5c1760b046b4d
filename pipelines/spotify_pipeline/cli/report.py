"""Writes the page to look at: `python pipelines/report.py --help`.

Only what `--help` needs is imported before the options are known, so that it answers at once.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from spotify_pipeline.cli.interrupt import ended_by_interrupt
from spotify_pipeline.cli.missing import told_how_to_install
from spotify_pipeline.cli.options import Parser
from spotify_pipeline.exits import Exit
from spotify_pipeline.places import installing, requirement

if TYPE_CHECKING:
    from spotify_pipeline.page.database import Database

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
        description="Write one HTML page that shows what is loaded, and what is new as a feed and a calendar. "
        "The database is only read.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    default = {"db": Path("spotify.duckdb"), "out": Path("spotify.html")}
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--db", type=Path, default=default["db"], metavar="PATH", help="DuckDB file (default: spotify.duckdb)"
    )
    where.add_argument(
        "--destination", metavar="NAME", help="the dlt destination instead, postgres, configured as for the load"
    )
    parser.add_argument("--dataset", default="spotify_raw", metavar="NAME", help="its schema (default: spotify_raw)")
    parser.add_argument(
        "--out", type=Path, default=default["out"], metavar="FILE", help="the page (default: spotify.html)"
    )
    parser.add_argument("--feed", type=Path, metavar="FILE", help="also write what is new as an Atom feed")
    parser.add_argument(
        "--calendar", type=Path, metavar="FILE", help="also write the release days as an iCalendar file"
    )
    parser.add_argument(
        "--watched", action="store_true", help="in the feed and the calendar, only albums of watched artists"
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
    parser = build_parser(prog)
    options = parser.parse_args(arguments)
    if options.watched and options.feed is None and options.calendar is None:
        parser.error("--watched is about --feed and --calendar: add one of them.")
    with ended_by_interrupt():
        return _report(options, now)


def _report(options: argparse.Namespace, now: datetime | None) -> int:
    with told_how_to_install():
        from spotify_pipeline.run.failures import understand  # noqa: PLC0415 - takes most of a second
    if any(importlib.util.find_spec(module) is None for module in EXTRA):
        print(f'The page needs the extra "report":\n  {installing(requirement("report"))}', file=sys.stderr)  # noqa: T201
        return Exit.CONFIGURATION
    more = {name: path.expanduser() for name in ("feed", "calendar") if (path := getattr(options, name)) is not None}
    places = {"out": options.out.expanduser(), **more}
    try:
        _check_places(options.db.expanduser(), places)
        with _database(options) as database:
            _write(database, places, now or datetime.now(timezone.utc), watched_only=options.watched)
    except Exception as error:  # noqa: BLE001 - every end has an exit code
        failure = understand(error)
        if failure.error is None:
            traceback.print_exception(error)
        else:
            print(failure.error, file=sys.stderr)  # noqa: T201
        return failure.exit
    return Exit.COMPLETE


@contextmanager
def _database(options: argparse.Namespace) -> Iterator[Database]:
    """What is loaded, opened for reading."""
    from spotify_pipeline.dlt_internals.config import normalize_dataset_name  # noqa: PLC0415 - takes most of a second
    from spotify_pipeline.page.database import opened, read_tables  # noqa: PLC0415 - the same

    if options.destination is None:
        with opened(options.db.expanduser(), normalize_dataset_name(options.dataset)) as database:
            yield database
        return
    from spotify_pipeline.destinations import named_destination  # noqa: PLC0415 - the same

    destination = named_destination(options.destination, options.dataset)
    with (
        destination.as_duckdb_file(read_tables()) as copy,
        opened(copy, destination.dataset, options.destination) as database,
    ):
        yield database


def _write(database: Database, places: Mapping[str, Path], now: datetime, *, watched_only: bool) -> None:
    from spotify_pipeline.page import atom, events, news  # noqa: PLC0415 - takes most of a second
    from spotify_pipeline.page.document import page  # noqa: PLC0415 - the same

    at = now.astimezone(timezone.utc).replace(tzinfo=None)
    written = {"out": page(database, at)}
    if len(places) > 1:
        new = news.read(database, watched_only=watched_only)
        written |= {"feed": atom.feed(new, database.dataset, at), "calendar": events.calendar(new)}
    for name, path in places.items():
        _replace(path, written[name])
    out = places["out"]
    print(f"Wrote {out} ({len(written['out'].encode()) / 1e6:.1f} MB). Open it in a browser: {out.resolve().as_uri()}")  # noqa: T201
    for name in ("feed", "calendar"):
        if name in places:
            print(f"Wrote {places[name]}, the {name} of {len(new)} new albums.")  # noqa: T201


def _check_places(db: Path, places: Mapping[str, Path]) -> None:
    from spotify_source.errors import ConfigurationError  # noqa: PLC0415 - takes most of a second

    taken = [db.resolve()]
    for name, path in places.items():
        if not path.parent.is_dir():
            raise ConfigurationError(
                f"The folder {path.parent} does not exist.", guidance=f"Create it, or choose another --{name}."
            )
        if path.is_dir() or path.resolve() in taken or (path.exists() and db.exists() and path.samefile(db)):
            what = "page" if name == "out" else name
            raise ConfigurationError(f"The {what} can't be written to {path}.", guidance=f"Choose another --{name}.")
        taken.append(path.resolve())


def _replace(out: Path, text: str) -> None:
    """Write the file as a whole or not at all."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".page-") as folder:
        written = Path(folder) / out.name
        # The lines end as the text has them: a calendar's with \r\n, on every system.
        written.write_text(text, encoding="utf-8", newline="")
        written.replace(out)
