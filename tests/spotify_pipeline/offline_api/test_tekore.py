"""Tekore, a client with strict models, against the offline API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from spotify_pipeline.offline_api import Catalogue, OfflineApi, artists_with_news

tekore = pytest.importorskip("tekore", reason="tekore is the independent client of these tests")
client = pytest.importorskip("tekore._client.base")
expiring = pytest.importorskip("tekore._auth.expiring.client")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.generate(seed=1, listed=100, day=date(2026, 11, 20))


@pytest.fixture
def api(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Iterator[OfflineApi]:
    with OfflineApi(catalogue) as api:
        monkeypatch.setattr(client, "prefix", api.api_url)
        monkeypatch.setattr(expiring, "OAUTH_TOKEN_URL", api.token_url)
        yield api


@pytest.fixture
def spotify(api: OfflineApi) -> Any:
    return tekore.Spotify(tekore.request_client_token("demo", "demo"))


def test_albums_of_every_oddity_fit_its_model(spotify: Any, catalogue: Catalogue) -> None:
    wanted = [album["id"] for album in catalogue.listed_albums()]
    found = [album for start in range(0, len(wanted), 20) for album in spotify.albums(wanted[start : start + 20])]
    assert [album.id for album in found] == wanted
    assert {len(album.tracks.items) for album in found} > {1, 50}


def test_lists_are_paged_to_the_end(spotify: Any, catalogue: Catalogue) -> None:
    (found,) = spotify.search("tag:new", types=("album",), limit=30)
    assert [album.id for album in spotify.all_items(found)] == catalogue.listing
    assert [album.id for album in spotify.all_items(spotify.new_releases(limit=50))] == catalogue.listing


def test_a_search_of_several_types_is_read(spotify: Any) -> None:
    albums, artists, tracks, playlists = spotify.search("lan", types=("album", "artist", "track", "playlist"), limit=10)
    assert len(albums.items) == 10
    assert (tracks.items, playlists.items) == ([], [])
    assert artists.total == len(artists.items) or artists.next


def test_artists_and_their_albums_are_read(spotify: Any, catalogue: Catalogue) -> None:
    artist = artists_with_news(catalogue, 1)[0]
    assert spotify.artist(artist["id"]).name == artist["name"]
    assert [each.id for each in spotify.artists([artist["id"]])] == [artist["id"]]
    page = spotify.artist_albums(artist["id"], limit=20)
    albums = list(spotify.all_items(page))
    assert len(albums) == page.total
    assert {str(album.album_group.value) for album in albums} >= {"single", "appears_on"}


def test_development_mode_searches_and_sweeps(spotify: Any, api: OfflineApi, catalogue: Catalogue) -> None:
    api.quota_mode = "development"
    artist = artists_with_news(catalogue, 1)[0]
    (found,) = spotify.search(f'tag:new artist:"{artist["name"]}"', types=("album",), limit=10)
    assert artist["id"] in {each.id for album in found.items for each in album.artists}
    assert spotify.artist_albums(artist["id"], limit=10).total > 10
    with pytest.raises(tekore.Forbidden):
        spotify.artists([artist["id"]])
