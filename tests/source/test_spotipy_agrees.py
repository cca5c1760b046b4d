"""An independent client of the API finds the albums and tracks that the source loads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from spotify_pipeline.demo import Catalogue, OfflineApi

from spotify_source import Run
from tests.source.support import FakeClock, extract

spotipy = pytest.importorskip("spotipy", reason="spotipy is the independent client of these tests")
oauth2 = pytest.importorskip("spotipy.oauth2")
cache_handler = pytest.importorskip("spotipy.cache_handler")

pytestmark = pytest.mark.filterwarnings("ignore:.*marked as deprecated by Spotify:DeprecationWarning")


@pytest.fixture(params=["extended", "development"])
def api(request: pytest.FixtureRequest, world: Catalogue, clock: FakeClock) -> Iterator[OfflineApi]:
    with OfflineApi(world, request.param, clock=clock.now) as api:
        yield api


@pytest.fixture
def sp(api: OfflineApi, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(oauth2.SpotifyClientCredentials, "OAUTH_TOKEN_URL", api.token_url)
    credentials = oauth2.SpotifyClientCredentials("demo", "demo", cache_handler=cache_handler.MemoryCacheHandler())
    client = spotipy.Spotify(auth_manager=credentials, retries=0, status_retries=0)
    client.prefix = api.api_url
    return client


def read_on(sp: Any, page: dict[str, Any]) -> list[dict[str, Any]]:
    items = list(page["items"])
    while page["next"]:
        page = sp.next(page)
        page = page.get("albums", page)
        items += page["items"]
    return items


def test_spotipy_finds_the_albums_and_tracks_that_the_source_loads(api: OfflineApi, sp: Any, run: Run) -> None:
    if api.regime == "extended":
        listed = read_on(sp, sp.new_releases(limit=50)["albums"])
    else:
        listed = read_on(sp, sp.search("tag:new", type="album", limit=10, market="US")["albums"])
    albums = [sp.album(album["id"], market="US") for album in listed if album["id"] not in api.catalogue.gone]
    tracks = [
        (album["id"], track["disc_number"], track["track_number"], track["id"], track["name"], track["duration_ms"])
        for album in albums
        for track in read_on(sp, album["tracks"])
    ]

    found = extract(api, run)
    assert [row["album_id"] for row in found.rows["release_sightings"]] == [album["id"] for album in listed]
    assert sorted((row["id"], row["name"], row["external_ids"]["upc"]) for row in found.rows["albums"]) == sorted(
        (album["id"], album["name"], album["external_ids"]["upc"]) for album in albums
    )
    keys = ("album_id", "disc_number", "track_number", "id", "name", "duration_ms")
    assert sorted(tuple(row[key] for key in keys) for row in found.rows["album_tracks"]) == sorted(tracks)
