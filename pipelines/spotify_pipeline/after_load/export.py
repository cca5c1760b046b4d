"""Export step: a JSON, Parquet or CSV file of the albums and tracks of one load."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

import duckdb

from spotify_pipeline.after_load.follow_up import ExportFormat, FollowUp, FollowUpOptions
from spotify_pipeline.destinations.base import Destination
from spotify_pipeline.destinations.duckdb import empty_table, existing_tables, quoted_name, quoted_text
from spotify_source import schema
from spotify_source.errors import ConfigurationError

_TABLES: Final = tuple(table for table in schema.all_tables() if table.is_exported)
_ITEMS: Final = """
    loaded_tracks AS (FROM album_tracks WHERE _dlt_load_id = $load_id),
    track_artist_lists AS (
        FROM album_tracks__artists SEMI JOIN loaded_tracks ON loaded_tracks._dlt_id = _dlt_parent_id
        SELECT _dlt_parent_id, list(name ORDER BY _dlt_list_idx) AS names, list(id ORDER BY _dlt_list_idx) AS ids
        GROUP BY ALL
    ),
    loaded_albums AS (FROM albums WHERE _dlt_load_id = $load_id OR id IN (SELECT album_id FROM loaded_tracks)),
    album_artist_lists AS (
        FROM albums__artists SEMI JOIN loaded_albums ON loaded_albums._dlt_id = _dlt_parent_id
        SELECT _dlt_parent_id, list(name ORDER BY _dlt_list_idx) AS names, list(id ORDER BY _dlt_list_idx) AS ids
        GROUP BY ALL
    ),
    items AS (
        FROM loaded_albums AS album
        FULL JOIN loaded_tracks AS track ON track.album_id = album.id
        LEFT JOIN album_artist_lists AS album_artist ON album_artist._dlt_parent_id = album._dlt_id
        LEFT JOIN track_artist_lists AS track_artist ON track_artist._dlt_parent_id = track._dlt_id
        SELECT
            coalesce(album.id, track.album_id) AS album_id,
            album.name AS album_name,
            album.album_type,
            album.release_date,
            album.release_date_precision,
            album.released_on,
            album.label,
            album.external_ids__upc AS upc,
            album.market,
            album.total_tracks,
            album.external_urls__spotify AS album_url,
            coalesce(album_artist.names, []) AS album_artists,
            coalesce(album_artist.ids, []) AS album_artist_ids,
            track.disc_number,
            track.track_number,
            track.id AS track_id,
            track.name AS track_name,
            track.duration_ms,
            track.explicit,
            track.is_playable,
            track.external_urls__spotify AS track_url,
            coalesce(track_artist.names, []) AS track_artists,
            coalesce(track_artist.ids, []) AS track_artist_ids
        ORDER BY released_on DESC NULLS LAST, album_id, disc_number, track_number
    )
"""
_COPY_OPTIONS: Final[Mapping[ExportFormat, str]] = {
    "json": "FORMAT json, ARRAY true, USE_TMP_FILE true",
    "parquet": "FORMAT parquet, USE_TMP_FILE true",
    "csv": "FORMAT csv, HEADER true, USE_TMP_FILE true",
}
_TEXT_COLUMNS: Final = (
    *("album_id", "album_name", "album_type", "release_date", "release_date_precision", "label", "upc", "market"),
    *("album_url", "track_id", "track_name", "track_url"),
)
_LIST_COLUMNS: Final = ("album_artists", "album_artist_ids", "track_artists", "track_artist_ids")


def _csv_query() -> str:
    """Return the query of the CSV file, with cells that spreadsheets read as they are."""
    texts = {column: column for column in _TEXT_COLUMNS}
    # CSV has no lists.
    texts |= {column: f"array_to_string({column}, '; ')" for column in _LIST_COLUMNS}
    # A cell that starts with one of these is a formula: https://owasp.org/www-community/attacks/CSV_Injection
    cells = ", ".join(
        rf"regexp_replace({text}, '^([=+\-@\t\r\n])', '''\1') AS {column}" for column, text in texts.items()
    )
    # Without a byte order mark, Excel reads the file in the system's code page. DuckDB, pandas, Polars and R skip it;
    # Python's csv does with encoding='utf-8-sig'.
    return f'SELECT * RENAME (album_id AS "\ufeffalbum_id") FROM (SELECT * REPLACE ({cells}) FROM items)'  # noqa: S608 - constants


_QUERIES: Final[Mapping[ExportFormat, str]] = {"json": "FROM items", "parquet": "FROM items", "csv": _csv_query()}


def check(options: FollowUpOptions, destination: Destination) -> None:  # noqa: ARG001 - the entry point of all steps
    """Create the folder and check that a file can be written there.

    Raises:
        ConfigurationError: It cannot.
    """
    _check_folder(_folder(options))


def run(options: FollowUpOptions, destination: Destination, load_id: str | None, now: datetime) -> FollowUp:
    """Write the tracks of a load, each with its album, to a new file.

    The file is `album_items_<time>.<format>`, with one item per track. An album loaded without tracks is one item with nulls for the track: an album that has none, or
    every album of a run without `album_tracks`. A load without either writes a file without items, so that the newest
    file in the folder is always that of the last run. In CSV, a text that starts with =, +, -, @, a tab or a line break
    gets an apostrophe in front.

    Raises:
        ConfigurationError: The folder cannot be written.
    """
    folder = _folder(options)
    path = folder / f"album_items_{now.astimezone(timezone.utc):%Y%m%dT%H%M%S}.{options.export_format}"
    with (
        destination.as_duckdb_file([table.name for table in _TABLES]) as file,
        duckdb.connect(str(file)) as connection,
    ):
        _check_folder(folder)
        query = f"WITH {_tables(connection, destination.dataset)}, {_ITEMS} {_QUERIES[options.export_format]}"
        target = f"{quoted_text(str(path))} ({_COPY_OPTIONS[options.export_format]})"
        try:
            connection.execute(f"COPY ({query}) TO {target}", {"load_id": load_id or ""})
        except duckdb.IOException as error:
            raise _unwritable(folder, str(error).splitlines()[0]) from None
    return FollowUp("export", [f"Exported: {path}"], {"file": str(path.resolve())})


def _folder(options: FollowUpOptions) -> Path:
    return (options.export or Path()).expanduser()


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(folder, error.strerror or str(error)) from None


def _tables(connection: duckdb.DuckDBPyConnection, dataset: str) -> str:
    """Return the tables as common table expressions, missing tables as empty ones."""
    present = existing_tables(connection, dataset)
    rows = {
        table.name: f"FROM {quoted_name(dataset, table.name)}" if table.name in present else empty_table(table)
        for table in _TABLES
    }
    return ", ".join(f"{name} AS ({query})" for name, query in rows.items())


def _unwritable(folder: Path, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"The export can't be written to {folder}: {reason}.",
        guidance="Choose another folder with --export, or fix the permissions of this one.",
    )
