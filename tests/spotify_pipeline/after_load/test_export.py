"""What a run loaded, as a file: which items, with what in them, in which form."""

from __future__ import annotations

import codecs
import csv
import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest
from spotify_pipeline.after_load import export
from spotify_pipeline.after_load.follow_up import ExportFormat as Format
from spotify_pipeline.after_load.follow_up import FollowUpOptions
from spotify_pipeline.destinations.duckdb import DuckDbFile
from spotify_pipeline.offline_api import Album, OfflineApi, make_album

from spotify_source.errors import ConfigurationError
from tests.support.apis import Serve
from tests.support.place import Place

NOW = datetime(2026, 11, 20, 6, 17, 5, tzinfo=timezone.utc)
FORMATS: list[Format] = ["json", "parquet", "csv"]


def exported(place: Place, fmt: Format = "json", folder: Path | None = None, now: datetime = NOW) -> Path:
    """What the last run loaded, as a file."""
    with duckdb.connect(str(place.database)) as connection:
        load_id = place_load_id(connection)
    return export_it(place, load_id, folder or place.folder / "exports", fmt, now)


def export_it(place: Place, load_id: str, folder: Path, fmt: Format, now: datetime) -> Path:
    options = FollowUpOptions(folder, fmt, None, False)
    return Path(str(export.run(options, DuckDbFile(place.database, "spotify_raw"), load_id, now).data["file"]))


def place_load_id(connection: duckdb.DuckDBPyConnection) -> str:
    ((load_id,),) = connection.execute(
        "SELECT load_id FROM spotify_raw._dlt_loads ORDER BY inserted_at DESC LIMIT 1"
    ).fetchall()
    return str(load_id)


def items(place: Place) -> list[dict[str, Any]]:
    """What the last run loaded, item by item."""
    found: list[dict[str, Any]] = json.loads(exported(place).read_text(encoding="utf-8"))
    return found


def test_each_track_is_an_item_with_its_album_and_the_artists_of_both_in_order(place: Place, serve: Serve) -> None:
    duet = make_album("Duet", 2, discs=2)
    duet["artists"] = [*make_album("Other")["artists"], *duet["artists"]]
    duet["tracks"][1]["artists"] = [*duet["artists"], *make_album("Guest")["artists"]]
    place.load(serve(duet, quota_mode="development"))

    first, second = items(place)

    assert (first["album_id"], first["disc_number"], first["track_number"]) == (duet["id"], 1, 1)
    assert second["album_artists"] == [artist["name"] for artist in duet["artists"]]
    assert second["album_artist_ids"] == [artist["id"] for artist in duet["artists"]]
    assert second["track_artists"] == [artist["name"] for artist in duet["tracks"][1]["artists"]]
    assert second["track_name"] == duet["tracks"][1]["name"]
    assert second["upc"] == duet["external_ids"]["upc"]
    assert second["album_url"] == duet["external_urls"]["spotify"]
    assert (second["market"], second["release_date"], second["released_on"]) == ("US", "2026-11-20", "2026-11-20")


def test_all_that_a_run_loaded_is_there_once(place: Place, api: OfflineApi, three: list[Album]) -> None:
    place.load(api)

    found = items(place)

    places = sorted((item["album_id"], item["disc_number"], item["track_number"]) for item in found)
    assert places == place.places()
    assert len(places) == sum(len(album["tracks"]) for album in three)


def test_only_what_this_run_loaded_is_there(place: Place, api: OfflineApi) -> None:
    place.load(api)
    late = make_album("Late", 3)
    api.catalogue.albums[late["id"]] = late
    api.catalogue.listing.insert(0, late["id"])

    place.load(api)

    assert [(item["album_id"], item["track_number"]) for item in items(place)] == [(late["id"], n) for n in (1, 2, 3)]


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_run_that_loaded_nothing_writes_a_file_without_items(place: Place, api: OfflineApi, fmt: Format) -> None:
    place.load(api)
    place.load(api)

    path = exported(place, fmt)

    assert duckdb.sql(f"FROM '{path}'").fetchall() == []
    if fmt != "json":
        assert duckdb.sql(f"FROM '{path}'").columns == list(items_columns(place))


def items_columns(place: Place) -> list[str]:
    path = export_it(place, "no such load", place.folder, "parquet", NOW)
    return duckdb.sql(f"FROM '{path}'").columns


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_database_without_albums_and_tracks_is_no_obstacle(place: Place, api: OfflineApi, fmt: Format) -> None:
    place.load(api, "--resources", "new_releases")
    assert not {"albums", "album_tracks"} & place.tables()

    assert duckdb.sql(f"FROM '{exported(place, fmt)}'").fetchall() == []


def test_albums_that_are_loaded_alone_are_an_item_each(place: Place, api: OfflineApi, three: list[Album]) -> None:
    place.load(api, "--resources", "albums")

    found = items(place)

    assert sorted(item["album_name"] for item in found) == sorted(album["name"] for album in three)
    assert {item["track_name"] for item in found} == {None}
    assert all(item["album_artists"] and item["track_artists"] == [] for item in found)


def test_tracks_that_are_loaded_alone_are_items_without_their_albums(place: Place, api: OfflineApi) -> None:
    place.load(api, "--resources", "album_tracks")

    found = items(place)

    assert len(found) == 73
    assert all(item["album_id"] and item["track_name"] and item["album_name"] is None for item in found)


def test_an_album_without_tracks_is_an_item(place: Place, serve: Serve) -> None:
    place.load(serve(make_album("Silence", 0), quota_mode="development"))

    assert [(item["album_name"], item["track_number"]) for item in items(place)] == [("Silence", None)]


def test_the_three_forms_hold_the_same(place: Place, api: OfflineApi) -> None:
    place.load(api)
    written, parquet, table = (exported(place, fmt) for fmt in FORMATS)

    facts = "album_id, upc, released_on, disc_number, track_number, track_id, track_name, duration_ms"
    lists = "album_artists, album_artist_ids, track_artists, track_artist_ids"
    joined = ", ".join(f"array_to_string({name}, '; ')" for name in lists.split(", "))
    asked = duckdb.sql(f"SELECT {facts}, {joined} FROM '{parquet}'").fetchall()
    assert len(asked) == 73
    assert (
        duckdb.sql(f"SELECT {facts}, {joined} FROM read_json('{written}', columns={types(parquet)})").fetchall()
        == asked
    )
    csv_types = types(parquet).replace("[]", "")
    assert (
        duckdb.sql(f"SELECT {facts}, {lists} FROM read_csv('{table}', header=true, columns={csv_types})").fetchall()
        == asked
    )


def types(parquet: Path) -> str:
    relation = duckdb.sql(f"FROM '{parquet}'")
    return str({name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)})


def test_the_file_is_named_after_the_time_in_utc(place: Place, api: OfflineApi) -> None:
    place.load(api)
    in_tokyo = NOW.astimezone(timezone(timedelta(hours=9)))

    assert exported(place, "csv", now=in_tokyo).name == "album_items_20261120T061705.csv"


def test_a_folder_with_quotes_and_blanks_in_its_name_is_made(place: Place, api: OfflineApi) -> None:
    place.load(api)
    folder = place.folder / "it's" / 'what "we" want; --'

    path = exported(place, folder=folder)

    assert path.parent == folder
    assert [entry.name for entry in folder.iterdir()] == [path.name]
    assert len(json.loads(path.read_text(encoding="utf-8"))) == 73


def test_a_folder_that_can_not_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigurationError, match="can't be written") as caught:
            export.check(FollowUpOptions(folder, "csv", None, False), None)
        assert str(folder) in caught.value.summary
        assert "--export" in caught.value.guidance


def test_no_cell_of_a_csv_file_is_a_formula(place: Place, serve: Serve) -> None:
    names = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "a=b", "'=1"]
    albums = [make_album(name, 1) for name in names]
    for album in albums:
        album["artists"][0]["name"] = "=artist"
    assert place.load(serve(*albums)).code == 0

    with exported(place, "csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))

    assert {row["album_name"] for row in rows} == {*(f"'{name}" for name in names[:7]), *names[7:]}
    assert {row["album_artists"] for row in rows} == {"'=artist"}
    assert not [cell for row in rows for cell in row.values() if re.match(r"[=+\-@\t\r\n]", cell)]
    assert {item["album_name"] for item in items(place)} == set(names)


def test_excel_is_told_that_a_csv_file_is_utf_8_and_other_readers_are_not_disturbed(place: Place, serve: Serve) -> None:
    place.load(serve(make_album("Coração 花火", 1)), "--resources", "albums", "album_tracks")
    table = exported(place, "csv")

    assert table.read_bytes().startswith(codecs.BOM_UTF8 + b"album_id,")
    assert duckdb.sql(f"SELECT album_name FROM read_csv('{table}')").fetchall() == [("Coração 花火",)]
    assert duckdb.sql(f"SELECT column_name FROM (DESCRIBE FROM read_csv('{table}')) LIMIT 1").fetchall() == [
        ("album_id",)
    ]
    assert [path.suffix for path in table.parent.iterdir()] == [".csv"]
