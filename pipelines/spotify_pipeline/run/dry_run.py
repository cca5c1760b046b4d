"""The plan of a run that is not made: what would be fetched, and what it would cost. Loads and changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from dlt.extract import DltSource

from spotify_pipeline.run.summary import closed_reason, count, local_time
from spotify_source import Run, settings
from spotify_source.resources import Plan
from spotify_source.steps.backlog import Claim


def plan_of(source: DltSource, run: Run) -> Plan:
    """Read the listing, compare it with what is loaded, and stop there."""
    run.resources = list(source.resources.selected)
    plan: Plan = next(iter(source.resources["plan"]))
    return plan


def describe(plan: Plan, run: Run, *, with_tracks: bool) -> str:
    """The plan, in words.

    Args:
        plan: What would be fetched.
        run: What listing it has cost, and what the ledger says.
        with_tracks: Whether further pages of tracks are wanted.
    """
    return "\n".join(_lines(plan, run, planned_calls(plan, run, with_tracks=with_tracks)))


def planned_calls(plan: Plan, run: Run, *, with_tracks: bool) -> Counter[str]:
    """Calls by bucket that fetching the claimed albums takes."""
    calls: Counter[str] = Counter()
    if run.batch_allowed or (run.batch_allowed is None and run.browse_allowed):
        for _, claims in groupby(sorted(plan.claims, key=_market), key=_market):
            calls["albums"] += -(-len(list(claims)) // settings.ALBUM_BATCH_SIZE)
    else:
        calls["album"] = len(plan.claims)
    if with_tracks:
        calls["album_tracks"] = sum(claim.further_pages for claim in plan.claims)
    return +calls


def _market(claim: Claim) -> str:
    return claim.market


def _lines(plan: Plan, run: Run, calls: Counter[str]) -> Iterator[str]:
    kinds = _kinds(plan)
    listed = len(plan.listing.albums)
    yield (
        f"Listed: {count(listed, 'album')}; {run.albums_new} new, {kinds['changed']} changed, "
        f"{kinds['pending']} pending from earlier runs, {listed - kinds['listed']} known."
    )
    yield f"It would take: {_by_bucket(calls) or 'no call'}."
    pace = run.requests_per_second
    if pace and calls:
        yield f"At {pace:g} calls a second: about {sum(calls.values()) / pace:.0f} s."
    yield from _ledger(run, calls)
    yield f"Spent on this plan: {_by_bucket(run.calls) or 'no call'}. Nothing was fetched or loaded."


def _kinds(plan: Plan) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for claim in plan.claims:
        kinds["listed"] += claim.album_id in plan.listing.albums
        if claim.album_id in plan.tables.albums:
            kinds["changed"] += 1
        elif claim.album_id in plan.tables.releases:
            kinds["pending"] += 1
    return kinds


def _ledger(run: Run, calls: Counter[str]) -> Iterator[str]:
    now = run.clock.now()
    for bucket in sorted({*calls, *run.calls}):
        made = run.memory.calls_made(bucket, now)
        left = "" if run.daily_calls is None else f", {max(0, run.daily_calls - made)} left of {run.daily_calls}"
        yield f"Ledger: {bucket}, {count(made, 'call')} in the last 24 hours{left}."
    for bucket, until in sorted(run.blocked_until.items()):
        yield f"Closed: {bucket}, until {local_time(until)}."
    for closed in run.closed.values():
        yield f"The listing was cut short: {closed_reason(closed)}."


def _by_bucket(calls: Counter[str]) -> str:
    return ", ".join(f"{bucket} {number}" for bucket, number in sorted(calls.items()))
