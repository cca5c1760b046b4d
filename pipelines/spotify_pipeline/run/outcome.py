"""Outcome of a run, with its exit code, its reason and its row in `load_runs`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import dlt
from dlt.extract import DltResource

from spotify_pipeline.after_load.follow_up import FollowUp
from spotify_pipeline.destinations.base import Row
from spotify_pipeline.dlt_internals.working_directory import Quarantined
from spotify_pipeline.exits import Exit
from spotify_pipeline.run.failures import Failure, classify_error
from spotify_source import RunResult, schema
from spotify_source.errors import BucketClosedError, ClosedReason


@dataclass(frozen=True)
class LoadResult:
    """Result of dlt's steps."""

    load_id: str | None = None
    # Columns for fields that no table declares, as 'table.column'.
    new_fields: Sequence[str] = ()
    quarantined: Sequence[Quarantined] = ()  # by this run
    failure: Failure | None = None


@dataclass(frozen=True)
class Outcome:
    """Results of a run: of the source, of dlt's steps and of the follow-ups."""

    run_id: str
    started_at: datetime
    finished_at: datetime
    result: RunResult
    load: LoadResult
    follow_ups: Sequence[FollowUp] = ()

    @property
    def exit(self) -> Exit:
        """The exit code: that of the load's failure, else of the first failed follow-up.

        Without a failure, it says whether the result is complete.
        """
        failure = self._failure
        if failure is not None:
            return failure.exit
        return Exit.COMPLETE if self.result.is_complete else Exit.PENDING

    @property
    def reason(self) -> str | None:
        """The reason why the run is incomplete, in one line, or None."""
        failure = self._failure
        return failure.reason if failure is not None else _incomplete_reason(self.result)

    @property
    def _failure(self) -> Failure | None:
        if self.load.failure is not None:
            return self.load.failure
        return next((classify_error(step.error) for step in self.follow_ups if step.error is not None), None)

    @property
    def row(self) -> Row:
        """The row of `load_runs`, with JSON columns as text."""
        result = self.result
        listing, albums, calls = result.listing, result.albums, result.calls
        data_issues: dict[str, dict[str, int]] = {}
        for issue in result.data_issues:
            data_issues.setdefault(issue.what.value, {})[issue.where] = issue.count
        blocked_until = {
            bucket: datetime.fromtimestamp(until, timezone.utc).isoformat()
            for bucket, until in sorted(calls.blocked_until.items())
        }
        return {
            "run_id": self.run_id,
            "load_id": self.load.load_id,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "exit_code": int(self.exit),
            "reason": self.reason,
            "listing_complete": listing.is_complete,
            "closed": json.dumps({bucket: closed.reason.value for bucket, closed in sorted(calls.closed.items())}),
            "values_dropped": json.dumps(data_issues),
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
            "blocked_until": json.dumps(blocked_until),
        }


def closed_reason(closed: BucketClosedError) -> str:
    """Return the reason why a bucket was closed, as a clause."""
    return {
        ClosedReason.QUOTA: f"the quota for {closed.bucket} is spent",
        ClosedReason.BUDGET: f"the daily_calls limit for {closed.bucket} is reached",
        ClosedReason.RATE_LIMIT: f"{closed.bucket} was rate limited for too long",
        ClosedReason.TROUBLE: "too many calls in a row failed",
        ClosedReason.STOPPED: "the run was stopped by a signal",
        ClosedReason.REFUSED: "Spotify refuses the app",
    }[closed.reason]


def _incomplete_reason(result: RunResult) -> str | None:
    reasons = [closed_reason(closed) for closed in result.calls.closed.values()]
    cut_by = result.listing.cut_by
    if cut_by is not None and not isinstance(cut_by, BucketClosedError):
        reasons.append(f"the listing ended early ({cut_by.summary})")
    failed = result.albums.failed
    if failed:
        albums = "1 album" if len(failed) == 1 else f"{len(failed)} albums"
        reasons.append(f"{albums} failed (first: {next(iter(failed.values()))})")
    return "; ".join(reasons) or None


# -- load_runs


def load_runs_table() -> DltResource:
    """Return `load_runs` as a resource without rows: dlt creates the table."""

    @dlt.resource
    def load_runs() -> Iterator[Any]:
        yield from schema.create_if_missing(schema.LOAD_RUNS)

    return schema.declare(load_runs, schema.LOAD_RUNS)


@dlt.source(name="spotify")
def empty_tables(result: RunResult) -> list[DltResource]:
    """Return all tables without rows, with the run's source state.

    This is the source for a run whose extract failed and left nothing.

    Args:
        result: Result of the run.
    """

    @dlt.resource(selected=False)
    def nothing() -> Iterator[Any]:
        dlt.current.source_state().update(result.source_state)
        yield []

    @dlt.transformer(data_from=nothing)
    def empty(_: object) -> Iterator[Any]:
        yield dlt.mark.materialize_table_schema()

    return [nothing, *(schema.declare(empty.with_name(table.name), table) for table in schema.TABLES)]
