"""Retention step: removal of albums not listed for a number of days.

Spotify's terms allow no permanent storage of its content: https://developer.spotify.com/terms. Content is an album with
its id, tracks, artists, images, dates and names. The rows of `release_sightings` stay without it, so that the length of
a listing, the number of runs and the ranks of other albums do not change in the marts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from spotify_pipeline.after_load.follow_up import FollowUp, FollowUpOptions
from spotify_pipeline.destinations.base import Destination
from spotify_pipeline.destinations.duckdb import quoted_name
from spotify_pipeline.dlt_internals.capabilities import SqlClient
from spotify_pipeline.installation import with_schema_prefix
from spotify_source import schema
from spotify_source.config import check_at_least

# Replaces the album id and the query in a sighting.
REMOVED: Final = "removed"
# Column with the album's id, by table; and the tables whose rows are removed with the album.
_ALBUM_IDS: Final = {table.name: table.album_id_column for table in schema.TABLES if table.album_id_column is not None}
_ALBUM_TABLES: Final = tuple(
    table.name for table in schema.TABLES if table.name in _ALBUM_IDS and not table.is_irreplaceable
)
_REQUESTED_AT: Final = {table.name: table.requested_at for table in schema.TABLES if table.requested_at is not None}
_SIGHTINGS: Final = schema.RELEASE_SIGHTINGS.name
_IDS: Final = "(SELECT unnest(CAST(%s AS VARCHAR[])))"


@dataclass(frozen=True)
class Removed:
    """Counts of what was removed."""

    albums: int
    rows: Mapping[str, int]  # by table, without tables that lost none
    sightings: int = 0  # no longer name their album

    def summary(self, days: int) -> str:
        """Return the line of the report for a retention of `days` days."""
        if not self.albums and not self.rows:
            return f"Removed: none, every album was listed within the last {days} day{'' if days == 1 else 's'}."
        rows = ", ".join(f"{table} {count}" for table, count in sorted(self.rows.items()))
        albums = f"Removed: {self.albums} album{'' if self.albums == 1 else 's'} no longer listed"
        return f"{albums} (rows: {rows})." if rows else f"{albums}."


def check(options: FollowUpOptions, destination: Destination) -> None:  # noqa: ARG001 - the entry point of all steps
    """Check the number of days.

    Raises:
        ConfigurationError: It is below 1.
    """
    check_at_least("retain_days", options.retain_days, 1)


def run(options: FollowUpOptions, destination: Destination, load_id: str | None, now: datetime) -> FollowUp:  # noqa: ARG001
    """Remove albums last listed more than `retain_days` days before `now`."""
    days = options.retain_days or 0
    with destination.sql_client() as client:
        removed = remove_older(client, destination.dataset, days, now)
    return FollowUp("retention", [removed.summary(days)], asdict(removed))


def remove_older(client: SqlClient, dataset: str, days: int, now: datetime) -> Removed:
    """Remove albums last listed more than `days` days before `now`.

    Everything is removed in one transaction:

    - An album is removed with all its rows, nested ones too. Its sightings stay with 'removed' instead of its id. An
      album without sightings counts from the load of its newest row.
    - If the dbt project has built the marts, editions of one release stay as long as one of them is listed, and the
      versions of removed albums leave its snapshot. The other models follow with the next build.
    - Yields of extra queries and watched artists are removed `days` days after the last request: queries and names are
      content too.
    - `load_runs` and dlt's own tables stay.

    DuckDB reuses the space as later loads write, and the bytes can stay in the file until then, even after CHECKPOINT
    (75 MB became 15 MB after the next load, 8 MB after the second).

    Args:
        client: SQL client of the database.
        dataset: Schema with the tables.
        days: 1 or more.
        now: Current time in UTC.

    Raises:
        ConfigurationError: `days` is below 1.
    """
    check_at_least("retain_days", days, 1)
    before = now - timedelta(days=days)
    loaded, marts = _Schema(client, dataset), _marts(client, dataset)
    with client.begin_transaction():
        albums = _without_listed_editions(loaded, marts, _albums_last_seen(loaded, before))
        rows, sightings = _remove(loaded, albums, before)
        # dlt keeps the rows of the last load in its staging tables.
        _remove(_Schema(client, f"{dataset}_staging"), albums, before)
        if marts is not None and marts.has("snap_albums", "album_id"):
            versions = f"{marts.table('snap_albums')} WHERE album_id IN {_IDS}"
            marts.change(f"DELETE FROM {versions}", albums)  # noqa: S608 - declared names
    return Removed(len(albums), rows, sightings)


class _Schema:
    """A schema of the database, with the columns of its tables."""

    def __init__(self, client: SqlClient, name: str) -> None:
        self._client = client
        self._name = name
        self._columns: dict[str, set[str]] = {}
        found = self.rows(
            "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables "
            "USING (table_catalog, table_schema, table_name) "
            "WHERE table_type = 'BASE TABLE' AND table_catalog = current_database() AND table_schema = %s",
            name,
        )
        for table, column in found:
            self._columns.setdefault(str(table), set()).add(str(column))

    def has(self, table: str, *columns: str) -> bool:
        """Return True if the schema has a table with these columns."""
        return table in self._columns and self._columns[table].issuperset(columns)

    def table(self, name: str) -> str:
        """Return the quoted name of a table with that of the schema."""
        return quoted_name(self._name, name)

    def nested_in(self, table: str) -> list[str]:
        """Return the tables nested in one, at any depth, also those of undeclared lists."""
        return [
            name
            for name, columns in self._columns.items()
            if name.startswith(f"{table}__") and "_dlt_root_id" in columns
        ]

    def rows(self, query: str, *values: object) -> Sequence[Sequence[object]]:
        """Return the rows of a query."""
        return self._client.execute_sql(query, *values) or ()

    def change(self, statement: str, value: object) -> int:
        """Execute a DELETE or an UPDATE and return the number of rows."""
        return len(self.rows(f"{statement} RETURNING 1", value))


def _albums_last_seen(loaded: _Schema, before: datetime) -> list[str]:
    """Return the ids of albums last seen before that time, by finished loads."""
    if not loaded.has("_dlt_loads"):
        return []
    queries = [
        f"""
        SELECT
            entry.{key} AS album_id,
            {"entry.seen_at" if table == _SIGHTINGS else "NULL::TIMESTAMPTZ"} AS seen_at,
            load.inserted_at AS loaded_at
        FROM {loaded.table(table)} AS entry
        LEFT JOIN {loaded.table("_dlt_loads")} AS load ON load.load_id = entry._dlt_load_id
        """  # noqa: S608 - declared names
        for table, key in _ALBUM_IDS.items()
        if loaded.has(table)
    ]
    if not queries:
        return []
    found = loaded.rows(
        f"""
        SELECT album_id FROM ({" UNION ALL ".join(queries)}) AS moments WHERE album_id <> %s GROUP BY album_id
        HAVING max(loaded_at) IS NOT NULL AND coalesce(max(seen_at), max(loaded_at)) < %s
        """,  # noqa: S608 - declared names
        REMOVED,
        before,
    )
    return [str(album_id) for (album_id,) in found]


def _marts(client: SqlClient, dataset: str) -> _Schema | None:
    """Return the schema of the marts; None if they were built from another dataset."""
    views = client.execute_sql(
        "SELECT definition FROM pg_catalog.pg_views WHERE schemaname = %s AND viewname LIKE %s",
        with_schema_prefix("spotify_staging"),
        "base%finished_loads",
    )
    reads_dataset = re.compile(rf'\b{re.escape(dataset)}"?\."?_dlt_loads')
    if any(reads_dataset.search(definition) is None for (definition,) in views or ()):
        return None
    return _Schema(client, with_schema_prefix("spotify_marts"))


def _without_listed_editions(loaded: _Schema, marts: _Schema | None, albums: list[str]) -> list[str]:
    """Return the albums without those of a release that has a newer edition.

    Without its older editions, a release would get another id in the marts, or take part in another release.
    """
    if not albums or marts is None or not marts.has("dim_albums", "album_id", "release_group_id"):
        return albums
    present = {
        album_id
        for table, key in _ALBUM_IDS.items()
        if loaded.has(table)
        for (album_id,) in loaded.rows(f"SELECT DISTINCT {key} FROM {loaded.table(table)}")  # noqa: S608 - declared names
    }
    kept = marts.rows(
        f"""
        SELECT album_id FROM {marts.table("dim_albums")} WHERE release_group_id IN (
            SELECT release_group_id FROM {marts.table("dim_albums")}
            WHERE album_id IN {_IDS} AND album_id NOT IN {_IDS}
        )
        """,  # noqa: S608 - declared names
        list(present),
        albums,
    )
    return sorted(set(albums) - {str(album_id) for (album_id,) in kept})


def _remove(tables: _Schema, albums: Iterable[str], before: datetime) -> tuple[dict[str, int], int]:
    """Remove albums and older requests; return rows by table, and sightings."""
    ids = list(albums)
    rows: dict[str, int] = {}
    for table in _ALBUM_TABLES:
        if tables.has(table):
            old = f"{tables.table(table)} WHERE {_ALBUM_IDS[table]} IN {_IDS}"
            for nested in tables.nested_in(table):
                nested_rows = f"{tables.table(nested)} WHERE _dlt_root_id IN (SELECT _dlt_id FROM {old})"  # noqa: S608 - declared names
                rows[nested] = tables.change(f"DELETE FROM {nested_rows}", ids)  # noqa: S608 - declared names
            rows[table] = tables.change(f"DELETE FROM {old}", ids)  # noqa: S608 - declared names
    for table, requested_at in _REQUESTED_AT.items():
        if tables.has(table):
            rows[table] = tables.change(f"DELETE FROM {tables.table(table)} WHERE {requested_at} < %s", before)  # noqa: S608 - declared names
    sightings = 0
    if tables.has(_SIGHTINGS):
        is_extra = tables.has(_SIGHTINGS, "query")
        query = f", query = CASE WHEN query IS NOT NULL THEN '{REMOVED}' END" if is_extra else ""
        removed = f"UPDATE {tables.table(_SIGHTINGS)} SET album_id = '{REMOVED}'{query} WHERE album_id IN {_IDS}"  # noqa: S608 - declared names
        sightings = tables.change(removed, ids)
    return {table: count for table, count in rows.items() if count}, sightings
