"""Tables and columns as data, and the dlt hints made of them.

Columns have the names of the API's fields: https://developer.spotify.com/documentation/web-api/reference/get-an-album
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import dlt
from dlt.common.schema.typing import TColumnSchema
from dlt.extract import DltResource

DataType = Literal["text", "bigint", "bool", "double", "date", "timestamp", "json"]
# Where rows come from: the listing, album requests (can be repeated at any time), or the application's record of runs.
Origin = Literal["listing", "album_request", "run"]


@dataclass(frozen=True)
class Column:
    """Column of a table. Only keys are never null: which fields Spotify sends depends on the app and the market."""

    name: str
    data_type: DataType
    description: str
    nullable: bool = True
    # This source sets it. A field of the API with its name is stored under another one.
    added: bool = False
    # A row in which it is true deletes the row with its key, and is not stored itself.
    hard_delete: bool = False


@dataclass(frozen=True)
class Table:
    """Table, with every fact that other modules need about it."""

    name: str
    description: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    # Rows with the same value here are replaced together.
    merge_key: str | None = None
    write_disposition: Literal["merge", "append"] = "merge"
    # Child tables by the field of the row that holds their list.
    nested: Mapping[str, Table] = field(default_factory=dict)
    origin: Origin = "listing"
    # A load usually has few rows; see `as_parquet` for one that has many.
    is_small: bool = False
    # No request returns the rows again: `refresh` and write disposition 'replace' leave them alone, and an export
    # never overwrites them with fewer. The other resources' tables are read at the start of a run to plan it.
    is_irreplaceable: bool = False
    # Rows of earlier runs never change. Not so in `load_runs`, to which follow-ups add their outcome.
    is_append_only: bool = False
    # `--export` reads it.
    is_exported: bool = False
    # Column with the id of the album that the row describes. Retention removes the rows of old albums, or the id alone
    # where the table is irreplaceable.
    album_id_column: str | None = None
    # SQL expression for the time when the row was last requested, where its content belongs to no album. Retention
    # removes older rows.
    requested_at: str | None = None


def _key(name: str, data_type: DataType, description: str, *, added: bool = False) -> Column:
    return Column(name, data_type, description, nullable=False, added=added)


_DLT_COLUMNS: Final = (
    Column("_dlt_load_id", "text", "Load package that wrote the row; see _dlt_loads."),
    Column("_dlt_id", "text", "Unique id of the row, set by dlt."),
)
_NESTED_DLT_COLUMNS: Final = (
    Column("_dlt_root_id", "text", "_dlt_id of the row of the root table."),
    Column("_dlt_parent_id", "text", "_dlt_id of the row of the parent table."),
    Column("_dlt_list_idx", "bigint", "Position in the list, from 0."),
    Column("_dlt_id", "text", "Unique id of the row, set by dlt."),
)
_ARTIST_COLUMNS: Final = (
    Column("id", "text", "Spotify id of the artist."),
    Column("name", "text", "Name of the artist."),
    Column("type", "text", "Always 'artist'."),
    Column("uri", "text", "Spotify URI of the artist."),
    Column("href", "text", "Web API address of the artist."),
    Column("external_urls__spotify", "text", "Page of the artist on Spotify."),
    *_NESTED_DLT_COLUMNS,
)
_IMAGE_COLUMNS: Final = (
    Column("url", "text", "Address of the image."),
    Column("height", "bigint", "Height in pixels; null if unknown to Spotify."),
    Column("width", "bigint", "Width in pixels; null if unknown to Spotify."),
    *_NESTED_DLT_COLUMNS,
)
_COPYRIGHT_COLUMNS: Final = (
    Column("text", "text", "Copyright statement, with or without its sign."),
    Column("type", "text", "'C' for the copyright, 'P' for the sound recording."),
    *_NESTED_DLT_COLUMNS,
)
_PLAYABLE_COLUMNS: Final = (
    Column("is_playable", "bool", "True if playable in the market; sent only if a market was requested."),
    Column("restrictions__reason", "text", "Reason why it is not playable: 'market', 'product' or 'explicit'."),
)
_LISTED_ALBUM_COLUMNS: Final = (
    Column("name", "text", "Name of the album; empty if it was taken down."),
    Column("album_type", "text", "'album', 'single' or 'compilation'; in a listing also 'ep'."),
    Column("total_tracks", "bigint", "Number of tracks of the album, or else of its list of tracks, as sent."),
    Column("release_date", "text", "Release date as sent: '1967', '2007-03', '2026-11-20' or '0000'."),
    Column("release_date_precision", "text", "'year', 'month' or 'day'."),
    Column("released_on", "date", "First day of the period in release_date; null for '0000'.", added=True),
)
_ADDRESS_COLUMNS: Final = (
    Column("type", "text", "Type of the object: 'album' or 'track'."),
    Column("uri", "text", "Spotify URI."),
    Column("href", "text", "Web API address."),
    Column("external_urls__spotify", "text", "Page on Spotify, to link to wherever the content is shown."),
)

NEW_RELEASES: Final = Table(
    name="new_releases",
    description="Albums that were ever listed as new, as last listed.",
    primary_key=("id",),
    album_id_column="id",
    columns=(
        _key("id", "text", "Spotify id of the album."),
        *_LISTED_ALBUM_COLUMNS,
        Column("market", "text", "Market of the listing; '*' if the listing has none.", added=True),
        Column("available_markets", "json", "Markets in which it is playable; sent only if none was requested."),
        *_PLAYABLE_COLUMNS,
        *_ADDRESS_COLUMNS,
        Column("content_hash", "text", "Hash of the row and its child rows. A new hash rewrites them.", added=True),
        *_DLT_COLUMNS,
    ),
    nested={
        "artists": Table("new_releases__artists", "Artists of a listed album, in order.", _ARTIST_COLUMNS),
        "images": Table("new_releases__images", "Cover of a listed album in several sizes.", _IMAGE_COLUMNS),
    },
)

RELEASE_SIGHTINGS: Final = Table(
    name="release_sightings",
    description="Albums at their positions in the listings of each run.",
    primary_key=("run_id", "market", "position"),
    is_small=True,
    is_irreplaceable=True,
    is_append_only=True,
    album_id_column="album_id",
    columns=(
        _key("run_id", "text", "Run of the sighting; see load_runs."),
        Column("seen_at", "timestamp", "Start of the run (UTC), the same for all its sightings."),
        _key("market", "text", "Market of the listing; '*' if the listing has none."),
        _key("position", "bigint", "Position as served, from 1. A rank where query is null, otherwise only a number."),
        Column("album_id", "text", "Spotify id of the album; 'removed' after --retain-days has removed the album."),
        Column("discovered_via", "text", "Endpoint: 'browse' (browse/new-releases), 'search' or 'artist_albums'."),
        Column("query", "text", "Query, or 'artist:' and an artist's id; null in the plain listing."),
        *_DLT_COLUMNS,
    ),
)

ALBUMS: Final = Table(
    name="albums",
    description="Complete albums, as last fetched.",
    primary_key=("id",),
    origin="album_request",
    is_exported=True,
    album_id_column="id",
    columns=(
        _key("id", "text", "Spotify id of the album."),
        *_LISTED_ALBUM_COLUMNS,
        Column(
            "tracks_loaded",
            "bigint",
            "Number of its tracks in album_tracks when it was fetched; null if tracks were not requested.",
            added=True,
        ),
        Column("market", "text", "Market in which it was fetched.", added=True),
        Column("label", "text", "Record label; not sent in Development Mode."),
        Column("popularity", "bigint", "Popularity from 0 to 100; not sent in Development Mode."),
        Column("genres", "json", "Genres; always an empty list today."),
        Column("external_ids__upc", "text", "Universal Product Code, zero-padded or not."),
        Column("external_ids__ean", "text", "International Article Number."),
        Column("external_ids__isrc", "text", "International Standard Recording Code; a code of tracks, rare here."),
        *_PLAYABLE_COLUMNS,
        *_ADDRESS_COLUMNS,
        *_DLT_COLUMNS,
    ),
    nested={
        "artists": Table("albums__artists", "Artists of an album, in order.", _ARTIST_COLUMNS, is_exported=True),
        "images": Table("albums__images", "Cover of an album in several sizes.", _IMAGE_COLUMNS),
        "copyrights": Table("albums__copyrights", "Copyright statements of an album.", _COPYRIGHT_COLUMNS),
    },
)

ALBUM_TRACKS: Final = Table(
    name="album_tracks",
    description="Track positions of albums, with the track at each. A track id may change, its position does not.",
    primary_key=("album_id", "disc_number", "track_number"),
    merge_key="album_id",
    origin="album_request",
    is_exported=True,
    album_id_column="album_id",
    columns=(
        _key("album_id", "text", "Spotify id of the album.", added=True),
        _key("disc_number", "bigint", "Disc, from 1; as sent, or inferred from the order of the list.", added=True),
        _key(
            "track_number",
            "bigint",
            "Position on the disc, from 1; as sent, or inferred from the order of the list.",
            added=True,
        ),
        Column("id", "text", "Spotify id of the track; of the substitute if it was relinked."),
        Column("name", "text", "Name of the track."),
        Column("duration_ms", "bigint", "Duration in milliseconds."),
        Column("explicit", "bool", "True if the lyrics are marked as explicit."),
        Column("is_local", "bool", "True for a local file; false on albums."),
        Column("preview_url", "text", "Preview of 30 s; null for apps created since November 2024."),
        *_PLAYABLE_COLUMNS,
        Column("linked_from__id", "text", "Spotify id of the original track, if it was relinked."),
        Column("linked_from__type", "text", "Always 'track'."),
        Column("linked_from__uri", "text", "Spotify URI of the original track."),
        Column("linked_from__href", "text", "Web API address of the original track."),
        Column("linked_from__external_urls__spotify", "text", "Page of the original track on Spotify."),
        *_ADDRESS_COLUMNS,
        Column(
            "is_removed",
            "bool",
            "Never true in a stored row: the load uses it to delete tracks.",
            added=True,
            hard_delete=True,
        ),
        *_DLT_COLUMNS,
    ),
    nested={
        "artists": Table("album_tracks__artists", "Artists of a track, in order.", _ARTIST_COLUMNS, is_exported=True)
    },
)

WATCHED_ARTISTS: Final = Table(
    name="watched_artists",
    description="Artists of the watchlist, with the result of the last check.",
    primary_key=("artist_id",),
    is_small=True,
    # Rows of artists never checked and of unresolved names have only due_at.
    requested_at="coalesce(greatest(checked_at, swept_at), nullif(due_at, to_timestamp(0)))",
    columns=(
        _key("artist_id", "text", "Spotify id of the artist; 'name:' and the name if it could not be resolved."),
        Column("name", "text", "Name of the artist on Spotify."),
        Column("listed_as", "text", "Entry of the watchlist: an id or a name."),
        Column(
            "resolved",
            "text",
            "Resolution of the entry: 'id', 'name', 'ambiguous', 'not found' or 'pending'.",
        ),
        Column("candidates", "json", "Ids and names of the artists that an ambiguous name may stand for."),
        Column("checked_at", "timestamp", "Time when the artist's new albums were last read in full (UTC)."),
        Column("due_at", "timestamp", "Time of the next check (UTC). The earliest is made first in a run."),
        Column("albums_found", "bigint", "New albums that the last check found, loaded before or not."),
        Column("failures", "bigint", "Failed checks in a row. After the third, the next check is a day later."),
        Column("last_error", "text", "Error of the last check; null if it succeeded."),
        Column("swept_at", "timestamp", "Time when the discography was last read (UTC)."),
        Column("run_id", "text", "Run that wrote the row; see load_runs."),
        Column(
            "is_obsolete",
            "bool",
            "Never true in a stored row: the load uses it to delete a name once its artist is resolved.",
            hard_delete=True,
        ),
        *_DLT_COLUMNS,
    ),
)

SEARCH_YIELDS: Final = Table(
    name="search_yields",
    description="New albums per query beyond the plain listing, run by run.",
    primary_key=("run_id", "market", "query"),
    is_small=True,
    is_append_only=True,
    requested_at="asked_at",
    columns=(
        _key("run_id", "text", "Run of the query; see load_runs."),
        _key("market", "text", "Market of the query."),
        _key("query", "text", "Query as sent."),
        Column("asked_at", "timestamp", "Time of the query (UTC)."),
        Column("calls", "bigint", "Pages that were read."),
        Column("albums_listed", "bigint", "Positions with an album on these pages."),
        Column("albums_new", "bigint", "Albums that were not listed before, in this run or an earlier one."),
        Column("is_whole", "bool", "True if all results of the query were read."),
        *_DLT_COLUMNS,
    ),
)

LOAD_RUNS: Final = Table(
    name="load_runs",
    description="Runs of the pipeline, failed ones included.",
    primary_key=("run_id",),
    write_disposition="append",
    origin="run",
    is_irreplaceable=True,
    columns=(
        _key("run_id", "text", "Start time and a random suffix."),
        Column("load_id", "text", "Load package of the run; see _dlt_loads. Null if nothing was loaded."),
        Column("started_at", "timestamp", "Start of the run (UTC)."),
        Column("finished_at", "timestamp", "End of the run (UTC)."),
        Column("exit_code", "bigint", "0 complete, 75 run again, 77 refused, 69 unavailable, 1 bug."),
        Column("reason", "text", "Reason why the run is incomplete; null if it is complete."),
        Column(
            "listing_complete", "bool", "True if the listing was read to its end; null if no listing was requested."
        ),
        Column(
            "closed",
            "json",
            "Closed buckets with the reason: 'quota', 'budget', 'rate_limit', 'trouble', 'stopped' or 'refused'.",
        ),
        Column("values_dropped", "json", "Number of values changed or left out, by reason and table.column."),
        Column("browse_allowed", "bool", "True if the app may call browse/new-releases; null if unknown."),
        Column("batch_allowed", "bool", "True if the app may call albums?ids=; null if unknown."),
        Column("discovered_via", "text", "'browse' or 'search'; null if no listing could be read."),
        Column("markets", "json", "Requested markets."),
        Column("calls", "json", "API calls by bucket, with retries and without token requests."),
        Column("retries", "bigint", "Calls that were retried."),
        Column("seconds_waited", "double", "Seconds spent in pauses and before retries."),
        Column("albums_listed", "bigint", "Distinct albums in the listing."),
        Column("albums_new", "bigint", "Albums in the listing that were never listed before."),
        Column("albums_fetched", "bigint", "Complete albums fetched."),
        Column("albums_gone", "bigint", "Albums for which Spotify returned 404 for the first time."),
        Column("albums_short", "bigint", "Fetched albums with fewer tracks than total_tracks."),
        Column("tracks_loaded", "bigint", "Tracks of the fetched albums."),
        Column("albums_pending", "bigint", "Albums that still need a call."),
        Column("blocked_until", "json", "Buckets without quota, and the time when each can be called again (UTC)."),
        *_DLT_COLUMNS,
    ),
)

TABLES: Final = (NEW_RELEASES, RELEASE_SIGHTINGS, ALBUMS, ALBUM_TRACKS, WATCHED_ARTISTS, SEARCH_YIELDS, LOAD_RUNS)
# The tables that `spotify_source` has resources for.
RESOURCES: Final = tuple(table for table in TABLES if table.origin != "run")


def with_nested(table: Table) -> tuple[Table, ...]:
    """Return a table and its child tables."""
    return (table, *table.nested.values())


def all_tables() -> tuple[Table, ...]:
    """Return all tables, child tables after their parent."""
    return tuple(found for table in TABLES for found in with_nested(table))


def declare(resource: DltResource, table: Table) -> DltResource:
    """Apply the hints of a table to a resource, and return the resource."""
    return resource.apply_hints(
        table_name=table.name,
        write_disposition=table.write_disposition,
        primary_key=table.primary_key,
        merge_key=table.merge_key,
        columns=_columns(table),
        # For many rows, dlt's default for DuckDB, INSERT, takes ten times as long as parquet. For few rows, it is
        # faster than the import of pyarrow.
        file_format=None if table.is_small else "parquet",
        nested_hints={
            field_name: dlt.mark.make_hints(
                columns=_columns(nested), additional_table_hints={"description": nested.description}
            )
            for field_name, nested in table.nested.items()
        },
        additional_table_hints={"description": table.description},
    )


def create_if_missing(table: Table) -> list[Any]:
    """Return an item that makes dlt create a table without rows, or no item if its columns exist."""
    known = dlt.current.source_schema().tables.get(table.name, {"columns": {}})["columns"]
    return [] if all(column.name in known for column in table.columns) else [dlt.mark.materialize_table_schema()]


def as_parquet(rows: list[Any]) -> Any:
    """Return many rows of a small table as an item that is loaded from parquet."""
    return dlt.mark.with_hints(rows, dlt.mark.make_hints(file_format="parquet"))


def _columns(table: Table) -> list[TColumnSchema]:
    # New dicts for each call: dlt changes the ones it is given.
    return [_hint(column) for column in table.columns]


def _hint(column: Column) -> TColumnSchema:
    hint: TColumnSchema = {"name": column.name, "description": column.description}
    if not column.name.startswith("_dlt_"):
        hint["data_type"] = column.data_type
        hint["nullable"] = column.nullable
    if column.hard_delete:
        hint["hard_delete"] = True
    return hint
