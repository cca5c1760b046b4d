"""Removes what has not been listed for some time, as Spotify's terms want. Knows the tables, not the run that calls it.

What goes is content: an album with its tracks, artists, covers, dates and names, and its id. What stays is that
something stood at a place of a listing: how deep listings were, how often they were read, and when others arrived do not
change because of it, so that the marts say of what is kept what they said before.

The terms let nothing be kept for ever: https://developer.spotify.com/terms
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from spotify_pipeline.after_load.transform import schemas
from spotify_pipeline.destinations.duckdb import quoted_name
from spotify_pipeline.dlt_internals.capabilities import SqlClient
from spotify_source import schema
from spotify_source.config import check_at_least

# What stands in a sighting for the album that was there.
REMOVED: Final = "removed"
# The tables that hold albums, with the column that names the album.
_ALBUM_TABLES: Final = {
    table.name: table.album_id_column
    for table in schema.TABLES
    if table.album_id_column is not None and not table.is_irreplaceable
}
_SIGHTINGS: Final = schema.RELEASE_SIGHTINGS.name
_LOADS: Final = "_dlt_loads"
_IDS: Final = "(SELECT unnest(CAST(%s AS VARCHAR[])))"
# Editions of one release, as the dbt project found them.
_EDITIONS: Final = ("dim_albums", {"album_id", "release_group_id"})
_SNAPSHOT: Final = ("snap_albums", {"album_id"})

# Tables of a dataset, with the columns of each.
Tables = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class _Marts:
    """What the dbt project has built from the dataset: the schema, and the tables in it; none where it has not."""

    schema: str
    tables: Tables


@dataclass(frozen=True)
class Removed:
    """What was removed.

    Attributes:
        albums: How many albums.
        rows: How many rows, by table; tables that lost none are not named.
        sightings: How many sightings do not name their album any more.
    """

    albums: int
    rows: Mapping[str, int]
    sightings: int = 0

    def told(self, days: int) -> str:
        """For the report.

        Args:
            days: How long albums are kept.
        """
        if not self.albums and not self.rows:
            return f"Removed: none, every album was listed within the last {days} day{'' if days == 1 else 's'}."
        rows = ", ".join(f"{table} {count}" for table, count in sorted(self.rows.items()))
        albums = f"Removed: {self.albums} album{'' if self.albums == 1 else 's'} no longer listed"
        return f"{albums} (rows: {rows})." if rows else f"{albums}."


def remove_older(client: SqlClient, dataset: str, days: int, now: datetime) -> Removed:
    """Remove albums that were last seen in a listing more than `days` days ago.

    An album goes with all its rows, nested ones too, in `new_releases`, `albums` and `album_tracks`; its sightings stay
    and say 'removed' instead of its id. One that has no sighting counts from the load of its newest row. Where the dbt
    project has found editions of one release, they stay as long as any of them is listed, and versions of removed albums
    go from its snapshot too; its other models follow at the next build. What a query brought goes when it was not asked
    for so long, and so does what is known of an artist who is watched no more: the words and names are content too.
    `load_runs` and dlt's own tables stay. All of it is one transaction.

    The file does not get smaller at once, not by CHECKPOINT either, and until then the bytes may still lie in it: DuckDB
    gives the space back as later loads write (75 MB became 15 MB after the next one, 8 MB after the second).

    Args:
        client: The database's.
        dataset: The schema in it.
        days: How long an album is kept; 1 or more.
        now: The time that the days are counted back from.

    Raises:
        ConfigurationError: `days` is below 1.
    """
    check_at_least("retain_days", days, 1)
    before = now - timedelta(days=days)
    tables, marts = _existing_tables(client, dataset), _marts_of(client, dataset)
    # dlt leaves what it loaded last in its staging tables.
    staging = f"{dataset}_staging"
    with client.begin_transaction():
        albums = _albums_last_seen(client, dataset, tables, before)
        albums = _without_listed_editions(client, marts, albums, _albums_with_rows(client, dataset, tables))
        rows = _remove(client, dataset, tables, albums)
        rows |= _forget(client, dataset, tables, before)
        sightings = _take_names_out(client, dataset, tables, albums)
        staged = _existing_tables(client, staging)
        _remove(client, staging, staged, albums)
        _forget(client, staging, staged, before)
        _take_names_out(client, staging, staged, albums)
        _remove_versions(client, marts, albums)
    return Removed(len(albums), rows, sightings)


def _albums_last_seen(client: SqlClient, dataset: str, tables: Tables, before: datetime) -> list[str]:
    """Ids of the albums that were last seen before that time. What no finished load brought is not judged."""
    if _LOADS not in tables:
        return []
    moments = [
        _moments(dataset, table, key, "NULL::TIMESTAMPTZ") for table, key in _ALBUM_TABLES.items() if table in tables
    ]
    if _SIGHTINGS in tables:
        moments.append(_moments(dataset, _SIGHTINGS, "album_id", "entry.seen_at"))
    if not moments:
        return []
    found = client.execute_sql(
        f"""
        SELECT album_id FROM ({" UNION ALL ".join(moments)}) AS moments WHERE album_id <> %s GROUP BY album_id
        HAVING max(loaded_at) IS NOT NULL AND coalesce(max(seen_at), max(loaded_at)) < %s
        """,  # noqa: S608 - names of ours
        REMOVED,
        before,
    )
    return [album_id for (album_id,) in found or ()]


def _moments(dataset: str, table: str, key: str, seen_at: str) -> str:
    """A query for the albums of a table, with when each was seen and loaded."""
    return f"""
        SELECT entry.{key} AS album_id, {seen_at} AS seen_at, load.inserted_at AS loaded_at
        FROM "{dataset}".{table} AS entry LEFT JOIN "{dataset}".{_LOADS} AS load ON load.load_id = entry._dlt_load_id
    """  # noqa: S608 - names of ours


def _albums_with_rows(client: SqlClient, dataset: str, tables: Tables) -> list[str]:
    """Ids of all albums that any table holds."""
    ids = [
        f'SELECT {key} AS album_id FROM "{dataset}".{table}'  # noqa: S608 - names of ours
        for table, key in {**_ALBUM_TABLES, _SIGHTINGS: "album_id"}.items()
        if table in tables
    ]
    return [album_id for (album_id,) in client.execute_sql(" UNION ".join(ids)) or ()] if ids else []


def _without_listed_editions(client: SqlClient, marts: _Marts, old: Sequence[str], present: Sequence[str]) -> list[str]:
    """The old albums of which no edition is newer: it would be given to another release, or named anew."""
    if not old or not _has(marts.tables, _EDITIONS):
        return list(old)
    kept = client.execute_sql(
        f"""
        SELECT album_id FROM {quoted_name(marts.schema)}.dim_albums
        WHERE release_group_id IN (
            SELECT release_group_id FROM {quoted_name(marts.schema)}.dim_albums
            WHERE album_id IN {_IDS} AND album_id NOT IN {_IDS}
        )
        """,  # noqa: S608 - names of ours
        present,
        old,
    )
    stay = {album_id for (album_id,) in kept or ()}
    return [album_id for album_id in old if album_id not in stay]


def _remove(client: SqlClient, dataset: str, tables: Tables, albums: Sequence[str]) -> dict[str, int]:
    """Delete the rows of these albums."""
    rows: dict[str, int] = {}
    for table, key in _ALBUM_TABLES.items():
        if table not in tables:
            continue
        old = f'"{dataset}".{table} WHERE {key} IN {_IDS}'
        for nested in _nested_in(table, tables):
            theirs = f'FROM "{dataset}"."{nested}" WHERE _dlt_root_id IN (SELECT _dlt_id FROM {old})'  # noqa: S608 - names of ours
            rows[nested] = _count(client, f"DELETE {theirs}", albums)
        rows[table] = _count(client, f"DELETE FROM {old}", albums)  # noqa: S608 - names of ours
    return {table: count for table, count in rows.items() if count}


def _take_names_out(client: SqlClient, dataset: str, tables: Tables, albums: Sequence[str]) -> int:
    """Leave of the sightings of these albums that something was there."""
    if _SIGHTINGS not in tables:
        return 0
    query = f", query = CASE WHEN query IS NOT NULL THEN '{REMOVED}' END" if "query" in tables[_SIGHTINGS] else ""
    named = f"""UPDATE "{dataset}".{_SIGHTINGS} SET album_id = '{REMOVED}'{query}"""  # noqa: S608 - names of ours
    return _count(client, f"{named} WHERE album_id IN {_IDS}", albums)


def _forget(client: SqlClient, dataset: str, tables: Tables, before: datetime) -> dict[str, int]:
    """Delete what queries brought, and what is known of artists, where neither was asked for since that time."""
    rows = {}
    for table in schema.TABLES:
        if table.requested_at is not None and table.name in tables:
            old = f'DELETE FROM "{dataset}".{table.name} WHERE {table.requested_at} < %s'  # noqa: S608 - names of ours
            rows[table.name] = _count(client, old, before)
    return {table: count for table, count in rows.items() if count}


def _marts_of(client: SqlClient, dataset: str) -> _Marts:
    """The marts of a dataset: those that were built from another one are none of its affair."""
    staging, marts = schemas()
    views = client.execute_sql(
        "SELECT definition FROM pg_catalog.pg_views WHERE schemaname = %s AND viewname LIKE %s",
        staging,
        "base%finished_loads",
    )
    read = re.compile(rf'\b{re.escape(dataset)}"?\."?_dlt_loads')
    if any(read.search(definition) is None for (definition,) in views or ()):
        return _Marts(marts, {})
    return _Marts(marts, _existing_tables(client, marts))


def _remove_versions(client: SqlClient, marts: _Marts, albums: Sequence[str]) -> None:
    """Delete what the snapshot keeps of these albums: it is all that no build makes anew."""
    if _has(marts.tables, _SNAPSHOT):
        old = f"{quoted_name(marts.schema)}.snap_albums WHERE album_id IN {_IDS}"
        _count(client, f"DELETE FROM {old}", albums)  # noqa: S608 - names of ours


def _has(tables: Tables, wanted: tuple[str, set[str]]) -> bool:
    table, columns = wanted
    return columns <= set(tables.get(table, ()))


def _nested_in(table: str, tables: Tables) -> list[str]:
    """The tables nested in one, at any depth, also those of lists that Spotify added and nobody declared."""
    return [name for name, columns in tables.items() if name.startswith(f"{table}__") and "_dlt_root_id" in columns]


def _count(client: SqlClient, statement: str, value: object) -> int:
    """How many rows a statement has changed."""
    return len(client.execute_sql(f"{statement} RETURNING 1", value) or ())


def _existing_tables(client: SqlClient, dataset: str) -> dict[str, set[str]]:
    """The tables of a schema, each with the names of its columns."""
    found = client.execute_sql(
        "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables "
        "USING (table_catalog, table_schema, table_name) "
        "WHERE table_type = 'BASE TABLE' AND table_catalog = current_database() AND table_schema = %s",
        dataset,
    )
    tables: dict[str, set[str]] = {}
    for table, column in found or ():
        tables.setdefault(table, set()).add(column)
    return tables
