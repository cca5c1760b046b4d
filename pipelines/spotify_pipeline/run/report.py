"""Text and JSON reports of a run and of a dry run."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

import sqlglot
from sqlglot.errors import SqlglotError

from spotify_pipeline.after_load.follow_up import FollowUp
from spotify_pipeline.destinations.base import Destination
from spotify_pipeline.dlt_internals.working_directory import PIPELINE_NAME, Quarantined
from spotify_pipeline.installation import interpreter
from spotify_pipeline.run.failures import classify_error
from spotify_pipeline.run.outcome import Outcome, closed_reason
from spotify_source import RunResult, settings
from spotify_source.config import Connection
from spotify_source.models import (
    AlbumCounts,
    CallCounts,
    DataIssueCount,
    DataIssueKind,
    ListingCounts,
    PathCost,
    PathCounts,
    Plan,
    WatchedArtist,
)

# Places with data issues, and unresolved artists, that the report lists. The tables have all of them.
_MAX_LISTED: Final = 5
_DATA_ISSUES: Final[Mapping[DataIssueKind, str]] = {
    DataIssueKind.INVALID: "of another type or out of range, set to null",
    DataIssueKind.ROUNDED: "with a fraction, rounded",
    DataIssueKind.BROKEN_TEXT: "with an invalid character, replaced by U+FFFD",
    DataIssueKind.AS_JSON: "that no column can hold, stored as JSON text",
    DataIssueKind.RENAMED: "stored under this name because the original is reserved",
    DataIssueKind.LEFT_OUT: "under a name that no column can have, dropped",
    DataIssueKind.EMPTY: "empty, dropped",
    DataIssueKind.WITHOUT_ID: "without an id, dropped",
    DataIssueKind.MALFORMED_ID: "with a malformed id, never requested",
    DataIssueKind.REPEATED: "repeated, loaded once",
    DataIssueKind.PLACED_BY_ORDER: "without a valid position, numbered by their order in the list",
}
_NEWEST: Final = (
    "SELECT released_on, name, album_type, total_tracks FROM {dataset}.new_releases "
    "ORDER BY released_on DESC NULLS LAST LIMIT 10"
)
_EXAMPLES: Final = (
    "SELECT name, album_type, released_on FROM {dataset}.new_releases ORDER BY released_on DESC NULLS LAST LIMIT 5",
    (
        "SELECT a.name, count(*) AS tracks, round(sum(t.duration_ms) / 60000) AS minutes FROM {dataset}.albums AS a "
        "JOIN {dataset}.album_tracks AS t ON t.album_id = a.id GROUP BY a.id, a.name ORDER BY tracks DESC LIMIT 5"
    ),
    "SELECT started_at, albums_new, tracks_loaded, calls FROM {dataset}.load_runs ORDER BY started_at DESC LIMIT 5",
)


# -- a run


def text_report(outcome: Outcome, destination: Destination, seconds: float, *, example_queries: bool) -> str:
    """Return the report of a run in a few lines.

    Args:
        outcome: How the run ended.
        destination: Where it loaded to.
        seconds: Duration of the run.
        example_queries: Whether to suggest queries.
    """
    return "\n".join(_run_lines(outcome, destination, seconds, example_queries=example_queries))


def json_report(outcome: Outcome, destination: Destination, seconds: float) -> str:
    """Return the report of a run as JSON: its row of `load_runs`, and more.

    Args:
        outcome: How the run ended.
        destination: Where it loaded to.
        seconds: Duration of the run.
    """
    row, listing, albums = outcome.row, outcome.result.listing, outcome.result.albums
    parsed = {name: json.loads(row[name]) for name in ("closed", "values_dropped", "markets", "calls", "blocked_until")}
    more = {
        "seconds": round(seconds, 3),
        "items_dropped": listing.items_dropped + albums.tracks_dropped,
        "paths": [asdict(path) for path in listing.paths],
        "artists_unresolved": [artist.listed_as for artist in listing.unresolved],
        "albums_over_limit": albums.over_limit,
        "albums_failed": albums.failed,
        "albums_given_up": list(albums.given_up),
        "new_fields": list(outcome.load.new_fields),
        "set_aside": [{"folder": str(one.directory), "why": one.reason} for one in outcome.load.quarantined],
        "followed": [_follow_up_as_json(step) for step in outcome.follow_ups],
        "db": str(destination.file) if destination.file else None,
        "dataset": destination.dataset,
        "pipelines_dir": str(destination.pipelines_dir),
    }
    return json.dumps({**row, **parsed, **more}, default=_to_json, ensure_ascii=False)


def quarantine_lines(quarantined: Quarantined) -> Iterator[str]:
    """Yield the lines about a quarantined working directory."""
    yield f"Quarantined: {quarantined.directory}. dlt's working directory could not be used ({quarantined.reason})."
    yield "  Loaded data is not affected; missing data is fetched again."
    if quarantined.command:
        yield f"  Inspect it with dlt: {quarantined.command}"
    yield f"  Delete it when you no longer need it: {quarantined.directory}"


def _follow_up_as_json(step: FollowUp) -> dict[str, object]:
    error = None if step.error is None else classify_error(step.error).reason
    return {"name": step.name, "succeeded": step.error is None, "error": error, **step.data}


def _to_json(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _run_lines(outcome: Outcome, destination: Destination, seconds: float, *, example_queries: bool) -> Iterator[str]:
    result = outcome.result
    yield from _listing_lines(result.listing)
    yield _fetched_line(result.albums)
    yield f"Calls: {_calls(result.calls)}."
    yield from _data_issue_lines(result.data_issues)
    if outcome.load.new_fields:
        yield f"New columns for undocumented fields: {', '.join(outcome.load.new_fields)}."
    if outcome.reason:
        yield f"Incomplete: {outcome.reason}"
    yield from _pending_lines(result.albums, result.calls)
    for quarantined in outcome.load.quarantined:
        yield from quarantine_lines(quarantined)
    for step in outcome.follow_ups:
        yield from step.lines
    yield f"Duration: {seconds:.1f} s."
    if result.listing.albums_listed:
        yield from _next_step_lines(destination, example_queries=example_queries)


def _listing_lines(listing: ListingCounts) -> Iterator[str]:
    yield _listed_line(listing)
    for path in listing.paths:
        if path.path == "artists":
            yield _watchlist_line(path)
        elif path.path == "sweeps":
            yield f"Sweeps: {count(path.asked, 'discography', 'discographies')}, {count(path.albums_new, 'new album')}."
        elif path.path == "shards":
            yield _extra_queries_line(path)
    if listing.unresolved:
        artists = "; ".join(map(_unresolved, listing.unresolved[:_MAX_LISTED]))
        more = len(listing.unresolved) - _MAX_LISTED
        yield (
            f"Unresolved artists, use the id instead of the name: {artists}"
            f"{f'; and {more} more, see watched_artists' if more > 0 else ''}."
        )


def _listed_line(listing: ListingCounts) -> str:
    if listing.discovered_via is None:
        return "Listed: nothing, no listing could be read."
    browsed = listing.discovered_via == "browse"
    origin = "browse/new-releases" if browsed else f"search in {', '.join(listing.markets)}"
    if len(listing.paths) > 1:
        albums = ", ".join(f"{path.path} {path.albums_listed}" for path in listing.paths)
        origin += f" and other discovery paths ({albums})"
    return f"Listed: {count(listing.albums_listed, 'album')} from {origin}, {listing.albums_new} of them new."


def _watchlist_line(path: PathCounts) -> str:
    failed = f"; {path.failed} failed and are checked first next time" if path.failed else ""
    return (
        f"Watchlist: {path.asked} of {count(path.asked + path.left, 'artist')} checked, "
        f"{count(path.albums_new, 'new album')}{failed}."
    )


def _extra_queries_line(path: PathCounts) -> str:
    line = f"Extra queries: {count(path.asked, 'query', 'queries')}, {count(path.calls, 'call')}, "
    line += count(path.albums_new, "new album")
    if path.last_calls:
        line += f"; yield of the last {count(path.last_calls, 'call')}: {path.last_new / path.last_calls:.1f} per call"
    return f"{line}."


def _unresolved(artist: WatchedArtist) -> str:
    candidates = ", ".join(f"{one.name} {one.artist_id}" for one in artist.candidates[:3])
    return f"{artist.listed_as!r} ({artist.resolved.value}{f': {candidates}' if candidates else ''})"


def _fetched_line(albums: AlbumCounts) -> str:
    parts = [f"Fetched: {count(albums.fetched, 'album')}, {count(albums.tracks_loaded, 'track')}"]
    if albums.gone:
        parts.append(f"{albums.gone} gone (404, not requested again)")
    if albums.short:
        parts.append(f"{albums.short} with fewer tracks than total_tracks")
    return f"{'; '.join(parts)}."


def _calls(calls: CallCounts) -> str:
    retries = (
        f"; {count(calls.retries, 'retry', 'retries')}, {calls.seconds_waited:.0f} s waited" if calls.retries else ""
    )
    return f"{by_bucket(calls.by_bucket)}{retries}"


def _data_issue_lines(data_issues: Sequence[DataIssueCount]) -> Iterator[str]:
    for label, is_about_items in (("Values", False), ("Items", True)):
        issues = [issue for issue in data_issues if issue.what.is_about_items is is_about_items]
        if issues:
            listed = "; ".join(map(_data_issue, issues[:_MAX_LISTED]))
            more = f"; and {len(issues) - _MAX_LISTED} more" if len(issues) > _MAX_LISTED else ""
            yield f"{label} with data issues: {listed}{more}. See load_runs.values_dropped."


def _data_issue(issue: DataIssueCount) -> str:
    album = ""
    if issue.album_id:
        album = f" (album {issue.album_id})" if issue.count == 1 else f" (first in album {issue.album_id})"
    return f"{issue.where}: {issue.count} {_DATA_ISSUES[issue.what]}{album}"


def _pending_lines(albums: AlbumCounts, calls: CallCounts) -> Iterator[str]:
    if albums.pending:
        over_limit = f" ({albums.over_limit} of them over the limit)" if albums.over_limit else ""
        yield f"Pending: {count(albums.pending, 'album')}{over_limit}. The next runs fetch them."
    if albums.given_up:
        yield (
            f"Given up: {count(len(albums.given_up), 'album')} that failed in {settings.MAX_FAILED_RUNS} runs "
            f"(first: {albums.given_up[0]}). --full-refresh requests them again."
        )
    for bucket, until in sorted(calls.blocked_until.items()):
        yield f"Closed: {bucket}, until {local_time(until)}. Run again after that time."


# -- commands and queries to copy


def _next_step_lines(destination: Destination, *, example_queries: bool) -> Iterator[str]:
    if destination.file is not None:
        query = _NEWEST.format(dataset=destination.dataset)
        yield f"Query the data: {shell_command(interpreter(), '-c', query_script(destination.file, query))}"
    if example_queries:
        yield "Example queries:"
        yield from example_queries_in(destination.sql_dialect, destination.dataset)
    command = shell_command("dlt", "pipeline", "--pipelines-dir", str(destination.pipelines_dir), PIPELINE_NAME, "info")
    yield f"Inspect with dlt: {command}"


def example_queries_in(dialect: str | None, dataset: str) -> list[str]:
    """Return queries of the loaded tables.

    Args:
        dialect: sqlglot's name of the destination's SQL, if it has one.
        dataset: The dataset.
    """
    return [f"{_transpile(query.format(dataset=dataset), dialect)};" for query in _EXAMPLES]


def query_script(db: Path, query: str) -> str:
    """Return a line of Python that prints the result of a query."""
    return f"import duckdb; duckdb.connect({_python_string(str(db))}).sql({_python_string(query)}).show()"


def shell_command(*words: str, windows: bool = sys.platform == "win32") -> str:
    """Return a command line with its words quoted for the shell.

    On Windows, cmd and PowerShell both take it.
    """
    return subprocess.list2cmdline(words) if windows else shlex.join(words)


def _python_string(text: str, *, windows: bool = sys.platform == "win32") -> str:
    """Return a Python string literal in the quotes that the shell does not use."""
    return repr(text) if windows else json.dumps(text, ensure_ascii=False)


def _transpile(query: str, dialect: str | None) -> str:
    try:
        (transpiled,) = sqlglot.transpile(query, read="duckdb", write=dialect or "")
    except SqlglotError:
        return query
    return transpiled


# -- a dry run


def dry_run_report(plan: Plan, costs: Sequence[PathCost], connection: Connection) -> str:
    """Return the report of a dry run: the plan, its calls, and those of the ledger.

    Args:
        plan: The plan, from the plain listing alone.
        costs: Maximum calls of the other discovery paths, in the order in which a run takes them.
        connection: The connection with which the listing was read.
    """
    return "\n".join(_dry_run_lines(plan, costs, connection, connection.run.result()))


def needed_calls(plan: Plan, result: RunResult) -> Counter[str]:
    """Return the calls by bucket that the album requests of a plan need.

    Args:
        plan: The plan.
        result: Result of the run that made it, with the endpoints that the app may call.
    """
    calls: Counter[str] = Counter()
    if result.batch_allowed or (result.batch_allowed is None and result.browse_allowed):
        for requests in Counter(request.market for request in plan.requests).values():
            calls["albums"] += -(-requests // settings.ALBUM_BATCH_SIZE)
    else:
        calls["album"] = len(plan.requests)
    calls["album_tracks"] = sum(request.further_pages for request in plan.requests)
    return +calls


def _dry_run_lines(plan: Plan, costs: Sequence[PathCost], connection: Connection, result: RunResult) -> Iterator[str]:
    calls = needed_calls(plan, result)
    listed = plan.listing.albums
    requested = {request.album_id for request in plan.requests}
    changed = requested & plan.loaded.albums.keys()
    pending = requested & plan.loaded.releases.keys() - changed
    yield (
        f"Listed: {count(len(listed), 'album')}; {result.listing.albums_new} new, {len(changed)} changed, "
        f"{len(pending)} pending from earlier runs, {len(listed.keys() - requested)} known."
    )
    yield f"Calls needed: {by_bucket(calls)}."
    yield from _shortage_lines(calls, connection, result)
    possible = sum(connection.governor.calls_left(bucket, needed) for bucket, needed in calls.items())
    affordable = _affordable(costs, connection)
    for cost in affordable:
        label = {"artists": "Watchlist", "sweeps": "Sweeps", "shards": "Extra queries"}.get(cost.path, cost.path)
        calls_left = f"up to {count(cost.calls, 'call')} to {cost.bucket}, not made for this plan"
        yield f"{label}: {calls_left if cost.calls else f'no calls to {cost.bucket} left'}."
    possible += sum(cost.calls for cost in affordable)
    policy = connection.governor.policy
    if policy.window_calls is not None and possible > policy.window_calls:
        yield f"At most {policy.window_calls} calls in any 30 s: about {possible / policy.requests_per_second:.0f} s."
    yield from _ledger_lines(
        {*calls, *result.calls.by_bucket, *(cost.bucket for cost in costs)}, connection, result.calls
    )
    yield f"Calls made for this plan: {by_bucket(result.calls.by_bucket)}. Nothing was fetched or loaded."


def _shortage_lines(calls: Mapping[str, int], connection: Connection, result: RunResult) -> Iterator[str]:
    now, daily_calls = connection.run.clock.now(), connection.governor.policy.daily_calls
    blocked_until = {**connection.governor.ledger.blocks(now), **result.calls.blocked_until}
    for bucket, needed in sorted(calls.items()):
        if bucket in blocked_until:
            yield f"The quota for {bucket} is spent: no calls to it before {local_time(blocked_until[bucket])}."
        elif daily_calls is not None:
            left = max(0, daily_calls - connection.governor.ledger.calls_made(bucket, now))
            if left < needed:
                yield f"daily_calls is {daily_calls}: {left} of {count(needed, 'call')} to {bucket} can be made now."


def _affordable(costs: Sequence[PathCost], connection: Connection) -> list[PathCost]:
    """Return the calls that each discovery path can make after those before it."""
    used: Counter[str] = Counter()
    affordable = []
    for cost in costs:
        before = used[cost.bucket]
        used[cost.bucket] = connection.governor.calls_left(cost.bucket, before + cost.calls)
        affordable.append(replace(cost, calls=max(0, used[cost.bucket] - before)))
    return affordable


def _ledger_lines(buckets: set[str], connection: Connection, calls: CallCounts) -> Iterator[str]:
    now, daily_calls, ledger = (
        connection.run.clock.now(),
        connection.governor.policy.daily_calls,
        connection.governor.ledger,
    )
    for bucket in sorted(buckets):
        made = ledger.calls_made(bucket, now)
        left = "" if daily_calls is None else f", {max(0, daily_calls - made)} left of {daily_calls}"
        if daily_calls is not None and made >= daily_calls:
            left += f"; next call at {local_time(ledger.budget_returns(bucket, now))}"
        yield f"{bucket}: {count(made, 'call')} in the last 24 hours{left}."
    for bucket, until in sorted(calls.blocked_until.items()):
        yield f"Closed: {bucket}, until {local_time(until)}."
    for closed in calls.closed.values():
        yield f"The listing was cut short: {closed_reason(closed)}."


# -- numbers and times


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, in the plural unless the number is 1."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def by_bucket(calls: Mapping[str, int]) -> str:
    """Return calls by bucket in alphabetical order, or 'none'."""
    return ", ".join(f"{bucket} {number}" for bucket, number in sorted(calls.items()) if number) or "none"


def local_time(until: float) -> str:
    """Return a Unix time in the machine's time zone."""
    return f"{datetime.fromtimestamp(until, timezone.utc).astimezone():%Y-%m-%d %H:%M %Z}"
