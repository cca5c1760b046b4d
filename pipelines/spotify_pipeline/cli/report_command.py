"""The command report: write the HTML page, the feed and the calendar."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from spotify_pipeline.cli.options import ReportOptions
from spotify_pipeline.cli.terminal import print_text
from spotify_pipeline.destinations import named_destination
from spotify_pipeline.dlt_internals.dlt_config import normalize_dataset_name
from spotify_pipeline.exits import Exit
from spotify_pipeline.page import feeds
from spotify_pipeline.page.data import Database, opened, read_tables
from spotify_pipeline.page.render import charting_library, page
from spotify_pipeline.run.failures import report_error
from spotify_source.errors import ConfigurationError


def run(options: ReportOptions, now: datetime | None = None) -> Exit:
    """Write the files and return the exit code.

    Args:
        options: The command line.
        now: The current time; the machine's by default.
    """
    files = {"out": options.out, "feed": options.feed, "calendar": options.calendar}
    paths = {option: path.expanduser() for option, path in files.items() if path is not None}
    try:
        _check_paths(options.db.expanduser(), paths)
        library = charting_library()
        with _database(options) as database:
            _write(database, library, paths, now or datetime.now(timezone.utc), watched_only=options.watched)
    except Exception as error:  # noqa: BLE001 - every error has an exit code
        return report_error(error).exit
    return Exit.COMPLETE


@contextmanager
def _database(options: ReportOptions) -> Iterator[Database]:
    """Open the loaded tables for reading."""
    if options.destination is None:
        with opened(options.db.expanduser(), normalize_dataset_name(options.dataset)) as database:
            yield database
        return
    destination = named_destination(options.destination, options.dataset)
    with (
        destination.as_duckdb_file(read_tables()) as copy,
        opened(copy, destination.dataset, options.destination) as database,
    ):
        yield database


def _write(database: Database, library: str, paths: Mapping[str, Path], now: datetime, *, watched_only: bool) -> None:
    at = now.astimezone(timezone.utc).replace(tzinfo=None)
    texts = {"out": page(database, library, at)}
    albums = feeds.entries(database, watched_only=watched_only) if len(paths) > 1 else []
    if "feed" in paths:
        texts["feed"] = feeds.atom(albums, database.dataset, at)
    if "calendar" in paths:
        texts["calendar"] = feeds.icalendar(albums)
    for option, path in paths.items():
        _replace(path, texts[option])
    out = paths["out"]
    print_text(
        f"Wrote {out} ({len(texts['out'].encode()) / 1e6:.1f} MB). Open it in a browser: {out.resolve().as_uri()}"
    )
    for option, path in paths.items():
        if option != "out":
            print_text(f"Wrote {path}, the {option} of {len(albums)} new albums.")


def _check_paths(db: Path, paths: Mapping[str, Path]) -> None:
    """Check that each file can be written without replacing another.

    Raises:
        ConfigurationError: A folder does not exist, or a path is a folder, the database or given twice.
    """
    taken = [db.resolve()]
    for option, path in paths.items():
        if not path.parent.is_dir():
            raise ConfigurationError(
                f"The folder {path.parent} does not exist.", guidance=f"Create it, or choose another --{option}."
            )
        if path.is_dir() or path.resolve() in taken or (path.exists() and db.exists() and path.samefile(db)):
            content = "page" if option == "out" else option
            raise ConfigurationError(
                f"The {content} can't be written to {path}.", guidance=f"Choose another --{option}."
            )
        taken.append(path.resolve())


def _replace(path: Path, text: str) -> None:
    """Write a file in full or not at all."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".page-") as folder:
        written = Path(folder) / path.name
        # Without translation of line ends: iCalendar files have \r\n on every system.
        written.write_text(text, encoding="utf-8", newline="")
        written.replace(path)
