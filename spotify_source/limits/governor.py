"""Everything that limits calls, in one object that all threads share. Sends nothing itself.

A bucket is a group of calls that share a quota, such as 'search' or 'album'.
https://developer.spotify.com/documentation/web-api/concepts/rate-limits
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from .. import settings
from ..errors import BucketClosedError, ClosedReason
from ..models import CallCounts
from .call_budget import CallBudget
from .ledger import Ledger, Refusal

ALL_BUCKETS = "*"


class Clock(Protocol):
    """Where the time comes from, and how it is waited for."""

    def now(self) -> float:
        """Unix time in seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    def wait(self, seconds: float, wake: threading.Event) -> None:
        """Wait, but not past the moment at which `wake` is set."""
        ...

    def jitter(self) -> float:
        """A random number, 0 to 1."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Unix time in seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def wait(self, seconds: float, wake: threading.Event) -> None:
        """Wait, but not past the moment at which `wake` is set."""
        wake.wait(seconds)

    def jitter(self) -> float:
        """A random number, 0 to 1."""
        return random.random()  # noqa: S311 - spreads retries, guards nothing


@dataclass(frozen=True)
class Policy:
    """How many calls a caller allows.

    Attributes:
        requests_per_second: The pace, which limits the calls in any 30 s; 0 is unlimited.
        max_wait: The longest Retry-After, in seconds, that is waited for; a longer one closes the bucket.
        daily_calls: The most calls to each bucket in 24 hours; None is no budget.
        max_attempts: How often a call is made in all while it fails.
    """

    requests_per_second: float = settings.REQUESTS_PER_SECOND
    max_wait: float = settings.MAX_WAIT
    daily_calls: int | None = None
    max_attempts: int = settings.MAX_ATTEMPTS

    @property
    def window_calls(self) -> int | None:
        """The most calls in any 30 s; None is no limit."""
        pace = self.requests_per_second
        return max(1, int(pace * settings.WINDOW_SECONDS)) if pace else None


class Pace:
    """Spaces calls evenly once a rate limit was met. Not locked: its owner is.

    Args:
        per_second: The rate at which calls are no longer spaced; 0 is unlimited.
    """

    def __init__(self, per_second: float) -> None:
        self._ceiling = per_second or settings.UNLIMITED_PACE_AFTER_LIMIT
        self._rate: float | None = None
        self._next = 0.0

    def seconds_until_next(self, now: float) -> float:
        """How long from `now` (monotonic seconds) until the next call may go."""
        return self._next - now if self._rate else 0.0

    def take(self, now: float) -> None:
        """A call goes out at `now`."""
        if self._rate:
            self._next = max(self._next, now) + 1 / self._rate

    def halve(self) -> None:
        """Go on at half the rate."""
        self._rate = (self._rate or self._ceiling) / 2

    def rise(self) -> None:
        """Come back a little: a twentieth of the full rate for each call that went well."""
        if self._rate is None:
            return
        self._rate += self._ceiling / 20
        if self._rate >= self._ceiling:
            self._rate = None


class Governor:
    """Says when a call may go out, and when no more may.

    Args:
        policy: What the caller allows.
        ledger: The calls and the blocks of the app, in this run and others.
        clock: Where the time comes from.
        stopping: Once it is set, everything is closed.
    """

    def __init__(self, policy: Policy, ledger: Ledger, clock: Clock, stopping: threading.Event) -> None:
        self._policy = policy
        self._ledger = ledger
        self._clock = clock
        self._stopping = stopping
        self._lock = threading.Lock()
        self._pace = Pace(policy.requests_per_second)
        self._calls: Counter[str] = Counter()
        self._reserved: Counter[str] = Counter()
        self._closed: dict[str, BucketClosedError] = {}
        self._short_until: dict[str, float] = {}
        self._paused_until = 0.0
        self._paused_seconds = 0.0
        self._retries = 0
        self._seconds_waited = 0.0

    def counts(self) -> CallCounts:
        """What calls were made so far, and what held them up."""
        with self._lock:
            closed_until = {bucket: closed.until for bucket, closed in self._closed.items() if closed.until is not None}
            return CallCounts(
                by_bucket=dict(self._calls),
                retries=self._retries,
                seconds_waited=self._seconds_waited,
                paused_until=self._paused_until,
                closed=dict(self._closed),
                blocked_until={**self._short_until, **closed_until, **self._ledger.blocks(self._clock.now())},
            )

    # -- before a call

    def admit(self, bucket: str, budget: CallBudget | None = None) -> int:
        """Wait until a call to `bucket` may be sent, charge it to `budget` and enter it in the ledger.

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
                self._check_closed(bucket)
                wait = self._seconds_to_wait()
                if wait <= 0:
                    admission = self._ledger.admit(
                        bucket,
                        self._clock.now(),
                        daily_calls=self._policy.daily_calls,
                        window_calls=self._policy.window_calls,
                    )
                    if admission.call is not None:
                        self._count(bucket)
                        return admission.call
                    self._raise(bucket, admission.refusal)
                    wait = admission.wait
            self._clock.wait(wait, self._stopping)

    def answered(self, call: int) -> None:
        """A call has ended, well or not: its place in the window will be free in 30 s."""
        self._ledger.answered(call, self._clock.now())

    def check(self, bucket: str) -> None:
        """Raise where `bucket` is closed; neither waits nor counts.

        Raises:
            BucketClosedError: It takes no more calls in this run.
        """
        with self._lock:
            self._check(bucket)

    def calls_left(self, bucket: str, wanted: int) -> int:
        """How many of so many calls to `bucket` may be made: fewer where the budget has fewer left, none where it is closed."""
        with self._lock:
            try:
                self._check_closed(bucket)
            except BucketClosedError:
                return 0
            now = self._clock.now()
            if bucket in self._ledger.blocks(now):
                return 0
            if self._policy.daily_calls is None:
                return max(0, wanted)
            left = self._policy.daily_calls - self._ledger.calls_made(bucket, now) - self._reserved[bucket]
            return max(0, min(wanted, left))

    def reserve(self, bucket: str, calls: int) -> bool:
        """Set calls of the budget aside for something that is worth nothing in part.

        Returns:
            Whether the bucket has them left. They are set aside only then.
        """
        with self._lock:
            try:
                self._check(bucket)
            except BucketClosedError:
                return calls == 0
            now = self._clock.now()
            if self._policy.daily_calls is not None:
                left = self._policy.daily_calls - self._ledger.calls_made(bucket, now) - self._reserved[bucket]
                if calls > left:
                    self._short_until.setdefault(bucket, self._ledger.budget_returns(bucket, now))
                    return False
            self._reserved[bucket] += calls
            return True

    def release(self, bucket: str, calls: int) -> None:
        """Return calls that were set aside and will not be made."""
        with self._lock:
            self._reserved[bucket] = max(0, self._reserved[bucket] - calls)

    def _count(self, bucket: str) -> None:
        self._pace.take(self._clock.monotonic())
        self._calls[bucket] += 1
        if self._reserved[bucket]:
            self._reserved[bucket] -= 1

    def _check(self, bucket: str) -> None:
        self._check_closed(bucket)
        refusal = self._ledger.refusal(bucket, self._clock.now(), daily_calls=self._policy.daily_calls)
        self._raise(bucket, refusal)

    def _check_closed(self, bucket: str) -> None:
        if self._stopping.is_set():
            raise self._close(ALL_BUCKETS, ClosedReason.STOPPED, None)
        closed = self._closed.get(bucket) or self._closed.get(ALL_BUCKETS)
        if closed is not None:
            raise closed

    def _raise(self, bucket: str, refusal: Refusal | None) -> None:
        if refusal is not None:
            raise self._close(bucket, refusal.reason, refusal.until)

    def _seconds_to_wait(self) -> float:
        now = self._clock.monotonic()
        return max(self._paused_until - now, self._pace.seconds_until_next(now))

    # -- after a reply

    def succeeded(self) -> None:
        """A call was answered well: the pace may rise again."""
        with self._lock:
            self._pace.rise()

    def rate_limited(self, bucket: str, seconds: float | None, times: int) -> None:
        """All threads pause; or the bucket closes, where that would take too long.

        Args:
            bucket: The bucket of the call.
            seconds: What Retry-After asked for, if anything.
            times: How often this call was rate limited in a row, this time included.

        Raises:
            BucketClosedError: It was limited too often, for too long, or told to wait beyond `max_wait`.
        """
        with self._lock:
            if seconds is not None and seconds > self._policy.max_wait:
                raise self._spend_quota(bucket, seconds)
            pause = seconds if seconds is not None else min(2.0 ** (times - 1), self._policy.max_wait)
            too_long = self._paused_seconds + pause > settings.MAX_PAUSED_SECONDS
            if times >= settings.MAX_RATE_LIMITS_IN_A_ROW or too_long:
                raise self._close(bucket, ClosedReason.RATE_LIMIT, None)
            self._pause(pause)
            self._reserved[bucket] += 1

    def quota_spent(self, bucket: str, seconds: float | None) -> BucketClosedError:
        """The bucket closes, for this run and those until the time is over.

        Args:
            bucket: The bucket of the call.
            seconds: What Retry-After asked for, if anything.

        Returns:
            What to raise.
        """
        with self._lock:
            return self._spend_quota(bucket, seconds)

    def close(self, bucket: str, reason: ClosedReason) -> BucketClosedError:
        """Let no more calls to `bucket` (or ALL_BUCKETS) out in this run.

        Returns:
            What to raise.
        """
        with self._lock:
            return self._close(bucket, reason, None)

    def back_off(self, bucket: str, failures: int, seconds: float | None) -> None:
        """Wait before a failed call is repeated: exponentially, with jitter, in this thread alone.

        Args:
            bucket: The bucket of the call.
            failures: How often this call has failed in a row.
            seconds: What Retry-After asked for, if anything.
        """
        exponential = min(settings.BACKOFF_SECONDS * 2.0 ** (failures - 1), settings.MAX_BACKOFF_SECONDS)
        wait = exponential * (0.5 + self._clock.jitter() / 2)
        if seconds is not None:
            wait = max(wait, min(seconds, self._policy.max_wait))
        with self._lock:
            self._retries += 1
            self._seconds_waited += wait
            self._reserved[bucket] += 1
        self._clock.wait(wait, self._stopping)

    def _pause(self, seconds: float) -> None:
        now = self._clock.monotonic()
        if self._paused_until <= now:
            # Several calls in the air may be limited at once: that is one event, and halves the pace once.
            self._pace.halve()
        until = max(self._paused_until, now + seconds)
        longer = until - max(self._paused_until, now)
        self._paused_until = until
        self._paused_seconds += longer
        self._retries += 1
        self._seconds_waited += longer

    def _spend_quota(self, bucket: str, seconds: float | None) -> BucketClosedError:
        wait = settings.QUOTA_BLOCK_SECONDS if seconds is None else min(seconds, settings.MAX_BLOCK_SECONDS)
        now = self._clock.now()
        until = now + wait
        self._ledger.block(bucket, until, now)
        return self._close(bucket, ClosedReason.QUOTA, until)

    def _close(self, bucket: str, reason: ClosedReason, until: float | None) -> BucketClosedError:
        return self._closed.setdefault(bucket, BucketClosedError(bucket, reason, until))
