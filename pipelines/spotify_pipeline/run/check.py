"""Test of credentials, quota mode, market, quota and destination, for `--check`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spotify_pipeline.destinations.base import Destination
from spotify_pipeline.exits import Exit
from spotify_pipeline.run.failures import Failure, classify_error
from spotify_pipeline.run.report import by_bucket, count, local_time, quarantine_lines
from spotify_source import Run
from spotify_source.config import Connection, connect, resolve
from spotify_source.errors import BucketClosedError, ForbiddenError, PremiumRequiredError, SpotifySourceError


@dataclass(frozen=True)
class CheckResult:
    """One line of the check, with the failure and its remedy if there is one."""

    subject: str
    failure: Failure | None = None
    is_warning: bool = False  # nothing is wrong, but a run will leave something pending

    def __str__(self) -> str:
        """Return the line marked with a tick, an exclamation mark or a cross."""
        if self.failure is None:
            return f"{'!' if self.is_warning else '✓'} {self.subject}"
        lines = str(self.failure.error or self.failure.reason).splitlines()
        return "\n    ".join([f"✗ {self.subject}", *map(str.strip, lines)])


def exit_code(results: Sequence[CheckResult]) -> Exit:
    """Return the exit code of the check: that of the failure to fix first."""
    codes = {result.failure.exit for result in results if result.failure}
    return next((code for code in Exit if code in codes), Exit.COMPLETE)


def check_all(destination: Destination, arguments: Mapping[str, Any], run: Run) -> Iterator[CheckResult]:
    """Check the destination, the configuration and the app.

    This makes at most three calls and creates no file.

    Args:
        destination: Destination of the load.
        arguments: Arguments of the source.
        run: The run whose clock and stop signal apply.
    """
    results = list(_check_destination(destination))
    yield from results
    try:
        connection = connect(resolve(**arguments), run, max_attempts=1)
        if not any(result.failure for result in results):
            with destination.active_pipeline() as stored_state:
                connection.run.state.attach(stored_state)
        yield from _check_app(connection)
    except Exception as error:  # noqa: BLE001 - every error is a result
        yield CheckResult("Configuration", classify_error(error))


def _check_destination(destination: Destination) -> Iterator[CheckResult]:
    try:
        destination.check(create=False)
    except SpotifySourceError as error:
        yield CheckResult(f"Destination: {destination.name}", classify_error(error))
        return
    yield CheckResult(f"Destination: {destination.name}, dataset {destination.dataset}; {destination.describe()}")
    directory = destination.working_directory()
    packages = directory.pending()
    condition = (
        f"{count(len(packages), 'load package')} pending, loaded first by the next run"
        if packages
        else "nothing pending"
    )
    damage = directory.damage()
    if damage is not None:
        condition = f"can't be read ({damage}); the next run quarantines it and continues from the loaded tables"
    yield CheckResult(f"Working directory: {directory.path}; {condition}")
    for quarantined in directory.quarantined():
        yield CheckResult("\n  ".join(quarantine_lines(quarantined)))


def _check_app(connection: Connection) -> Iterator[CheckResult]:
    browse_allowed = connection.run.state.allowed("browse", connection.run.clock.now())
    errors = []
    if browse_allowed is None:
        error = _call_browse(connection)
        errors.append(error)
        if error is None or isinstance(error, ForbiddenError):
            browse_allowed = error is None
    search_error = _call_search(connection)
    errors.append(search_error)
    refusals = [error for error in errors if error and not isinstance(error, (ForbiddenError, BucketClosedError))]
    if refusals:
        subject = "Quota mode" if isinstance(refusals[0], PremiumRequiredError) else "Credentials and first call"
        yield CheckResult(subject, classify_error(refusals[0]))
        return
    yield CheckResult("Credentials: accepted")
    yield _quota_mode(browse_allowed, search_error)
    yield CheckResult(f"Market: {', '.join(connection.options.markets)}")
    yield from _check_quota(connection)


def _call_browse(connection: Connection) -> SpotifySourceError | None:
    try:
        connection.client.probe_browse()
    except SpotifySourceError as error:
        return error
    return None


def _call_search(connection: Connection) -> SpotifySourceError | None:
    try:
        connection.client.probe_search(connection.options.markets[0])
    except SpotifySourceError as error:
        return error
    return None


def _quota_mode(browse_allowed: bool | None, search_error: SpotifySourceError | None) -> CheckResult:
    if browse_allowed:
        return CheckResult("Quota mode: extended, or an older app; new releases come from browse/new-releases")
    if isinstance(search_error, ForbiddenError):
        subject = "Quota mode: neither browse/new-releases nor search is allowed"
        return CheckResult(subject, classify_error(search_error))
    if browse_allowed is None:
        return CheckResult("Quota mode: unknown, because browse/new-releases is closed at the moment")
    return CheckResult("Quota mode: development; new releases come from search, albums take one call each")


def _check_quota(connection: Connection) -> Iterator[CheckResult]:
    ledger, now, daily_calls = (
        connection.governor.ledger,
        connection.run.clock.now(),
        connection.governor.policy.daily_calls,
    )
    made = ledger.all_calls_made(now)
    budget = f" of daily_calls {daily_calls}" if daily_calls is not None else ""
    yield CheckResult(f"Calls of this app in the last 24 hours: {by_bucket(made)}{budget}")
    listing = "browse" if connection.run.state.allowed("browse", now) else "search"
    for bucket, until in ledger.blocks(now).items():
        yield CheckResult(
            f"Quota: {bucket} is spent until {local_time(until)}; {_consequence(bucket, listing)}", is_warning=True
        )
    for bucket, calls in made.items():
        if daily_calls is not None and calls >= daily_calls:
            next_call = local_time(ledger.budget_returns(bucket, now))
            yield CheckResult(
                f"daily_calls: {calls} of {daily_calls} calls to {bucket} made, next call at {next_call}; "
                f"{_consequence(bucket, listing)}",
                is_warning=True,
            )


def _consequence(bucket: str, listing: str) -> str:
    """Return what a run can't do until a bucket opens.

    Args:
        bucket: The closed bucket.
        listing: Bucket of the plain listing.
    """
    if bucket == listing:
        return "before that, a run lists no new albums and fetches only pending ones"
    if bucket in ("album", "albums"):
        return "before that, a run lists new albums and leaves them pending"
    if bucket == "album_tracks":
        return "before that, albums with more than 50 tracks stay pending"
    return "before that, a run makes no calls to it"
