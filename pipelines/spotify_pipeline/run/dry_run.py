"""Dry run: the plan of a run and its calls, without loading or changing anything."""

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
    """Plan a run from the plain listing alone.

    Args:
        connection: The connection, with the source state of earlier runs.
        resources: Names of the tables to load; None for all.

    Returns:
        The plan, and the calls that each discovery path beyond the plain listing may take.

    Raises:
        SpotifySourceError: Discovery failed, and no album of earlier runs needs a call.
    """
    tables = resources or [table.name for table in schema.TABLES]
    loaded = read_tables(connection, tables)
    listing = list_plainly(connection, loaded)
    return plan_albums(connection, listing, loaded, tables), path_costs(connection, loaded, tables)


def describe(plan: Plan, further: Sequence[PathCost], connection: Connection) -> str:
    """Return a report on the plan, the calls spent on it and those in the ledger."""
    return "\n".join(_lines(plan, further, connection, connection.run.result()))


def planned_calls(plan: Plan, result: RunResult) -> Counter[str]:
    """Return the calls by bucket that the album requests of a plan take.

    Args:
        plan: The plan.
        result: Result of the dry run, with the endpoints that the app may call.
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
    """Yield the calls that cannot be made now, with the reason."""
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
    """Return the calls that each path can make after the paths before it."""
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
