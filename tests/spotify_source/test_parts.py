"""Selected resources: each costs only the calls that it needs."""

from __future__ import annotations

import pytest
from spotify_pipeline.offline_api import Album

from tests.support.albums import places_of
from tests.support.apis import Serve
from tests.support.source import source_of
from tests.support.warehouse import Warehouse


def is_complete(warehouse: Warehouse, albums: list[Album]) -> bool:
    """Return whether the tables hold these albums and tracks, each once."""
    short = warehouse.sql("SELECT id FROM albums WHERE tracks_loaded IS DISTINCT FROM total_tracks")
    ids = sorted(album["id"] for album in albums)
    return (warehouse.album_ids(), warehouse.places(), short) == (ids, places_of(albums), [])


@pytest.mark.parametrize("only", ["new_releases", "release_sightings"])
def test_a_listing_alone_costs_no_album_call(warehouse: Warehouse, serve: Serve, three: list[Album], only: str) -> None:
    loaded = warehouse.load(serve(*three), only=[only])
    assert loaded.calls == {"browse": 1}
    assert warehouse.count(only) == 3
    assert not {"albums", "album_tracks", "new_releases", "release_sightings"} - {only} & warehouse.tables()
    assert loaded.run.result().is_complete


@pytest.mark.slow
def test_albums_alone_need_no_further_pages(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three)
    loaded = warehouse.load(api, only=["albums", "release_sightings"])
    assert loaded.calls == {"browse": 1, "albums": 1}
    assert warehouse.sql("SELECT id, tracks_loaded, total_tracks FROM albums ORDER BY total_tracks") == [
        (album["id"], None, album["total_tracks"]) for album in three
    ]
    assert not {"new_releases", "album_tracks"} & warehouse.tables()
    assert warehouse.load(api, only=["albums"]).calls == {"browse": 1}
    warehouse.load(api)
    assert is_complete(warehouse, three)
    for only in (["albums"], ["album_tracks"], None):
        assert warehouse.load(api, only=only).calls == {"browse": 1}


@pytest.mark.slow
def test_tracks_alone_are_loaded_from_all_pages(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three)
    loaded = warehouse.load(api, only=["album_tracks"])
    assert loaded.calls == {"browse": 1, "albums": 1, "album_tracks": 1}
    assert warehouse.places() == places_of(three)
    assert not {"new_releases", "albums"} & warehouse.tables()
    assert warehouse.load(api, only=["album_tracks"]).calls == {"browse": 1}
    warehouse.load(api)
    assert is_complete(warehouse, three)


def test_six_resources_are_selected_by_default(serve: Serve) -> None:
    assert set(source_of(serve()).resources.selected) == {
        "new_releases",
        "release_sightings",
        "albums",
        "album_tracks",
        "watched_artists",
        "search_yields",
    }
