"""The rate limit and the quotas, by a clock that the test moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spotify_pipeline.offline_api import ORDINARY_QUOTAS, OfflineApi
from spotify_pipeline.offline_api.limits import window_max

from tests.support.caller import Caller
from tests.support.clock import FakeClock


def statuses(caller: Caller, path: str, times: int) -> list[int]:
    return [caller.get(path).status for _ in range(times)]


def test_calls_over_the_rate_limit_are_refused_until_the_window_has_moved(
    extended: OfflineApi, caller: Caller, clock: FakeClock
) -> None:
    extended.rate_limit = (3, 30)
    extended.rate_limit_retry_after = 7
    assert statuses(caller, "markets", 4) == [200, 200, 200, 429]
    refused = caller.get("browse/new-releases")
    assert (refused.status, refused.headers["retry-after"]) == (429, "7")
    assert refused.json["error"]["message"] == "API rate limit exceeded"
    clock.move(30)
    assert statuses(caller, "markets", 4) == [200, 200, 200, 429]
    extended.rate_limit = None
    assert caller.get("markets").status == 200


def test_the_window_slides(extended: OfflineApi, caller: Caller, clock: FakeClock) -> None:
    extended.rate_limit = (2, 30)
    assert statuses(caller, "markets", 1) == [200]
    clock.move(20)
    assert statuses(caller, "markets", 2) == [200, 429]
    clock.move(10)
    assert statuses(caller, "markets", 2) == [200, 429]


def test_a_spent_quota_closes_its_bucket_alone(extended: OfflineApi, caller: Caller, clock: FakeClock) -> None:
    extended.quota["markets"] = 2
    assert statuses(caller, "markets", 2) == [200, 200]
    refused = caller.get("markets")
    assert (refused.status, refused.headers["retry-after"]) == (429, "48925")
    assert refused.json["error"]["reason"] == "QUOTA_EXCEEDED"
    assert caller.get("browse/new-releases").status == 200
    clock.move(1000)
    assert caller.log_in().get("markets").headers["retry-after"] == "47925"
    clock.move(47925)
    assert statuses(caller.log_in(), "markets", 3) == [200, 200, 429]


def test_a_quota_counts_from_when_it_is_set(extended: OfflineApi, caller: Caller) -> None:
    assert statuses(caller, "markets", 3) == [200] * 3
    extended.quota["markets"] = 1
    assert statuses(caller, "markets", 2) == [200, 429]
    extended.quota["markets"] = 1
    assert statuses(caller, "markets", 2) == [200, 429]
    del extended.quota["markets"]
    assert statuses(caller, "markets", 2) == [200, 200]


def test_a_quota_may_come_without_retry_after(extended: OfflineApi, caller: Caller) -> None:
    extended.quota["markets"] = 0
    extended.quota_retry_after = None
    assert "retry-after" not in caller.get("markets").headers


def test_what_is_refused_at_the_door_costs_no_quota(extended: OfflineApi, caller: Caller) -> None:
    extended.quota["markets"] = 1
    assert caller.get("markets", "Bearer nonsense").status == 401
    assert statuses(caller, "markets", 2) == [200, 429]


def test_the_quotas_of_an_ordinary_app_are_set_at_once(development: OfflineApi, dev_caller: Caller) -> None:
    development.quota.update(ORDINARY_QUOTAS)
    assert development.quota["search"] == 700
    artist = next(iter(development.catalogue.albums.values()))["artists"][0]["id"]
    assert statuses(dev_caller, f"artists/{artist}/albums", 101) == [200] * 100 + [429]
    assert statuses(dev_caller, f"artists/{artist}", 1) == [200]


def test_the_busiest_half_minute_is_told(extended: OfflineApi, caller: Caller, clock: FakeClock) -> None:
    for pause in (0, 10, 19, 1, 100):
        clock.move(pause)
        caller.get("markets")
    caller.log_in()
    caller.send("OPTIONS", extended.api_url + "markets", {})
    # The fourth comes just when the first has left the window.
    assert extended.window_max() == 3
    assert extended.window_max(31) == 4
    assert extended.window_max(1) == 1
    assert extended.window_max(buckets={"token"}) == 1
    assert extended.window_max(buckets={"album"}) == 0


@given(st.lists(st.integers(0, 100)), st.integers(1, 40))
def test_a_window_holds_as_many_as_counting_says(times: list[int], seconds: int) -> None:
    counted = [sum(start <= at < start + seconds for at in times) for start in range(101)]
    assert window_max(map(float, times), seconds) == max(counted)


@pytest.mark.parametrize("calls", [1, 3])
def test_no_window_holds_more_than_the_rate_limit_serves(
    extended: OfflineApi, caller: Caller, clock: FakeClock, calls: int
) -> None:
    extended.rate_limit = (calls, 30)
    served = []
    for _ in range(40):
        clock.move(3)
        if caller.get("markets").status == 200:
            served.append(clock.time)
    assert window_max(served, 30) == calls
