"""Rate limiter of all API calls: pace, pauses, daily calls and quota.

A bucket is a group of endpoints that share a quota, such as 'search' or 'album'.
https://developer.spotify.com/documentation/web-api/concepts/rate-limits
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final, Protocol

from .. import settings
from ..errors import BucketClosedError, ClosedReason
from ..models import CallCounts
from .call_budget import CallBudget
from .ledger import Ledger

ALL_BUCKETS: Final = "*"


class Clock(Protocol):
    """Source of time and chance, which tests replace."""

    def now(self) -> float:
        """Return the Unix time in seconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    def wait(self, seconds: float, wake: threading.Event) -> None:
        """Wait, but not longer than until `wake` is set."""
        ...

    def jitter(self) -> float:
        """Return a random number from 0 to 1."""
        ...


class SystemClock:
    """Clock of the machine."""

    def now(self) -> float:
        """Return the Unix time in seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def wait(self, seconds: float, wake: threading.Event) -> None:
        """Wait, but not longer than until `wake` is set."""
        wake.wait(seconds)

    def jitter(self) -> float:
        """Return a random number from 0 to 1."""
        return random.random()  # noqa: S311 - spreads retries, protects nothing


@dataclass(frozen=True)
class Policy:
    """Limits that the user sets on calls."""

    # Limits the calls in any 30 s; 0 for no limit.
    requests_per_second: float = settings.REQUESTS_PER_SECOND
    # The longest Retry-After to wait for, in seconds. A longer one closes the bucket.
    max_wait: float = settings.MAX_WAIT
    # Maximum calls to each bucket in 24 hours; None for no limit.
    daily_calls: int | None = None

    @property
    def window_calls(self) -> int | None:
        """Maximum calls in any 30 s; None for no limit."""
        pace = self.requests_per_second
        return max(1, int(pace * settings.WINDOW_SECONDS)) if pace else None


class Pace:
    """Interval between calls after a rate limit. Not thread-safe.

    A rate limit halves the rate, and each success raises it again. Without a rate limit, calls are not spaced: only
    their number in a window is limited, which the ledger counts.

    Args:
        per_second: Rate at which calls are no longer spaced; 0 for unlimited.
    """

    def __init__(self, per_second: float) -> None:
        self._ceiling = per_second or settings.UNLIMITED_PACE_AFTER_LIMIT
        self._rate: float | None = None
        self._next = 0.0

    def seconds_until_next(self, now: float) -> float:
        """Return the seconds from `now` until the next call may be sent."""
        return self._next - now if self._rate else 0.0

    def take(self, now: float) -> None:
        """Record a call that is sent at `now`."""
        if self._rate:
            self._next = max(self._next, now) + 1 / self._rate

    def halve(self) -> None:
        """Halve the rate."""
        self._rate = (self._rate or self._ceiling) / 2

    def rise(self) -> None:
        """Raise the rate by a twentieth of the full rate."""
        if self._rate is not None:
            self._rate += self._ceiling / 20
            if self._rate >= self._ceiling:
                self._rate = None


class Governor:
    """Thread-safe rate limiter for all API calls of a run.

    Args:
        policy: Limits that the user sets.
        ledger: Log of the app's calls, in this run and others.
        clock: Source of the time.
        stopping: Once it is set, all buckets are closed.
    """

    def __init__(self, policy: Policy, ledger: Ledger, clock: Clock, stopping: threading.Event) -> None:
        self.policy = policy
        self.ledger = ledger
        self.clock = clock
        self.stopping = stopping
        self._lock = threading.Lock()
        self._pace = Pace(policy.requests_per_second)
        self._calls: Counter[str] = Counter()
        self._reserved: Counter[str] = Counter()
        self._closed: dict[str, BucketClosedError] = {}
        # Buckets whose daily calls did not suffice for a reservation, and when their oldest call no longer counts.
        self._short_until: dict[str, float] = {}
        self._paused_until = 0.0
        self._paused_seconds = 0.0
        self._retries = 0
        self._seconds_waited = 0.0

    def counts(self) -> CallCounts:
        """Return the calls made so far, with their retries, waits and closed buckets."""
        with self._lock:
            closed_until = {bucket: closed.until for bucket, closed in self._closed.items() if closed.until is not None}
            return CallCounts(
                by_bucket=dict(self._calls),
                retries=self._retries,
                seconds_waited=self._seconds_waited,
                paused_until=self._paused_until,
                closed=dict(self._closed),
                blocked_until={**self._short_until, **closed_until, **self.ledger.blocks(self.clock.now())},
            )

    # -- before a call

    def admit(self, bucket: str, budget: CallBudget | None = None) -> int:
        """Wait until a call may be sent, and enter it in the ledger.

        Args:
            bucket: The bucket of the call.
            budget: Call budget that the call is charged to.

        Returns:
            The number of the call, for `answered`.

        Raises:
            CallBudgetSpentError: `budget` has no call left.
            BucketClosedError: The bucket takes no more calls in this run.
            LedgerError: The ledger can't be written.
        """
        if budget is not None:
            budget.charge(bucket)
        while True:
            with self._lock:
                closed = self._closing(bucket)
                if closed is not None:
                    raise closed
                wait = self._seconds_to_wait()
                if wait <= 0:
                    call, wait = self._enter(bucket)
                    if call is not None:
                        return call
            self.clock.wait(wait, self.stopping)

    def answered(self, call: int) -> None:
        """Record the end of a call: its place in the window is free 30 s later."""
        self.ledger.answered(call, self.clock.now())

    def check(self, bucket: str) -> None:
        """Raise if a bucket is closed, without waiting or counting.

        Raises:
            BucketClosedError: The bucket takes no more calls in this run.
        """
        with self._lock:
            refusal = self._refusal(bucket)
        if refusal is not None:
            raise refusal

    def calls_left(self, bucket: str, wanted: int) -> int:
        """Return how many of `wanted` calls the bucket still allows."""
        with self._lock:
            now = self.clock.now()
            if self._closing(bucket) or bucket in self.ledger.blocks(now):
                return 0
            return max(0, min(wanted, self._daily_calls_left(bucket, now, wanted)))

    def reserve(self, bucket: str, calls: int) -> bool:
        """Reserve calls for an album that would be useless without all of them.

        Returns:
            Whether the bucket still allows them. If not, none is reserved.
        """
        if calls == 0:
            return True
        with self._lock:
            if self._refusal(bucket) is not None:
                return False
            now = self.clock.now()
            if self._daily_calls_left(bucket, now, calls) < calls:
                self._short_until.setdefault(bucket, self.ledger.budget_returns(bucket, now))
                return False
            self._reserved[bucket] += calls
            return True

    def release(self, bucket: str, calls: int) -> None:
        """Release reserved calls that will not be made."""
        with self._lock:
            self._reserved[bucket] = max(0, self._reserved[bucket] - calls)

    def _enter(self, bucket: str) -> tuple[int | None, float]:
        """Enter a call in the ledger, or return None and the seconds to wait."""
        try:
            call, wait = self.ledger.admit(
                bucket,
                self.clock.now(),
                daily_calls=self.policy.daily_calls,
                window_calls=self.policy.window_calls,
            )
        except BucketClosedError as refusal:
            raise self._close(refusal) from None
        if call is not None:
            self._pace.take(self.clock.monotonic())
            self._calls[bucket] += 1
            if self._reserved[bucket]:
                self._reserved[bucket] -= 1
        return call, wait

    def _seconds_to_wait(self) -> float:
        now = self.clock.monotonic()
        return max(self._paused_until - now, self._pace.seconds_until_next(now))

    def _daily_calls_left(self, bucket: str, now: float, unlimited: int) -> int:
        if self.policy.daily_calls is None:
            return unlimited
        return self.policy.daily_calls - self.ledger.calls_made(bucket, now) - self._reserved[bucket]

    def _refusal(self, bucket: str) -> BucketClosedError | None:
        """Return the error if the run or the ledger closes a bucket."""
        closed = self._closing(bucket)
        if closed is not None:
            return closed
        refusal = self.ledger.refusal(bucket, self.clock.now(), daily_calls=self.policy.daily_calls)
        return self._close(refusal) if refusal is not None else None

    def _closing(self, bucket: str) -> BucketClosedError | None:
        """Return the error that closed a bucket in this run, if any."""
        if self.stopping.is_set():
            return self._close(BucketClosedError(ALL_BUCKETS, ClosedReason.STOPPED))
        return self._closed.get(bucket) or self._closed.get(ALL_BUCKETS)

    # -- after a reply

    def succeeded(self) -> None:
        """Record a good reply: the pace may rise again."""
        with self._lock:
            self._pace.rise()

    def rate_limited(self, bucket: str, seconds: float | None, times: int) -> None:
        """Pause all threads, or close the bucket if the pause would be too long.

        Args:
            bucket: The bucket of the call.
            seconds: Retry-After of the reply, if any.
            times: Number of rate limits that this call met in a row, this one included.

        Raises:
            BucketClosedError: Retry-After is longer than `max_wait`, or there were too many or too long pauses.
        """
        with self._lock:
            if seconds is not None and seconds > self.policy.max_wait:
                raise self._block(bucket, seconds)
            pause = seconds if seconds is not None else min(2.0 ** (times - 1), self.policy.max_wait)
            is_too_long = self._paused_seconds + pause > settings.MAX_PAUSED_SECONDS
            if times >= settings.MAX_RATE_LIMITS_IN_A_ROW or is_too_long:
                raise self._close(BucketClosedError(bucket, ClosedReason.RATE_LIMIT))
            self._pause(pause)
            self._reserved[bucket] += 1

    def quota_exceeded(self, bucket: str, seconds: float | None) -> BucketClosedError:
        """Close a bucket, for this run and for others until Retry-After is over.

        Args:
            bucket: The bucket of the call.
            seconds: Retry-After of the reply, if any.

        Returns:
            The error to raise.
        """
        with self._lock:
            return self._block(bucket, seconds)

    def close(self, bucket: str, reason: ClosedReason) -> BucketClosedError:
        """Close a bucket, or ALL_BUCKETS, for this run.

        Returns:
            The error to raise.
        """
        with self._lock:
            return self._close(BucketClosedError(bucket, reason))

    def back_off(self, bucket: str, failures: int, seconds: float | None) -> None:
        """Wait in this thread before a failed call is retried: exponentially, with jitter.

        Args:
            bucket: The bucket of the call.
            failures: Number of times that this call has failed in a row.
            seconds: Retry-After of the reply, if any.
        """
        exponential = min(settings.BACKOFF_SECONDS * 2.0 ** (failures - 1), settings.MAX_BACKOFF_SECONDS)
        wait = exponential * (0.5 + self.clock.jitter() / 2)
        if seconds is not None:
            wait = max(wait, min(seconds, self.policy.max_wait))
        with self._lock:
            self._retries += 1
            self._seconds_waited += wait
            # The retry uses a reserved call, as the failed attempt did.
            self._reserved[bucket] += 1
        self.clock.wait(wait, self.stopping)

    def _pause(self, seconds: float) -> None:
        now = self.clock.monotonic()
        if self._paused_until <= now:
            # Several calls in flight may be limited at once: that is one event, and halves the pace once.
            self._pace.halve()
        until = max(self._paused_until, now + seconds)
        longer = until - max(self._paused_until, now)
        self._paused_until = until
        self._paused_seconds += longer
        self._retries += 1
        self._seconds_waited += longer

    def _block(self, bucket: str, seconds: float | None) -> BucketClosedError:
        wait = settings.QUOTA_BLOCK_SECONDS if seconds is None else min(seconds, settings.MAX_BLOCK_SECONDS)
        now = self.clock.now()
        self.ledger.block(bucket, now + wait, now)
        return self._close(BucketClosedError(bucket, ClosedReason.QUOTA, now + wait))

    def _close(self, error: BucketClosedError) -> BucketClosedError:
        """Close a bucket, and return the error of its first closing."""
        return self._closed.setdefault(error.bucket, error)
