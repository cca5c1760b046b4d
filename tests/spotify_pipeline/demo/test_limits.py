"""The rate limit and the quotas, by a clock that the test moves."""

from __future__ import annotations

from spotify_pipeline.demo import OfflineApi

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
