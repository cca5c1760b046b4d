"""Tests credentials, regime, market, quota and destination, and shows each as a tick, a mark or a cross with its fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from spotify_pipeline.destinations.base import Destination
from spotify_pipeline.exits import Exit
from spotify_pipeline.run.failures import Failure, understand
from spotify_pipeline.run.summary import quarantine_lines
from spotify_pipeline.run.wording import by_bucket, count, local_time
from spotify_source.config import Connection
from spotify_source.errors import BucketClosedError, ForbiddenError, PremiumRequiredError, SpotifySourceError


@dataclass(frozen=True)
class Finding:
    """One line of the check.

    Attributes:
        what: What was looked at, and how it is.
        failure: What is wrong with it, and how to fix it; None where nothing is.
    """

    what: str
    failure: Failure | None = None

    def __str__(self) -> str:
        """A tick, or an exclamation mark for what passes, or a cross with cause, fix and link."""
        if self.failure is None:
            return f"✓ {self.what}"
        error = self.failure.error
        lines = [f"✗ {self.what}"]
        if error is not None:
            lines += [f"    {error.summary}", f"    {error.guidance}", f"    {error.help_url}"]
        return "\n".join(lines)


@dataclass(frozen=True)
class Warned(Finding):
    """Something that is as it should be, and will leave something undone."""

    def __str__(self) -> str:
        """An exclamation mark: nothing is to be fixed."""
        return f"! {self.what}"


def exit_of(findings: list[Finding]) -> Exit:
    """The exit code: that of the first cross, in the order in which one would fix them."""
    crosses = {finding.failure.exit for finding in findings if finding.failure}
    return next((code for code in Exit if code in crosses), Exit.COMPLETE)


def check_all(destination: Destination, connected: Callable[[], Connection]) -> Iterator[Finding]:
    """The destination, then the configuration, then the app.

    Args:
        destination: Where it would load to.
        connected: Makes a client that makes each call once; what it raises is a finding.
    """
    about_destination = list(check_destination(destination))
    yield from about_destination
    try:
        connection = connected()
        if not any(finding.failure for finding in about_destination):
            with destination.active_pipeline() as stored_state:
                connection.state.attach(stored_state)
        yield from check_app(connection)
    except Exception as error:  # noqa: BLE001 - every trouble is a finding
        yield Finding("Configuration", understand(error))


def check_destination(destination: Destination) -> Iterator[Finding]:
    """Whether the destination can be written, and what it holds. Creates no file."""
    try:
        destination.check(create=False)
    except SpotifySourceError as error:
        yield Finding(f"Destination: {destination.name}", understand(error))
        return
    yield Finding(f"Destination: {destination.name}, dataset {destination.dataset}; {destination.describe()}")
    yield from check_working_directory(destination)


def check_working_directory(destination: Destination) -> Iterator[Finding]:
    """Check dlt's working directory without changing it, and list what is quarantined."""
    directory = destination.working_directory()
    waiting = directory.pending()
    pending = (
        f"{count(len(waiting), 'load package')} pending, loaded first by the next run" if waiting else "nothing pending"
    )
    damage = directory.damage()
    if damage is not None:
        pending = f"can't be read ({damage}); the next run quarantines it and continues from the loaded tables"
    yield Finding(f"Working directory: {directory.path}; {pending}")
    for quarantined in directory.quarantined():
        yield Finding("\n  ".join(quarantine_lines(quarantined)))


def check_app(connection: Connection) -> Iterator[Finding]:
    """Whether the credentials are good, what the app may call, and what the ledger says; at most three calls.

    Args:
        connection: A client that makes each call once.
    """
    browse_allowed = connection.state.allowed("browse", connection.run.clock.now())
    asked = []
    if browse_allowed is None:
        browse = _trouble_with(connection.client.probe_browse)
        asked.append(browse)
        if browse is None or isinstance(browse, ForbiddenError):
            browse_allowed = browse is None
    search = _trouble_with(lambda: connection.client.probe_search(connection.options.markets[0]))
    asked.append(search)
    refusals = [error for error in asked if error and not isinstance(error, (ForbiddenError, BucketClosedError))]
    if refusals:
        what = "Quota mode" if isinstance(refusals[0], PremiumRequiredError) else "Credentials and a first call"
        yield Finding(what, understand(refusals[0]))
        return
    yield Finding("Credentials: good")
    yield _regime(browse_allowed, search)
    yield Finding(f"Market: {', '.join(connection.options.markets)}")
    yield from _quota(connection)


def _trouble_with(call: Callable[[], None]) -> SpotifySourceError | None:
    try:
        call()
    except SpotifySourceError as error:
        return error
    return None


def _regime(browse_allowed: bool | None, search: SpotifySourceError | None) -> Finding:
    if browse_allowed:
        return Finding("Quota mode: extended, or an older app; new releases come from browse/new-releases")
    if isinstance(search, ForbiddenError):
        return Finding("Quota mode: neither browse/new-releases nor search is allowed", understand(search))
    if browse_allowed is None:
        return Finding("Quota mode: unknown, because browse takes no calls at the moment")
    return Finding("Quota mode: development; new releases come from search, albums one call each")


def _quota(connection: Connection) -> Iterator[Finding]:
    ledger, now, daily_calls = connection.ledger, connection.run.clock.now(), connection.policy.daily_calls
    budget = f" of daily_calls {daily_calls}" if daily_calls is not None else ""
    made = ledger.all_calls_made(now)
    yield Finding(f"Calls of this app in the last 24 hours: {by_bucket(made)}{budget}")
    listing = "browse" if connection.state.allowed("browse", now) else "search"
    for bucket, until in ledger.blocks(now).items():
        yield Warned(f"Quota: {bucket} is spent until {local_time(until)}; {_before_then(bucket, listing)}")
    for bucket, calls in made.items():
        if daily_calls is not None and calls >= daily_calls:
            again = f"{bucket} has had {calls} of {daily_calls}, the next at {local_time(ledger.budget_returns(bucket, now))}"
            yield Warned(f"daily_calls: {again}; {_before_then(bucket, listing)}")


def _before_then(bucket: str, listing: str) -> str:
    """What a run can't do while a bucket takes no calls."""
    if bucket == listing:
        return "before then a run finds no new albums, and fetches only those that are pending"
    if bucket in ("album", "albums"):
        return "before then a run lists new albums, and leaves them pending"
    if bucket == "album_tracks":
        return "before then albums of more than 50 tracks stay pending"
    return "before then a run goes without it"
