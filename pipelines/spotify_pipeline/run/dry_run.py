"""The plan of a run that is not made: what would be fetched, and what it would cost. Loads and changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from spotify_pipeline.run.reach import cost_lines
from spotify_pipeline.run.reasons import closed_reason
from spotify_pipeline.run.wording import by_bucket, count, local_time
from spotify_source import RunResult, schema, settings
from spotify_source.config import Connection
from spotify_source.discovery import list_plainly, path_costs
from spotify_source.models import AlbumRequest, PathCost, Plan
from spotify_source.resources import plan_albums, read_tables


def plan_of(connection: Connection, resources: Collection[str] | None) -> tuple[Plan, list[PathCost]]:
    """Read the plain listing, compare it with what is loaded, and stop there.

    Args:
        connection: A client that may call, with what earlier runs left.
        resources: The tables to load; None is all.

    Returns:
        What would be fetched of it, and what the ways beyond it may cost.
    """
    tables = resources or [table.name for table in schema.TABLES]
    loaded = read_tables(connection, tables)
    listing = list_plainly(connection, loaded)
    return plan_albums(connection, listing, loaded, tables), path_costs(connection, loaded, tables)


def describe(plan: Plan, further: Sequence[PathCost], connection: Connection) -> str:
    """The plan, in words, with what listing it has cost, and what the ledger says."""
    return "\n".join(_lines(plan, further, connection, connection.run.result()))


def planned_calls(plan: Plan, result: RunResult) -> Counter[str]:
    """Calls by bucket that fetching the requested albums takes.

    Args:
        plan: The albums.
        result: Of the run that made the plan: what the app may do.
    """
    calls: Counter[str] = Counter()
    if result.batch_allowed or (result.batch_allowed is None and result.browse_allowed):
        for _, requests in groupby(sorted(plan.requests, key=_market), key=_market):
            calls["albums"] += -(-len(list(requests)) // settings.ALBUM_BATCH_SIZE)
    else:
        calls["album"] = len(plan.requests)
    calls["album_tracks"] = sum(request.further_pages for request in plan.requests)
    return +calls


def _market(request: AlbumRequest) -> str:
    return request.market


def _lines(plan: Plan, further: Sequence[PathCost], connection: Connection, result: RunResult) -> Iterator[str]:
    calls = planned_calls(plan, result)
    kinds = _kinds(plan)
    listed = len(plan.listing.albums)
    yield (
        f"Listed: {count(listed, 'album')}; {result.listing.albums_new} new, {kinds['changed']} changed, "
        f"{kinds['pending']} pending from earlier runs, {listed - kinds['listed']} known."
    )
    yield f"Calls needed: {by_bucket(calls)}."
    possible = sum(connection.governor.calls_left(bucket, number) for bucket, number in calls.items())
    yield from _out_of_reach(calls, connection, result)
    affordable = _affordable(further, connection)
    yield from cost_lines(affordable)
    yield from _pace(connection, possible + sum(cost.calls for cost in affordable))
    yield from _ledger(connection, result, {*calls, *result.calls.by_bucket, *(cost.bucket for cost in further)})
    yield f"Calls spent on this plan: {by_bucket(result.calls.by_bucket)}. Nothing was fetched or loaded."


def _out_of_reach(calls: Mapping[str, int], connection: Connection, result: RunResult) -> Iterator[str]:
    """Which of the calls can't be made now, and why."""
    now, daily_calls = connection.run.clock.now(), connection.policy.daily_calls
    blocked = {**connection.ledger.blocks(now), **result.calls.blocked_until}
    for bucket, needed in sorted(calls.items()):
        if bucket in blocked:
            yield f"Of these, no call to {bucket} can be made before {local_time(blocked[bucket])}: its quota is spent."
        elif daily_calls is not None:
            left = max(0, daily_calls - connection.ledger.calls_made(bucket, now))
            if left < needed:
                yield f"Of these, {left} of {count(needed, 'call')} to {bucket} can be made now: daily_calls is {daily_calls}."


def _affordable(further: Sequence[PathCost], connection: Connection) -> list[PathCost]:
    """What each way may cost, where those before it have taken what they may of its bucket."""
    taken: Counter[str] = Counter()
    found = []
    for cost in further:
        before = taken[cost.bucket]
        taken[cost.bucket] = connection.governor.calls_left(cost.bucket, before + cost.calls)
        found.append(replace(cost, calls=max(0, taken[cost.bucket] - before)))
    return found


def _pace(connection: Connection, calls: int) -> Iterator[str]:
    pace, window = connection.policy.requests_per_second, connection.policy.window_calls
    if window is not None and calls > window:
        yield f"At most {window} calls in any 30 s: about {calls / pace:.0f} s."


def _kinds(plan: Plan) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for request in plan.requests:
        kinds["listed"] += request.album_id in plan.listing.albums
        if request.album_id in plan.loaded.albums:
            kinds["changed"] += 1
        elif request.album_id in plan.loaded.releases:
            kinds["pending"] += 1
    return kinds


def _ledger(connection: Connection, result: RunResult, buckets: Collection[str]) -> Iterator[str]:
    now = connection.run.clock.now()
    daily_calls = connection.policy.daily_calls
    for bucket in sorted(buckets):
        made = connection.ledger.calls_made(bucket, now)
        left = "" if daily_calls is None else f", {max(0, daily_calls - made)} left of {daily_calls}"
        again = "" if daily_calls is None or made < daily_calls else _again(connection, bucket, now)
        yield f"{bucket}: {count(made, 'call')} in the last 24 hours{left}{again}."
    for bucket, until in sorted(result.calls.blocked_until.items()):
        yield f"Closed: {bucket}, until {local_time(until)}."
    for closed in result.calls.closed.values():
        yield f"The listing was cut short: {closed_reason(closed)}."


def _again(connection: Connection, bucket: str, now: float) -> str:
    return f"; the next at {local_time(connection.ledger.budget_returns(bucket, now))}"
