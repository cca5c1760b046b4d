"""The table load_runs: one row for every run, failed ones too. Knows the row, not how the run went about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

import dlt
from dlt.extract import DltResource

from spotify_source import Run, schema

Row = Mapping[str, Any]


def load_runs_table(*rows: Row) -> DltResource:
    """The table as a resource; without rows, so that dlt creates it along with the others."""

    @dlt.resource
    def load_runs() -> Iterator[Any]:
        yield from schema.creation(schema.LOAD_RUNS)
        yield from rows

    return schema.declare(load_runs, schema.LOAD_RUNS)


@dlt.source(name="spotify")
def empty_tables(run: Run) -> list[DltResource]:
    """All tables without rows, and what the run has learnt: for a run whose extract failed and left nothing."""

    @dlt.resource(selected=False)
    def nothing() -> Iterator[Any]:
        run.memory.carry_over(dlt.current.source_state())
        yield []

    @dlt.transformer(data_from=nothing)
    def empty(_: object) -> Iterator[Any]:
        yield dlt.mark.materialize_table_schema()

    return [nothing, *(schema.declare(empty.with_name(table.name), table) for table in schema.TABLES)]


def row_of(run: Run, exit_code: int, reason: str | None, load_id: str | None) -> Row:
    """The row of a run that has ended.

    Args:
        run: The run.
        exit_code: What the process will exit with.
        reason: Why it is not complete, in one line; None where it is.
        load_id: The load package; None where nothing was loaded.
    """
    blocked = {bucket: _utc(until).isoformat() for bucket, until in sorted(run.blocked_until.items())}
    return {
        "run_id": run.run_id,
        "load_id": load_id,
        "started_at": run.started_at,
        "finished_at": _utc(run.clock.now()),
        "exit_code": int(exit_code),
        "reason": reason,
        "browse_allowed": run.browse_allowed,
        "batch_allowed": run.batch_allowed,
        "discovered_via": run.discovered_via,
        "markets": json.dumps(list(run.markets)),
        "calls": json.dumps(dict(sorted(run.calls.items()))),
        "retries": run.retries,
        "seconds_waited": round(run.seconds_waited, 3),
        "albums_listed": run.albums_listed,
        "albums_new": run.albums_new,
        "albums_fetched": run.albums_fetched,
        "albums_gone": run.albums_gone,
        "albums_short": run.albums_short,
        "tracks_loaded": run.tracks_loaded,
        "albums_pending": run.albums_pending,
        "blocked_until": json.dumps(blocked),
    }


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
