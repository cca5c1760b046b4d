"""The command line of load.py. Knows options and their forms, not what they do; imports nothing that takes time."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, NoReturn

from spotify_pipeline.exits import MEANINGS, Exit

RESOURCES = ("new_releases", "release_sightings", "albums", "album_tracks", "watched_artists", "search_yields")
EPILOG = """\
Credentials and settings: [sources.spotify] in .dlt/secrets.toml and .dlt/config.toml, or SOURCES__SPOTIFY__... in
the environment. They apply where an option is left out.

exit codes:
""" + "".join(f"  {code.value:3}  {meaning}\n" for code, meaning in MEANINGS.items())


@dataclass(frozen=True)
class Options:
    """What was asked for. None is left to dlt's configuration."""

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


class Parser(argparse.ArgumentParser):
    """A parser whose errors suggest what was meant, and end with the code for wrong configuration."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong on standard error, and end the program."""
        wrong, known = re.findall(r"--[\w-]+", message), [name for one in self._actions for name in one.option_strings]
        if choice := re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message):
            wrong, known = [choice[1]], re.findall(r"[\w-]+", choice[2])
        elif "unrecognized" not in message:
            wrong = []
        for word in wrong:
            for meant in difflib.get_close_matches(word, known, n=1):
                message += f". Did you mean {meant}?"
        self.exit(Exit.CONFIGURATION, f"{self.prog}: {message}\n  See {self.prog} --help.\n")


def build_parser(prog: str = "load.py") -> argparse.ArgumentParser:
    """The parser of the command line of a program of this name."""
    parser = Parser(
        prog=prog,
        description="Load Spotify's new album releases and their tracks into DuckDB, incrementally.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    where = parser.add_argument_group("destination")
    where.add_argument("--db", type=Path, metavar="PATH", help="DuckDB file (default: spotify.duckdb)")
    where.add_argument(
        "--destination",
        metavar="NAME",
        help="dlt destination that can replace rows, such as postgres, configured as in dlt",
    )
    where.add_argument(
        "--dataset", default="spotify_raw", metavar="NAME", help="schema to load into (default: spotify_raw)"
    )

    where.add_argument(
        "--storage-version",
        choices=("v1.2.0", "latest"),
        default="v1.2.0",
        help="storage version of a new DuckDB file; v1.2.0 opens in DuckDB 1.2 and later (default: v1.2.0)",
    )

    what = parser.add_argument_group("what to load")
    what.add_argument(
        "--market", action="append", metavar="CC", help="market codes, repeatable or separated by commas (default: US)"
    )
    what.add_argument("--discovery", choices=("auto", "browse", "search"), help="how to find releases (default: auto)")
    what.add_argument("--limit", type=positive, metavar="N", help="list at most N albums, and fetch at most N")
    what.add_argument(
        "--artists", type=Path, metavar="FILE", help="file of artists to watch: ids, links or names, one per line"
    )
    what.add_argument(
        "--reach", type=positive, metavar="N", help="searches to spend on listings (default: 10, for one market)"
    )
    what.add_argument(
        "--only-types", metavar="TYPES", help="album types to fetch, such as album,single; others are only listed"
    )
    what.add_argument("--resources", nargs="+", choices=RESOURCES, metavar="NAME", help=_resources_help())
    what.add_argument("--full-refresh", action="store_true", help="fetch everything again, even if it is loaded")

    instead = parser.add_argument_group("instead of loading")
    instead.add_argument(
        "--check", action="store_true", help="test credentials, quota and destination, with at most 3 calls"
    )
    instead.add_argument("--dry-run", action="store_true", help="read the listing, print the planned calls, and stop")

    after = parser.add_argument_group("after loading, with DuckDB or Postgres")
    after.add_argument("--export", type=Path, metavar="DIR", help="write what this run loaded to a file in DIR")
    after.add_argument(
        "--export-format",
        choices=("json", "parquet", "csv"),
        default="json",
        help="format of that file; csv is safe to open in spreadsheets (default: json)",
    )
    after.add_argument(
        "--retain-days", type=positive, metavar="N", help="remove albums not listed for N days (default: keep all)"
    )
    after.add_argument(
        "--iceberg", metavar="CATALOG", help="write the tables to an Iceberg catalog, by its name in .pyiceberg.yaml"
    )
    after.add_argument("--transform", action="store_true", help="build the dbt models in the same database")

    demo = parser.add_argument_group("demo, without credentials")
    demo.add_argument("--demo", action="store_true", help="load from an offline API with an invented catalogue")
    demo.add_argument(
        "--demo-regime",
        choices=("development", "extended"),
        default="development",
        help="kind of app to simulate (default: development)",
    )
    demo.add_argument("--demo-date", type=_date, metavar="YYYY-MM-DD", help="day to simulate (default: today)")

    how = parser.add_argument_group("output")
    how.add_argument(
        "--progress",
        choices=("auto", "bar", "log", "none"),
        default="auto",
        help="a live bar, log lines or nothing (default: auto, a bar on a terminal)",
    )
    how.add_argument("--report", choices=("text", "json"), default="text", help="format of the report (default: text)")
    how.add_argument(
        "--log-level",
        choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        type=str.upper,
        metavar="LEVEL",
        help="level of dlt's log: DEBUG, INFO, WARNING, ERROR or CRITICAL (default: CRITICAL)",
    )
    return parser


def parse(arguments: Sequence[str] | None = None, prog: str = "load.py") -> Options:
    """The options of a command line; ends the program where they are wrong."""
    parser = build_parser(prog)
    options = Options(**vars(parser.parse_args(arguments)))
    if options.destination and options.db:
        parser.error("--db applies to DuckDB only: use either --db or --destination")
    if options.check and options.dry_run:
        parser.error("use either --check or --dry-run")
    for option, needed in _without_effect(options, list(arguments if arguments is not None else sys.argv[1:])):
        parser.error(f"{option} has no effect {needed}")
    if not re.fullmatch(r"[A-Za-z_]\w*", options.dataset, re.ASCII):
        parser.error(f"--dataset: {options.dataset!r} is not a valid dataset name; use letters, digits and _")
    return options


def _without_effect(options: Options, given: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Options that were given and change nothing, each with the reason."""
    named = {argument.partition("=")[0] for argument in given}
    needs = {"--export-format": ("--export", options.export), "--demo-date": ("--demo", options.demo)}
    needs["--demo-regime"] = needs["--demo-date"]
    for option, (other, value) in needs.items():
        if option in named and not value:
            yield option, f"without {other}"
    instead = "--check" if options.check else "--dry-run" if options.dry_run else None
    for option in ("--export", "--retain-days", "--iceberg", "--transform"):
        if option in named and instead:
            yield option, f"with {instead}, which loads nothing"


def _resources_help() -> str:
    return f"tables to load: {', '.join(RESOURCES)} (default: all)"


def positive(text: str) -> int:
    """A whole number greater than 0, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number greater than 0, got {text!r}")
    return int(text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be a date like 2026-11-20, got {text!r}") from error
