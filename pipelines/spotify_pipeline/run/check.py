"""Tests credentials, regime, market, quota and destination, and shows each as a tick or a cross with its fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dlt.extract import DltSource

from spotify_pipeline.cli.exits import Exit
from spotify_pipeline.cli.failures import Failure, understand
from spotify_pipeline.destinations.base import Destination
from spotify_pipeline.run.summary import local_time
from spotify_source import Run
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
        """A tick, or a cross with cause, fix and link."""
        if self.failure is None:
            return f"✓ {self.what}"
        error = self.failure.error
        lines = [f"✗ {self.what}"]
        if error is not None:
            lines += [f"    {error.what}", f"    {error.guidance}", f"    {error.help_url}"]
        return "\n".join(lines)


def exit_of(findings: list[Finding]) -> Exit:
    """The exit code: that of the first cross, in the order in which one would fix them."""
    crosses = {finding.failure.exit for finding in findings if finding.failure}
    order = (Exit.CONFIGURATION, Exit.REFUSED, Exit.UNAVAILABLE, Exit.PENDING, Exit.DEFECT)
    return next((code for code in order if code in crosses), Exit.COMPLETE)


def check_all(destination: Destination, make_source: Callable[[], DltSource], run: Run) -> Iterator[Finding]:
    """The destination, then the configuration, then the app.

    Args:
        destination: Where it would load to.
        make_source: Makes the source; what it raises is a finding.
        run: The run of that source.
    """
    about_destination = list(check_destination(destination))
    yield from about_destination
    try:
        source = make_source()
        if any(finding.failure for finding in about_destination):
            yield from check_app(source, run)
            return
        with destination.active_pipeline():
            yield from check_app(source, run)
    except Exception as error:  # noqa: BLE001 - every trouble is a finding
        yield Finding("Configuration", understand(error))


def check_destination(destination: Destination) -> Iterator[Finding]:
    """Whether the destination can be written, and what it holds. Creates no file."""
    try:
        destination.check(create=False)
    except SpotifySourceError as error:
        yield Finding(f"Destination: {destination.place}", understand(error))
        return
    yield Finding(f"Destination: {destination.place}, dataset {destination.dataset}; {destination.state()}")


def check_app(source: DltSource, run: Run) -> Iterator[Finding]:
    """Whether the credentials are good, what the app may call, and what the ledger says; at most three calls.

    Args:
        source: The source, its pipeline active.
        run: Its run, with a single attempt for each call.
    """
    asked: dict[str, SpotifySourceError | None] = next(iter(source.resources["probes"]))
    refusals = [
        error for error in asked.values() if error and not isinstance(error, (ForbiddenError, BucketClosedError))
    ]
    if refusals:
        what = "Quota mode" if isinstance(refusals[0], PremiumRequiredError) else "Credentials, and a call with them"
        yield Finding(what, understand(refusals[0]))
        return
    yield Finding("Credentials: good")
    yield _regime(run, asked["search"])
    yield Finding(f"Market: {', '.join(run.markets)}")
    yield from _quota(run)


def _regime(run: Run, search: SpotifySourceError | None) -> Finding:
    if run.browse_allowed:
        return Finding("Quota mode: extended, or an older app; new releases come from browse/new-releases")
    if isinstance(search, ForbiddenError):
        return Finding("Quota mode: neither browse/new-releases nor search", understand(search))
    if run.browse_allowed is None:
        return Finding("Quota mode: not found out, browse takes no calls now")
    return Finding("Quota mode: development; new releases come from search, albums one call each")


def _quota(run: Run) -> Iterator[Finding]:
    now = run.clock.now()
    made = {bucket: run.memory.calls_made(bucket, now) for bucket in run.memory.buckets()}
    spent = ", ".join(f"{bucket} {number}" for bucket, number in sorted(made.items()) if number)
    budget = f" of daily_calls {run.daily_calls}" if run.daily_calls is not None else ""
    yield Finding(f"Calls in the last 24 hours: {spent or 'none'}{budget}")
    for bucket, until in sorted(run.memory.blocks(now).items()):
        yield Finding(f"Quota: {bucket} is spent until {local_time(until)}; a run before that loads without it")
