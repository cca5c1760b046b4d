"""The plain listing of a search: what was there the last time is read side by side, and nothing about it changes."""

from __future__ import annotations

import threading

import pytest
from spotify_pipeline.offline_api import Catalogue, LoggedRequest, OfflineApi, Reply, errors

from spotify_source.settings import SEARCH_PAGE_SIZE
from tests.support.albums import albums_of
from tests.support.apis import Serve
from tests.support.warehouse import Warehouse

LISTED = ("new_releases", "release_sightings")


@pytest.fixture
def api(serve: Serve) -> OfflineApi:
    return serve(*albums_of(55), quota_mode="development")


def positions(warehouse: Warehouse) -> list[tuple[int, str]]:
    """What the last run saw."""
    last = "(SELECT max(run_id) FROM release_sightings)"
    return warehouse.sql(f"SELECT position, album_id FROM release_sightings WHERE run_id = {last} ORDER BY position")


@pytest.mark.slow
def test_pages_that_were_there_the_last_time_are_asked_for_side_by_side(warehouse: Warehouse, api: OfflineApi) -> None:
    warehouse.load(api, only=LISTED)
    first = positions(warehouse)
    meeting = threading.Barrier(5, timeout=20)

    def wait_for_the_others(_: LoggedRequest, reply: Reply) -> Reply:
        meeting.wait()
        return reply

    api.script("search", *[wait_for_the_others] * 5)
    warehouse.clock.move(60)
    assert warehouse.load(api, only=LISTED).calls == {"search": 6}
    assert not meeting.broken
    assert positions(warehouse) == first


@pytest.mark.slow
@pytest.mark.parametrize("number", [8, 23, 30, 90])
def test_a_list_that_grew_or_shrank_is_read_whole(warehouse: Warehouse, api: OfflineApi, number: int) -> None:
    warehouse.load(api, only=LISTED)
    albums = albums_of(number)
    api.catalogue = Catalogue.of(albums)
    warehouse.clock.move(60)
    loaded = warehouse.load(api, only=LISTED)
    assert positions(warehouse) == [(place, album["id"]) for place, album in enumerate(albums, start=1)]
    needed = -(-number // SEARCH_PAGE_SIZE)
    assert needed <= loaded.calls["search"] <= needed + 4
    assert loaded.run.result().listing.is_complete


@pytest.mark.slow
def test_a_page_that_fails_cuts_the_listing_there(warehouse: Warehouse, api: OfflineApi) -> None:
    warehouse.load(api, only=LISTED)
    warehouse.clock.move(60)
    api.always("search", errors.not_found, match=lambda request: request.query.get("offset") == "20")
    run = warehouse.load(api, only=LISTED).run
    assert [position for position, _ in positions(warehouse)] == list(range(1, 21))
    assert run.result().listing.is_complete is False
