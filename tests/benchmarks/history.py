"""Generator of a DuckDB file with years of invented listings, written in SQL.

Every day, each market lists 100 albums, some of them new. Each album is listed for a few days, is fetched once and has ten
tracks.

    python tests/benchmarks/history.py --db history.duckdb --days 1095 --markets 5
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

from spotify_source import schema

LISTED = 100
NEW_A_DAY = 29
TRACKS = 10
DATASET = "spotify_raw"
TYPES = {
    "text": "VARCHAR",
    "bigint": "BIGINT",
    "bool": "BOOLEAN",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
    "json": "JSON",
}
MACROS = """
    CREATE OR REPLACE TEMP MACRO start_of(day) AS TIMESTAMPTZ '2023-12-01 06:00:00+00' + to_days(CAST(day AS INTEGER));
    CREATE OR REPLACE TEMP MACRO run_of(day) AS strftime(start_of(day), '%Y%m%dT%H%M%SZ') || '-00000000';
    CREATE OR REPLACE TEMP MACRO load_of(day) AS (CAST(epoch(start_of(day)) AS BIGINT) + 60)::VARCHAR || '.0';
    CREATE OR REPLACE TEMP MACRO market_of(number) AS ['US', 'GB', 'DE', 'FR', 'JP', 'BR', 'IN', 'ES'][number + 1];
"""
# Album numbers grow with the day: the newest are at the top of the list, a little later in each further market.
SIGHTINGS = f"""
    SELECT
        run_of(day) AS run_id, start_of(day) AS seen_at, market_of(market) AS market, position,
        'album' || (day * {NEW_A_DAY} + {LISTED} - market - position + (day * position) % 3)::VARCHAR AS album_id,
        'search' AS discovered_via, load_of(day) AS _dlt_load_id, 's' || day || '-' || market || '-' || position AS _dlt_id
    FROM range($first, $last) AS days (day), range($markets) AS markets (market), range(1, {LISTED} + 1) AS places (position)
"""
NEW_ALBUMS = f"""
    CREATE OR REPLACE TEMP TABLE new_albums AS
    SELECT
        album_id AS id, min(seen_at) AS seen_at, min(_dlt_load_id) AS _dlt_load_id,
        CAST(substr(album_id, 6) AS BIGINT) AS number
    FROM {DATASET}.release_sightings
    WHERE album_id NOT IN (SELECT id FROM {DATASET}.albums) GROUP BY album_id
"""
LOADED = f"{TRACKS} AS tracks_loaded,"
UPC = "(100000000000 + number // 2)::VARCHAR AS external_ids__upc,"
ALBUM = f"""
    SELECT
        id, 'Title ' || number // 2 AS name, ['album', 'single', 'compilation'][number % 3 + 1] AS album_type,
        {TRACKS} AS total_tracks, strftime(seen_at, '%Y-%m-%d') AS release_date, 'day' AS release_date_precision,
        CAST(seen_at AS DATE) AS released_on, {LOADED} 'US' AS market,
        {UPC} 'https://example.org/' || id AS external_urls__spotify,
        _dlt_load_id, 'a' || id AS _dlt_id
    FROM new_albums
"""
LISTED_ALBUM = ALBUM.replace(LOADED, "").replace(UPC, "").replace("'a' || id", "'n' || id")
TRACK = f"""
    SELECT
        id AS album_id, 1 AS disc_number, place AS track_number, 'track' || number || '-' || place AS id,
        'Track ' || place AS name, 120000 + (number * place) % 120000 AS duration_ms, number % 3 = 0 AS explicit,
        _dlt_load_id, 't' || id || '-' || place AS _dlt_id
    FROM new_albums, range(1, {TRACKS} + 1) AS places (place)
"""
ARTISTS = """
    SELECT
        'artist' || (number % 9000 + place * 7)::VARCHAR AS id, 'Artist ' || (number % 9000 + place * 7)::VARCHAR AS name,
        root AS _dlt_root_id, root AS _dlt_parent_id, place AS _dlt_list_idx, root || '-' || place AS _dlt_id
    FROM ({roots}), range(1 + number % 2) AS places (place)
"""
COPYRIGHTS = """
    SELECT
        '℗ 2026 Owner ' || number % 500 AS text, 'P' AS type, 'a' || id AS _dlt_root_id, 'a' || id AS _dlt_parent_id,
        0 AS _dlt_list_idx, 'c' || id AS _dlt_id
    FROM new_albums
"""
RUNS = f"""
    SELECT
        run_of(day) AS run_id, load_of(day) AS load_id, start_of(day) AS started_at,
        start_of(day) + INTERVAL 90 SECOND AS finished_at, 0 AS exit_code, true AS listing_complete, '{{}}' AS closed,
        'search' AS discovered_via, '{{"search": 10}}' AS calls, '[]' AS markets, '{{}}' AS blocked_until,
        listed.albums AS albums_listed, coalesce(fetched.albums, 0) AS albums_new,
        coalesce(fetched.albums, 0) AS albums_fetched, 0 AS albums_gone, 0 AS albums_short,
        coalesce(fetched.albums, 0) * {TRACKS} AS tracks_loaded, 0 AS albums_pending,
        load_of(day) AS _dlt_load_id, 'r' || day AS _dlt_id
    FROM range($first, $last) AS days (day)
    LEFT JOIN (
        SELECT run_id, count(DISTINCT album_id) AS albums FROM {DATASET}.release_sightings GROUP BY run_id
    ) AS listed ON listed.run_id = run_of(day)
    LEFT JOIN (SELECT _dlt_load_id, count(*) AS albums FROM new_albums GROUP BY ALL) AS fetched
        ON fetched._dlt_load_id = load_of(day)
"""
LOADS = """
    SELECT load_of(day) AS load_id, 'spotify' AS schema_name, 0 AS status, start_of(day) + INTERVAL 80 SECOND AS inserted_at
    FROM range($first, $last) AS days (day)
"""


def create(db: Path) -> None:
    """Create the empty tables of the pipeline."""
    with duckdb.connect(str(db)) as connection:
        connection.execute(f"CREATE SCHEMA {DATASET}")
        for table in schema.TABLES:
            for one in (table, *table.nested.values()):
                columns = ", ".join(f'"{column.name}" {TYPES[column.data_type]}' for column in one.columns)
                connection.execute(f"CREATE TABLE {DATASET}.{one.name} ({columns})")
        connection.execute(
            f"CREATE TABLE {DATASET}._dlt_loads (load_id VARCHAR, schema_name VARCHAR, status BIGINT, "
            "inserted_at TIMESTAMPTZ, schema_version_hash VARCHAR)"
        )


def add_days(db: Path, first: int, last: int, markets: int) -> None:
    """Load the days from `first` up to, but excluding, `last`, from 2023-12-01."""
    days = {"first": first, "last": last}
    with duckdb.connect(str(db)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(MACROS)

        def insert(table: str, query: str, parameters: dict[str, int] | None = None) -> None:
            connection.execute(f"INSERT INTO {DATASET}.{table} BY NAME {query}", parameters or {})

        insert("release_sightings", SIGHTINGS, {**days, "markets": markets})
        connection.execute(NEW_ALBUMS)
        insert("albums", ALBUM)
        insert("new_releases", LISTED_ALBUM)
        insert("album_tracks", TRACK)
        for table, roots in _ROOTS.items():
            insert(f"{table}__artists", ARTISTS.format(roots=roots))
        insert("albums__copyrights", COPYRIGHTS)
        insert("load_runs", RUNS, days)
        insert("_dlt_loads", LOADS, days)


_ROOTS = {
    "albums": "SELECT number, 'a' || id AS root FROM new_albums",
    "new_releases": "SELECT number, 'n' || id AS root FROM new_albums",
    "album_tracks": f"""
        SELECT number, 't' || id || '-' || place AS root FROM new_albums, range(1, {TRACKS} + 1) AS places (place)
    """,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", type=Path, default=Path("history.duckdb"))
    parser.add_argument("--days", type=int, default=1095)
    parser.add_argument("--markets", type=int, default=5)
    options = parser.parse_args()
    create(options.db)
    add_days(options.db, 0, options.days, options.markets)


if __name__ == "__main__":
    main()
