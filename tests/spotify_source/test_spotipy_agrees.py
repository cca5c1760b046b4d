"""Test that spotipy finds the albums and tracks that the source loads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from spotify_pipeline.offline_api import Catalogue, OfflineApi

from spotify_source import Run
from tests.support.clock import FakeClock
from tests.support.source import extract
from tests.support.spotipy_client import client_of, read_on

pytestmark = pytest.mark.filterwarnings("ignore:.*marked as deprecated by Spotify:DeprecationWarning")


@pytest.fixture(params=["extended", "development"])
def api(request: pytest.FixtureRequest, world: Catalogue, clock: FakeClock) -> Iterator[OfflineApi]:
    with OfflineApi(world, request.param, clock=clock.now) as api:
        yield api


@pytest.fixture
def sp(api: OfflineApi, monkeypatch: pytest.MonkeyPatch) -> Any:
    return client_of(api, monkeypatch)


def test_spotipy_returns_the_albums_and_tracks_that_are_loaded(api: OfflineApi, sp: Any, run: Run) -> None:
    if api.quota_mode == "extended":
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
