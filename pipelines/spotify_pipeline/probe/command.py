"""What probe_rate_limit.py does once its options are known: warn, measure, report, exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from spotify_pipeline.cli.probe import MANY_CALLS, Wish
from spotify_pipeline.demo import Catalogue, OfflineApi
from spotify_pipeline.exits import Exit
from spotify_pipeline.probe.calls import App, Caller, configured_app, needs_album
from spotify_pipeline.probe.measurement import Measurement, measure
from spotify_pipeline.run.failures import understand
from spotify_source import settings
from spotify_source.errors import BucketClosedError, ConfigurationError
from spotify_source.limits.clock import Clock, SystemClock


class TooManyCallsError(ConfigurationError):
    """More calls than anyone spends by mistake."""

    guidance = "Set fewer --calls, or add --yes to spend them."
    help_url = settings.QUOTA_URL


def probe(wish: Wish, clock: Clock | None = None) -> int:
    """Measure what was asked for, and report.

    Args:
        wish: The command line.
        clock: What is waited by; the machine's by default.

    Returns:
        The exit code.
    """
    measurement = Measurement()
    try:
        _warn(wish)
        _measure(wish, clock or SystemClock(), measurement)
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - every end has an exit code
        code = _tell(error)
    else:
        code = Exit.PENDING if measurement.closed else Exit.COMPLETE
    if measurement.requests:
        _say(str(measurement))
    return code


def _warn(wish: Wish) -> None:
    """Say what will be spent; refuse to spend much of it unasked."""
    more = ", and 1 of search" if needs_album(wish.endpoint) else ""
    seconds = wish.interval * (wish.calls - 1)
    _say(f"This spends up to {wish.calls} calls of {wish.endpoint}{more}: {seconds:.0f} s, and what it has to wait.")
    _say("An app in Development Mode has about 600 a day of each kind. load.py's daily_calls won't count these.")
    if wish.calls > MANY_CALLS and not wish.yes:
        raise TooManyCallsError(f"{wish.calls} calls are more than {MANY_CALLS}.")


def _measure(wish: Wish, clock: Clock, measurement: Measurement) -> None:
    with _demo_app(clock) if wish.demo else _app() as app:
        caller = Caller(app, clock)
        caller.authorize()
        album_id = caller.find_album() if needs_album(wish.endpoint) else ""
        measure(
            lambda: caller.call(wish.endpoint, album_id),
            calls=wish.calls,
            interval=wish.interval,
            clock=clock,
            measurement=measurement,
            tell=_say,
        )


@contextmanager
def _app() -> Iterator[App]:
    yield configured_app()


@contextmanager
def _demo_app(clock: Clock) -> Iterator[App]:
    """An offline API whose rate limit is low enough to be met."""
    today = datetime.fromtimestamp(clock.now(), timezone.utc).date()
    with OfflineApi(Catalogue.generate(seed=1, listed=20, day=today), clock=clock.now) as api:
        api.rate_limit = (4, 6.0)
        api.rate_limit_retry_after = 4
        yield App("demo", "demo", api.api_url, api.token_url)


def _tell(error: Exception) -> Exit:
    """Say what happened and what to do; a defect with its traceback."""
    if isinstance(error, BucketClosedError):
        print(error, file=sys.stderr)  # noqa: T201
        return Exit.PENDING
    failure = understand(error)
    if failure.error is None:
        traceback.print_exception(error)
    else:
        print(failure.error, file=sys.stderr)  # noqa: T201
    return failure.exit


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the report
