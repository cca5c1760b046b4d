"""Governor: pace, pauses, quota, budgets, back-off and stop."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from spotify_source import settings
from spotify_source.errors import BucketClosedError, ClosedReason
from spotify_source.limits.call_budget import CallBudget, CallBudgetSpentError
from spotify_source.limits.governor import ALL_BUCKETS, Clock, Governor, Policy, SystemClock
from spotify_source.limits.ledger import Ledger
from tests.support.clock import DAY, HOUR, FakeClock


class App:
    """App with its ledger."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.clock = clock
        self.path = folder / "ledger.sqlite"
        self.stopping = threading.Event()

    def governor(self, **policy: Any) -> Governor:
        """Return the governor of another run."""
        return Governor(Policy(**{"requests_per_second": 0, **policy}), Ledger(self.path), self.clock, self.stopping)


@pytest.fixture
def app(tmp_path: Path, clock: FakeClock) -> App:
    return App(tmp_path, clock)


def call(governor: Governor, bucket: str = "album") -> None:
    """Make a call with an immediate reply."""
    governor.answered(governor.admit(bucket))


def seconds(clock: FakeClock, governor: Governor, calls: int = 1, bucket: str = "album") -> float:
    """Return the seconds that a number of successive calls take."""
    before = clock.time
    for _ in range(calls):
        call(governor, bucket)
    return round(clock.time - before, 6)


def closed(governor: Governor, bucket: str) -> BucketClosedError | None:
    try:
        governor.check(bucket)
    except BucketClosedError as error:
        return error
    return None


# -- pace


@pytest.mark.parametrize(("pace", "burst", "wait"), [(5, 150, 30), (0.1, 3, 30), (0.01, 1, 30), (0, 1000, 0)])
def test_calls_wait_only_when_the_window_is_full(
    clock: FakeClock, app: App, pace: float, burst: int, wait: float
) -> None:
    governor = app.governor(requests_per_second=pace)
    assert seconds(clock, governor, burst) == 0
    assert seconds(clock, governor) == wait


def test_window_slides(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=0.1)
    for _ in range(3):
        call(governor)
        clock.move(10)
    assert seconds(clock, governor) == 0
    assert seconds(clock, governor, 2) == 20


def test_call_leaves_the_window_30_s_after_its_reply(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=0.1)
    slow = [governor.admit("album") for _ in range(3)]
    clock.move(8)
    for one in slow:
        governor.answered(one)
    assert seconds(clock, governor) == 30


def test_call_without_a_reply_leaves_the_window_eventually(clock: FakeClock, app: App) -> None:
    for _ in range(3):
        app.governor(requests_per_second=0.1).admit("album")
    assert 30 <= seconds(clock, app.governor(requests_per_second=0.1)) <= 150


def test_all_buckets_and_runs_share_the_window(clock: FakeClock, app: App) -> None:
    assert seconds(clock, app.governor(requests_per_second=0.1), 3, bucket="album") == 0
    assert seconds(clock, app.governor(requests_per_second=0.1), bucket="search") == 30


def test_check_neither_waits_nor_counts(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=1)
    before = clock.time
    for _ in range(5):
        governor.check("album")
    assert (clock.time, governor.counts().by_bucket) == (before, {})


# -- rate limit


def test_rate_limit_pauses_all_buckets_and_halves_the_pace(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=4)
    governor.rate_limited("album", 10, 1)
    assert seconds(clock, governor, bucket="search") == 10
    assert seconds(clock, governor, 4) == 2.0


def test_simultaneous_rate_limits_are_one_event(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=4)
    for retry_after in (10, 4, 15):
        governor.rate_limited("album", retry_after, 1)
    assert seconds(clock, governor) == 15
    assert seconds(clock, governor, 4) == 2.0
    assert (governor.counts().seconds_waited, governor.counts().retries) == (15, 3)


def test_each_rate_limit_halves_the_pace(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=4)
    for _ in range(2):
        governor.rate_limited("album", 10, 1)
        governor.admit("album")
    assert seconds(clock, governor, 4) == 4.0


@pytest.mark.parametrize(("pace", "full"), [(4, 4), (0, settings.UNLIMITED_PACE_AFTER_LIMIT)])
def test_pace_rises_with_success(clock: FakeClock, app: App, pace: float, full: float) -> None:
    governor = app.governor(requests_per_second=pace)
    governor.rate_limited("album", 10, 1)
    governor.admit("album")
    assert seconds(clock, governor, 4) == 4 / (full / 2)
    for _ in range(5):
        governor.succeeded()
    assert 3 / full < seconds(clock, governor, 3) < 3 / (full / 2)
    for _ in range(50):
        governor.succeeded()
    governor.admit("album")
    assert seconds(clock, governor, 4) == 0


def test_pauses_without_retry_after_double(clock: FakeClock, app: App) -> None:
    governor = app.governor()
    pauses = []
    for times in range(1, 5):
        governor.rate_limited("album", None, times)
        pauses.append(seconds(clock, governor))
    assert pauses == [1, 2, 4, 8]


@pytest.mark.parametrize(
    ("retry_after", "times"), [(1, [1, 2, 3, 4, settings.MAX_RATE_LIMITS_IN_A_ROW]), (60, [1] * 11)]
)
def test_too_many_or_too_long_pauses_close_the_bucket_for_this_run(
    app: App, retry_after: float, times: list[int]
) -> None:
    governor = app.governor()
    for number in times[:-1]:
        governor.rate_limited("album", retry_after, number)
        governor.admit("album")
    with pytest.raises(BucketClosedError, match="rate limit"):
        governor.rate_limited("album", retry_after, times[-1])
    assert closed(governor, "album")
    assert closed(governor, "search") is None
    assert closed(app.governor(), "album") is None


def test_retry_after_beyond_max_wait_is_a_quota(clock: FakeClock, app: App) -> None:
    governor = app.governor(max_wait=60)
    governor.rate_limited("album", 60, 1)
    assert seconds(clock, governor) == 60
    now = clock.time
    with pytest.raises(BucketClosedError) as caught:
        governor.rate_limited("album", 61, 1)
    assert (caught.value.reason, caught.value.until) == (ClosedReason.QUOTA, now + 61)
    assert clock.time == now


# -- quota


def test_quota_closes_its_bucket_for_all_runs_until_retry_after(clock: FakeClock, app: App) -> None:
    governor, until = app.governor(), clock.time + 48925
    governor.quota_exceeded("album", 48925)
    with pytest.raises(BucketClosedError, match="album: quota"):
        governor.admit("album")
    governor.admit("search")
    assert governor.counts().by_bucket == {"search": 1}
    clock.move(48924)
    later = app.governor()
    error = closed(later, "album")
    assert error
    assert (error.reason, error.until) == (ClosedReason.QUOTA, until)
    assert later.counts().blocked_until == {"album": until}
    clock.move(1)
    assert closed(app.governor(), "album") is None
    # In the run that met the quota, the bucket stays closed.
    assert closed(governor, "album")


@pytest.mark.parametrize(("retry_after", "blocked"), [(None, HOUR), (1e15, 30 * DAY)])
def test_missing_or_absurd_retry_after_has_a_default(
    clock: FakeClock, app: App, retry_after: float | None, blocked: float
) -> None:
    until = clock.time + blocked
    assert app.governor().quota_exceeded("album", retry_after).until == until
    clock.move(blocked - 1)
    assert closed(app.governor(), "album")
    clock.move(1)
    assert closed(app.governor(), "album") is None


# -- call budget


def test_call_is_charged_before_it_is_counted(app: App) -> None:
    governor, budget = app.governor(), CallBudget("search", 1)
    governor.admit("album", budget)
    governor.admit("search", budget)
    with pytest.raises(CallBudgetSpentError):
        governor.admit("search", budget)
    assert governor.counts().by_bucket == {"album": 1, "search": 1}


# -- daily calls


@pytest.mark.parametrize("daily_calls", [0, 1, 3])
def test_daily_calls_hold_for_each_bucket(app: App, daily_calls: int) -> None:
    governor = app.governor(daily_calls=daily_calls)
    for bucket in ("album", "search"):
        for _ in range(daily_calls):
            governor.admit(bucket)
        with pytest.raises(BucketClosedError, match="budget"):
            governor.admit(bucket)
    assert sum(governor.counts().by_bucket.values()) == 2 * daily_calls


def test_daily_calls_hold_across_runs_and_return_after_a_day(clock: FakeClock, app: App) -> None:
    app.governor(daily_calls=1).admit("album")
    later = app.governor(daily_calls=1)
    error = closed(later, "album")
    assert error
    assert error.until == clock.time + DAY
    assert later.counts().blocked_until == {"album": error.until}
    app.governor(daily_calls=2).admit("album")
    clock.move(DAY)
    assert closed(app.governor(daily_calls=1), "album") is None


def test_daily_calls_hold_across_threads(app: App) -> None:
    governor = app.governor(daily_calls=50)
    reasons: list[ClosedReason] = []

    def call_until_closed() -> None:
        try:
            while True:
                governor.admit("album")
        except BucketClosedError as error:
            reasons.append(error.reason)

    threads = [threading.Thread(target=call_until_closed) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (governor.counts().by_bucket["album"], reasons) == (50, [ClosedReason.BUDGET] * 8)


def test_reservations_share_the_daily_calls_of_their_bucket(app: App) -> None:
    governor = app.governor(daily_calls=5)
    assert governor.reserve("album_tracks", 3)
    assert not governor.reserve("album_tracks", 3)
    assert governor.reserve("album_tracks", 2)
    assert not governor.reserve("album_tracks", 1)
    assert governor.reserve("album", 5)
    assert governor.calls_left("album", 1) == 0
    governor.release("album", 5)
    assert governor.calls_left("album", 9) == 5


@pytest.mark.parametrize("retry", [None, "back_off", "rate_limited"])
def test_call_uses_its_reservation_and_a_retry_renews_it(app: App, retry: str | None) -> None:
    governor = app.governor(daily_calls=5)
    assert governor.reserve("album_tracks", 2)
    call(governor, "album_tracks")
    if retry is not None:
        getattr(governor, retry)("album_tracks", *((1, None) if retry == "back_off" else (1, 1)))
    # Of five calls, one is made and one is reserved, or two with the retry.
    left = 3 if retry is None else 2
    assert not governor.reserve("album_tracks", left + 1)
    assert governor.reserve("album_tracks", left)


def test_nothing_is_reserved_in_a_closed_bucket(app: App) -> None:
    governor = app.governor()
    assert governor.reserve("album_tracks", 10**6)
    governor.quota_exceeded("album_tracks", 100)
    assert not governor.reserve("album_tracks", 1)
    assert governor.reserve("album_tracks", 0)
    assert governor.calls_left("album_tracks", 1) == 0


def test_failed_reservation_reports_when_calls_return(clock: FakeClock, app: App) -> None:
    governor = app.governor(daily_calls=2)
    governor.admit("album_tracks")
    assert not governor.reserve("album_tracks", 2)
    assert governor.counts().blocked_until == {"album_tracks": clock.time + DAY}


# -- back-off


@pytest.mark.parametrize(("jitter", "share"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_back_off_doubles_to_a_maximum_and_jitter_shortens_it(
    clock: FakeClock, app: App, monkeypatch: pytest.MonkeyPatch, jitter: float, share: float
) -> None:
    monkeypatch.setattr(clock, "jitter", lambda: jitter)
    governor = app.governor()
    for failures in range(1, 9):
        governor.back_off("album", failures, None)
    assert clock.waits == [seconds * share for seconds in (0.5, 1, 2, 4, 8, 16, 30, 30)]
    assert (governor.counts().retries, governor.counts().seconds_waited) == (8, sum(clock.waits))
    # Only the thread of the failed call waits.
    assert seconds(clock, governor) == 0


def test_back_off_waits_for_retry_after_up_to_max_wait(clock: FakeClock, app: App) -> None:
    governor = app.governor(max_wait=60)
    governor.back_off("album", 1, 20)
    governor.back_off("album", 1, 4000)
    assert clock.waits == [20, 60]


# -- stop and close


def test_stopped_run_makes_no_call(app: App) -> None:
    governor = app.governor()
    governor.admit("album")
    app.stopping.set()
    for bucket in ("album", "search"):
        error = closed(governor, bucket)
        assert error
        assert error.reason is ClosedReason.STOPPED
    app.stopping.clear()
    assert closed(app.governor(), "album") is None


def test_stop_wakes_waiting_threads(tmp_path: Path) -> None:
    app = App(tmp_path, SystemClock())
    governor = app.governor()
    governor.rate_limited("album", 60, 1)
    reasons: list[ClosedReason] = []

    def wait_for_a_call() -> None:
        try:
            governor.admit("album")
        except BucketClosedError as error:
            reasons.append(error.reason)

    threads = [threading.Thread(target=wait_for_a_call, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    app.stopping.set()
    for thread in threads:
        thread.join(5)
    assert reasons == [ClosedReason.STOPPED] * 4
    assert governor.counts().by_bucket == {}


def test_bucket_keeps_its_first_reason(app: App) -> None:
    governor = app.governor()
    governor.quota_exceeded("album", 100)
    governor.close("album", ClosedReason.TROUBLE)
    governor.close(ALL_BUCKETS, ClosedReason.REFUSED)
    assert [error.reason for bucket in ("album", "token") if (error := closed(governor, bucket))] == [
        ClosedReason.QUOTA,
        ClosedReason.REFUSED,
    ]
