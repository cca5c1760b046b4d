"""Tests of one load with every invalid value and field name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, OfflineApi, Reply, make_album

from spotify_source.models import DataIssueKind
from tests.support.albums import places_of
from tests.support.apis import Serve
from tests.support.invalid_values import FIELDS, VALUES, as_json
from tests.support.warehouse import Loaded, Warehouse

Change = Callable[[dict[str, Any]], dict[str, Any]]

# Parts of a track position, which tests/spotify_source/test_tracks.py changes.
KEYS = ("disc_number", "track_number")
NESTED = ("artists", "images", "copyrights")


def in_every_field(value: Any) -> Change:
    """Return a change that sets each field of an album and its first track to a value."""

    def change(album: dict[str, Any]) -> dict[str, Any]:
        if "tracks" not in album:
            return dict.fromkeys(album, value)
        first, *others = album["tracks"]["items"]
        items = [{name: first[name] if name in KEYS else value for name in (*first, "mood")}, *others]
        return dict.fromkeys((*album, "mood"), value) | {"tracks": {**album["tracks"], "items": items}}

    return change


def in_nested_rows(value: Any) -> Change:
    """Return a change that sets each field of all first list items to a value."""

    def change(album: dict[str, Any]) -> dict[str, Any]:
        lists = {name: album[name] for name in NESTED if name in album}
        return {**album, **{name: [dict.fromkeys(items[0], value), *items[1:]] for name, items in lists.items()}}

    return change


def as_field(name: str) -> Change:
    """Return a change that adds a field to an album, its first track and artist."""

    def change(album: dict[str, Any]) -> dict[str, Any]:
        first, *others = album["artists"]
        return with_first_track({**album, name: 7, "artists": [{**first, name: 7}, *others]}, {name: 7})

    return change


def with_(**fields: Any) -> Change:
    return lambda album: {**album, **fields}


def with_first_track(album: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    if "tracks" not in album:
        return album
    first, *others = album["tracks"]["items"]
    return {**album, "tracks": {**album["tracks"], "items": [{**first, **fields}, *others]}}


# Numbers first, so that they decide the type of the column.
COLUMN_OF_NUMBERS = [
    with_(calm=7, quiet=7.5),
    *(with_(calm=value, quiet=value) for value in (2**62, 2**64, 1e300, -(2.0**64), "9" * 30, "0x" + "f" * 40, "7")),
]
IDS = {
    "another id": with_(id="Z" * 22),
    "an id that is an object": with_(id={"x": 1}),
    "an id that is a number": with_(id=2**70),
    "no id": with_(id=None),
}
CHANGES: dict[str, Change] = {
    **{f"value {number}": in_every_field(value) for number, value in enumerate(VALUES)},
    **{f"nested value {number}": in_nested_rows(value) for number, value in enumerate(VALUES)},
    **{f"field {name!r}": as_field(name) for name in FIELDS},
    **{f"column of numbers {number}": change for number, change in enumerate(COLUMN_OF_NUMBERS)},
    **IDS,
    "a thousand fields": with_(**{f"more_{number}": number for number in range(1000)}),
    "rounded": lambda album: with_first_track({**album, "popularity": 0.5}, {"duration_ms": 207959.5}),
    "half a character": with_(name="half \ud800 a character"),
    "removed": lambda album: with_first_track(album, {"is_removed": True}),
    "too large": with_(popularity=2**63, total_tracks=2**63),
}


@dataclass(frozen=True)
class Invalid:
    """A load in which each album has one change, and a load without changes after it."""

    warehouse: Warehouse
    albums: dict[str, Album]
    first: Loaded
    second: Loaded

    def album(self, name: str, columns: str) -> tuple[Any, ...]:
        """Return columns of the album with a change."""
        (row,) = self.warehouse.sql(f"SELECT {columns} FROM albums WHERE id = ?", self.albums[name]["id"])
        return row


@pytest.fixture(scope="module")
def invalid(tmp_path_factory: Any) -> Iterator[Invalid]:
    warehouse = Warehouse(tmp_path_factory.mktemp("invalid"))
    albums = {name: make_album(f"Album {number}", 3) for number, name in enumerate(CHANGES)}
    changes = {album["id"]: CHANGES[name] for name, album in albums.items()}

    def spoil(request: LoggedRequest, reply: Reply) -> Reply:
        body: Any = reply.body
        if request.bucket == "albums":
            return Reply(200, as_json({"albums": [changes[one["id"]](one) for one in body["albums"]]}))
        # Without its id, an album cannot be listed.
        items = [{**changes[one["id"]](one), "id": one["id"]} for one in body["albums"]["items"]]
        return Reply(200, as_json({"albums": {**body["albums"], "items": items}}))

    with OfflineApi(Catalogue.of(albums.values()), clock=warehouse.clock.now) as api:
        api.always("browse", spoil)
        api.always("albums", spoil)
        first = warehouse.load(api)
        api.clear_scripts()
        yield Invalid(warehouse, albums, first, warehouse.load(api))


def test_every_album_is_loaded_with_every_track(invalid: Invalid) -> None:
    assert invalid.first.run.result().is_complete
    assert invalid.warehouse.album_ids() == sorted(album["id"] for album in invalid.albums.values())
    assert invalid.warehouse.places() == places_of(list(invalid.albums.values()))
    assert invalid.warehouse.count("new_releases") == len(invalid.albums)


def test_the_next_run_makes_no_album_call_and_counts_no_issue(invalid: Invalid) -> None:
    assert set(invalid.second.calls) == {"browse"}
    assert invalid.second.run.result().is_complete
    assert not invalid.second.run.result().data_issues


def test_good_values_beside_invalid_ones_are_loaded(invalid: Invalid) -> None:
    loaded = {
        album_id: (label, artists)
        for album_id, label, artists in invalid.warehouse.sql(
            "SELECT p.id, any_value(p.label), list(a.name ORDER BY a._dlt_list_idx) FROM albums p"
            " LEFT JOIN albums__artists a ON a._dlt_parent_id = p._dlt_id GROUP BY ALL"
        )
    }
    for name, album in invalid.albums.items():
        if not name.startswith(("value ", "nested value ")):
            assert loaded[album["id"]] == (album["label"], [artist["name"] for artist in album["artists"]])


def test_values_that_no_column_can_hold_are_null_and_counted(invalid: Invalid) -> None:
    assert invalid.album("too large", "popularity, total_tracks, tracks_loaded") == (None, 3, 3)
    assert invalid.album("rounded", "popularity") == (0,)
    assert invalid.album("half a character", "name") == ("half \ufffd a character",)
    issues = invalid.first.run.result().data_issues
    assert {one.kind for one in issues} >= {*DataIssueKind} - {kind for kind in DataIssueKind if kind.is_about_items}
    assert all(one.album_id in {album["id"] for album in invalid.albums.values()} for one in issues)


def test_large_numbers_keep_their_digits_in_columns_of_numbers(invalid: Invalid) -> None:
    rows = invalid.warehouse.sql("SELECT COLUMNS('^calm') FROM albums")
    kept = {str(value).strip('"') for row in rows for value in row if value is not None}
    assert kept == {"7", str(2**62), str(2**64), "1e+300", str(-(2.0**64)), "9" * 30, "0x" + "f" * 40}


def test_reserved_names_are_prefixed_and_dlts_columns_kept(invalid: Invalid) -> None:
    assert invalid.album("field '_dlt_id'", "spotify_dlt_id") == (7,)
    assert invalid.warehouse.one("SELECT count(*) FROM albums WHERE length(_dlt_id) < 10") == 0
    assert "Z" * 22 in invalid.album("another id", "COLUMNS('^spotify_id')")


def test_a_new_field_becomes_a_column_of_a_loaded_table(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three)
    warehouse.load(api)
    api.catalogue = Catalogue.of([*three, make_album("New", 2)])

    def add_field(_: LoggedRequest, reply: Reply) -> Reply:
        body: Any = reply.body
        return Reply(200, {"albums": [{**album, "mood": "calm"} for album in body["albums"]]})

    api.always("albums", add_field)
    warehouse.load(api)
    assert dict(warehouse.sql("SELECT name, mood FROM albums"))["New"] == "calm"
