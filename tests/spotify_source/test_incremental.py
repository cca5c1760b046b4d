"""The second load and later ones: a call for what is new or changed, and for nothing else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, errors, make_album

from spotify_source import Run, settings
from tests.support.albums import places_of
from tests.support.apis import Serve
from tests.support.warehouse import Warehouse


@pytest.fixture(params=["extended", "development"])
def quota_mode(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.slow
def test_a_new_album_costs_one_call_and_a_known_one_none(
    warehouse: Warehouse, serve: Serve, three: list[Album], quota_mode: str
) -> None:
    api = serve(*three, quota_mode=quota_mode)
    warehouse.load(api)
    new = make_album("New", 3)
    api.catalogue = Catalogue.of([new, *three])
    second = warehouse.load(api)
    album_bucket, listing_bucket = ("albums", "browse") if quota_mode == "extended" else ("album", "search")
    assert second.calls == {listing_bucket: 1, album_bucket: 1}
    assert (
        second.run.result().listing.albums_new,
        second.run.result().albums.fetched,
        second.run.result().albums.tracks_loaded,
    ) == (1, 1, 3)
    assert warehouse.places() == places_of([new, *three])


@pytest.mark.slow
def test_a_listed_album_is_written_again_only_when_it_has_changed(
    warehouse: Warehouse, serve: Serve, three: list[Album]
) -> None:
    def written() -> dict[str, tuple[str, str]]:
        rows = warehouse.sql(
            "SELECT id, _dlt_load_id, (SELECT min(_dlt_id) FROM new_releases__artists WHERE _dlt_parent_id = album._dlt_id) "
            "FROM new_releases AS album"
        )
        return {album_id: (load_id, row_ids) for album_id, load_id, row_ids in rows}

    api = serve(*three)
    warehouse.load(api)
    first = written()
    warehouse.load(api)
    assert written() == first

    three[0]["artists"][0]["name"] = "Renamed"
    warehouse.load(api)
    then = written()
    assert {album_id for album_id in first if then[album_id] != first[album_id]} == {three[0]["id"]}
    assert warehouse.one("SELECT COUNT(*) FROM new_releases__artists WHERE name = 'Renamed'") > 0

    warehouse.load(api, full_refresh=True)
    assert not set(written().items()) & set(then.items())


@pytest.mark.slow
def test_a_long_listing_is_loaded_as_a_short_one_is(warehouse: Warehouse, serve: Serve) -> None:
    albums = [make_album(f"Album {number}", 1) for number in range(settings.FEW_ROWS + 1)]
    api = serve(*albums)
    for limit in (settings.FEW_ROWS, None, 3):
        warehouse.load(api, limit=limit, only=["release_sightings"])

    runs = warehouse.sql("SELECT list(album_id ORDER BY position) FROM release_sightings GROUP BY run_id ORDER BY ALL")

    ids = [album["id"] for album in albums]
    assert sorted(runs, key=lambda run: len(run[0])) == [(ids[:3],), (ids[: settings.FEW_ROWS],), (ids,)]


def test_a_run_that_finds_nothing_makes_the_tables(warehouse: Warehouse, serve: Serve) -> None:
    loaded = warehouse.load(serve())
    assert {"new_releases", "release_sightings", "albums", "album_tracks"} <= warehouse.tables()
    assert warehouse.album_ids() == []
    assert loaded.run.result().is_complete


@pytest.mark.slow
def test_albums_over_the_limit_are_not_listed_and_the_backlog_goes_first(
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
    second = warehouse.load(api, limit=1)
    assert second.run.result().listing.albums_listed == 1
    assert second.run.result().albums.over_limit == 3
    assert warehouse.album_ids() == [three[0]["id"]]
    assert second.run.result().is_complete


@pytest.mark.slow
def test_a_full_refresh_fetches_everything_again_and_drops_nothing(
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
    assert warehouse.one("SELECT COUNT(*) FROM release_sightings") == 4
    assert warehouse.one("SELECT COUNT(*) FROM new_releases") == 3
    assert warehouse.places() == places_of(three)


@pytest.mark.slow
def test_an_album_whose_pages_fail_is_not_loaded_in_part(
    warehouse: Warehouse, serve: Serve, three: list[Album]
) -> None:
    api = serve(*three)
    api.always("album_tracks", errors.bad_gateway)
    first = warehouse.load(api)
    assert warehouse.places() == places_of(three[:2])
    assert warehouse.album_ids() == sorted(album["id"] for album in three[:2])
    assert (first.calls["album_tracks"], first.run.result().albums.pending, first.run.result().is_complete) == (
        5,
        1,
        False,
    )
    api.clear_scripts()
    second = warehouse.load(api)
    assert warehouse.places() == places_of(three)
    assert second.calls == {"browse": 1, "albums": 1, "album_tracks": 1}
    assert second.run.result().is_complete


def test_what_was_fetched_before_the_quota_ended_is_loaded_and_the_rest_comes_later(
    warehouse: Warehouse, serve: Serve
) -> None:
    albums = [make_album(f"Album {number}", 2) for number in range(12)]
    api = serve(*albums, quota_mode="development")
    api.quota["album"] = 5
    first = warehouse.load(api)
    assert len(warehouse.album_ids()) == 5
    assert (first.run.result().albums.fetched, first.run.result().albums.pending, first.run.result().is_complete) == (
        5,
        7,
        False,
    )
    assert list(first.run.result().calls.blocked_until) == ["album"]
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
def test_a_stopped_run_loads_what_it_has(warehouse: Warehouse, serve: Serve) -> None:
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


def test_a_day_later_the_world_has_moved_and_the_tables_with_it(warehouse: Warehouse) -> None:
    today = Catalogue.generate(seed=2, listed=25, day=date(2026, 11, 19))
    tomorrow = Catalogue.generate(seed=2, listed=25, day=date(2026, 11, 21))
    with OfflineApi(today, clock=warehouse.clock.now) as api:
        warehouse.load(api)
        loaded_today = set(warehouse.album_ids())
        api.catalogue = tomorrow
        second = warehouse.load(api)
    listed = {album["id"] for album in tomorrow.listed_albums()}
    assert second.run.result().albums.fetched >= len(listed - loaded_today) > 0
    for album in tomorrow.listed_albums():
        count = warehouse.one("SELECT COUNT(*) FROM album_tracks WHERE album_id = ?", album["id"])
        assert count == len(album["tracks"]), album["id"]
