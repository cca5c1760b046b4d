"""Tests of the exit code, reason and `load_runs` row of a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import pytest
from spotify_pipeline.after_load.follow_up import FollowUp
from spotify_pipeline.exits import Exit
from spotify_pipeline.run.failures import classify_error
from spotify_pipeline.run.outcome import LoadResult, Outcome

from spotify_source import RunResult, schema
from spotify_source.errors import (
    ApiUnavailableError,
    BucketClosedError,
    ClosedReason,
    ConfigurationError,
    PagingError,
    PremiumRequiredError,
)
from spotify_source.models import AlbumCounts, CallCounts, ListingCounts

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


def outcome_of(
    result: RunResult | None = None, failure: Exception | None = None, follow_ups: Sequence[FollowUp] = ()
) -> Outcome:
    load = LoadResult(load_id="1.0", failure=classify_error(failure) if failure else None)
    return Outcome("run", NOON, NOON, result or RunResult(), load, follow_ups)


def closed(*reasons: ClosedReason) -> CallCounts:
    return CallCounts(closed={f"album{number}": BucketClosedError("album", why) for number, why in enumerate(reasons)})


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (RunResult(calls=closed(ClosedReason.QUOTA)), "the quota for album is spent"),
        (RunResult(calls=closed(ClosedReason.BUDGET)), "the daily_calls limit for album is reached"),
        (RunResult(calls=closed(ClosedReason.RATE_LIMIT)), "album was rate limited for too long"),
        (RunResult(calls=closed(ClosedReason.TROUBLE)), "too many calls in a row failed"),
        (RunResult(calls=closed(ClosedReason.STOPPED)), "the run was stopped by a signal"),
        (
            RunResult(calls=closed(ClosedReason.QUOTA, ClosedReason.STOPPED)),
            "the quota for album is spent; the run was stopped by a signal",
        ),
        (RunResult(listing=ListingCounts(cut_by=PagingError("a loop"))), "the listing ended early (a loop)"),
        (RunResult(albums=AlbumCounts(wanted=1, failed={"a": "502"})), "1 album failed (first: 502)"),
        (RunResult(albums=AlbumCounts(wanted=2, failed={"a": "502", "b": "x"})), "2 albums failed (first: 502)"),
    ],
)
def test_an_incomplete_run_has_a_reason(result: RunResult, reason: str) -> None:
    outcome = outcome_of(result)
    assert (outcome.exit, outcome.reason) == (Exit.PENDING, reason)


def test_a_complete_run_has_none() -> None:
    outcome = outcome_of(RunResult(albums=AlbumCounts(wanted=2, fetched=1, gone=1, over_limit=5)))
    assert (outcome.exit, outcome.reason) == (Exit.COMPLETE, None)


def test_the_first_failure_decides() -> None:
    pending = RunResult(calls=closed(ClosedReason.QUOTA))
    steps = (
        FollowUp("export", error=ConfigurationError("no folder")),
        FollowUp("retention"),
        FollowUp("transform", error=ApiUnavailableError("x")),
    )
    followed = outcome_of(pending, None, steps)
    assert (followed.exit, followed.reason) == (Exit.CONFIGURATION, "no folder")
    failed = outcome_of(pending, PremiumRequiredError("refused"), steps)
    assert (failed.exit, failed.reason) == (Exit.REFUSED, "refused")


def test_the_row_has_the_columns_of_the_table() -> None:
    calls = CallCounts(by_bucket={"search": 1, "album": 2}, blocked_until={"album": NOON.timestamp()})
    row: dict[str, Any] = dict(outcome_of(RunResult(calls=calls)).row)
    of_dlt = {column.name for column in schema.LOAD_RUNS.columns if column.name.startswith("_dlt")}
    assert {*row, *of_dlt} == {column.name for column in schema.LOAD_RUNS.columns}
    assert json.loads(row["calls"]) == {"album": 2, "search": 1}
    assert json.loads(row["blocked_until"]) == {"album": "2026-11-20T12:00:00+00:00"}
