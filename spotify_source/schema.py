"""Every table and column, declared once: type, key, nullability, description. Data, and the dlt hints made of it.

Names are the API's own: https://developer.spotify.com/documentation/web-api/reference/get-an-album
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
    """A column. Keys are never null, everything else may be: which fields come depends on the app and the market.

    Attributes:
        added: Whether this source adds it: a field of that name in a reply is another.
        removes: Whether a row in which it is true takes rows out of the table, and does not get into it itself.
    """

    name: str
    data_type: DataType
    description: str
    nullable: bool = True
    added: bool = False
    removes: bool = False


@dataclass(frozen=True)
class Table:
    """A table with all facts that other modules need about it."""

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
    # A load usually has few rows; see `as_many` for one that has many.
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


_LOADED: Final = (
    Column("_dlt_load_id", "text", "The load that wrote the row; see _dlt_loads."),
    Column("_dlt_id", "text", "dlt's own id of the row."),
)
_NESTED: Final = (
    Column("_dlt_root_id", "text", "_dlt_id of the row of the outermost table that this belongs to."),
    Column("_dlt_parent_id", "text", "_dlt_id of the row that this belongs to."),
    Column("_dlt_list_idx", "bigint", "Place in the list, from 0."),
    Column("_dlt_id", "text", "dlt's own id of the row."),
)
_ARTIST_COLUMNS: Final = (
    Column("id", "text", "Spotify id of the artist."),
    Column("name", "text", "Name of the artist."),
    Column("type", "text", "Always 'artist'."),
    Column("uri", "text", "Spotify URI of the artist."),
    Column("href", "text", "Web API address of the artist."),
    Column("external_urls__spotify", "text", "The artist's page on Spotify."),
    *_NESTED,
)
_IMAGE_COLUMNS: Final = (
    Column("url", "text", "Address of the image."),
    Column("height", "bigint", "Height in pixels, null where Spotify does not know it."),
    Column("width", "bigint", "Width in pixels, null where Spotify does not know it."),
    *_NESTED,
)
_COPYRIGHT_COLUMNS: Final = (
    Column("text", "text", "The copyright statement, with or without its sign."),
    Column("type", "text", "'C' for the copyright, 'P' for the sound recording."),
    *_NESTED,
)
_PLAYABLE_COLUMNS: Final = (
    Column("is_playable", "bool", "Whether it can be played in the market; only sent where a market was requested."),
    Column("restrictions__reason", "text", "Why it can't be played: 'market', 'product' or 'explicit'."),
)
_LISTED_ALBUM_COLUMNS: Final = (
    Column("name", "text", "Name of the album; empty where it was taken down."),
    Column("album_type", "text", "'album', 'single', 'compilation'; listings may also say 'ep'."),
    Column(
        "total_tracks",
        "bigint",
        "How many tracks Spotify says the album has; where it says nothing of the album, what its list of tracks says.",
    ),
    Column("release_date", "text", "As sent: '1967', '2007-03', '2026-11-20', '0000'."),
    Column("release_date_precision", "text", "'year', 'month' or 'day'."),
    Column("released_on", "date", "First day of the period that release_date names; null for '0000'.", added=True),
)
_ADDRESS_COLUMNS: Final = (
    Column("type", "text", "Kind of the object: 'album' or 'track'."),
    Column("uri", "text", "Spotify URI."),
    Column("href", "text", "Web API address."),
    Column("external_urls__spotify", "text", "Page on Spotify, to link to wherever the content is shown."),
)

NEW_RELEASES: Final = Table(
    name="new_releases",
    description="Every album ever listed as new, as it was last listed.",
    primary_key=("id",),
    album_id_column="id",
    columns=(
        _key("id", "text", "Spotify id of the album."),
        *_LISTED_ALBUM_COLUMNS,
        Column(
            "market", "text", "Market whose listing it was seen in; '*' where the listing has no market.", added=True
        ),
        Column("available_markets", "json", "Codes of the markets it can be played in; only sent without a market."),
        *_PLAYABLE_COLUMNS,
        *_ADDRESS_COLUMNS,
        Column(
            "content_hash",
            "text",
            "Hash of the row and its nested rows, which are rewritten only if it changes.",
            added=True,
        ),
        *_LOADED,
    ),
    nested={
        "artists": Table("new_releases__artists", "Artists of a listed album, in order.", _ARTIST_COLUMNS),
        "images": Table("new_releases__images", "Cover of a listed album in several sizes.", _IMAGE_COLUMNS),
    },
)

RELEASE_SIGHTINGS: Final = Table(
    name="release_sightings",
    description="Which album was seen where in a listing, run by run.",
    primary_key=("run_id", "market", "position"),
    is_small=True,
    is_irreplaceable=True,
    is_append_only=True,
    album_id_column="album_id",
    columns=(
        _key("run_id", "text", "The run that saw it; see load_runs."),
        Column("seen_at", "timestamp", "When the run started, UTC; the same for all its sightings."),
        _key("market", "text", "Market of the listing; '*' where it has none."),
        _key("position", "bigint", "Place as served, from 1: a rank where query is null, beyond that a number alone."),
        Column("album_id", "text", "Spotify id of the album; 'removed' where --retain-days has taken it out."),
        Column("discovered_via", "text", "The endpoint: 'browse' (browse/new-releases), 'search' or 'artist_albums'."),
        Column("query", "text", "What showed it beyond the plain listing: a query, or 'artist:' and an artist's id."),
        *_LOADED,
    ),
)

ALBUMS: Final = Table(
    name="albums",
    description="Albums in full, as they were last fetched.",
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
            "Tracks of it in album_tracks when it was fetched; null if not asked for.",
            added=True,
        ),
        Column("market", "text", "Market that it was fetched in.", added=True),
        Column("label", "text", "Label; not sent in Development Mode."),
        Column("popularity", "bigint", "0 to 100; not sent in Development Mode."),
        Column("genres", "json", "Always an empty list now."),
        Column("external_ids__upc", "text", "Universal Product Code, zero-padded or not."),
        Column("external_ids__ean", "text", "International Article Number."),
        Column("external_ids__isrc", "text", "International Standard Recording Code; of tracks, rarely seen here."),
        *_PLAYABLE_COLUMNS,
        *_ADDRESS_COLUMNS,
        *_LOADED,
    ),
    nested={
        "artists": Table("albums__artists", "Artists of an album, in order.", _ARTIST_COLUMNS, is_exported=True),
        "images": Table("albums__images", "Cover of an album in several sizes.", _IMAGE_COLUMNS),
        "copyrights": Table("albums__copyrights", "Copyright statements of an album.", _COPYRIGHT_COLUMNS),
    },
)

ALBUM_TRACKS: Final = Table(
    name="album_tracks",
    description="Places on an album, with the track that holds each. Track ids move, places do not.",
    primary_key=("album_id", "disc_number", "track_number"),
    merge_key="album_id",
    origin="album_request",
    is_exported=True,
    album_id_column="album_id",
    columns=(
        _key("album_id", "text", "Spotify id of the album.", added=True),
        _key("disc_number", "bigint", "Disc, from 1; as sent, or told by the order of the list.", added=True),
        _key(
            "track_number",
            "bigint",
            "Place on the disc, from 1; as sent, or told by the order of the list.",
            added=True,
        ),
        Column("id", "text", "Spotify id of the track; that of the substitute where it was relinked."),
        Column("name", "text", "Name of the track."),
        Column("duration_ms", "bigint", "Length in milliseconds."),
        Column("explicit", "bool", "Whether the lyrics are marked explicit."),
        Column("is_local", "bool", "Whether it is a local file; false on albums."),
        Column("preview_url", "text", "30 s preview; null for apps made since November 2024."),
        *_PLAYABLE_COLUMNS,
        Column("linked_from__id", "text", "Id of the track that was asked for, where it was relinked."),
        Column("linked_from__type", "text", "Always 'track'."),
        Column("linked_from__uri", "text", "URI of the track that was asked for."),
        Column("linked_from__href", "text", "Web API address of the track that was asked for."),
        Column("linked_from__external_urls__spotify", "text", "Page of the track that was asked for."),
        *_ADDRESS_COLUMNS,
        Column(
            "is_removed",
            "bool",
            "Never true: rows that are marked here are removed while they load.",
            added=True,
            removes=True,
        ),
        *_LOADED,
    ),
    nested={
        "artists": Table("album_tracks__artists", "Artists of a track, in order.", _ARTIST_COLUMNS, is_exported=True)
    },
)

WATCHED_ARTISTS: Final = Table(
    name="watched_artists",
    description="Artists of the watchlist, each as last checked.",
    primary_key=("artist_id",),
    is_small=True,
    # Rows of artists never checked and of unresolved names have only due_at.
    requested_at="coalesce(greatest(checked_at, swept_at), nullif(due_at, to_timestamp(0)))",
    columns=(
        _key("artist_id", "text", "Spotify id of the artist; 'name:' and the name where the artist is not identified."),
        Column("name", "text", "Name of the artist, as Spotify has it."),
        Column("listed_as", "text", "How the watchlist names the artist: by id or by name."),
        Column(
            "resolved",
            "text",
            "How the artist was identified: 'id', 'name', 'ambiguous', 'not found' (a name or an id) or 'pending'.",
        ),
        Column("candidates", "json", "Ids and names of the artists that a name may stand for, where it is ambiguous."),
        Column("checked_at", "timestamp", "When the artist's new albums were last read to their end, UTC."),
        Column("due_at", "timestamp", "When they are to be read again, UTC; the earliest comes first in the next run."),
        Column("albums_found", "bigint", "New albums that the last check found, whether known or not."),
        Column("failures", "bigint", "Checks that failed in a row; after the third the artist waits a day."),
        Column("last_error", "text", "Why the last check failed; null where it did not."),
        Column("swept_at", "timestamp", "When the discography was last read, UTC."),
        Column("run_id", "text", "The run that wrote the row; see load_runs."),
        Column(
            "is_obsolete",
            "bool",
            "Never true: names that are marked here are removed once their artist is known.",
            removes=True,
        ),
        *_LOADED,
    ),
)

SEARCH_YIELDS: Final = Table(
    name="search_yields",
    description="What each query beyond the plain listing returned, run by run.",
    primary_key=("run_id", "market", "query"),
    is_small=True,
    is_append_only=True,
    requested_at="asked_at",
    columns=(
        _key("run_id", "text", "The run that asked; see load_runs."),
        _key("market", "text", "Market that it asked in."),
        _key("query", "text", "The query, as sent."),
        Column("asked_at", "timestamp", "When, UTC."),
        Column("calls", "bigint", "Pages that were read."),
        Column("albums_listed", "bigint", "Positions on them that held an album."),
        Column("albums_new", "bigint", "Albums that nothing had listed before, in this run or another."),
        Column("is_whole", "bool", "Whether every result of the query was read."),
        *_LOADED,
    ),
)

LOAD_RUNS: Final = Table(
    name="load_runs",
    description="Runs of the pipeline, one row each, failed ones too.",
    primary_key=("run_id",),
    write_disposition="append",
    origin="run",
    is_irreplaceable=True,
    columns=(
        _key("run_id", "text", "Start time and a random suffix."),
        Column("load_id", "text", "The load package of the run; see _dlt_loads. Null where nothing was loaded."),
        Column("started_at", "timestamp", "UTC."),
        Column("finished_at", "timestamp", "UTC."),
        Column("exit_code", "bigint", "0 complete, 75 something is pending, 77 refused, 69 unavailable, 1 bug."),
        Column("reason", "text", "Why the run is not complete; null where it is."),
        Column(
            "listing_complete",
            "bool",
            "Whether the listing was read to its end; null where no listing was asked for or the row is from before this column.",
        ),
        Column(
            "closed",
            "json",
            "Buckets that took no more calls in the run, and why: 'quota', 'budget', 'rate_limit', 'trouble', 'stopped' or 'refused'.",
        ),
        Column(
            "values_dropped",
            "json",
            "Undocumented values that were changed or left out: how often, by reason and table.column.",
        ),
        Column("browse_allowed", "bool", "Whether the app may call browse/new-releases; null if unknown."),
        Column("batch_allowed", "bool", "Whether the app may call albums?ids=; null if unknown."),
        Column("discovered_via", "text", "'browse' or 'search'; null where no listing could be read."),
        Column("markets", "json", "Markets that were requested."),
        Column("calls", "json", "API calls by bucket, repeated ones included, token requests not."),
        Column("retries", "bigint", "Calls that had to be repeated."),
        Column("seconds_waited", "double", "Seconds spent in pauses and before repetitions."),
        Column("albums_listed", "bigint", "Distinct albums in the listing."),
        Column("albums_new", "bigint", "Those of them that were never listed before."),
        Column("albums_fetched", "bigint", "Albums that were fetched completely."),
        Column("albums_gone", "bigint", "Albums for which Spotify answered 404 for the first time."),
        Column("albums_short", "bigint", "Fetched albums with fewer tracks than total_tracks."),
        Column("tracks_loaded", "bigint", "Tracks of the fetched albums."),
        Column("albums_pending", "bigint", "Albums that still need a call."),
        Column("blocked_until", "json", "Buckets that take no calls, and until when (UTC)."),
        *_LOADED,
    ),
)

TABLES: Final = (NEW_RELEASES, RELEASE_SIGHTINGS, ALBUMS, ALBUM_TRACKS, WATCHED_ARTISTS, SEARCH_YIELDS, LOAD_RUNS)
# The tables that `spotify_source` has resources for.
RESOURCES: Final = tuple(table for table in TABLES if table.origin != "run")


def with_nested(table: Table) -> tuple[Table, ...]:
    """A table, and those nested in it."""
    return (table, *table.nested.values())


def all_tables() -> tuple[Table, ...]:
    """Every declared table, nested ones behind the one that they are nested in."""
    return tuple(found for table in TABLES for found in with_nested(table))


def declare(resource: DltResource, table: Table) -> DltResource:
    """Make a resource create its table as declared, and return it."""
    return resource.apply_hints(
        table_name=table.name,
        write_disposition=table.write_disposition,
        primary_key=table.primary_key,
        merge_key=table.merge_key,
        columns=_columns(table),
        # dlt's default for DuckDB, an INSERT, takes ten times as long where rows are many. Where they are few, it takes
        # less than to import what writes parquet.
        file_format=None if table.is_small else "parquet",
        nested_hints={
            field_name: dlt.mark.make_hints(
                columns=_columns(nested), additional_table_hints={"description": nested.description}
            )
            for field_name, nested in table.nested.items()
        },
        additional_table_hints={"description": table.description},
    )


def creation(table: Table) -> list[Any]:
    """What a resource yields first, so that dlt creates its table even if no row follows: nothing once it has."""
    known = dlt.current.source_schema().tables.get(table.name, {"columns": {}})["columns"]
    return [] if all(column.name in known for column in table.columns) else [dlt.mark.materialize_table_schema()]


def as_many(rows: list[Any]) -> Any:
    """Rows for a table that is small as a rule, when they are many."""
    return dlt.mark.with_hints(rows, dlt.mark.make_hints(file_format="parquet"))


def _columns(table: Table) -> list[TColumnSchema]:
    """Fresh dicts each time: dlt changes the ones it is given."""
    return [_hint(column) for column in table.columns]


def _hint(column: Column) -> TColumnSchema:
    hint: TColumnSchema = {"name": column.name, "description": column.description}
    if not column.name.startswith("_dlt_"):
        hint["data_type"] = column.data_type
        hint["nullable"] = column.nullable
    if column.removes:
        hint["hard_delete"] = True
    return hint
