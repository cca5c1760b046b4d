"""Writes what one load brought as a file, through DuckDB's own COPY. Knows the tables, not how they were loaded."""

from __future__ import annotations

import codecs
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Final, Literal

import duckdb

from spotify_pipeline.destinations.duckdb import empty_table, existing_tables, quoted_name, quoted_text
from spotify_source import schema
from spotify_source.errors import ConfigurationError

Format = Literal["json", "parquet", "csv"]

_COPY_OPTIONS: Final[Mapping[Format, str]] = {
    "json": "FORMAT json, ARRAY true, USE_TMP_FILE true",
    "parquet": "FORMAT parquet, USE_TMP_FILE true",
    "csv": "FORMAT csv, HEADER true, USE_TMP_FILE true",
}
_EXPORTED: Final = tuple(table for table in schema.all_tables() if table.is_exported)
# What `export` reads.
TABLES: Final = tuple(table.name for table in _EXPORTED)
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
_TEXT: Final = (
    *("album_id", "album_name", "album_type", "release_date", "release_date_precision", "label", "upc", "market"),
    *("album_url", "track_id", "track_name", "track_url"),
)
_LISTS: Final = ("album_artists", "album_artist_ids", "track_artists", "track_artist_ids")


def _as_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: https://owasp.org/www-community/attacks/CSV_Injection."""
    return rf"regexp_replace({text}, '^([=+\-@\t\r\n])', '''\1')"


# CSV has no lists, and is what spreadsheets open.
_CELLS: Final = {
    **{column: _as_cell(column) for column in _TEXT},
    **{column: _as_cell(f"array_to_string({column}, '; ')") for column in _LISTS},
}
_REPLACED: Final = ", ".join(f"{cell} AS {column}" for column, cell in _CELLS.items())
_SELECTIONS: Final[Mapping[Format, str]] = {
    "json": "FROM items",
    "parquet": "FROM items",
    "csv": f"SELECT * REPLACE ({_REPLACED}) FROM items",  # noqa: S608 - names of ours
}


def export(
    connection: duckdb.DuckDBPyConnection, dataset: str, load_id: str, folder: Path, fmt: Format, now: datetime
) -> Path:
    """Write the tracks that a load brought, each with its album, to `album_items_<time>.<format>` in a folder.

    One item a track. An album that was loaded without a track of its own is one item, whose fields of the track are
    null: what has no tracks, and all albums of a run without `album_tracks`. A load that brought neither writes a file
    without items, so that the newest file in the folder is always of the last run. In CSV, a text that begins with =, +,
    -, @, a tab or a line break has an apostrophe before it, and the file begins with a byte order mark, for Excel.

    Args:
        connection: The database that was loaded to.
        dataset: The schema in it.
        load_id: The load package.
        folder: Where to; created if need be.
        fmt: Form of the file.
        now: The time for its name, which is in UTC.

    Returns:
        The file.

    Raises:
        ConfigurationError: The folder can't be written.
    """
    check_folder(folder)
    path = folder.expanduser() / f"album_items_{now.astimezone(timezone.utc):%Y%m%dT%H%M%S}.{fmt}"
    query = f"WITH {_tables(connection, dataset)}, {_ITEMS} {_SELECTIONS[fmt]}"
    try:
        connection.execute(f"COPY ({query}) TO {quoted_text(str(path))} ({_COPY_OPTIONS[fmt]})", {"load_id": load_id})
        if fmt == "csv":
            _mark_as_utf8(path)
    except duckdb.IOException as error:
        raise _unwritable(folder, str(error).splitlines()[0]) from None
    return path


def _mark_as_utf8(path: Path) -> None:
    """Put a byte order mark before a text file: without one, Excel takes its letters for those of the system's code page.

    DuckDB, pandas, Polars and R leave it out when they read; Python's csv does with encoding='utf-8-sig'.
    """
    marked = path.with_name(f".{path.name}.marked")
    with path.open("rb") as text, marked.open("wb") as written:
        written.write(codecs.BOM_UTF8)
        shutil.copyfileobj(text, written)
    marked.replace(path)


def check_folder(folder: Path) -> None:
    """Create the folder, and try whether a file can be written there. Best before any call is spent.

    Raises:
        ConfigurationError: It can't.
    """
    try:
        folder.expanduser().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder.expanduser()):
            pass
    except OSError as error:
        raise _unwritable(folder, error.strerror or str(error)) from None


def _tables(connection: duckdb.DuckDBPyConnection, dataset: str) -> str:
    """The tables as common table expressions; one that no load has made yet is empty."""
    present = existing_tables(connection, dataset)
    rows = {
        table.name: f"FROM {quoted_name(dataset, table.name)}" if table.name in present else empty_table(table)
        for table in _EXPORTED
    }
    return ", ".join(f"{name} AS ({query})" for name, query in rows.items())


def _unwritable(folder: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"The export can't be written to {folder}: {why}.",
        guidance="Choose another folder with --export, or fix the permissions of this one.",
    )
