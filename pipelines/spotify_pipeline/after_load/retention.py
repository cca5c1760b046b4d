"""Removes what has not been listed for some time, as Spotify's terms want. Knows the tables, not the run that calls it.

The terms let nothing be kept for ever: https://developer.spotify.com/terms
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import duckdb

from spotify_pipeline.destinations.duckdb_sql import existing_tables
from spotify_source import schema
from spotify_source.options import check_at_least

# The tables that hold albums, with the column that names the album.
_ALBUM_TABLES: Final = {schema.NEW_RELEASES.name: "id", schema.ALBUMS.name: "id", schema.ALBUM_TRACKS.name: "album_id"}
_SIGHTINGS: Final = schema.RELEASE_SIGHTINGS.name
_LOADS: Final = "_dlt_loads"

# Tables of a dataset, with the columns of each.
Tables = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Removed:
    """What was removed.

    Attributes:
        albums: How many albums.
        rows: How many rows, by table; tables that lost none are not named.
    """

    albums: int
    rows: Mapping[str, int]

    def __str__(self) -> str:
        """For the report."""
        if not self.rows:
            return "Removed: nothing is that old."
        rows = ", ".join(f"{table} {count}" for table, count in sorted(self.rows.items()))
        return f"Removed: {self.albums} album{'' if self.albums == 1 else 's'} not listed any more (rows: {rows})."


def remove_older(connection: duckdb.DuckDBPyConnection, dataset: str, days: int, now: datetime) -> Removed:
    """Remove albums that were last seen in a listing more than `days` days ago, and sightings that are older.

    An album goes with all its rows, nested ones too, in `new_releases`, `albums` and `album_tracks`; one that has no
    sighting counts from the load of its newest row. `load_runs` and dlt's own tables stay. All of it is one transaction.

    The file does not get smaller at once, not by CHECKPOINT either, and until then the bytes may still lie in it: DuckDB
    gives the space back as later loads write (75 MB became 15 MB after the next one, 8 MB after the second).

    Args:
        connection: The database.
        dataset: The schema in it.
        days: How long an album is kept; 1 or more.
        now: The time that the days are counted back from.

    Raises:
        ConfigurationError: `days` is below 1.
    """
    check_at_least("retain_days", days, 1)
    before = now - timedelta(days=days)
    tables = existing_tables(connection, dataset)
    # dlt leaves what it loaded last in its staging tables.
    staging = f"{dataset}_staging"
    connection.begin()
    try:
        albums = _albums_last_seen(connection, dataset, tables, before)
        rows = _remove(connection, dataset, tables, albums, before)
        _remove(connection, staging, existing_tables(connection, staging), albums, before)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    return Removed(len(albums), rows)


def _albums_last_seen(
    connection: duckdb.DuckDBPyConnection, dataset: str, tables: Tables, before: datetime
) -> list[str]:
    """Ids of the albums that were last seen before that time. What no finished load brought is not judged."""
    if _LOADS not in tables:
        return []
    moments = [
        f"""
        SELECT {key} AS album_id, NULL AS seen_at, inserted_at AS loaded_at
        FROM "{dataset}".{table} AS album JOIN "{dataset}".{_LOADS} AS load ON load.load_id = album._dlt_load_id
        """  # noqa: S608 - names of ours
        for table, key in _ALBUM_TABLES.items()
        if table in tables
    ]
    if _SIGHTINGS in tables:
        moments.append(f'SELECT album_id, seen_at, NULL AS loaded_at FROM "{dataset}".{_SIGHTINGS}')  # noqa: S608 - names of ours
    found = connection.execute(
        f"""
        SELECT album_id FROM ({" UNION ALL ".join(moments)}) GROUP BY album_id
        HAVING max(loaded_at) IS NOT NULL AND coalesce(max(seen_at), max(loaded_at)) < $before
        """,  # noqa: S608 - names of ours
        {"before": before},
    )
    return [album_id for (album_id,) in found.fetchall()]


def _remove(
    connection: duckdb.DuckDBPyConnection, dataset: str, tables: Tables, albums: Sequence[str], before: datetime
) -> dict[str, int]:
    """Delete the rows of these albums, and the sightings before that time."""
    rows: dict[str, int] = {}
    for table, key in _ALBUM_TABLES.items():
        if table not in tables:
            continue
        old = f'"{dataset}".{table} WHERE {key} IN (SELECT unnest($albums::VARCHAR[]))'
        for nested in _nested_in(table, tables):
            theirs = f'"{dataset}"."{nested}" WHERE _dlt_root_id IN (SELECT _dlt_id FROM {old})'  # noqa: S608 - names of ours
            rows[nested] = _delete(connection, theirs, {"albums": albums})
        rows[table] = _delete(connection, old, {"albums": albums})
    if _SIGHTINGS in tables:
        rows[_SIGHTINGS] = _delete(connection, f'"{dataset}".{_SIGHTINGS} WHERE seen_at < $before', {"before": before})
    return {table: count for table, count in rows.items() if count}


def _nested_in(table: str, tables: Tables) -> list[str]:
    """The tables nested in one, at any depth, also those of lists that Spotify added and nobody declared."""
    return [name for name, columns in tables.items() if name.startswith(f"{table}__") and "_dlt_root_id" in columns]


def _delete(connection: duckdb.DuckDBPyConnection, what: str, parameters: Mapping[str, Any]) -> int:
    ((count,),) = connection.execute(f"DELETE FROM {what}", parameters).fetchall()  # noqa: S608 - names of ours
    return int(count)
