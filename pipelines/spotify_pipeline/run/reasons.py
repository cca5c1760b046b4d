"""The reasons for which something is missing after a run, in words for people. Knows the reasons, not where they go."""

from __future__ import annotations

from spotify_pipeline.run.wording import count
from spotify_source import RunResult
from spotify_source.errors import BucketClosedError, ClosedReason


def why_incomplete(result: RunResult) -> str | None:
    """Why something is missing after a run, in one line; None where nothing is."""
    reasons = [closed_reason(closed) for closed in result.calls.closed.values()]
    cut_by = result.listing.cut_by
    if cut_by is not None and not isinstance(cut_by, BucketClosedError):
        reasons.append(f"the listing ended early ({cut_by.summary})")
    if result.albums.failed:
        first = next(iter(result.albums.failed.values()))
        reasons.append(f"{count(len(result.albums.failed), 'album')} failed (the first: {first})")
    return "; ".join(reasons) or None


def closed_reason(closed: BucketClosedError) -> str:
    """Why a bucket took no more calls."""
    return {
        ClosedReason.QUOTA: f"the quota for {closed.bucket} is spent",
        ClosedReason.BUDGET: f"the daily_calls limit for {closed.bucket} is reached",
        ClosedReason.RATE_LIMIT: f"{closed.bucket} was rate limited for too long",
        ClosedReason.TROUBLE: "too many calls in a row failed",
        ClosedReason.STOPPED: "stopped by a signal",
        ClosedReason.REFUSED: "Spotify refuses the app",
    }[closed.reason]
