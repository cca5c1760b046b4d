"""Later loads: calls for new and changed albums, and for no others."""

from __future__ import annotations

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, errors, make_album

from spotify_source import Run, settings
from tests.support.albums import places_of
from tests.support.apis import Serve
from tests.support.warehouse import Warehouse


@pytest.mark.slow
def test_a_listed_album_is_rewritten_only_if_changed(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    def written() -> dict[str, tuple[str, str]]:
        rows = warehouse.sql(
            "SELECT id, _dlt_load_id, (SELECT min(_dlt_id) FROM new_releases__artists WHERE _dlt_parent_id = album._dlt_id) "
            "FROM new_releases AS album"
        )
        return {album_id: (load_id, row_ids) for album_id, load_id, row_ids in rows}

    api = serve(*three)
    warehouse.load(api)
    first = written()
    three[0]["artists"][0]["name"] = "Renamed"
    warehouse.load(api)
    second = written()
    assert {album_id for album_id in first if second[album_id] != first[album_id]} == {three[0]["id"]}
    assert warehouse.one("SELECT COUNT(*) FROM new_releases__artists WHERE name = 'Renamed'") > 0

    warehouse.load(api, full_refresh=True)
    assert not set(written().items()) & set(second.items())


@pytest.mark.slow
def test_sightings_of_any_number_are_loaded(warehouse: Warehouse, serve: Serve) -> None:
    albums = [make_album(f"Album {number}", 1) for number in range(settings.FEW_ROWS + 1)]
    api = serve(*albums)
    for limit in (settings.FEW_ROWS, None, 3):
        warehouse.load(api, limit=limit, only=["release_sightings"])

    runs = warehouse.sql("SELECT list(album_id ORDER BY position) FROM release_sightings GROUP BY run_id ORDER BY ALL")

    ids = [album["id"] for album in albums]
    assert sorted(runs, key=lambda run: len(run[0])) == [(ids[:3],), (ids[: settings.FEW_ROWS],), (ids,)]


def test_an_empty_listing_creates_the_tables(warehouse: Warehouse, serve: Serve) -> None:
    loaded = warehouse.load(serve())
    assert {"new_releases", "release_sightings", "albums", "album_tracks"} <= warehouse.tables()
    assert warehouse.album_ids() == []
    assert loaded.run.result().is_complete


@pytest.mark.slow
def test_the_backlog_comes_before_new_albums_within_the_limit(
    warehouse: Warehouse, serve: Serve, three: list[Album]
) -> None:
    api = serve(*three)
    api.quota["albums"] = 0
    api.quota_retry_after = 60
    warehouse.load(api)
    assert warehouse.album_ids() == []
    api.quota["albums"] = 100
    warehouse.clock.move(100)
    api.catalogue = Catalogue.of([make_album("New", 1), *three])
    result = warehouse.load(api, limit=1).run.result()
    assert (result.listing.albums_listed, result.albums.over_limit, result.is_complete) == (1, 3, True)
    assert warehouse.album_ids() == [three[0]["id"]]


@pytest.mark.slow
def test_a_full_refresh_fetches_all_albums_and_keeps_sightings(
    warehouse: Warehouse, serve: Serve, three: list[Album]
) -> None:
    api = serve(*three)
    api.catalogue.gone.add(three[1]["id"])
    warehouse.load(api)
    api.catalogue.gone.clear()
    three[0]["label"] = "Another Label"
    api.catalogue.listing = [three[1]["id"]]
    refreshed = warehouse.load(api, full_refresh=True)
    assert refreshed.run.result().albums.fetched == 3
    assert refreshed.calls == {"browse": 1, "albums": 1, "album_tracks": 1}
    assert warehouse.one("SELECT label FROM albums WHERE id = ?", three[0]["id"]) == "Another Label"
    assert (warehouse.count("release_sightings"), warehouse.count("new_releases")) == (4, 3)
    assert warehouse.places() == places_of(three)


@pytest.mark.slow
def test_an_album_is_never_loaded_in_part(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three)
    api.always("album_tracks", errors.bad_gateway)
    first = warehouse.load(api)
    assert warehouse.places() == places_of(three[:2])
    assert warehouse.album_ids() == sorted(album["id"] for album in three[:2])
    result = first.run.result()
    assert (first.calls["album_tracks"], result.albums.pending, result.is_complete) == (5, 1, False)
    api.clear_scripts()
    second = warehouse.load(api)
    assert warehouse.places() == places_of(three)
    assert second.calls == {"browse": 1, "albums": 1, "album_tracks": 1}
    assert second.run.result().is_complete


def test_albums_fetched_within_the_quota_are_loaded(warehouse: Warehouse, serve: Serve) -> None:
    albums = [make_album(f"Album {number}", 2) for number in range(12)]
    api = serve(*albums, quota_mode="development")
    api.quota["album"] = 5
    first = warehouse.load(api).run.result()
    assert len(warehouse.album_ids()) == 5
    assert (first.albums.fetched, first.albums.pending, first.is_complete) == (5, 7, False)
    assert list(first.calls.blocked_until) == ["album"]
    blocked = warehouse.load(api)
    assert blocked.calls == {"search": 2}
    assert blocked.run.result().albums.pending == 7
    api.quota["album"] = 100
    api.catalogue.listing.clear()
    warehouse.clock.move(48925)
    third = warehouse.load(api)
    assert (third.calls["album"], third.run.result().is_complete) == (7, True)
    assert warehouse.places() == places_of(albums)


@pytest.mark.slow
def test_a_stopped_run_loads_the_albums_it_has(warehouse: Warehouse, serve: Serve) -> None:
    albums = [make_album(f"Album {number}", 2) for number in range(12)]
    api = serve(*albums, quota_mode="development")
    run = Run(clock=warehouse.clock)

    def stop(_request: object, _normal: object) -> None:
        run.stop()

    api.script("album", None, None, None, stop)
    loaded = warehouse.load(api, run=run)
    fetched = warehouse.album_ids()
    assert 4 <= len(fetched) <= 4 + 5
    assert (loaded.calls["album"], loaded.run.result().albums.pending) == (len(fetched), 12 - len(fetched))
    assert not loaded.run.result().is_complete
    assert warehouse.load(api).run.result().is_complete
    assert warehouse.places() == places_of(albums)


@pytest.mark.slow
def test_the_state_stays_small_with_20000_known_albums(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three)
    warehouse.load(api)
    warehouse.sql(
        "INSERT INTO new_releases (id, market, total_tracks, _dlt_load_id, _dlt_id)"
        " SELECT 'known' || n, '*', 1, '1', 'r' || n FROM range(20000) t(n)"
    )
    warehouse.sql(
        "INSERT INTO albums (id, market, total_tracks, tracks_loaded, _dlt_load_id, _dlt_id)"
        " SELECT 'known' || n, 'US', 1, 1, '1', 'a' || n FROM range(20000) t(n)"
    )
    warehouse.sql(
        "INSERT INTO album_tracks (album_id, disc_number, track_number, _dlt_load_id, _dlt_id)"
        " SELECT 'known' || n, 1, 1, '1', 't' || n FROM range(20000) t(n)"
    )
    assert warehouse.load(api).calls == {"browse": 1}
    assert warehouse.one("SELECT MAX(LENGTH(state)) FROM _dlt_pipeline_state") < 3000
