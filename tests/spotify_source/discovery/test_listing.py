"""Plain listing by search: concurrent pages, and the end of the listing."""

from __future__ import annotations

import threading

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, Reply, errors

from spotify_source.errors import PagingError
from spotify_source.settings import MAX_EMPTY_PAGES, SEARCH_PAGE_SIZE
from tests.support.albums import albums_of
from tests.support.apis import Serve
from tests.support.clock import FakeClock
from tests.support.discovery import Discovery


@pytest.fixture
def discovery(serve: Serve, clock: FakeClock) -> Discovery:
    return Discovery(serve(*albums_of(55), quota_mode="development"), clock)


def positions_of(albums: list[Album]) -> list[tuple[int, str]]:
    return [(position, album["id"]) for position, album in enumerate(albums, start=1)]


def test_pages_of_the_previous_run_are_read_concurrently(discovery: Discovery) -> None:
    first = discovery.run()
    meeting = threading.Barrier(5, timeout=20)

    def wait_for_the_others(_: LoggedRequest, reply: Reply) -> Reply:
        meeting.wait()
        return reply

    discovery.api.script("search", *[wait_for_the_others] * 5)
    second = discovery.run()
    assert second.calls == {"search": 6}
    assert not meeting.broken
    assert second.positions == first.positions == positions_of(albums_of(55))


@pytest.mark.parametrize("number", [8, 23, 30, 90])
def test_a_listing_of_another_length_is_read_completely(discovery: Discovery, number: int) -> None:
    discovery.run()
    discovery.api.catalogue = Catalogue.of(albums_of(number))
    found = discovery.run()
    assert found.positions == positions_of(albums_of(number))
    assert 0 <= found.calls["search"] - -(-number // SEARCH_PAGE_SIZE) <= 4
    assert found.run.listing.is_complete


def test_a_failed_page_ends_the_listing_there(discovery: Discovery) -> None:
    discovery.run()
    discovery.api.always("search", errors.not_found, match=lambda request: request.query.get("offset") == "20")
    found = discovery.run()
    assert found.positions == positions_of(albums_of(20))
    assert found.run.listing.is_complete is False


def test_search_ends_at_offset_1000(discovery: Discovery) -> None:
    discovery.api.catalogue = Catalogue.of(albums_of(1005))
    found = discovery.run(discovery="search")
    assert (found.calls["search"], len(found.listing.albums)) == (100, 1000)
    assert found.run.listing.is_complete


def test_empty_pages_without_end_are_an_error(discovery: Discovery) -> None:
    page = {"albums": {"items": [], "next": "https://api.spotify.com/v1/search", "limit": 10, "offset": 0, "total": 1}}
    discovery.api.always("search", Reply(200, page), match=lambda request: request.query.get("offset") != "0")
    found = discovery.run(discovery="search")
    assert found.calls["search"] == 1 + MAX_EMPTY_PAGES
    assert isinstance(found.run.listing.cut_by, PagingError)
    assert found.positions == positions_of(albums_of(10))
