"""Albums that appear, change and vanish over five days, and their calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, make_album, make_track

from tests.support.warehouse import Loaded, Warehouse

DAYS = 5


@dataclass(frozen=True)
class Days:
    """One load a day. Everything changes on the second day only."""

    warehouse: Warehouse
    albums: dict[str, Album]
    loads: list[Loaded]
    requests: list[list[str]]

    def calls_for(self, name: str) -> list[int]:
        """Return the requests for an album, day by day."""
        return [day.count(self.albums[name]["id"]) for day in self.requests]

    def loaded_tracks(self, name: str) -> int:
        """Return the number of loaded tracks of an album."""
        count = "SELECT COUNT(*) FROM album_tracks WHERE album_id = ?"
        return int(self.warehouse.one(count, self.albums[name]["id"]))

    def row(self, table: str, name: str, column: str) -> Any:
        """Return a value of an album's only row."""
        return self.warehouse.one(f"SELECT {column} FROM {table} WHERE id = ?", self.albums[name]["id"])


def grow(album: Album, number: int) -> None:
    """Add tracks at the end, as a deluxe edition does."""
    have = len(album["tracks"])
    for place in range(have + 1, have + number + 1):
        album["tracks"].append(
            make_track(f"{album['id']}/{place}", 1, place, f"Bonus {place}", album["artists"], ["US"])
        )
    album["total_tracks"] = len(album["tracks"])


def shrink(album: Album, left: int) -> None:
    """Remove the last tracks."""
    del album["tracks"][left:]
    album["total_tracks"] = left


@pytest.fixture(scope="module")
def days(tmp_path_factory: Any) -> Days:
    """Load five days once; the tests only read."""
    warehouse = Warehouse(tmp_path_factory.mktemp("days"))
    names = ["Same", "Grows", "Shrinks", "Is emptied", "Leaves the list", "Is renamed", "Short", "Gone", "Long grows"]
    albums = {name: make_album(name, 60 if name == "Long grows" else 12) for name in names}
    albums["Short"]["total_tracks"] = 15
    catalogue = Catalogue.of(albums.values())
    catalogue.gone.add(albums["Gone"]["id"])
    loads: list[Loaded] = []
    requests: list[list[str]] = []
    with OfflineApi(catalogue, "development", clock=warehouse.clock.now) as api:
        for day in range(DAYS):
            if day == 1:
                albums["New"] = make_album("New", 3)
                catalogue.albums[albums["New"]["id"]] = albums["New"]
                catalogue.listing.append(albums["New"]["id"])
                catalogue.listing.remove(albums["Leaves the list"]["id"])
                grow(albums["Grows"], 2)
                grow(albums["Long grows"], 45)
                shrink(albums["Shrinks"], 9)
                shrink(albums["Is emptied"], 0)
                albums["Is renamed"]["name"] = "Another name"
            before = len(api.requests)
            loads.append(warehouse.load(api))
            requests.append([r.path.split("/")[3] for r in api.requests[before:] if r.bucket == "album"])
            warehouse.clock.move(86400)
    return Days(warehouse, albums, loads, requests)


def test_an_unchanged_album_costs_one_call(days: Days) -> None:
    assert days.calls_for("Same") == [1, 0, 0, 0, 0]
    assert days.loaded_tracks("Same") == 12


def test_a_new_album_costs_one_call(days: Days) -> None:
    assert days.calls_for("New") == [0, 1, 0, 0, 0]
    assert days.loaded_tracks("New") == 3
    assert days.loads[1].run.result().listing.albums_new == 1


def test_more_tracks_cost_one_call(days: Days) -> None:
    assert days.calls_for("Grows") == [1, 1, 0, 0, 0]
    assert days.loaded_tracks("Grows") == 14
    assert days.row("albums", "Grows", "tracks_loaded") == days.row("albums", "Grows", "total_tracks") == 14


def test_more_tracks_on_further_pages_cost_those_pages(days: Days) -> None:
    assert [loaded.calls["album_tracks"] for loaded in days.loads] == [1, 2, 0, 0, 0]
    assert days.loaded_tracks("Long grows") == 105


def test_tracks_removed_from_an_album_are_removed_from_the_table(days: Days) -> None:
    assert days.calls_for("Shrinks") == [1, 1, 0, 0, 0]
    assert days.loaded_tracks("Shrinks") == 9
    orphans = (
        "SELECT COUNT(*) FROM album_tracks__artists WHERE _dlt_parent_id NOT IN (SELECT _dlt_id FROM album_tracks)"
    )
    assert days.warehouse.one(orphans) == 0


def test_an_album_without_tracks_any_more_has_no_rows(days: Days) -> None:
    assert days.loaded_tracks("Is emptied") == 0
    assert sum(days.calls_for("Is emptied")[2:]) == 0


def test_an_album_no_longer_listed_keeps_its_rows(days: Days) -> None:
    assert days.calls_for("Leaves the list") == [1, 0, 0, 0, 0]
    assert days.loaded_tracks("Leaves the list") == 12
    assert days.row("new_releases", "Leaves the list", "name") == "Leaves the list"


def test_a_listed_album_is_stored_as_last_listed(days: Days) -> None:
    assert days.row("new_releases", "Is renamed", "name") == "Another name"
    assert days.calls_for("Is renamed") == [1, 0, 0, 0, 0]
    parents = (
        "SELECT COUNT(*) FROM new_releases__artists WHERE _dlt_parent_id NOT IN (SELECT _dlt_id FROM new_releases)"
    )
    assert days.warehouse.one(parents) == 0


def test_an_album_short_of_tracks_is_requested_three_times(days: Days) -> None:
    assert days.calls_for("Short") == [1, 1, 1, 0, 0]
    assert days.loaded_tracks("Short") == days.row("albums", "Short", "tracks_loaded") == 12
    assert days.row("albums", "Short", "total_tracks") == 15
    assert [loaded.run.result().albums.short for loaded in days.loads] == [1, 1, 1, 0, 0]


def test_an_album_that_is_gone_is_requested_once(days: Days) -> None:
    assert days.calls_for("Gone") == [1, 0, 0, 0, 0]
    assert [loaded.run.result().albums.gone for loaded in days.loads] == [1, 0, 0, 0, 0]
    assert days.row("new_releases", "Gone", "name") == "Gone"


def test_every_run_is_complete(days: Days) -> None:
    assert all(loaded.run.result().is_complete for loaded in days.loads)


def test_browse_is_probed_once_a_week(days: Days) -> None:
    assert [(loaded.calls["browse"], loaded.calls["search"]) for loaded in days.loads] == [(1, 1)] + [(0, 1)] * 4


def test_every_day_has_sightings(days: Days) -> None:
    counts = "SELECT run_id, COUNT(*) FROM release_sightings GROUP BY run_id ORDER BY MIN(seen_at)"
    assert days.warehouse.sql(counts) == [(loaded.run.run_id, 9) for loaded in days.loads]
