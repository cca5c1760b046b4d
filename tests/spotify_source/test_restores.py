"""Restored and damaged databases, which the next run completes."""

from __future__ import annotations

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, make_album

from tests.support.albums import places_of
from tests.support.apis import Serve
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.slow

DELETIONS = {
    "DELETE FROM albums WHERE total_tracks = 12; DELETE FROM new_releases": 1,
    "DELETE FROM album_tracks WHERE track_number = 7": 2,
    "DELETE FROM album_tracks": 3,
}


def is_complete(warehouse: Warehouse, albums: list[Album]) -> bool:
    """Return whether the database holds these albums and no others, each once."""
    ids = sorted(album["id"] for album in albums)
    return warehouse.album_ids() == ids and warehouse.places() == places_of(albums)


def test_another_machine_fetches_only_new_albums(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three)
    warehouse.load(api)
    other, new = warehouse.on_a_fresh_machine(), make_album("New", 2)
    assert other.load(api).calls == {"browse": 1}
    api.catalogue = Catalogue.of([*three, new])
    assert other.load(api).run.result().albums.fetched == 1
    assert warehouse.load(api).calls == {"browse": 1}
    assert is_complete(warehouse, [*three, new])


def test_a_restored_or_deleted_database_is_completed(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three[:1])
    warehouse.load(api)
    backup = warehouse.copy_of_database("backup.duckdb")
    api.catalogue = Catalogue.of(three)
    warehouse.load(api)
    warehouse.restore(backup)
    assert warehouse.load(api).run.result().albums.fetched == 2
    assert is_complete(warehouse, three)
    warehouse.database.unlink()
    warehouse.load(api)
    assert is_complete(warehouse, three)


def test_deleted_rows_are_fetched_again(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three)
    warehouse.load(api)
    for statement, fetched in DELETIONS.items():
        warehouse.sql(statement)
        assert warehouse.load(api).run.result().albums.fetched == fetched, statement
        assert is_complete(warehouse, three), statement
        assert warehouse.count("new_releases") == 3


def test_two_databases_of_one_working_directory_are_completed(
    warehouse: Warehouse, serve: Serve, three: list[Album]
) -> None:
    api, new = serve(*three), make_album("New", 2)
    warehouse.load(api)
    here = warehouse.database
    warehouse.database = warehouse.folder / "other" / "spotify.duckdb"
    warehouse.database.parent.mkdir()
    warehouse.load(api)
    assert is_complete(warehouse, three)
    api.catalogue = Catalogue.of([*three, new])
    warehouse.database = here
    warehouse.load(api)
    assert is_complete(warehouse, [*three, new])
