"""The shards over HTTP: how many calls they make, what they find beyond the listing, and what is kept of it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from spotify_pipeline.offline_api import Catalogue, OfflineApi

from spotify_source import Run
from tests.support.clock import FakeClock
from tests.support.source import extract
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.slow

LISTED = ("new_releases", "release_sightings", "search_yields")


@pytest.fixture(scope="module")
def larger() -> Catalogue:
    """Many more new albums than the list shows. Nobody changes it."""
    return Catalogue.generate(seed=3, listed=100, day=date(2026, 11, 20), current=4000)


@pytest.fixture
def api(serve: Any, larger: Catalogue) -> OfflineApi:
    found = serve(quota_mode="development")
    found.catalogue = larger
    return found


def asked(api: OfflineApi) -> list[tuple[str, str]]:
    return sorted(
        (r.query.get("q") or r.query["query"], r.query["offset"]) for r in api.requests if r.bucket == "search"
    )


def test_reach_is_never_passed_and_brings_many_times_the_plain_listing(api: OfflineApi, warehouse: Warehouse) -> None:
    loaded = warehouse.load(api, only=LISTED, reach=100)
    assert loaded.calls["search"] == 100
    assert warehouse.count("new_releases") >= 500
    new, calls = warehouse.sql("SELECT sum(albums_new), sum(calls) FROM search_yields")[0]
    assert calls == 90
    assert new == warehouse.count("new_releases") - 100
    assert warehouse.one("SELECT count(*) FROM release_sightings WHERE query IS NULL") == 100
    assert warehouse.one("SELECT count(DISTINCT position) FROM release_sightings") == warehouse.count(
        "release_sightings"
    )
    (shards,) = [path for path in loaded.run.result().listing.paths if path.path == "shards"]
    assert (shards.calls, shards.albums_new, shards.last_calls) == (90, new, 50)


def test_the_default_reach_is_the_plain_listing(api: OfflineApi, run: Run) -> None:
    assert extract(api, run, daily_calls=10).calls["search"] == 10


def test_the_same_history_makes_the_same_calls(api: OfflineApi, clock: FakeClock) -> None:
    runs = []
    for _ in range(2):
        before = asked(api)
        extract(api, Run(clock=clock), reach=40)
        runs.append(Counter(asked(api)) - Counter(before))
    assert runs[0] == runs[1] != Counter()


def test_a_second_run_the_same_day_knows_more_and_asks_something_else(api: OfflineApi, warehouse: Warehouse) -> None:
    warehouse.load(api, only=LISTED, reach=60)
    first = warehouse.count("new_releases")
    warehouse.load(api, only=LISTED, reach=60)
    assert warehouse.count("new_releases") > first + 100
    assert (
        warehouse.one("SELECT count(*) FROM (SELECT query FROM search_yields GROUP BY query HAVING count(*) > 1)") == 0
    )


def test_the_budget_and_the_quota_end_them(api: OfflineApi, warehouse: Warehouse) -> None:
    assert warehouse.load(api, only=LISTED, reach=60, daily_calls=25).calls["search"] == 25
    assert warehouse.load(api, only=LISTED, reach=60, daily_calls=40).calls["search"] == 15
    api.quota["search"] = 20
    quota = warehouse.load(api, only=LISTED, reach=60)
    assert quota.run.result().listing.is_complete
    assert "search" in quota.run.result().calls.closed


def test_markets_share_the_calls(api: OfflineApi, warehouse: Warehouse) -> None:
    assert warehouse.load(api, only=LISTED, reach=60, market="US,GB").calls["search"] == 60
    assert {market for (market,) in warehouse.sql("SELECT DISTINCT market FROM search_yields")} == {"US", "GB"}


@pytest.mark.parametrize("market", ["US", "US,GB"])
def test_calls_that_fail_cost_their_shard_alone_and_repetitions_count(
    api: OfflineApi, warehouse: Warehouse, market: str
) -> None:
    api.chaos(4, 0.15)
    loaded = warehouse.load(api, only=LISTED, reach=60, market=market)
    assert loaded.run.result().calls.retries
    assert loaded.calls["search"] <= 60
    assert warehouse.count("new_releases") > 250
