"""Unexpected values are loaded and not refused, and the columns are the same whoever loads them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, OfflineApi, Reply, make_album

from spotify_source import schema
from tests.support.albums import places_of
from tests.support.apis import Serve
from tests.support.warehouse import Warehouse

DATES = {
    "Year": ("1967", "year", date(1967, 1, 1)),
    "Month": ("2007-03", "month", date(2007, 3, 1)),
    "Day": ("2026-11-20", "day", date(2026, 11, 20)),
    "Zero": ("0000", "year", None),
}
NAMES = [
    "",
    "Ночь",
    "Νύχτα",
    "ليلة",
    "לילה",
    "रात",
    "คืน",
    "밤",
    "夜明け",
    "🌙✨",
    "'; DROP TABLE albums; --",
    "a\tb\nc",
]


def spoil(_: LoggedRequest, normal: Reply) -> Reply:
    """Tracks as some tapes have them: lengths as floats, no preview_url at all."""
    body: Any = normal.body
    items = [
        {
            **{key: value for key, value in track.items() if key != "preview_url"},
            "duration_ms": track["duration_ms"] + 0.4,
        }
        for track in body["tracks"]["items"]
    ]
    return dataclasses.replace(normal, body={**body, "tracks": {**body["tracks"], "items": items}})


@pytest.fixture(scope="module")
def odd_albums() -> dict[str, Album]:
    """One album for each odd value."""
    albums = [
        *(make_album(name, 1, release_date=day, release_date_precision=p) for name, (day, p, _) in DATES.items()),
        *(make_album(name, 1, id=f"{index:022d}") for index, name in enumerate(NAMES)),
        make_album("EP", 4, album_type="ep"),
        make_album("No images", 1, images=[]),
        make_album("No artists", 1, artists=[]),
        make_album("Unmeasured", 1, images=[{"url": "https://i.example/x", "height": None, "width": None}]),
        make_album("Empty", 0),
        make_album("Box", 131, discs=3),
        make_album("Odd lengths", 2),
    ]
    return {album["name"]: album for album in albums}


@pytest.fixture(scope="module")
def odd(odd_albums: dict[str, Album], tmp_path_factory: Any) -> Iterator[Warehouse]:
    """All of them, loaded; the tests only read."""
    warehouse = Warehouse(tmp_path_factory.mktemp("odd"))
    with OfflineApi(Catalogue.of(odd_albums.values()), allow={"browse"}, clock=warehouse.clock.now) as api:
        api.always("album", spoil, match=lambda request: odd_albums["Odd lengths"]["id"] in request.path)
        warehouse.load(api)
        yield warehouse


@pytest.mark.slow
def test_everything_odd_is_loaded(odd: Warehouse, odd_albums: dict[str, Album]) -> None:
    assert odd.album_ids() == sorted(album["id"] for album in odd_albums.values())
    assert odd.places() == places_of(list(odd_albums.values()))


@pytest.mark.parametrize("table", ["albums", "new_releases"])
@pytest.mark.parametrize("name", DATES)
def test_a_release_date_stays_as_sent_with_the_day_it_means_beside_it(odd: Warehouse, table: str, name: str) -> None:
    columns = f"SELECT release_date, release_date_precision, released_on FROM {table} WHERE name = ?"
    assert odd.sql(columns, name) == [DATES[name]]


def test_names_stay_as_they_are(odd: Warehouse) -> None:
    for table in ("albums", "new_releases"):
        found = {name for (name,) in odd.sql(f"SELECT name FROM {table}")}
        assert set(NAMES) <= found


def test_an_ep_is_one_where_it_was_listed(odd: Warehouse) -> None:
    assert odd.one("SELECT album_type FROM new_releases WHERE name = 'EP'") == "ep"
    assert odd.one("SELECT album_type FROM albums WHERE name = 'EP'") == "single"


def test_images_may_be_missing_or_unmeasured(odd: Warehouse) -> None:
    of = "SELECT i.height, i.width FROM albums a JOIN albums__images i ON i._dlt_parent_id = a._dlt_id WHERE a.name = ?"
    assert odd.sql(of, "No images") == []
    assert odd.sql(of, "Unmeasured") == [(None, None)]
    assert len(odd.sql(of, "EP")) == 3


def test_an_album_without_tracks_is_whole(odd: Warehouse) -> None:
    assert odd.sql("SELECT total_tracks, tracks_loaded FROM albums WHERE name = 'Empty'") == [(0, 0)]


def test_131_tracks_are_on_their_three_discs(odd: Warehouse, odd_albums: dict[str, Album]) -> None:
    discs = "SELECT disc_number, COUNT(*), MIN(track_number), MAX(track_number) FROM album_tracks WHERE album_id = ?"
    rows = odd.sql(discs + " GROUP BY 1 ORDER BY 1", odd_albums["Box"]["id"])
    assert rows == [(1, 44, 1, 44), (2, 44, 1, 44), (3, 43, 1, 43)]


def test_lengths_that_come_as_floats_are_whole_milliseconds(odd: Warehouse, odd_albums: dict[str, Album]) -> None:
    album = odd_albums["Odd lengths"]
    rows = odd.sql("SELECT duration_ms, preview_url FROM album_tracks WHERE album_id = ? ORDER BY 1", album["id"])
    assert rows == sorted((track["duration_ms"], None) for track in album["tracks"])
    assert odd.sql("SELECT DISTINCT typeof(duration_ms) FROM album_tracks") == [("BIGINT",)]


def test_odd_values_make_no_column_of_their_own(odd: Warehouse) -> None:
    names = [name for (name,) in odd.sql("SELECT column_name FROM duckdb_columns() WHERE schema_name = 'spotify_raw'")]
    assert not [name for name in names if "__v_" in name]


COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns()
    WHERE schema_name = 'spotify_raw' AND NOT starts_with(table_name, '_dlt') ORDER BY ALL
"""


def test_the_columns_are_the_same_in_both_quota_modes(
    warehouse: Warehouse, odd: Warehouse, serve: Serve, three: list[Album]
) -> None:
    warehouse.load(serve(*three, quota_mode="development"))
    assert warehouse.sql(COLUMNS) == odd.sql(COLUMNS)


def test_the_columns_are_those_that_are_declared(odd: Warehouse) -> None:
    types = {
        "text": "VARCHAR",
        "bigint": "BIGINT",
        "bool": "BOOLEAN",
        "double": "DOUBLE",
        "date": "DATE",
        "timestamp": "TIMESTAMP WITH TIME ZONE",
        "json": "JSON",
    }
    declared = {}
    for table in schema.TABLES:
        if table is schema.LOAD_RUNS:
            continue
        for one in (table, *table.nested.values()):
            declared.update({(one.name, column.name): types[column.data_type] for column in one.columns})
    assert {(table, column): data_type for table, column, data_type, _ in odd.sql(COLUMNS)} == declared


def test_keys_are_never_null(odd: Warehouse) -> None:
    nullable = {(table, column) for table, column, _, null in odd.sql(COLUMNS) if null}
    for table in (schema.NEW_RELEASES, schema.RELEASE_SIGHTINGS, schema.ALBUMS, schema.ALBUM_TRACKS):
        assert not {(table.name, key) for key in table.primary_key} & nullable


def test_every_table_and_column_is_described() -> None:
    for table in schema.TABLES:
        for one in (table, *table.nested.values()):
            assert one.description
            assert all(column.description for column in one.columns)


def test_descriptions_reach_dlts_schema(odd: Warehouse) -> None:
    tables = odd.pipeline().default_schema.tables
    for table in (schema.ALBUMS, schema.ALBUM_TRACKS, schema.NEW_RELEASES, schema.RELEASE_SIGHTINGS):
        for one in (table, *table.nested.values()):
            assert tables[one.name]["description"] == one.description
            for column in one.columns:
                assert tables[one.name]["columns"][column.name]["description"] == column.description


# -- what nobody has announced


def changed(change: Any) -> Any:
    def step(_: LoggedRequest, normal: Reply) -> Reply:
        return dataclasses.replace(normal, body=change(normal.body))

    return step


@pytest.mark.slow
def test_a_new_field_is_a_new_column(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three, allow={"browse"})
    warehouse.load(api)
    new = make_album("New", 2)
    api.catalogue = Catalogue.of([*three, new])
    api.always("album", changed(lambda body: {**body, "mood": "calm"}))
    warehouse.load(api)
    assert dict(warehouse.sql("SELECT name, mood FROM albums"))["New"] == "calm"
    assert warehouse.places() == places_of([*three, new])


WRONG_TYPES = [
    pytest.param(lambda body: {**body, "popularity": "high"}, id="text for a number"),
    pytest.param(lambda body: {**body, "popularity": 55.5}, id="fraction for a number"),
    pytest.param(lambda body: {**body, "name": 1967}, id="number for a text"),
    pytest.param(lambda body: {**body, "name": None}, id="null for a text"),
    pytest.param(lambda body: {**body, "label": {"name": "x"}}, id="object for a text"),
    pytest.param(lambda body: {**body, "label": ["x", "y"]}, id="list for a text"),
    pytest.param(lambda body: {**body, "release_date": 1967}, id="number for a date"),
    pytest.param(lambda body: {**body, "artists": None}, id="null for a list"),
    pytest.param(lambda body: {**body, "artists": ["A name"]}, id="texts for objects"),
    pytest.param(lambda body: {**body, "images": [None]}, id="null in a list"),
    pytest.param(lambda body: {**body, "external_ids": None}, id="null for an object"),
    pytest.param(lambda body: {**body, "external_ids": "123"}, id="text for an object"),
    pytest.param(lambda body: {**body, "genres": {"0": "pop"}}, id="object for json"),
    pytest.param(lambda body: {**body, "is_playable": "yes"}, id="text for a bool"),
    pytest.param(lambda body: {**body, "total_tracks": "2"}, id="text for the number of tracks"),
    pytest.param(lambda body: {**body, "restrictions": "market"}, id="text for restrictions"),
]


def all_at_once(album_ids: list[str]) -> Any:
    """Album by album, one wrong type each."""
    by_id = dict(zip(album_ids, WRONG_TYPES, strict=True))

    def step(request: LoggedRequest, normal: Reply) -> Reply:
        change: Any = by_id[request.path.rpartition("/")[2]].values[0]
        return dataclasses.replace(normal, body=change(normal.body))

    return step


@pytest.mark.slow
def test_fields_of_a_wrong_type_do_not_stop_a_load_and_cost_no_album(warehouse: Warehouse, serve: Serve) -> None:
    albums = [make_album(str(param.id), 2) for param in WRONG_TYPES]
    api = serve(*albums, allow={"browse"})
    warehouse.load(api, limit=1)
    api.always("album", all_at_once([album["id"] for album in albums]))
    loaded = warehouse.load(api, full_refresh=True)
    assert warehouse.album_ids() == sorted(album["id"] for album in albums)
    assert warehouse.places() == places_of(albums)
    assert loaded.run.result().is_complete


@pytest.mark.slow
def test_tracks_of_a_wrong_type_do_not_stop_a_load(warehouse: Warehouse, serve: Serve) -> None:
    album = make_album("Odd", 6)
    api = serve(album, allow={"browse"})
    changes: list[dict[str, Any]] = [
        {"duration_ms": "long"},
        {"explicit": "no"},
        {"artists": None},
        {"linked_from": None},
        {"name": 7},
        {"track_number": "6", "disc_number": 1.0},
    ]

    def spoil_tracks(body: Any) -> Any:
        items = [{**track, **change} for track, change in zip(body["tracks"]["items"], changes, strict=True)]
        return {**body, "tracks": {**body["tracks"], "items": items}}

    api.always("album", changed(spoil_tracks))
    warehouse.load(api)
    assert warehouse.places() == places_of([album])
    assert warehouse.load(api).calls == {"browse": 1}


@pytest.mark.slow
def test_listed_albums_of_a_wrong_type_do_not_stop_a_load(
    warehouse: Warehouse, serve: Serve, three: list[Album]
) -> None:
    api = serve(*three)
    changes: list[dict[str, Any]] = [
        {"total_tracks": "1", "name": 5, "images": None},
        {"total_tracks": None, "available_markets": None, "artists": "me"},
        {"release_date": None, "external_urls": None, "is_playable": 1},
    ]

    def spoil_listing(body: Any) -> Any:
        items = [{**album, **change} for album, change in zip(body["albums"]["items"], changes, strict=True)]
        return {"albums": {**body["albums"], "items": items}}

    api.always("browse", changed(spoil_listing))
    warehouse.load(api)
    assert warehouse.one("SELECT COUNT(*) FROM new_releases") == 3
    assert warehouse.places() == places_of(three)
    assert warehouse.load(api).calls == {"browse": 1}
