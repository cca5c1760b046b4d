"""Measures what the API answers at a given interval: `python pipelines/probe_rate_limit.py --help`.

Only what `--help` needs is imported before the options are known, so that it answers at once.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass

from spotify_pipeline.cli.load import prepare_dlt
from spotify_pipeline.cli.options import Parser, positive

ENDPOINTS = ("search", "browse", "album", "albums", "album_tracks")
# A third of what an app in Development Mode has for a day.
MANY_CALLS = 200
EPILOG = """\
It uses the credentials of load.py, and tells what it will spend before it starts. A Retry-After is waited for; the
first reply that the quota is spent, or a Retry-After over 60 s, ends it. So does Ctrl-C, and shows what was measured.

exit codes: 0 measured; 75 the API closed the bucket before the end; 77 Spotify refuses the app; 78 something is
configured wrong; 69 the API can't be reached; 130 ended by Ctrl-C; 1 a defect in this program.
"""


@dataclass(frozen=True)
class Wish:
    """What was asked for."""

    endpoint: str
    interval: float
    calls: int
    yes: bool
    demo: bool


def build_parser(prog: str = "probe_rate_limit.py") -> argparse.ArgumentParser:
    """The parser of the command line of a program of this name."""
    parser = Parser(
        prog=prog,
        description="Measure, politely, what the API answers when it is called at a given interval.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--endpoint", choices=ENDPOINTS, default="search", help="the calls to measure (default: search)"
    )
    parser.add_argument(
        "--interval", type=_seconds, default=1.0, metavar="SECONDS", help="from one call to the next (default: 1)"
    )
    parser.add_argument("--calls", type=positive, default=30, metavar="N", help="how many, at most (default: 30)")
    parser.add_argument("--yes", action="store_true", help=f"spend more than {MANY_CALLS} calls")
    parser.add_argument("--demo", action="store_true", help="measure an offline API that allows 4 calls in 6 s")
    return parser


def main(arguments: Sequence[str] | None = None, prog: str = "probe_rate_limit.py") -> int:
    """Run the command.

    Args:
        arguments: The command line without the program; that of the process by default.
        prog: What the program is called in its help.

    Returns:
        The exit code.
    """
    options = build_parser(prog).parse_args(arguments)
    prepare_dlt()
    from spotify_pipeline.probe.command import probe  # noqa: PLC0415 - takes most of a second

    return probe(Wish(**vars(options)))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds
