"""Extra queries: call budgets, yields, and shares of the markets."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from spotify_pipeline.offline_api import Catalogue, OfflineApi

from spotify_source import Run
from tests.support.apis import Serve
from tests.support.clock import FakeClock
from tests.support.discovery import Discovery
from tests.support.source import extract


@pytest.fixture(scope="module")
def larger() -> Catalogue:
    """Return many more new albums than the plain listing has; tests only read it."""
    return Catalogue.generate(seed=3, listed=100, day=date(2026, 11, 20), current=4000)


@pytest.fixture
def api(serve: Serve, larger: Catalogue) -> OfflineApi:
    found = serve(quota_mode="development")
    found.catalogue = larger
    return found


@pytest.fixture
def discovery(api: OfflineApi, clock: FakeClock) -> Discovery:
    return Discovery(api, clock)


def searches(api: OfflineApi) -> Counter[tuple[str, str]]:
    """Return the searches so far, by query and offset."""
    return Counter(
        (request.query.get("q") or request.query["query"], request.query["offset"])
        for request in api.requests
        if request.bucket == "search"
    )


def test_extra_queries_list_many_times_the_plain_listing(discovery: Discovery) -> None:
    found = discovery.run(reach=100)
    assert found.calls["search"] == 100
    yields = found.listing.yields
    assert sum(one.calls for one in yields) == 90
    assert sum(one.albums_new for one in yields) == len(found.listing.albums) - 100
    assert len(found.listing.albums) >= 500
    assert len(found.positions) == 100
    assert len({one.position for one in found.listing.sightings}) == len(found.listing.sightings)
    path = found.path("shards")
    assert (path.calls, path.albums_new, path.last_calls) == (90, len(found.listing.albums) - 100, 50)
    assert path.asked == len(yields)


def test_a_second_run_of_the_day_reads_other_queries(discovery: Discovery) -> None:
    first, second = (discovery.run(reach=60) for _ in range(2))
    assert len(discovery.loaded.releases) > len(first.listing.albums) + 100
    assert not {one.query for one in first.listing.yields} & {one.query for one in second.listing.yields}


def test_the_same_history_leads_to_the_same_calls(api: OfflineApi, clock: FakeClock) -> None:
    runs = []
    for _ in range(2):
        before = searches(api)
        Discovery(api, clock).run(reach=40)
        runs.append(searches(api) - before)
    assert runs[0] == runs[1] != Counter()


def test_the_default_reach_is_the_plain_listing(api: OfflineApi, run: Run) -> None:
    assert extract(api, run, daily_calls=10).calls["search"] == 10


def test_daily_calls_and_quota_end_extra_queries(discovery: Discovery) -> None:
    assert discovery.run(reach=60, daily_calls=25).calls["search"] == 25
    assert discovery.run(reach=60, daily_calls=40).calls["search"] == 15
    discovery.api.quota["search"] = 20
    result = discovery.run(reach=60).run.result()
    assert result.listing.is_complete
    assert "search" in result.calls.closed


@pytest.mark.parametrize("market", ["US", "US,GB"])
def test_retries_count_towards_the_reach_of_all_markets(discovery: Discovery, market: str) -> None:
    assert discovery.run(reach=60, market=market).calls["search"] == 60
    discovery.api.chaos(4, 0.15)
    found = discovery.run(reach=60, market=market)
    assert found.run.result().calls.retries
    assert found.calls["search"] <= 60
    assert {one.market for one in found.listing.yields} == set(market.split(","))
    assert len(found.listing.albums) > 250


def test_each_market_gets_an_equal_share_of_the_calls(discovery: Discovery) -> None:
    found = discovery.run(reach=60, market="US,GB")
    calls = Counter(dict.fromkeys(("US", "GB"), 0))
    for one in found.listing.yields:
        calls[one.market] += one.calls
    assert calls == {"US": 20, "GB": 20}
