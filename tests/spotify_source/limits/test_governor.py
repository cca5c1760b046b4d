"""When a call may go out: pace, pauses, quota, budget, stop."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from spotify_source import Run, settings
from spotify_source.errors import BucketClosedError
from spotify_source.limits.governor import ALL_BUCKETS, Governor
from tests.support.clock import DAY, HOUR, FakeClock


def governor_of(run: Run, **options: Any) -> Governor:
    return Governor(run, **{"requests_per_second": 0, **options})


def next_run(run: Run) -> Run:
    """A later run, which remembers what this one did."""
    return Run(clock=run.clock, memory=run.memory)


def seconds(clock: FakeClock, governor: Governor, calls: int = 1, bucket: str = "album") -> float:
    """How long that many calls take, one after the other."""
    before = clock.time
    for _ in range(calls):
        governor.admit(bucket)
    return round(clock.time - before, 6)


def closed(governor: Governor, bucket: str) -> BucketClosedError | None:
    """Why the bucket is closed, or None."""
    try:
        governor.check(bucket)
    except BucketClosedError as error:
        return error
    return None


# -- pace


def test_calls_are_spaced_evenly(clock: FakeClock, run: Run) -> None:
    assert seconds(clock, governor_of(run, requests_per_second=5), 11) == 2.0


def test_a_pace_of_zero_is_unlimited(clock: FakeClock, run: Run) -> None:
    assert seconds(clock, governor_of(run), 1000) == 0


def test_time_that_nobody_used_is_not_saved_up(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run, requests_per_second=5)
    governor.admit("album")
    clock.move(100)
    assert seconds(clock, governor, 6) == 1.0


def test_the_pace_is_kept_by_all_buckets_together(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run, requests_per_second=1)
    assert seconds(clock, governor, bucket="album") == 0
    assert seconds(clock, governor, bucket="search") == 1


def test_a_check_waits_for_nothing_and_counts_nothing(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run, requests_per_second=1)
    before = clock.time
    for _ in range(5):
        governor.check("album")
    assert (clock.time, run.calls) == (before, {})


# -- rate limit


def test_a_rate_limit_pauses_every_bucket(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run)
    governor.rate_limited("album", 10, 1)
    assert seconds(clock, governor, bucket="search") == 10


def test_after_a_rate_limit_calls_go_on_at_half_the_pace(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run, requests_per_second=4)
    governor.rate_limited("album", 10, 1)
    assert seconds(clock, governor, 1) == 10
    assert seconds(clock, governor, 4) == 2.0


def test_several_calls_limited_at_once_halve_the_pace_once(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run, requests_per_second=4)
    for _ in range(6):
        governor.rate_limited("album", 10, 1)
    governor.admit("album")
    assert seconds(clock, governor, 4) == 2.0


def test_the_next_limit_halves_it_again(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run, requests_per_second=4)
    for _ in range(2):
        governor.rate_limited("album", 10, 1)
        governor.admit("album")
    assert seconds(clock, governor, 4) == 4.0


def test_the_pace_rises_again_with_success(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run, requests_per_second=4)
    governor.rate_limited("album", 10, 1)
    governor.admit("album")
    for _ in range(5):
        governor.succeeded()
    risen = seconds(clock, governor, 3)
    assert 0.75 < risen < 1.5
    for _ in range(50):
        governor.succeeded()
    governor.admit("album")
    assert seconds(clock, governor, 4) == 1.0


def test_an_unlimited_pace_becomes_a_pace_and_then_unlimited_again(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run)
    governor.rate_limited("album", 1, 1)
    governor.admit("album")
    assert seconds(clock, governor, 5) == 1.0
    for _ in range(50):
        governor.succeeded()
    governor.admit("album")
    assert seconds(clock, governor, 100) == 0


def test_a_longer_pause_wins_and_time_is_counted_once(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run)
    governor.rate_limited("album", 10, 1)
    governor.rate_limited("album", 4, 1)
    governor.rate_limited("album", 15, 1)
    assert seconds(clock, governor) == 15
    assert run.seconds_waited == 15


def test_without_retry_after_the_pauses_grow(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run)
    pauses = []
    for times in range(1, 5):
        governor.rate_limited("album", None, times)
        pauses.append(seconds(clock, governor))
    assert pauses == sorted(pauses)
    assert pauses[0] >= 1
    assert pauses[-1] >= 2 * pauses[1]


def test_five_limits_in_a_row_close_the_bucket_for_this_run(run: Run) -> None:
    governor = governor_of(run)
    for times in range(1, 5):
        governor.rate_limited("album", 1, times)
        governor.admit("album")
    with pytest.raises(BucketClosedError, match="rate limit"):
        governor.rate_limited("album", 1, 5)
    assert closed(governor, "album")
    assert closed(governor, "search") is None
    assert closed(governor_of(next_run(run)), "album") is None


def test_ten_minutes_of_pauses_close_the_bucket_for_this_run(run: Run) -> None:
    governor = governor_of(run)
    for _ in range(10):
        governor.rate_limited("album", 60, 1)
        governor.admit("album")
    with pytest.raises(BucketClosedError, match="rate limit"):
        governor.rate_limited("album", 60, 1)
    assert closed(governor_of(next_run(run)), "album") is None


def test_a_retry_after_over_max_wait_is_a_quota(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run, max_wait=60)
    before = clock.time
    with pytest.raises(BucketClosedError) as caught:
        governor.rate_limited("album", 61, 1)
    assert (caught.value.reason, caught.value.until) == ("quota", before + 61)
    assert clock.time == before


def test_a_retry_after_of_just_max_wait_is_waited_for(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run, max_wait=60)
    governor.rate_limited("album", 60, 1)
    assert seconds(clock, governor) == 60


# -- quota


def test_a_spent_quota_closes_its_bucket_alone(run: Run) -> None:
    governor = governor_of(run)
    governor.quota_spent("album", 48925)
    assert closed(governor, "album")
    assert closed(governor, "search") is None
    governor.admit("search")
    with pytest.raises(BucketClosedError, match="album: quota"):
        governor.admit("album")
    assert run.calls == {"search": 1}


def test_later_runs_make_no_call_before_the_time_is_over(clock: FakeClock, run: Run) -> None:
    until = clock.time + 48925
    governor_of(run).quota_spent("album", 48925)
    clock.move(48924)
    later = next_run(run)
    error = closed(governor_of(later), "album")
    assert error
    assert (error.reason, error.until) == ("quota", until)
    assert later.blocked_until == {"album": until}
    clock.move(1)
    assert closed(governor_of(next_run(run)), "album") is None


def test_the_run_stays_closed_even_when_the_time_is_over_meanwhile(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run)
    governor.quota_spent("album", 10)
    clock.move(20)
    assert closed(governor, "album")


def test_a_quota_without_retry_after_closes_for_an_hour(clock: FakeClock, run: Run) -> None:
    before = clock.time
    assert governor_of(run).quota_spent("album", None).until == before + HOUR
    clock.move(HOUR - 1)
    assert closed(governor_of(next_run(run)), "album")
    clock.move(1)
    assert closed(governor_of(next_run(run)), "album") is None


def test_a_senseless_retry_after_blocks_for_a_month_at_most(clock: FakeClock, run: Run) -> None:
    before = clock.time
    assert governor_of(run).quota_spent("album", 1e15).until == before + 30 * DAY
    assert closed(governor_of(next_run(run)), "album")


# -- budget


def test_the_budget_stops_at_just_its_number(run: Run) -> None:
    governor = governor_of(run, daily_calls=3)
    for _ in range(3):
        governor.admit("album")
    with pytest.raises(BucketClosedError, match="budget"):
        governor.admit("album")
    assert run.calls == {"album": 3}


def test_the_budget_holds_for_each_bucket(run: Run) -> None:
    governor = governor_of(run, daily_calls=1)
    governor.admit("album")
    governor.admit("search")
    assert run.calls == {"album": 1, "search": 1}


def test_a_budget_of_nothing_lets_nothing_out(run: Run) -> None:
    with pytest.raises(BucketClosedError):
        governor_of(run, daily_calls=0).admit("album")


def test_the_budget_holds_over_runs_and_returns_after_a_day(clock: FakeClock, run: Run) -> None:
    governor_of(run, daily_calls=1).admit("album")
    later = next_run(run)
    error = closed(governor_of(later, daily_calls=1), "album")
    assert error
    assert error.until is not None
    assert clock.time + 24 * HOUR <= error.until <= clock.time + 25 * HOUR
    assert later.blocked_until == {"album": error.until}
    clock.move(error.until - clock.time)
    assert closed(governor_of(next_run(run), daily_calls=1), "album") is None


def test_a_larger_budget_holds_at_once(run: Run) -> None:
    governor_of(run, daily_calls=1).admit("album")
    governor_of(next_run(run), daily_calls=2).admit("album")


def test_calls_are_admitted_to_the_budget_by_many_threads_and_not_one_more(run: Run) -> None:
    governor = governor_of(run, daily_calls=50)
    refused: list[str] = []

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
    assert (run.calls["album"], refused) == (50, ["budget"] * 8)


def test_planned_calls_are_set_aside(run: Run) -> None:
    governor = governor_of(run, daily_calls=5)
    assert governor.plan("album_tracks", 3)
    assert not governor.plan("album_tracks", 3)
    assert governor.plan("album_tracks", 2)
    assert not governor.plan("album_tracks", 1)


def test_calls_that_were_made_are_not_set_aside_twice(run: Run) -> None:
    governor = governor_of(run, daily_calls=5)
    assert governor.plan("album_tracks", 3)
    for _ in range(3):
        governor.admit("album_tracks")
    assert governor.plan("album_tracks", 2)


def test_planning_is_about_one_bucket(run: Run) -> None:
    governor = governor_of(run, daily_calls=5)
    assert governor.plan("album_tracks", 5)
    assert governor.plan("album", 5)


def test_nothing_can_be_planned_in_a_closed_bucket_but_no_call(run: Run) -> None:
    governor = governor_of(run)
    governor.quota_spent("album_tracks", 100)
    assert not governor.plan("album_tracks", 1)
    assert governor.plan("album_tracks", 0)


def test_without_a_budget_everything_can_be_planned(run: Run) -> None:
    assert governor_of(run).plan("album_tracks", 10**6)


def test_what_can_not_be_planned_says_when_it_can(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run, daily_calls=2)
    governor.admit("album_tracks")
    assert not governor.plan("album_tracks", 2)
    assert run.blocked_until["album_tracks"] > clock.time


# -- back-off


def test_failures_are_waited_for_longer_and_longer(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run)
    for failures in range(1, 8):
        governor.back_off("album", failures, None)
    assert clock.waits == sorted(clock.waits)
    assert clock.waits[1] == 2 * clock.waits[0]
    assert clock.waits[-1] <= settings.MAX_BACKOFF_SECONDS
    assert (run.retries, run.seconds_waited) == (7, sum(clock.waits))


def test_a_back_off_holds_nobody_else_up(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run)
    governor.back_off("album", 3, None)
    assert seconds(clock, governor) == 0


def test_a_back_off_waits_as_long_as_retry_after_asks_but_not_over_max_wait(clock: FakeClock, run: Run) -> None:
    governor = governor_of(run, max_wait=60)
    governor.back_off("album", 1, 20)
    governor.back_off("album", 1, 4000)
    assert clock.waits == [20, 60]


# -- stop


def test_a_stopped_run_makes_no_call(run: Run) -> None:
    governor = governor_of(run)
    governor.admit("album")
    run.stop()
    for bucket in ("album", "search"):
        error = closed(governor, bucket)
        assert error
        assert error.reason == "stopped"
    assert closed(governor_of(next_run(run)), "album") is None


def test_a_stop_wakes_whoever_waits() -> None:
    run = Run()
    governor = governor_of(run)
    governor.rate_limited("album", 60, 1)
    reasons: list[str] = []

    def wait_for_a_call() -> None:
        try:
            governor.admit("album")
        except BucketClosedError as error:
            reasons.append(error.reason)

    threads = [threading.Thread(target=wait_for_a_call, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    run.stop()
    for thread in threads:
        thread.join(5)
    assert reasons == ["stopped"] * 4
    assert run.calls == {}


def test_closing_all_buckets_closes_each(run: Run) -> None:
    governor = governor_of(run)
    governor.close(ALL_BUCKETS, "trouble")
    assert closed(governor, "album")
    assert closed(governor, "token")


def test_the_first_reason_stays(run: Run) -> None:
    governor = governor_of(run)
    governor.quota_spent("album", 100)
    governor.close("album", "trouble")
    error = closed(governor, "album")
    assert error
    assert error.reason == "quota"
