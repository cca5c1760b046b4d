"""Tables of unusual but documented albums: their values, columns and descriptions."""

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
TYPES = {
    "text": "VARCHAR",
    "bigint": "BIGINT",
    "bool": "BOOLEAN",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "json": "JSON",
}
COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns()
    WHERE schema_name = 'spotify_raw' AND NOT starts_with(table_name, '_dlt') ORDER BY ALL
"""


def with_fractions(_: LoggedRequest, normal: Reply) -> Reply:
    """Return an album as recorded: fractional durations and no preview_url."""
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
def albums() -> dict[str, Album]:
    """Return the albums by name."""
    found = [
        *(make_album(name, 1, release_date=day, release_date_precision=p) for name, (day, p, _) in DATES.items()),
        *(make_album(name, 1, id=f"{index:022d}") for index, name in enumerate(NAMES)),
        make_album("EP", 4, album_type="ep"),
        make_album("No images", 1, images=[]),
        make_album("No artists", 1, artists=[]),
        make_album("Unmeasured", 1, images=[{"url": "https://i.example/x", "height": None, "width": None}]),
        make_album("Empty", 0),
        make_album("Box", 131, discs=3),
        make_album("Fractions", 2),
    ]
    return {album["name"]: album for album in found}


@pytest.fixture(scope="module")
def loaded(albums: dict[str, Album], tmp_path_factory: Any) -> Iterator[Warehouse]:
    """Load all albums once. The tests only read."""
    warehouse = Warehouse(tmp_path_factory.mktemp("unusual"))
    with OfflineApi(Catalogue.of(albums.values()), allow={"browse"}, clock=warehouse.clock.now) as api:
        api.always("album", with_fractions, match=lambda request: albums["Fractions"]["id"] in request.path)
        warehouse.load(api)
        yield warehouse


def test_every_album_is_loaded_with_every_track(loaded: Warehouse, albums: dict[str, Album]) -> None:
    assert loaded.album_ids() == sorted(album["id"] for album in albums.values())
    assert loaded.places() == places_of(list(albums.values()))


@pytest.mark.parametrize("table", ["albums", "new_releases"])
@pytest.mark.parametrize("name", DATES)
def test_release_dates_are_stored_as_sent_and_as_a_day(loaded: Warehouse, table: str, name: str) -> None:
    columns = f"SELECT release_date, release_date_precision, released_on FROM {table} WHERE name = ?"
    assert loaded.sql(columns, name) == [DATES[name]]


@pytest.mark.parametrize("table", ["albums", "new_releases"])
def test_names_in_any_script_are_stored_unchanged(loaded: Warehouse, table: str) -> None:
    assert set(NAMES) <= {name for (name,) in loaded.sql(f"SELECT name FROM {table}")}


def test_an_ep_is_a_single_when_fetched(loaded: Warehouse) -> None:
    assert loaded.one("SELECT album_type FROM new_releases WHERE name = 'EP'") == "ep"
    assert loaded.one("SELECT album_type FROM albums WHERE name = 'EP'") == "single"


def test_images_may_be_missing_or_without_size(loaded: Warehouse) -> None:
    of = "SELECT i.height, i.width FROM albums a JOIN albums__images i ON i._dlt_parent_id = a._dlt_id WHERE a.name = ?"
    assert loaded.sql(of, "No images") == []
    assert loaded.sql(of, "Unmeasured") == [(None, None)]
    assert len(loaded.sql(of, "EP")) == 3


def test_an_album_without_tracks_is_complete(loaded: Warehouse) -> None:
    assert loaded.sql("SELECT total_tracks, tracks_loaded FROM albums WHERE name = 'Empty'") == [(0, 0)]


def test_131_tracks_are_on_their_three_discs(loaded: Warehouse, albums: dict[str, Album]) -> None:
    discs = "SELECT disc_number, COUNT(*), MIN(track_number), MAX(track_number) FROM album_tracks WHERE album_id = ?"
    rows = loaded.sql(discs + " GROUP BY 1 ORDER BY 1", albums["Box"]["id"])
    assert rows == [(1, 44, 1, 44), (2, 44, 1, 44), (3, 43, 1, 43)]


def test_durations_with_fractions_are_rounded(loaded: Warehouse, albums: dict[str, Album]) -> None:
    album = albums["Fractions"]
    rows = loaded.sql("SELECT duration_ms, preview_url FROM album_tracks WHERE album_id = ? ORDER BY 1", album["id"])
    assert rows == sorted((track["duration_ms"], None) for track in album["tracks"])


def test_columns_are_as_declared_in_both_quota_modes(
    warehouse: Warehouse, loaded: Warehouse, serve: Serve, three: list[Album]
) -> None:
    declared = {
        (table.name, column.name): TYPES[column.data_type]
        for root in schema.RESOURCES
        for table in schema.with_nested(root)
        for column in table.columns
    }
    assert {(table, column): data_type for table, column, data_type, _ in loaded.sql(COLUMNS)} == declared
    warehouse.load(serve(*three, quota_mode="development"))
    assert warehouse.sql(COLUMNS) == loaded.sql(COLUMNS)


def test_keys_are_never_null(loaded: Warehouse) -> None:
    nullable = {(table, column) for table, column, _, null in loaded.sql(COLUMNS) if null}
    for table in schema.RESOURCES:
        assert not {(table.name, key) for key in table.primary_key} & nullable


def test_every_table_and_column_has_a_description() -> None:
    for table in schema.all_tables():
        assert table.description
        assert all(column.description for column in table.columns)


def test_descriptions_reach_dlts_schema(loaded: Warehouse) -> None:
    tables = loaded.pipeline().default_schema.tables
    for root in schema.RESOURCES:
        for table in schema.with_nested(root):
            assert tables[table.name]["description"] == table.description
            for column in table.columns:
                assert tables[table.name]["columns"][column.name]["description"] == column.description


def test_tables_with_content_have_a_rule_for_retention() -> None:
    for table in schema.RESOURCES:
        assert table.album_id_column or table.requested_at
