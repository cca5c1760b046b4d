"""Files of --export in all formats, from one database with two loads."""

from __future__ import annotations

import codecs
import csv
import json
import re
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest
from spotify_pipeline.after_load import export
from spotify_pipeline.after_load.follow_up import ExportFormat, FollowUpOptions
from spotify_pipeline.destinations.duckdb import DuckDbFile
from spotify_pipeline.offline_api import Album, make_album

from spotify_source.errors import ConfigurationError
from tests.support.apis import serving
from tests.support.clock import DAY, FakeClock
from tests.support.place import Place

NOW = datetime(2026, 11, 20, 6, 17, 5, tzinfo=timezone.utc)
FORMATS: list[ExportFormat] = ["json", "parquet", "csv"]
FORMULAS = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx"]
NO_FORMULAS = ["a=b", "'=1"]
UNICODE = "Coração 花火"


@dataclass(frozen=True)
class TwoLoads:
    """A database with two loads, their ids, and two of the albums."""

    place: Place
    first: str
    second: str
    duet: Album
    late: Album


@pytest.fixture(scope="module")
def loads(tmp_path_factory: pytest.TempPathFactory) -> TwoLoads:
    duet = make_album("Duet", 2, discs=2)
    duet["artists"] = [*make_album("Other")["artists"], *duet["artists"]]
    duet["tracks"][1]["artists"] = [*duet["artists"], *make_album("Guest")["artists"]]
    named = [make_album(name, 1) for name in (*FORMULAS, *NO_FORMULAS)]
    for album in named:
        album["artists"][0]["name"] = "=artist"
    late = make_album("Late", 3)
    place = Place(tmp_path_factory.mktemp("loads"), FakeClock())
    with serving(place.clock) as serve:
        api = serve(duet, make_album("Many", 60, discs=2), make_album("Silence", 0), make_album(UNICODE, 1), *named)
        assert place.load(api).code == 0
        first = place.last_run()["load_id"]
        api.catalogue.albums[late["id"]] = late
        api.catalogue.listing.insert(0, late["id"])
        place.clock.move(DAY)
        assert place.load(api).code == 0
    return TwoLoads(place, first, place.last_run()["load_id"], duet, late)


@pytest.fixture(scope="module")
def files(loads: TwoLoads, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the exports of the first load, by format."""
    folder = tmp_path_factory.mktemp("exports")
    return {fmt: export_file(loads.place.database, loads.first, folder, fmt) for fmt in FORMATS}


def export_file(
    database: Path, load_id: str | None, folder: Path, fmt: ExportFormat = "json", now: datetime = NOW
) -> Path:
    options = FollowUpOptions(folder, fmt, retain_days=None, transform=False)
    return Path(str(export.run(options, DuckDbFile(database, "spotify_raw"), load_id, now).data["file"]))


def read_items(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_item_has_track_with_album_and_artists_in_order(loads: TwoLoads, files: dict[str, Path]) -> None:
    duet = loads.duet
    first, second = (item for item in read_items(files["json"]) if item["album_id"] == duet["id"])
    assert (first["disc_number"], second["disc_number"]) == (1, 2)
    assert second["album_artists"] == [artist["name"] for artist in duet["artists"]]
    assert second["album_artist_ids"] == [artist["id"] for artist in duet["artists"]]
    assert second["track_artists"] == [artist["name"] for artist in duet["tracks"][1]["artists"]]
    assert second["track_name"] == duet["tracks"][1]["name"]
    assert second["upc"] == duet["external_ids"]["upc"]
    assert second["album_url"] == duet["external_urls"]["spotify"]
    assert (second["market"], second["release_date"], second["released_on"]) == ("US", "2026-11-20", "2026-11-20")


def test_each_track_of_the_load_is_one_item(loads: TwoLoads, files: dict[str, Path]) -> None:
    items = read_items(files["json"])
    positions = sorted(
        (item["album_id"], item["disc_number"], item["track_number"]) for item in items if item["track_number"]
    )
    loaded = "SELECT album_id, disc_number, track_number FROM album_tracks WHERE _dlt_load_id = ? ORDER BY ALL"
    assert positions == loads.place.sql(loaded, loads.first)
    assert len(positions) == 2 + 60 + 1 + len(FORMULAS) + len(NO_FORMULAS)


def test_export_has_nothing_of_other_loads(loads: TwoLoads, tmp_path: Path) -> None:
    items = read_items(export_file(loads.place.database, loads.second, tmp_path))
    assert [(item["album_id"], item["track_number"]) for item in items] == [(loads.late["id"], n) for n in (1, 2, 3)]


def test_album_without_tracks_is_one_item(files: dict[str, Path]) -> None:
    assert [item["track_number"] for item in read_items(files["json"]) if item["album_name"] == "Silence"] == [None]


@pytest.mark.parametrize("fmt", FORMATS)
def test_load_without_rows_writes_no_items(
    loads: TwoLoads, files: dict[str, Path], tmp_path: Path, fmt: ExportFormat
) -> None:
    empty = duckdb.sql(f"FROM '{export_file(loads.place.database, None, tmp_path, fmt)}'")
    assert empty.fetchall() == []
    if fmt != "json":
        assert empty.columns == duckdb.sql(f"FROM '{files['parquet']}'").columns


@pytest.mark.parametrize(
    ("dropped", "items", "albums", "tracks"),
    [
        (("albums", "album_tracks"), 0, 0, 0),
        # Each album is an item without a track, as with --resources albums.
        (("album_tracks",), 13, 13, 0),
        (("albums",), 72, 0, 72),
    ],
)
def test_missing_tables_count_as_empty(
    loads: TwoLoads, tmp_path: Path, dropped: tuple[str, ...], items: int, albums: int, tracks: int
) -> None:
    database = Path(shutil.copy(loads.place.database, tmp_path / "spotify.duckdb"))
    with duckdb.connect(str(database)) as connection:
        for table in dropped:
            connection.execute(f"DROP TABLE spotify_raw.{table}; DROP TABLE spotify_raw.{table}__artists")
    found = read_items(export_file(database, loads.first, tmp_path))
    assert len(found) == items
    assert sum(item["album_name"] is not None for item in found) == albums
    assert sum(item["track_name"] is not None for item in found) == tracks
    assert all(item["album_id"] for item in found)


def test_formats_hold_the_same_values(files: dict[str, Path]) -> None:
    parquet = duckdb.sql(f"FROM '{files['parquet']}'")
    types = {name: str(kind) for name, kind in zip(parquet.columns, parquet.types, strict=True)}
    facts = "album_id, upc, released_on, disc_number, track_number, track_id, duration_ms"
    lists = ["album_artist_ids", "track_artist_ids"]
    joined = ", ".join(f"array_to_string({name}, '; ')" for name in lists)
    expected = duckdb.sql(f"SELECT {facts}, {joined} FROM '{files['parquet']}'").fetchall()
    from_json = f"SELECT {facts}, {joined} FROM read_json('{files['json']}', columns={types})"
    csv_types = str(types).replace("[]", "")
    # An empty list is an empty cell.
    cells = ", ".join(f"coalesce({name}, '')" for name in lists)
    from_csv = f"SELECT {facts}, {cells} FROM read_csv('{files['csv']}', header=true, columns={csv_types})"
    assert len(expected) == 73
    assert duckdb.sql(from_json).fetchall() == expected
    assert duckdb.sql(from_csv).fetchall() == expected


def test_csv_cells_are_no_formulas(files: dict[str, Path]) -> None:
    with files["csv"].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {row["album_name"] for row in rows}
    assert names >= {*(f"'{name}" for name in FORMULAS), *NO_FORMULAS}
    assert {row["album_artists"] for row in rows} >= {"'=artist"}
    assert not [cell for row in rows for cell in row.values() if re.match(r"[=+\-@\t\r\n]", cell)]
    assert {item["album_name"] for item in read_items(files["json"])} >= {*FORMULAS, *NO_FORMULAS}


def test_csv_starts_with_a_byte_order_mark_that_readers_skip(files: dict[str, Path]) -> None:
    assert files["csv"].read_bytes().startswith(codecs.BOM_UTF8 + b"album_id,")
    table = duckdb.sql(f"FROM read_csv('{files['csv']}')")
    assert table.columns[0] == "album_id"
    assert (UNICODE,) in table.project("album_name").fetchall()
    assert sorted(path.suffix for path in files["csv"].parent.iterdir()) == [".csv", ".json", ".parquet"]


def test_file_is_named_after_the_time_in_utc(loads: TwoLoads, tmp_path: Path) -> None:
    in_tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    path = export_file(loads.place.database, loads.second, tmp_path, "csv", in_tokyo)
    assert path.name == "album_items_20261120T061705.csv"


def test_folder_with_quotes_and_blanks_is_created(loads: TwoLoads, tmp_path: Path) -> None:
    folder = tmp_path / "it's" / 'what "we" want; --'
    path = export_file(loads.place.database, loads.second, folder)
    assert list(folder.iterdir()) == [path]
    assert len(read_items(path)) == 3


def test_unwritable_folder_is_reported_with_the_option(loads: TwoLoads, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        options = FollowUpOptions(folder, "json", retain_days=None, transform=False)
        with pytest.raises(ConfigurationError, match="can't be written") as caught:
            export.check(options, DuckDbFile(loads.place.database, "spotify_raw"))
        assert str(folder) in caught.value.summary
        assert "--export" in caught.value.guidance
