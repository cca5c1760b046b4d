"""The tables are the truth: whatever happened to the file between two runs, the next one completes it."""

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


def complete(warehouse: Warehouse, albums: list[Album]) -> bool:
    """Whether the file holds these albums and no others, each once."""
    ids = sorted(album["id"] for album in albums)
    return warehouse.album_ids() == ids and warehouse.places() == places_of(albums)


def test_a_fresh_machine_fetches_nothing_that_is_in_the_file_and_neither_does_the_old_one_after_it(
    warehouse: Warehouse, serve: Serve, three: list[Album]
) -> None:
    api = serve(*three)
    warehouse.load(api)
    other = warehouse.on_a_fresh_machine()
    assert other.load(api).calls == {"browse": 1}
    new = make_album("New", 2)
    api.catalogue = Catalogue.of([*three, new])
    assert other.load(api).run.result().albums.fetched == 1
    assert warehouse.load(api).calls == {"browse": 1}
    assert complete(warehouse, [*three, new])


def test_a_deleted_file_is_complete_after_the_next_run(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three)
    warehouse.load(api)
    warehouse.database.unlink()
    warehouse.load(api)
    assert complete(warehouse, three)


def test_a_file_restored_from_an_older_copy_is_complete_after_the_next_run(
    warehouse: Warehouse, serve: Serve, three: list[Album]
) -> None:
    api = serve(*three[:1])
    warehouse.load(api)
    backup = warehouse.copy_of_database("backup.duckdb")
    api.catalogue = Catalogue.of(three)
    warehouse.load(api)
    warehouse.restore(backup)
    restored = warehouse.load(api)
    assert complete(warehouse, three)
    assert restored.run.result().albums.fetched == 2
    assert warehouse.load(api).calls == {"browse": 1}


def test_rows_that_were_deleted_by_hand_come_back(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three)
    warehouse.load(api)
    for statement, fetched in DELETIONS.items():
        warehouse.sql(statement)
        assert warehouse.load(api).run.result().albums.fetched == fetched, statement
        assert complete(warehouse, three), statement
        assert warehouse.one("SELECT COUNT(*) FROM new_releases") == 3


def test_two_databases_in_turn_from_one_working_folder_are_each_complete(
    warehouse: Warehouse, serve: Serve, three: list[Album]
) -> None:
    api = serve(*three)
    warehouse.load(api)
    here = warehouse.database
    warehouse.database = warehouse.folder / "other" / "spotify.duckdb"
    warehouse.database.parent.mkdir()
    warehouse.load(api)
    assert complete(warehouse, three)
    new = make_album("New", 2)
    api.catalogue = Catalogue.of([*three, new])
    warehouse.load(api)
    assert complete(warehouse, [*three, new])
    warehouse.database = here
    warehouse.load(api)
    assert complete(warehouse, [*three, new])
