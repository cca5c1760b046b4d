"""Measures what the API answers at a given interval: `python pipelines/probe_rate_limit.py --help`.

Only what `--help` needs is imported before the options are known, so that it answers at once.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spotify_pipeline.cli.console import say
from spotify_pipeline.cli.interrupt import ended_by_interrupt
from spotify_pipeline.cli.load import prepare_dlt
from spotify_pipeline.cli.missing import told_how_to_install
from spotify_pipeline.cli.options import Parser, positive
from spotify_pipeline.exits import Exit

if TYPE_CHECKING:
    from spotify_source.limits.governor import Clock

ENDPOINTS = ("search", "browse", "album", "albums", "album_tracks")
# A third of what an app in Development Mode has for a day.
MANY_CALLS = 200
EPILOG = """\
It uses the credentials and settings of load.py, tells what it will spend before it starts, and counts it for
daily_calls. A Retry-After is waited for; a spent quota, a longer Retry-After than max_wait, and a call without a usable
answer end it. So does Ctrl-C. What was measured is shown.

exit codes: 0 measured; 75 the API closed the bucket before the end; 77 Spotify refuses the app; 78 something is
configured wrong; 69 the API can't be reached; 130 ended by Ctrl-C; 1 a defect in this program.
"""


@dataclass(frozen=True)
class Options:
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
    options = Options(**vars(build_parser(prog).parse_args(arguments)))
    prepare_dlt()
    with ended_by_interrupt(), told_how_to_install():
        # From here on an interrupt is one that ends a measurement.
        import spotify_pipeline.run.probe  # noqa: F401
    return probe(options)


def probe(options: Options, clock: Clock | None = None) -> Exit:
    """Measure what was asked for, and report.

    Args:
        options: The command line.
        clock: What is waited by; the machine's by default.
    """
    from spotify_pipeline.run.failures import tell
    from spotify_pipeline.run.probe import Measurement
    from spotify_source import Run
    from spotify_source.config import connect, resolve

    run, measurement = Run(clock), None
    try:
        _warn(options)
        with _arguments(options, run.clock) as arguments:
            connection = connect(resolve(requests_per_second=0, **arguments), run, max_attempts=1)
            measurement = Measurement(connection, options.endpoint, options.calls, say)
            measurement.run(options.interval)
        code = Exit.PENDING if measurement.closed else Exit.COMPLETE
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - every end has an exit code
        code = tell(error).exit
    if measurement is not None:
        say("\n".join(measurement.lines()))
    return code


def _warn(options: Options) -> None:
    """Say what will be spent; refuse to spend much of it unasked."""
    from spotify_pipeline.run.probe import needs_album
    from spotify_source import settings
    from spotify_source.errors import ConfigurationError

    more = ", and 1 of search" if needs_album(options.endpoint) else ""
    seconds = options.interval * (options.calls - 1)
    say(
        f"This spends up to {options.calls} calls of {options.endpoint}{more}: {seconds:.0f} s, and what it has to wait."
    )
    say("An app in Development Mode has about 600 a day of each kind.")
    if options.calls > MANY_CALLS and not options.yes:
        error = ConfigurationError(
            f"{options.calls} calls are more than {MANY_CALLS}.",
            guidance="Set fewer --calls, or add --yes to spend them.",
        )
        error.help_url = settings.QUOTA_URL
        raise error


@contextmanager
def _arguments(options: Options, clock: Clock) -> Iterator[dict[str, Any]]:
    """What leads to the API: nothing but the configuration, or an offline API whose rate limit is low enough to be met."""
    if not options.demo:
        yield {}
        return
    from datetime import datetime, timezone

    from spotify_pipeline.offline_api import Catalogue, OfflineApi

    day = datetime.fromtimestamp(clock.now(), timezone.utc).date()
    # An app of its own, whose calls are counted apart from those of any other.
    app = "offline-probe"
    catalogue = Catalogue.generate(seed=1, listed=20, day=day)
    with OfflineApi(catalogue, client_id=app, client_secret=app, clock=clock.now) as api:
        api.rate_limit, api.rate_limit_retry_after = (4, 6.0), 4
        yield {"client_id": app, "client_secret": app, "api_url": api.api_url, "token_url": api.token_url}


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, got {text!r}")
    return seconds
