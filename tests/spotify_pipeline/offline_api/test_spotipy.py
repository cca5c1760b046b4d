"""Spotipy, a client of the Web API, against the offline API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from spotify_pipeline.offline_api import Catalogue, OfflineApi, artists_with_news

from tests.support.spotipy_client import client_of, credentials_for, oauth2, read_on


@pytest.fixture
def api(world: Catalogue) -> Iterator[OfflineApi]:
    with OfflineApi(world) as api:
        yield api


@pytest.fixture
def sp(api: OfflineApi, monkeypatch: pytest.MonkeyPatch) -> Any:
    return client_of(api, monkeypatch)


@pytest.mark.filterwarnings("ignore:.*marked as deprecated by Spotify:DeprecationWarning")
def test_new_releases_are_paged_to_the_end(sp: Any, api: OfflineApi) -> None:
    items = read_on(sp, sp.new_releases(limit=30)["albums"])
    assert [album["id"] for album in items] == api.catalogue.listing
    assert api.calls == {"token": 1, "browse": 4}


def test_search_finds_the_same_albums(sp: Any, api: OfflineApi) -> None:
    items = read_on(sp, sp.search("tag:new", type="album", limit=10, market="US")["albums"])
    assert [album["id"] for album in items] == api.catalogue.listing
    assert api.calls["search"] == 10


def test_an_artists_news_are_searched_and_swept(sp: Any, api: OfflineApi) -> None:
    api.quota_mode = "development"
    artist = artists_with_news(api.catalogue, 1)[0]
    found = read_on(sp, sp.search(f'tag:new artist:"{artist["name"]}"', type="album", limit=10)["albums"])
    mine = {album["id"] for album in found if artist["id"] in {each["id"] for each in album["artists"]}}
    swept = {album["id"] for album in read_on(sp, sp.artist_albums(artist["id"], limit=10))}
    assert mine
    assert mine < swept
    assert sp.artist(artist["id"])["name"] == artist["name"]
    assert api.calls.keys() == {"token", "search", "artist_albums", "artist"}


def test_a_search_of_several_types_answers_each(sp: Any) -> None:
    pages = sp.search("s", type="album,artist,track,playlist", limit=5)
    assert [len(page["items"]) for page in pages.values()] == [5, 5, 0, 0]


def test_albums_come_in_batches_in_the_order_they_were_asked_for(sp: Any, api: OfflineApi) -> None:
    wanted = [album["id"] for album in api.catalogue.listed_albums()][:20][::-1]
    assert [album["id"] for album in sp.albums(wanted)["albums"]] == wanted


def test_an_album_of_131_tracks_is_read_over_three_pages(sp: Any, api: OfflineApi) -> None:
    box = max(api.catalogue.listed_albums(), key=lambda album: album["total_tracks"])
    album = sp.album(box["id"], market="US")
    tracks = read_on(sp, album["tracks"])
    assert album["total_tracks"] == len(tracks) == 131
    assert {track["disc_number"] for track in tracks} == {1, 2, 3}
    assert len({(track["disc_number"], track["track_number"]) for track in tracks}) == 131
    assert read_on(sp, sp.album_tracks(box["id"], limit=50, market="US")) == tracks
    assert api.calls == {"token": 1, "album": 1, "album_tracks": 2 + 3}
    assert all(request.query["market"] == "US" for request in api.requests[1:])


def test_markets_are_listed(sp: Any) -> None:
    markets = sp.available_markets()["markets"]
    assert len(markets) > 180
    assert {"US", "GB", "XK"} <= set(markets)


def test_wrong_credentials_are_refused(api: OfflineApi, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = credentials_for(api, monkeypatch, client_secret="wrong")
    with pytest.raises(oauth2.SpotifyOauthError, match="invalid_client"):
        credentials.get_access_token(as_dict=False)
