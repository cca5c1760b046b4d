"""The table load_runs: one row for every run, failed ones too. Knows the row, not how the run went about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import dlt
from dlt.extract import DltResource

from spotify_pipeline.destinations.base import Row
from spotify_pipeline.run import data_issues
from spotify_pipeline.run.outcome import Outcome
from spotify_pipeline.run.wording import utc
from spotify_source import RunResult, schema


def load_runs_table() -> DltResource:
    """The table as a resource without rows, so that dlt creates it along with the others."""

    @dlt.resource
    def load_runs() -> Iterator[Any]:
        yield from schema.creation(schema.LOAD_RUNS)

    return schema.declare(load_runs, schema.LOAD_RUNS)


@dlt.source(name="spotify")
def empty_tables(result: RunResult) -> list[DltResource]:
    """All tables without rows, and what the run has learnt: for a run whose extract failed and left nothing."""

    @dlt.resource(selected=False)
    def nothing() -> Iterator[Any]:
        dlt.current.source_state().update(result.source_state)
        yield []

    @dlt.transformer(data_from=nothing)
    def empty(_: object) -> Iterator[Any]:
        yield dlt.mark.materialize_table_schema()

    return [nothing, *(schema.declare(empty.with_name(table.name), table) for table in schema.TABLES)]


def row_of(outcome: Outcome) -> Row:
    """The row of a run that has ended; JSON columns as text."""
    result = outcome.result
    listing, albums, calls = result.listing, result.albums, result.calls
    return {
        "run_id": outcome.run_id,
        "load_id": outcome.loaded.load_id,
        "started_at": outcome.started_at,
        "finished_at": outcome.finished_at,
        "exit_code": int(outcome.exit),
        "reason": outcome.reason,
        "listing_complete": listing.is_complete,
        "closed": json.dumps({bucket: closed.reason.value for bucket, closed in sorted(calls.closed.items())}),
        "values_dropped": json.dumps(data_issues.as_data(result.data_issues)),
        "browse_allowed": result.browse_allowed,
        "batch_allowed": result.batch_allowed,
        "discovered_via": listing.discovered_via,
        "markets": json.dumps(list(listing.markets)),
        "calls": json.dumps(dict(sorted(calls.by_bucket.items()))),
        "retries": calls.retries,
        "seconds_waited": round(calls.seconds_waited, 3),
        "albums_listed": listing.albums_listed,
        "albums_new": listing.albums_new,
        "albums_fetched": albums.fetched,
        "albums_gone": albums.gone,
        "albums_short": albums.short,
        "tracks_loaded": albums.tracks_loaded,
        "albums_pending": albums.pending,
        "blocked_until": json.dumps(
            {bucket: utc(until).isoformat() for bucket, until in sorted(calls.blocked_until.items())}
        ),
    }
