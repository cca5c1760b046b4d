"""Everything that limits calls, in one object that all threads share. Sends nothing itself.

A bucket is a group of calls that share a quota, such as 'search' or 'album'.
https://developer.spotify.com/documentation/web-api/concepts/rate-limits
"""

from __future__ import annotations

import threading
from collections import Counter

from .. import settings
from ..errors import BucketClosedError
from ..run import Run
from .pace import Pace

ALL_BUCKETS = "*"


class Governor:
    """Says when a call may go out, and when no more may.

    Args:
        run: Where calls and waits are counted, with the ledger and the blocks of earlier runs; its `stopping` closes
            everything.
        requests_per_second: The pace; 0 is unlimited.
        max_wait: The longest Retry-After, in seconds, that is waited for; a longer one closes the bucket.
        daily_calls: The most calls to each bucket in 24 hours; None is no budget.
    """

    def __init__(
        self,
        run: Run,
        *,
        requests_per_second: float = settings.REQUESTS_PER_SECOND,
        max_wait: float = settings.MAX_WAIT,
        daily_calls: int | None = None,
    ) -> None:
        run.requests_per_second = requests_per_second
        run.daily_calls = daily_calls
        self._run = run
        self._clock = run.clock
        self._memory = run.memory
        self._max_wait = max_wait
        self._daily_calls = daily_calls
        self._lock = threading.Lock()
        self._pace = Pace(requests_per_second)
        self._paused_seconds = 0.0
        self._planned: Counter[str] = Counter()

    # -- before a call

    def admit(self, bucket: str) -> None:
        """Wait until a call to `bucket` may go out, and count it.

        Raises:
            BucketClosedError: It may not, and will not in this run.
        """
        while True:
            with self._lock:
                self._check(bucket)
                wait = self._seconds_to_wait()
                if wait <= 0:
                    self._count(bucket)
                    return
            self._clock.wait(wait, self._run.stopping)

    def check(self, bucket: str) -> None:
        """Raise where `bucket` is closed; neither waits nor counts.

        Raises:
            BucketClosedError: It takes no more calls in this run.
        """
        with self._lock:
            self._check(bucket)

    def plan(self, bucket: str, calls: int) -> bool:
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
            if self._daily_calls is not None:
                left = self._daily_calls - self._memory.calls_made(bucket, now) - self._planned[bucket]
                if calls > left:
                    self._run.blocked_until.setdefault(bucket, self._memory.budget_returns(bucket, now))
                    return False
            self._planned[bucket] += calls
            return True

    def give_back(self, bucket: str, calls: int) -> None:
        """Return calls that were set aside and will not be made."""
        with self._lock:
            self._planned[bucket] = max(0, self._planned[bucket] - calls)

    def _count(self, bucket: str) -> None:
        self._pace.take(self._clock.monotonic())
        self._run.calls[bucket] += 1
        self._memory.count_call(bucket, self._clock.now())
        if self._planned[bucket]:
            self._planned[bucket] -= 1

    def _check(self, bucket: str) -> None:
        if self._run.stopping.is_set():
            raise self._close(ALL_BUCKETS, "stopped", None)
        closed = self._run.closed.get(bucket) or self._run.closed.get(ALL_BUCKETS)
        if closed is not None:
            raise closed
        now = self._clock.now()
        blocked = self._memory.blocked_until(bucket, now)
        if blocked is not None:
            raise self._close(bucket, "quota", blocked)
        if self._daily_calls is not None and self._memory.calls_made(bucket, now) >= self._daily_calls:
            raise self._close(bucket, "budget", self._memory.budget_returns(bucket, now))

    def _seconds_to_wait(self) -> float:
        now = self._clock.monotonic()
        return max(self._run.paused_until - now, self._pace.seconds_until_next(now))

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
            if seconds is not None and seconds > self._max_wait:
                raise self._spend_quota(bucket, seconds)
            pause = seconds if seconds is not None else min(2.0 ** (times - 1), self._max_wait)
            too_long = self._paused_seconds + pause > settings.MAX_PAUSED_SECONDS
            if times >= settings.MAX_RATE_LIMITS_IN_A_ROW or too_long:
                raise self._close(bucket, "rate limit", None)
            self._pause(pause)
            self._planned[bucket] += 1

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

    def close(self, bucket: str, reason: str) -> BucketClosedError:
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
            wait = max(wait, min(seconds, self._max_wait))
        with self._lock:
            self._run.retries += 1
            self._run.seconds_waited += wait
            self._planned[bucket] += 1
        self._clock.wait(wait, self._run.stopping)

    def _pause(self, seconds: float) -> None:
        now = self._clock.monotonic()
        if self._run.paused_until <= now:
            # Several calls in the air may be limited at once: that is one event, and halves the pace once.
            self._pace.halve()
        until = max(self._run.paused_until, now + seconds)
        longer = until - max(self._run.paused_until, now)
        self._run.paused_until = until
        self._paused_seconds += longer
        self._run.retries += 1
        self._run.seconds_waited += longer

    def _spend_quota(self, bucket: str, seconds: float | None) -> BucketClosedError:
        wait = settings.QUOTA_BLOCK_SECONDS if seconds is None else min(seconds, settings.MAX_BLOCK_SECONDS)
        until = self._clock.now() + wait
        self._memory.block(bucket, until)
        return self._close(bucket, "quota", until)

    def _close(self, bucket: str, reason: str, until: float | None) -> BucketClosedError:
        closed = self._run.closed.setdefault(bucket, BucketClosedError(bucket, reason, until))
        if closed.until is not None:
            self._run.blocked_until[bucket] = closed.until
        return closed
