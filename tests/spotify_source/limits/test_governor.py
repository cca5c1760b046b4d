"""When a call may go out: pace, pauses, quota, budget, stop."""

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
    """An app whose calls are written down: each governor is that of another run."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.clock = clock
        self.path = folder / "ledger.sqlite"
        self.stopping = threading.Event()

    def governor(self, **options: Any) -> Governor:
        """That of a new run."""
        policy = Policy(**{"requests_per_second": 0, **options})
        return Governor(policy, Ledger(self.path), self.clock, self.stopping)


@pytest.fixture
def app(tmp_path: Path, clock: FakeClock) -> App:
    return App(tmp_path, clock)


def call(governor: Governor, bucket: str = "album") -> None:
    """A call that is answered at once."""
    governor.answered(governor.admit(bucket))


def seconds(clock: FakeClock, governor: Governor, calls: int = 1, bucket: str = "album") -> float:
    """How long that many calls take, one after the other."""
    before = clock.time
    for _ in range(calls):
        call(governor, bucket)
    return round(clock.time - before, 6)


def closed(governor: Governor, bucket: str) -> BucketClosedError | None:
    """Why the bucket is closed, or None."""
    try:
        governor.check(bucket)
    except BucketClosedError as error:
        return error
    return None


# -- pace


def test_calls_go_out_as_soon_as_they_are_wanted_until_the_window_is_full(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=5)
    assert seconds(clock, governor, 150) == 0
    assert seconds(clock, governor, 1) == 30


def test_a_pace_of_zero_is_unlimited(clock: FakeClock, app: App) -> None:
    assert seconds(clock, app.governor(), 1000) == 0


def test_the_window_slides(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=0.1)
    for _ in range(3):
        call(governor)
        clock.move(10)
    assert seconds(clock, governor, 1) == 0
    assert seconds(clock, governor, 2) == 20


def test_a_call_keeps_its_place_in_the_window_for_30_s_from_its_reply(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=0.1)
    slow = [governor.admit("album") for _ in range(3)]
    clock.move(8)
    for one in slow:
        governor.answered(one)
    assert seconds(clock, governor, 1) == 30


def test_a_call_that_was_never_answered_frees_its_place_in_the_end(clock: FakeClock, app: App) -> None:
    for _ in range(3):
        app.governor(requests_per_second=0.1).admit("album")
    assert 30 <= seconds(clock, app.governor(requests_per_second=0.1), 1) <= 150


def test_the_window_is_kept_by_all_buckets_and_runs_together(clock: FakeClock, app: App) -> None:
    assert seconds(clock, app.governor(requests_per_second=0.1), 3, bucket="album") == 0
    assert seconds(clock, app.governor(requests_per_second=0.1), 1, bucket="search") == 30


def test_a_slow_pace_lets_one_call_out_at_a_time(clock: FakeClock, app: App) -> None:
    assert seconds(clock, app.governor(requests_per_second=0.01), 3) == 60


def test_a_check_waits_for_nothing_and_counts_nothing(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=1)
    before = clock.time
    for _ in range(5):
        governor.check("album")
    assert (clock.time, governor.counts().by_bucket) == (before, {})


# -- rate limit


def test_a_rate_limit_pauses_every_bucket(clock: FakeClock, app: App) -> None:
    governor = app.governor()
    governor.rate_limited("album", 10, 1)
    assert seconds(clock, governor, bucket="search") == 10


def test_after_a_rate_limit_calls_go_on_at_half_the_pace(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=4)
    governor.rate_limited("album", 10, 1)
    assert seconds(clock, governor, 1) == 10
    assert seconds(clock, governor, 4) == 2.0


def test_several_calls_limited_at_once_halve_the_pace_once(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=4)
    for _ in range(6):
        governor.rate_limited("album", 10, 1)
    governor.admit("album")
    assert seconds(clock, governor, 4) == 2.0


def test_the_next_limit_halves_it_again(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=4)
    for _ in range(2):
        governor.rate_limited("album", 10, 1)
        governor.admit("album")
    assert seconds(clock, governor, 4) == 4.0


def test_the_pace_rises_again_with_success(clock: FakeClock, app: App) -> None:
    governor = app.governor(requests_per_second=4)
    governor.rate_limited("album", 10, 1)
    governor.admit("album")
    for _ in range(5):
        governor.succeeded()
    risen = seconds(clock, governor, 3)
    assert 0.75 < risen < 1.5
    for _ in range(50):
        governor.succeeded()
    assert seconds(clock, governor, 4) == 0


def test_an_unlimited_pace_becomes_a_pace_and_then_unlimited_again(clock: FakeClock, app: App) -> None:
    governor = app.governor()
    governor.rate_limited("album", 1, 1)
    governor.admit("album")
    assert seconds(clock, governor, 5) == 1.0
    for _ in range(50):
        governor.succeeded()
    governor.admit("album")
    assert seconds(clock, governor, 100) == 0


def test_a_longer_pause_wins_and_time_is_counted_once(clock: FakeClock, app: App) -> None:
    governor = app.governor()
    governor.rate_limited("album", 10, 1)
    governor.rate_limited("album", 4, 1)
    governor.rate_limited("album", 15, 1)
    assert seconds(clock, governor) == 15
    assert governor.counts().seconds_waited == 15


def test_without_retry_after_the_pauses_grow(clock: FakeClock, app: App) -> None:
    governor = app.governor()
    pauses = []
    for times in range(1, 5):
        governor.rate_limited("album", None, times)
        pauses.append(seconds(clock, governor))
    assert pauses == sorted(pauses)
    assert pauses[0] >= 1
    assert pauses[-1] >= 2 * pauses[1]


def test_five_limits_in_a_row_close_the_bucket_for_this_run(app: App) -> None:
    governor = app.governor()
    for times in range(1, 5):
        governor.rate_limited("album", 1, times)
        governor.admit("album")
    with pytest.raises(BucketClosedError, match="rate limit"):
        governor.rate_limited("album", 1, 5)
    assert closed(governor, "album")
    assert closed(governor, "search") is None
    assert closed(app.governor(), "album") is None


def test_ten_minutes_of_pauses_close_the_bucket_for_this_run(app: App) -> None:
    governor = app.governor()
    for _ in range(10):
        governor.rate_limited("album", 60, 1)
        governor.admit("album")
    with pytest.raises(BucketClosedError, match="rate limit"):
        governor.rate_limited("album", 60, 1)
    assert closed(app.governor(), "album") is None


def test_a_retry_after_over_max_wait_is_a_quota(clock: FakeClock, app: App) -> None:
    governor = app.governor(max_wait=60)
    before = clock.time
    with pytest.raises(BucketClosedError) as caught:
        governor.rate_limited("album", 61, 1)
    assert (caught.value.reason, caught.value.until) == (ClosedReason.QUOTA, before + 61)
    assert clock.time == before


def test_a_retry_after_of_just_max_wait_is_waited_for(clock: FakeClock, app: App) -> None:
    governor = app.governor(max_wait=60)
    governor.rate_limited("album", 60, 1)
    assert seconds(clock, governor) == 60


# -- quota


def test_a_spent_quota_closes_its_bucket_alone(app: App) -> None:
    governor = app.governor()
    governor.quota_exceeded("album", 48925)
    assert closed(governor, "album")
    assert closed(governor, "search") is None
    governor.admit("search")
    with pytest.raises(BucketClosedError, match="album: quota"):
        governor.admit("album")
    assert governor.counts().by_bucket == {"search": 1}


def test_later_runs_make_no_call_before_the_time_is_over(clock: FakeClock, app: App) -> None:
    until = clock.time + 48925
    app.governor().quota_exceeded("album", 48925)
    clock.move(48924)
    later = app.governor()
    error = closed(later, "album")
    assert error
    assert (error.reason, error.until) == (ClosedReason.QUOTA, until)
    assert later.counts().blocked_until == {"album": until}
    clock.move(1)
    assert closed(app.governor(), "album") is None


def test_the_run_stays_closed_even_when_the_time_is_over_meanwhile(clock: FakeClock, app: App) -> None:
    governor = app.governor()
    governor.quota_exceeded("album", 10)
    clock.move(20)
    assert closed(governor, "album")


def test_a_quota_without_retry_after_closes_for_an_hour(clock: FakeClock, app: App) -> None:
    before = clock.time
    assert app.governor().quota_exceeded("album", None).until == before + HOUR
    clock.move(HOUR - 1)
    assert closed(app.governor(), "album")
    clock.move(1)
    assert closed(app.governor(), "album") is None


def test_a_senseless_retry_after_blocks_for_a_month_at_most(clock: FakeClock, app: App) -> None:
    before = clock.time
    assert app.governor().quota_exceeded("album", 1e15).until == before + 30 * DAY
    assert closed(app.governor(), "album")


# -- call budget


def test_a_call_is_charged_before_it_is_counted(app: App) -> None:
    governor, budget = app.governor(), CallBudget("search", 1)
    governor.admit("album", budget)
    governor.admit("search", budget)
    with pytest.raises(CallBudgetSpentError):
        governor.admit("search", budget)
    assert governor.counts().by_bucket == {"album": 1, "search": 1}


# -- daily budget


def test_the_budget_stops_at_just_its_number(app: App) -> None:
    governor = app.governor(daily_calls=3)
    for _ in range(3):
        governor.admit("album")
    with pytest.raises(BucketClosedError, match="budget"):
        governor.admit("album")
    assert governor.counts().by_bucket == {"album": 3}


def test_the_budget_holds_for_each_bucket(app: App) -> None:
    governor = app.governor(daily_calls=1)
    governor.admit("album")
    governor.admit("search")
    assert governor.counts().by_bucket == {"album": 1, "search": 1}


def test_a_budget_of_nothing_lets_nothing_out(app: App) -> None:
    with pytest.raises(BucketClosedError):
        app.governor(daily_calls=0).admit("album")


def test_the_budget_holds_over_runs_and_returns_after_a_day(clock: FakeClock, app: App) -> None:
    app.governor(daily_calls=1).admit("album")
    later = app.governor(daily_calls=1)
    error = closed(later, "album")
    assert error
    assert error.until == clock.time + 24 * HOUR
    assert later.counts().blocked_until == {"album": error.until}
    clock.move(24 * HOUR)
    assert closed(app.governor(daily_calls=1), "album") is None


def test_a_larger_budget_holds_at_once(app: App) -> None:
    app.governor(daily_calls=1).admit("album")
    app.governor(daily_calls=2).admit("album")


def test_calls_are_admitted_to_the_budget_by_many_threads_and_not_one_more(app: App) -> None:
    governor = app.governor(daily_calls=50)
    refused: list[ClosedReason] = []

    def call_on_and_on() -> None:
        try:
            while True:
                governor.admit("album")
        except BucketClosedError as error:
            refused.append(error.reason)

    threads = [threading.Thread(target=call_on_and_on) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (governor.counts().by_bucket["album"], refused) == (50, [ClosedReason.BUDGET] * 8)


def test_reserved_calls_are_set_aside(app: App) -> None:
    governor = app.governor(daily_calls=5)
    assert governor.reserve("album_tracks", 3)
    assert not governor.reserve("album_tracks", 3)
    assert governor.reserve("album_tracks", 2)
    assert not governor.reserve("album_tracks", 1)


def test_calls_that_were_made_are_not_set_aside_twice(app: App) -> None:
    governor = app.governor(daily_calls=5)
    assert governor.reserve("album_tracks", 3)
    for _ in range(3):
        governor.admit("album_tracks")
    assert governor.reserve("album_tracks", 2)


@pytest.mark.parametrize("repeat", ["back_off", "rate_limited"])
def test_a_call_that_is_repeated_leaves_what_was_set_aside_as_it_was(app: App, repeat: str) -> None:
    governor = app.governor(daily_calls=5)
    assert governor.reserve("album_tracks", 2)
    call(governor, "album_tracks")
    if repeat == "back_off":
        governor.back_off("album_tracks", 1, None)
    else:
        governor.rate_limited("album_tracks", 1, 1)
    # One is made, and two are set aside again: the repetition, and the other.
    assert not governor.reserve("album_tracks", 3)
    assert governor.reserve("album_tracks", 2)


def test_a_reservation_is_about_one_bucket(app: App) -> None:
    governor = app.governor(daily_calls=5)
    assert governor.reserve("album_tracks", 5)
    assert governor.reserve("album", 5)


def test_nothing_can_be_reserved_in_a_closed_bucket_but_no_call(app: App) -> None:
    governor = app.governor()
    governor.quota_exceeded("album_tracks", 100)
    assert not governor.reserve("album_tracks", 1)
    assert governor.reserve("album_tracks", 0)


def test_without_a_budget_everything_can_be_reserved(app: App) -> None:
    assert app.governor().reserve("album_tracks", 10**6)


def test_what_can_not_be_reserved_says_when_it_can(clock: FakeClock, app: App) -> None:
    governor = app.governor(daily_calls=2)
    governor.admit("album_tracks")
    assert not governor.reserve("album_tracks", 2)
    assert governor.counts().blocked_until["album_tracks"] > clock.time


# -- back-off


def test_failures_are_waited_for_longer_and_longer(clock: FakeClock, app: App) -> None:
    governor = app.governor()
    for failures in range(1, 8):
        governor.back_off("album", failures, None)
    assert clock.waits == sorted(clock.waits)
    assert clock.waits[1] == 2 * clock.waits[0]
    assert clock.waits[-1] <= settings.MAX_BACKOFF_SECONDS
    assert (governor.counts().retries, governor.counts().seconds_waited) == (7, sum(clock.waits))


@pytest.mark.parametrize(("jitter", "shares"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_a_back_off_doubles_up_to_its_bound_and_chance_only_shortens_it(
    clock: FakeClock, app: App, monkeypatch: pytest.MonkeyPatch, jitter: float, shares: float
) -> None:
    monkeypatch.setattr(clock, "jitter", lambda: jitter)
    governor = app.governor()
    for failures in range(1, 9):
        governor.back_off("album", failures, None)
    assert clock.waits == [seconds * shares for seconds in (0.5, 1, 2, 4, 8, 16, 30, 30)]
    assert governor.counts().retries == 8
    assert governor.counts().seconds_waited == sum(clock.waits)


def test_each_pause_is_a_repetition(app: App) -> None:
    governor = app.governor()
    for times in (1, 2, 3):
        governor.rate_limited("album", 1, times)
    assert governor.counts().retries == 3


def test_a_back_off_holds_nobody_else_up(clock: FakeClock, app: App) -> None:
    governor = app.governor()
    governor.back_off("album", 3, None)
    assert seconds(clock, governor) == 0


def test_a_back_off_waits_as_long_as_retry_after_asks_but_not_over_max_wait(clock: FakeClock, app: App) -> None:
    governor = app.governor(max_wait=60)
    governor.back_off("album", 1, 20)
    governor.back_off("album", 1, 4000)
    assert clock.waits == [20, 60]


# -- stop


def test_a_stopped_run_makes_no_call(app: App) -> None:
    governor = app.governor()
    governor.admit("album")
    app.stopping.set()
    for bucket in ("album", "search"):
        error = closed(governor, bucket)
        assert error
        assert error.reason is ClosedReason.STOPPED
    app.stopping.clear()
    assert closed(app.governor(), "album") is None


def test_a_stop_wakes_whoever_waits(tmp_path: Path) -> None:
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


def test_closing_all_buckets_closes_each(app: App) -> None:
    governor = app.governor()
    governor.close(ALL_BUCKETS, ClosedReason.TROUBLE)
    assert closed(governor, "album")
    assert closed(governor, "token")


def test_the_first_reason_stays(app: App) -> None:
    governor = app.governor()
    governor.quota_exceeded("album", 100)
    governor.close("album", ClosedReason.TROUBLE)
    error = closed(governor, "album")
    assert error
    assert error.reason is ClosedReason.QUOTA
