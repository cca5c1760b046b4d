"""Tests of a first and a second load of a hundred albums in both quota modes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, QuotaMode

from tests.support.albums import further_pages, places_of
from tests.support.database import SOURCE_TABLES
from tests.support.warehouse import Loaded, Warehouse


@dataclass(frozen=True)
class Twice:
    """Two loads of the same list into one file."""

    quota_mode: QuotaMode
    catalogue: Catalogue
    warehouse: Warehouse
    first: Loaded
    second: Loaded

    @property
    def expected(self) -> list[Album]:
        """The albums that are listed and can be read."""
        return self.catalogue.listed_albums()

    @property
    def listed(self) -> int:
        """Return the number of listed albums, including gone ones."""
        return len(set(self.catalogue.listing) - {None})


@pytest.fixture(scope="module", params=["extended", "development"])
def twice(request: pytest.FixtureRequest, world: Catalogue, tmp_path_factory: Any) -> Iterator[Twice]:
    """Both quota modes, one after the other; the tests only read."""
    warehouse = Warehouse(tmp_path_factory.mktemp(request.param))
    with OfflineApi(world, request.param, clock=warehouse.clock.now) as api:
        first = warehouse.load(api)
        yield Twice(request.param, world, warehouse, first, warehouse.load(api))


def test_all_tables_exist(twice: Twice) -> None:
    assert twice.warehouse.tables() >= SOURCE_TABLES


def test_every_listed_album_is_a_row_of_new_releases_once(twice: Twice) -> None:
    ids = [album_id for (album_id,) in twice.warehouse.sql("SELECT id FROM new_releases ORDER BY id")]
    assert ids == sorted(album_id for album_id in set(twice.catalogue.listing) if album_id)


def test_every_album_is_loaded_exactly_once(twice: Twice) -> None:
    assert twice.warehouse.album_ids() == sorted(album["id"] for album in twice.expected)


def test_every_track_is_loaded_exactly_once(twice: Twice) -> None:
    assert twice.warehouse.places() == places_of(twice.expected)


def test_tracks_have_the_values_of_the_catalogue(twice: Twice) -> None:
    loaded = twice.warehouse.sql(
        "SELECT album_id, disc_number, track_number, name, duration_ms, explicit FROM album_tracks ORDER BY ALL"
    )
    assert loaded == sorted(
        (album["id"], t["disc_number"], t["track_number"], t["name"], t["duration_ms"], t["explicit"])
        for album in twice.expected
        for t in album["tracks"]
    )


def test_tracks_loaded_is_the_number_of_tracks_of_each_album(twice: Twice) -> None:
    counts = "SELECT album_id, COUNT(*) AS n FROM album_tracks GROUP BY ALL"
    assert (
        twice.warehouse.sql(
            f"SELECT id, tracks_loaded, total_tracks, n FROM albums LEFT JOIN ({counts}) ON id = album_id"
            " WHERE tracks_loaded <> total_tracks OR tracks_loaded <> COALESCE(n, 0)"
        )
        == []
    )


def test_artists_of_albums_and_tracks_keep_their_order(twice: Twice) -> None:
    albums = twice.warehouse.sql(
        "SELECT p.id, list(a.name ORDER BY a._dlt_list_idx) FROM albums p JOIN albums__artists a"
        " ON a._dlt_parent_id = p._dlt_id GROUP BY ALL ORDER BY ALL"
    )
    assert albums == sorted((a["id"], [artist["name"] for artist in a["artists"]]) for a in twice.expected)
    tracks = twice.warehouse.sql(
        "SELECT p.album_id, p.disc_number, p.track_number, list(a.name ORDER BY a._dlt_list_idx) FROM album_tracks p"
        " JOIN album_tracks__artists a ON a._dlt_parent_id = p._dlt_id GROUP BY ALL ORDER BY ALL"
    )
    assert tracks == sorted(
        (a["id"], t["disc_number"], t["track_number"], [artist["name"] for artist in t["artists"]])
        for a in twice.expected
        for t in a["tracks"]
    )


def test_child_rows_have_a_parent(twice: Twice) -> None:
    for nested in sorted(name for name in SOURCE_TABLES if "__" in name):
        parent = nested.split("__")[0]
        orphans = f"SELECT COUNT(*) FROM {nested} WHERE _dlt_parent_id NOT IN (SELECT _dlt_id FROM {parent})"
        assert twice.warehouse.one(orphans) == 0, nested


def test_the_first_load_makes_only_the_calls_it_needs(twice: Twice) -> None:
    listing = {"extended": {"browse": 2, "albums": 5}, "development": {"browse": 1, "search": 10, "album": 100}}
    assert twice.listed == 100
    assert twice.first.calls == {**listing[twice.quota_mode], "album_tracks": further_pages(twice.expected)}


def test_the_second_load_makes_only_listing_calls(twice: Twice) -> None:
    assert twice.second.calls == ({"browse": 2} if twice.quota_mode == "extended" else {"search": 10})


def test_counted_calls_are_the_requests_of_the_api(twice: Twice) -> None:
    assert twice.first.run.result().calls.by_bucket == twice.first.calls
    assert twice.second.run.result().calls.by_bucket == twice.second.calls


def test_the_result_counts_albums_and_tracks(twice: Twice) -> None:
    first, second = twice.first.run.result(), twice.second.run.result()
    gone = twice.listed - len(twice.expected)
    assert (first.listing.albums_listed, first.listing.albums_new, first.albums.fetched) == (
        100,
        100,
        len(twice.expected),
    )
    assert (first.albums.gone, first.albums.pending, first.albums.short) == (gone, 0, 0)
    assert first.albums.tracks_loaded == len(places_of(twice.expected))
    assert first.is_complete
    assert (second.listing.albums_listed, second.listing.albums_new, second.albums.fetched, second.albums.gone) == (
        100,
        0,
        0,
        0,
    )
    assert second.is_complete


def test_the_quota_mode_is_detected(twice: Twice) -> None:
    allowed = twice.quota_mode == "extended"
    for run in (twice.first.run, twice.second.run):
        assert (run.result().browse_allowed, run.result().batch_allowed) == (allowed, allowed)
        assert run.result().listing.discovered_via == ("browse" if allowed else "search")


def test_each_run_has_its_sightings_in_the_order_served(twice: Twice) -> None:
    via, market = ("browse", "*") if twice.quota_mode == "extended" else ("search", "US")
    for loaded in (twice.first, twice.second):
        seen = twice.warehouse.sql(
            "SELECT album_id, market, discovered_via FROM release_sightings WHERE run_id = ? ORDER BY position",
            loaded.run.run_id,
        )
        assert seen == [(album_id, market, via) for album_id in twice.catalogue.listing]
    assert twice.warehouse.sql("SELECT MIN(position), MAX(position) FROM release_sightings") == [(1, 100)]


def test_albums_keep_the_market_they_were_fetched_in(twice: Twice) -> None:
    assert twice.warehouse.sql("SELECT DISTINCT market FROM albums") == [("US",)]


def test_label_and_popularity_are_null_in_development_mode(twice: Twice) -> None:
    loaded = dict(twice.warehouse.sql("SELECT id, label FROM albums"))
    extended = twice.quota_mode == "extended"
    assert loaded == {album["id"]: album["label"] if extended else None for album in twice.expected}
    popularity = dict(twice.warehouse.sql("SELECT id, popularity FROM albums"))
    assert popularity == {album["id"]: album["popularity"] if extended else None for album in twice.expected}


def test_upc_keeps_its_zeros(twice: Twice) -> None:
    loaded = dict(twice.warehouse.sql("SELECT id, external_ids__upc FROM albums"))
    assert loaded == {album["id"]: album["external_ids"]["upc"] for album in twice.expected}


def test_available_markets_is_a_json_column_of_new_releases_only(twice: Twice) -> None:
    columns = twice.warehouse.sql(
        "SELECT table_name, data_type FROM duckdb_columns()"
        " WHERE column_name = 'available_markets' AND schema_name = 'spotify_raw'"
    )
    assert columns == [("new_releases", "JSON")]
    assert not [name for name in twice.warehouse.tables() if "available_markets" in name]
