"""Command lines of load, report and probe: their options, checks and `--help`.

Imports the standard library only, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import difflib
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal, NoReturn

from spotify_pipeline.exits import MEANINGS, Exit

RESOURCES: Final = ("new_releases", "release_sightings", "albums", "album_tracks", "watched_artists", "search_yields")
PROBED_BUCKETS: Final = ("search", "browse", "album", "albums", "album_tracks")
# A third of the daily quota of an app in Development Mode.
MANY_CALLS: Final = 200
DATASET: Final = "spotify_raw"


@dataclass(frozen=True)
class LoadOptions:
    """Command line of load. None leaves a setting to dlt's configuration."""

    db: Path | None
    destination: str | None
    dataset: str
    storage_version: Literal["v1.2.0", "latest"]
    market: list[str] | None
    discovery: str | None
    limit: int | None
    artists: Path | None
    reach: int | None
    only_types: str | None
    resources: list[str] | None
    full_refresh: bool
    dry_run: bool
    check: bool
    export: Path | None
    export_format: Literal["json", "parquet", "csv"]
    retain_days: int | None
    iceberg: str | None
    transform: bool
    demo: bool
    demo_regime: Literal["development", "extended"]
    demo_date: date | None
    progress: Literal["auto", "bar", "log", "none"]
    report: Literal["text", "json"]
    log_level: str | None


@dataclass(frozen=True)
class ReportOptions:
    """Command line of report."""

    db: Path
    destination: str | None
    dataset: str
    out: Path
    feed: Path | None
    calendar: Path | None
    watched: bool


@dataclass(frozen=True)
class ProbeOptions:
    """Command line of probe."""

    endpoint: str  # the bucket
    interval: float  # seconds
    calls: int
    yes: bool
    demo: bool


class CommandParser(argparse.ArgumentParser):
    """Parser that suggests corrections and exits with 78."""

    def __init__(self, prog: str, description: str, notes: str, exit_codes: Mapping[Exit, str]) -> None:
        codes = "".join(f"  {code.value:3}  {meaning}\n" for code, meaning in sorted(exit_codes.items()))
        super().__init__(
            prog=prog,
            description=description,
            epilog=f"{notes}\nexit codes:\n{codes}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Print the error with a suggestion to standard error, and end the program."""
        wrong, known = re.findall(r"--[\w-]+", message), [name for one in self._actions for name in one.option_strings]
        if choice := re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message):
            wrong, known = [choice[1]], re.findall(r"[\w-]+", choice[2])
        elif "unrecognized" not in message:
            wrong = []
        for word in wrong:
            for suggestion in difflib.get_close_matches(word, known, n=1):
                message += f". Did you mean {suggestion}?"
        self.exit(Exit.CONFIGURATION, f"{self.prog}: {message}\n  See {self.prog} --help.\n")


# -- load


def load_parser(prog: str = "load.py") -> CommandParser:
    """Return the parser for load."""
    parser = CommandParser(
        prog,
        "Load Spotify's new album releases and their tracks into DuckDB, incrementally.",
        """\
Credentials and settings: [sources.spotify] in .dlt/secrets.toml and .dlt/config.toml, or SOURCES__SPOTIFY__... in
the environment. Options override them. A destination is configured as in dlt, under [destination].
""",
        MEANINGS,
    )
    group = parser.add_argument_group("destination")
    group.add_argument("--db", type=Path, metavar="PATH", help="DuckDB file (default: spotify.duckdb)")
    group.add_argument(
        "--destination", metavar="NAME", help="other dlt destination that can replace rows, such as postgres"
    )
    group.add_argument(
        "--dataset", default=DATASET, metavar="NAME", help=f"dataset, which DuckDB calls a schema (default: {DATASET})"
    )
    group.add_argument(
        "--storage-version",
        choices=("v1.2.0", "latest"),
        default="v1.2.0",
        help="storage version of a new DuckDB file (default: v1.2.0, readable by DuckDB 1.2 and later)",
    )

    group = parser.add_argument_group("data to load")
    group.add_argument(
        "--market", action="append", metavar="CC", help="market code, repeatable or separated by commas (default: US)"
    )
    group.add_argument(
        "--discovery",
        choices=("auto", "browse", "search"),
        help="endpoint of the plain listing (default: auto, by quota mode)",
    )
    group.add_argument("--limit", type=_positive, metavar="N", help="maximum number of albums to list and to fetch")
    group.add_argument(
        "--artists", type=Path, metavar="FILE", help="watchlist file: artist ids, links or names, one per line"
    )
    group.add_argument(
        "--reach",
        type=_positive,
        metavar="N",
        help="maximum searches for the listing and extra queries (default: 10, enough for one market)",
    )
    group.add_argument(
        "--only-types", metavar="TYPES", help="comma-separated album types to fetch; others are only listed"
    )
    group.add_argument(
        "--resources",
        nargs="+",
        choices=RESOURCES,
        metavar="NAME",
        help=f"tables to load (default: all; {', '.join(RESOURCES)})",
    )
    group.add_argument("--full-refresh", action="store_true", help="new fetch of all albums, loaded ones included")

    group = parser.add_argument_group("instead of loading")
    group.add_argument(
        "--check", action="store_true", help="test of credentials, quota and destination (at most 3 calls)"
    )
    group.add_argument("--dry-run", action="store_true", help="plan of the run, from the plain listing alone")

    group = parser.add_argument_group("after loading, with DuckDB or Postgres")
    group.add_argument("--export", type=Path, metavar="DIR", help="folder for a file with the albums of this run")
    group.add_argument(
        "--export-format",
        choices=("json", "parquet", "csv"),
        default="json",
        help="format of the export (default: json; csv is safe to open in spreadsheets)",
    )
    group.add_argument(
        "--retain-days",
        type=_positive,
        metavar="N",
        help="retention of albums after they were last listed (default: unlimited)",
    )
    group.add_argument(
        "--iceberg", metavar="CATALOG", help="Iceberg catalog to copy the tables to, from .pyiceberg.yaml"
    )
    group.add_argument("--transform", action="store_true", help="build of the dbt models in the same database")

    group = parser.add_argument_group("demo, without credentials")
    group.add_argument("--demo", action="store_true", help="offline API with generated albums in place of Spotify")
    group.add_argument(
        "--demo-regime",
        choices=("development", "extended"),
        default="development",
        help="quota mode of the offline API (default: development)",
    )
    group.add_argument("--demo-date", type=_date, metavar="YYYY-MM-DD", help="date of the demo (default: today)")

    group = parser.add_argument_group("output")
    group.add_argument(
        "--progress",
        choices=("auto", "bar", "log", "none"),
        default="auto",
        help="live bar, log lines or nothing (default: auto, a bar on a terminal)",
    )
    group.add_argument(
        "--report", choices=("text", "json"), default="text", help="format of the report (default: text)"
    )
    group.add_argument(
        "--log-level",
        choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        type=str.upper,
        metavar="LEVEL",
        help="level of dlt's log: DEBUG, INFO, WARNING, ERROR or CRITICAL (default: CRITICAL)",
    )
    return parser


def parse_load(arguments: Sequence[str] | None = None, prog: str = "load.py") -> LoadOptions:
    """Parse the command line of load; end the program if it is wrong."""
    parser = load_parser(prog)
    options = LoadOptions(**vars(parser.parse_args(arguments)))
    if options.destination and options.db:
        parser.error("--db applies to DuckDB only: use either --db or --destination")
    if options.check and options.dry_run:
        parser.error("use either --check or --dry-run")
    for option, condition in _without_effect(options, sys.argv[1:] if arguments is None else arguments):
        parser.error(f"{option} has no effect {condition}")
    if not re.fullmatch(r"[A-Za-z_]\w*", options.dataset, re.ASCII):
        parser.error(f"--dataset: {options.dataset!r} is not a valid dataset name; use letters, digits and _")
    return options


def _without_effect(options: LoadOptions, arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the given options that would change nothing, and under which condition."""
    given = {argument.partition("=")[0] for argument in arguments}
    if "--export-format" in given and options.export is None:
        yield "--export-format", "without --export"
    if not options.demo:
        yield from ((option, "without --demo") for option in ("--demo-date", "--demo-regime") if option in given)
    if options.check or options.dry_run:
        instead = "--check" if options.check else "--dry-run"
        for option in ("--export", "--retain-days", "--iceberg", "--transform"):
            if option in given:
                yield option, f"with {instead}, which loads nothing"


# -- report


def report_parser(prog: str = "report.py") -> CommandParser:
    """Return the parser for report."""
    parser = CommandParser(
        prog,
        "Write one HTML page about the loaded data, and new releases as a feed and a calendar. Only reads the database.",
        "",
        {
            Exit.COMPLETE: "written",
            Exit.UNAVAILABLE: "the database is in use",
            Exit.CONFIGURATION: "an option or a file is wrong, or the extra 'report' is not installed",
            Exit.BUG: "a bug",
        },
    )
    database = parser.add_mutually_exclusive_group()
    database.add_argument(
        "--db",
        type=Path,
        default=Path("spotify.duckdb"),
        metavar="PATH",
        help="DuckDB file (default: spotify.duckdb)",
    )
    database.add_argument("--destination", metavar="NAME", help="dlt destination in place of a file: postgres")
    parser.add_argument(
        "--dataset", default=DATASET, metavar="NAME", help=f"dataset of the tables (default: {DATASET})"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("spotify.html"), metavar="FILE", help="HTML page (default: spotify.html)"
    )
    parser.add_argument("--feed", type=Path, metavar="FILE", help="Atom feed of the new albums")
    parser.add_argument("--calendar", type=Path, metavar="FILE", help="iCalendar file of the release dates")
    parser.add_argument("--watched", action="store_true", help="feed and calendar of albums by watched artists only")
    return parser


def parse_report(arguments: Sequence[str] | None = None, prog: str = "report.py") -> ReportOptions:
    """Parse the command line of report; end the program if it is wrong."""
    parser = report_parser(prog)
    options = ReportOptions(**vars(parser.parse_args(arguments)))
    if options.watched and options.feed is None and options.calendar is None:
        parser.error("--watched has no effect without --feed or --calendar")
    return options


# -- probe


def probe_parser(prog: str = "probe_rate_limit.py") -> CommandParser:
    """Return the parser for probe."""
    parser = CommandParser(
        prog,
        "Measure the API's rate limit: make calls at an interval and report the replies.",
        """\
The probe uses the credentials and settings of load, prints how many calls it will make, and counts them for
daily_calls. It waits as long as Retry-After demands. It ends early at a spent quota, at a Retry-After longer than
max_wait, at a call without a usable reply, and at Ctrl-C, and reports what it has measured.
""",
        {
            Exit.COMPLETE: "measured",
            Exit.PENDING: "the API closed the bucket before the end",
            Exit.REFUSED: MEANINGS[Exit.REFUSED],
            Exit.CONFIGURATION: MEANINGS[Exit.CONFIGURATION],
            Exit.UNAVAILABLE: "the API is unavailable",
            Exit.INTERRUPTED: "ended by Ctrl-C",
            Exit.BUG: "a bug",
        },
    )
    parser.add_argument(
        "--endpoint", choices=PROBED_BUCKETS, default="search", help="bucket of the calls (default: search)"
    )
    parser.add_argument(
        "--interval", type=_seconds, default=1.0, metavar="SECONDS", help="time between two calls (default: 1)"
    )
    parser.add_argument(
        "--calls", type=_positive, default=30, metavar="N", help="maximum number of calls (default: 30)"
    )
    parser.add_argument("--yes", action="store_true", help=f"permission to make more than {MANY_CALLS} calls")
    parser.add_argument("--demo", action="store_true", help="offline API that allows 4 calls in 6 seconds")
    return parser


def parse_probe(arguments: Sequence[str] | None = None, prog: str = "probe_rate_limit.py") -> ProbeOptions:
    """Parse the command line of probe; end the program if it is wrong."""
    return ProbeOptions(**vars(probe_parser(prog).parse_args(arguments)))


# -- values


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number greater than 0, got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, got {text!r}")
    return seconds


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be a date like 2026-11-20, got {text!r}") from error
