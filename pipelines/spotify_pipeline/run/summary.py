"""The report at the end of a run, in words. Knows what happened, makes nothing happen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from dlt.common.pipeline import LoadInfo

from spotify_source import Run, schema
from spotify_source.errors import BucketClosedError

EXAMPLE_QUERIES = """\
FROM {dataset}.new_releases SELECT name, album_type, released_on ORDER BY released_on DESC LIMIT 5;
FROM {dataset}.album_tracks SELECT album_id, count(*) AS tracks, sum(duration_ms) // 60000 AS minutes GROUP BY ALL;
FROM {dataset}.load_runs SELECT started_at, albums_new, tracks_loaded, calls ORDER BY started_at DESC;"""


@dataclass(frozen=True)
class Outcome:
    """What the report tells beside the run itself.

    Attributes:
        reason: Why the run is not complete; None where it is.
        new_fields: Columns that Spotify's answers had and no table declares.
        db: The DuckDB file, where it is one.
        dataset: The schema in it.
        followed: Lines about what was done after the load.
        queries: Whether to suggest some.
    """

    reason: str | None
    new_fields: Sequence[str]
    db: Path | None
    dataset: str
    followed: Sequence[str]
    queries: bool


def report(_row: Mapping[str, Any], run: Run, outcome: Outcome, seconds: float) -> str:
    """The report, a few lines."""
    return "\n".join(_lines(run, outcome, seconds))


def as_json(row: Mapping[str, Any], run: Run, outcome: Outcome, seconds: float) -> str:
    """The report as one JSON object: the row of load_runs, and what it has no column for."""
    structured = {name: json.loads(row[name]) for name in ("markets", "calls", "blocked_until")}
    more = {
        "seconds": round(seconds, 3),
        "items_dropped": run.items_dropped,
        "albums_over_limit": run.albums_over_limit,
        "albums_failed": run.albums_failed,
        "new_fields": list(outcome.new_fields),
        "followed": list(outcome.followed),
        "db": str(outcome.db) if outcome.db else None,
        "dataset": outcome.dataset,
    }
    return json.dumps({**row, **structured, **more}, default=str, ensure_ascii=False)


def why_incomplete(run: Run) -> str | None:
    """Why something is missing after a run, in one line; None where nothing is."""
    reasons = [closed_reason(closed) for closed in run.closed.values()]
    if run.listing_cut is not None and not isinstance(run.listing_cut, BucketClosedError):
        reasons.append(f"the listing ended early ({run.listing_cut.what})")
    if run.albums_failed:
        first = next(iter(run.albums_failed.values()))
        reasons.append(f"{count(len(run.albums_failed), 'album')} failed (the first: {first})")
    return "; ".join(reasons) or None


def closed_reason(closed: BucketClosedError) -> str:
    """Why a bucket took no more calls, in words."""
    words = {
        "quota": f"the quota of {closed.bucket} is spent",
        "budget": f"the daily_calls of {closed.bucket} are spent",
        "rate limit": f"{closed.bucket} was rate limited for too long",
        "trouble": "too many calls in a row failed",
        "stopped": "stopped by a signal",
        "refused": "Spotify refuses the app",
    }
    return words.get(closed.reason, f"{closed.bucket}: {closed.reason}")


def new_fields(load_info: LoadInfo) -> list[str]:
    """Columns that a load added and no table declares, as 'table.column'."""
    declared = {table.name: {column.name for column in table.columns} for table in schema.all_tables()}
    added = [
        f"{table}.{column}"
        for package in load_info.load_packages
        for table, update in package.schema_update.items()
        for column in update["columns"]
        if not table.startswith("_dlt") and not column.startswith("_dlt") and column not in declared.get(table, ())
    ]
    return sorted(added)


def _lines(run: Run, outcome: Outcome, seconds: float) -> Iterator[str]:
    yield _found(run)
    yield _fetched(run)
    yield f"Calls: {_calls(run)}."
    if run.items_dropped:
        yield f"Left out: {count(run.items_dropped, 'item')} that came empty or without an id or a number."
    if outcome.new_fields:
        yield f"Spotify sent fields that are new here, kept as columns: {', '.join(outcome.new_fields)}."
    if outcome.reason:
        yield f"Not complete: {outcome.reason}"
    yield from _pending(run)
    yield from outcome.followed
    yield f"Took {seconds:.1f} s."
    if outcome.db is not None and run.albums_listed:
        show = f"import duckdb; duckdb.connect({str(outcome.db)!r}).sql('FROM {outcome.dataset}.new_releases').show()"
        yield f'Look at it: python -c "{show}"'
    if outcome.queries:
        yield "Or try:"
        yield EXAMPLE_QUERIES.format(dataset=outcome.dataset)


def _found(run: Run) -> str:
    if run.discovered_via is None:
        return "Found: no listing could be read."
    where = "browse/new-releases" if run.discovered_via == "browse" else f"search in {', '.join(run.markets)}"
    return f"Found: {count(run.albums_listed, 'album')} by {where}, {run.albums_new} of them new."


def _fetched(run: Run) -> str:
    parts = [f"Fetched: {count(run.albums_fetched, 'album')}, {count(run.tracks_loaded, 'track')}"]
    if run.albums_gone:
        parts.append(f"{run.albums_gone} gone (404, not asked for again)")
    if run.albums_short:
        parts.append(f"{run.albums_short} with fewer tracks than announced")
    return "; ".join(parts) + "."


def _calls(run: Run) -> str:
    calls = ", ".join(f"{bucket} {number}" for bucket, number in sorted(run.calls.items())) or "none"
    if not run.retries:
        return calls
    return f"{calls}; {count(run.retries, 'repetition')}, {run.seconds_waited:.0f} s waited"


def _pending(run: Run) -> Iterator[str]:
    if run.albums_pending:
        why = f" ({run.albums_over_limit} of them over the limit)" if run.albums_over_limit else ""
        yield f"Pending: {count(run.albums_pending, 'album')}{why}; the next run fetches them first."
    for bucket, until in sorted(run.blocked_until.items()):
        yield f"Closed: {bucket}, until {local_time(until)}. Run it again after that."


def count(number: int, what: str) -> str:
    """The number and the noun, in the plural where it is not one."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def local_time(until: float) -> str:
    """A moment (Unix time) in the zone of the machine."""
    return f"{datetime.fromtimestamp(until, timezone.utc).astimezone():%Y-%m-%d %H:%M %Z}"
