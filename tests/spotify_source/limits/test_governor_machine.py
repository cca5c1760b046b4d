"""Governor under any order of replies, waits and restarts."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from spotify_source.errors import BucketClosedError, ClosedReason
from spotify_source.limits.governor import Governor, Policy
from spotify_source.limits.ledger import Ledger
from tests.support.clock import DAY, HOUR, FakeClock

BUCKETS = st.sampled_from(["album", "search", "album_tracks"])


class GovernedCalls(RuleBasedStateMachine):
    """Runs of one app, with a model of the closed buckets and the calls sent."""

    @initialize(daily_calls=st.none() | st.integers(0, 12), pace=st.sampled_from([0, 5]))
    def begin(self, daily_calls: int | None, pace: float) -> None:
        """Start with an empty ledger."""
        self.clock = FakeClock()
        self.folder = tempfile.TemporaryDirectory()
        self.daily_calls, self.pace = daily_calls, pace
        self.calls: list[tuple[str, float]] = []
        self.blocked: dict[str, float] = {}
        self.restart()

    def restart(self) -> None:
        """Start a run with the same ledger."""
        self.stopping = threading.Event()
        self.ledger = Ledger(Path(self.folder.name) / "ledger.sqlite")
        policy = Policy(requests_per_second=self.pace, max_wait=60, daily_calls=self.daily_calls)
        self.governor = Governor(policy, self.ledger, self.clock, self.stopping)
        self.closed: set[str] = set()
        self.of_this_run: Counter[str] = Counter()
        self.limits = 0

    def called(self, bucket: str) -> bool:
        """Make a call unless a bucket is closed, and compare with the model."""
        is_closed = bucket in self.closed or self.stopping.is_set() or self.clock.time < self.blocked.get(bucket, 0)
        refusal = self.refusal(bucket)
        if refusal is not None:
            assert is_closed or refusal.reason is ClosedReason.BUDGET, refusal
            self.closed.add(bucket)
            return False
        assert not is_closed
        self.calls.append((bucket, self.clock.time))
        self.of_this_run[bucket] += 1
        return True

    def refusal(self, bucket: str) -> BucketClosedError | None:
        """Make a call, and return the error if it is not admitted."""
        try:
            self.governor.answered(self.governor.admit(bucket))
        except BucketClosedError as error:
            return error
        return None

    @rule(bucket=BUCKETS)
    def good_reply(self, bucket: str) -> None:
        """Make a call with a good reply."""
        if self.called(bucket):
            self.governor.succeeded()
            self.limits = 0

    @rule(bucket=BUCKETS, seconds=st.none() | st.integers(1, 90), times=st.integers(1, 5))
    def rate_limit(self, bucket: str, seconds: int | None, times: int) -> None:
        """Make a call that is rate limited."""
        if not self.called(bucket):
            return
        now = self.clock.time
        try:
            self.governor.rate_limited(bucket, seconds, times)
        except BucketClosedError:
            self.closed.add(bucket)
            if seconds is not None and seconds > 60:
                self.blocked[bucket] = now + seconds
        else:
            assert seconds is None or seconds <= 60
            assert times < 5

    @rule(bucket=BUCKETS, seconds=st.none() | st.integers(1, 90_000))
    def quota(self, bucket: str, seconds: int | None) -> None:
        """Make a call that exceeds the quota."""
        if self.called(bucket):
            self.governor.quota_exceeded(bucket, seconds)
            self.blocked[bucket] = self.clock.time + (HOUR if seconds is None else seconds)
            self.closed.add(bucket)

    @rule(bucket=BUCKETS, calls=st.integers(0, 6))
    def reserve(self, bucket: str, calls: int) -> None:
        """Reserve calls, never more than are left."""
        if self.governor.reserve(bucket, calls) and self.daily_calls is not None:
            recent = sum(one == bucket and at > self.clock.time - DAY for one, at in self.calls)
            assert recent + calls <= max(self.daily_calls, recent)

    @rule(hours=st.integers(0, 30))
    def time_passes(self, hours: int) -> None:
        """Move the clock by some hours."""
        self.clock.move(hours * HOUR + 1)

    @rule()
    def stop(self) -> None:
        """Stop the run."""
        self.stopping.set()

    @rule()
    def next_run(self) -> None:
        """Start another run."""
        self.restart()

    @invariant()
    def run_counts_its_calls(self) -> None:
        """Compare the counts of the run with the model."""
        if hasattr(self, "governor"):
            assert self.governor.counts().by_bucket == self.of_this_run

    @invariant()
    def ledger_holds_the_last_day(self) -> None:
        """Compare the ledger with the model: daily calls hold exactly."""
        if not hasattr(self, "governor"):
            return
        now = self.clock.time
        for bucket in ("album", "search", "album_tracks"):
            day = sum(one == bucket and at > now - DAY for one, at in self.calls)
            assert self.ledger.calls_made(bucket, now) == day
            assert self.daily_calls is None or day <= self.daily_calls

    def teardown(self) -> None:
        """Delete the ledger."""
        if hasattr(self, "folder"):
            self.folder.cleanup()


TestGovernedCalls = GovernedCalls.TestCase
TestGovernedCalls.settings = hypothesis_settings(max_examples=60, stateful_step_count=40)
