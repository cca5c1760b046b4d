"""Links and redirects that lead away from the API are not followed, and the token never leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, OfflineApi, Reply, make_album

from spotify_source import settings
from tests.support.albums import albums_of
from tests.support.apis import Serve, for_album
from tests.support.place import Place

pytestmark = pytest.mark.slow


@pytest.fixture
def stranger(three: list[Album]) -> Iterator[OfflineApi]:
    """Another server, which answers whatever it is asked, and remembers who asked."""
    with OfflineApi(Catalogue.of(three)) as server:
        yield server


@pytest.fixture
def albums() -> list[Album]:
    """Three pages of a search."""
    return albums_of(25)


def with_next(page: dict[str, Any], link: str) -> dict[str, Any]:
    """The same listing with another next link."""
    return {"albums": {**page["albums"], "next": link}}


def test_a_next_link_to_another_host_is_an_error_and_nothing_is_sent_there(
    place: Place, serve: Serve, stranger: OfflineApi, albums: list[Album]
) -> None:
    api = serve(*albums, quota_mode="development")
    away = f"{stranger.api_url}search?q=tag:new&type=album&offset=10&limit=10"
    api.script("search", lambda _, normal: replace(normal, body=with_next(cast("dict[str, Any]", normal.body), away)))

    ran = place.load(api)

    assert ran.code == 75
    assert "leads away from the API" in ran.out
    assert stranger.requests == []
    assert place.count("albums") == 10


def test_tracks_that_continue_on_another_host_are_left_pending(
    place: Place, serve: Serve, stranger: OfflineApi
) -> None:
    long = make_album("Long", 60, discs=2)
    api = serve(long, make_album("Short", 2), quota_mode="development")

    def lead_away(_request: LoggedRequest, normal: Reply) -> Reply:
        body = cast("dict[str, Any]", normal.body)
        link = f"{stranger.api_url}albums/{long['id']}/tracks?offset=50"
        return replace(normal, body={**body, "tracks": {**body["tracks"], "next": link}})

    api.always("album", lead_away, match=for_album(long["id"]))

    ran = place.load(api)

    assert ran.code == 75
    assert stranger.requests == []
    assert place.count("albums") == 1


def test_redirects_to_another_host_are_not_followed(
    place: Place, serve: Serve, stranger: OfflineApi, albums: list[Album]
) -> None:
    statuses = (301, 302, 307, 308)
    api = serve(*albums[: len(statuses)], quota_mode="development")
    for status, album in zip(statuses, albums, strict=False):
        there = Reply(status, "", {"location": f"{stranger.api_url}albums/{album['id']}"})
        api.always("album", there, match=for_album(album["id"]))

    ran = place.load(api)

    assert ran.code == 75
    assert stranger.requests == []
    assert "Traceback" not in ran.err


def test_a_token_endpoint_that_redirects_gives_nothing_away(
    place: Place, api: OfflineApi, stranger: OfflineApi
) -> None:
    api.always("token", Reply(307, "", {"location": stranger.token_url}))

    ran = place.load(api)

    assert ran.code == 69
    assert stranger.requests == []


def test_a_next_link_that_repeats_ends_the_listing_with_an_error(
    place: Place, serve: Serve, albums: list[Album]
) -> None:
    api = serve(*albums, quota_mode="development")

    def again(request: LoggedRequest, normal: Reply) -> Reply:
        link = f"http://{request.host}{request.path}?q=tag:new&type=album&offset=10&limit=10&market=US"
        return replace(normal, body=with_next(cast("dict[str, Any]", normal.body), link))

    api.always("search", again)

    ran = place.load(api)

    assert ran.code == 75
    assert ran.calls["search"] == 2
    assert "leads back to a page that was read already" in ran.out
    assert place.count("albums") == 20


def test_an_answer_of_absurd_size_is_cut_off(
    place: Place, api: OfflineApi, three: list[Album], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "MAX_BODY_BYTES", 256 * 1024)
    huge = Reply(200, {"id": "x", "padding": "x" * 2_000_000})
    api.always("album", huge, match=for_album(three[1]["id"]))

    ran = place.load(api)

    assert ran.code == 75
    assert "is larger than 262144 bytes" in ran.out
    assert place.album_ids() == sorted(album["id"] for album in three if album is not three[1])
