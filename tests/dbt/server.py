"""The demo on a Postgres server configured unlike DuckDB, and in a file."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests.dbt.support import Ran
from tests.support.postgres import Postgres

Rows = list[tuple[Any, ...]]
# Locale-dependent collation, the time zone of New York, and German date style.
OTHERWISE = (
    "CREATE DATABASE {0} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'",
    "ALTER DATABASE {0} SET timezone = 'America/New_York'",
    "ALTER DATABASE {0} SET datestyle = 'German, DMY'",
)
_TYPES = {
    "character varying": "VARCHAR",
    "double precision": "DOUBLE",
    "jsonb": "JSON",
    "timestamp with time zone": "TIMESTAMPTZ",
}


@dataclass(frozen=True)
class Twins:
    """One demo in Postgres and in DuckDB.

    Attributes:
        quota_mode: Of the demo's app.
        file: The DuckDB file.
        database: Stands for the database on the server.
        builds: How the builds went, in both places after each of two days.
    """

    quota_mode: str
    file: Path
    database: Path
    builds: Sequence[Ran]


@contextmanager
def connected(server: Postgres, database: str) -> Iterator[Any]:
    """Return a cursor in UTC."""
    import psycopg2  # noqa: PLC0415 - an extra

    connection = psycopg2.connect(server.url(database=database))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET timezone = 'UTC'; SET datestyle = 'ISO'")
            yield cursor
    finally:
        connection.close()


def mirrored(server: Postgres, database: str, file: Path) -> None:
    """Replace the rows of a DuckDB file with those of the server."""
    with connected(server, database) as cursor, duckdb.connect(str(file)) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute("CREATE SCHEMA IF NOT EXISTS spotify_raw")
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'spotify_raw'")
        for (table,) in cursor.fetchall():
            cursor.execute(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = 'spotify_raw' AND table_name = %s ORDER BY ordinal_position",
                [table],
            )
            columns = {name: _TYPES.get(kind, kind) for name, kind in cursor.fetchall()}
            text = io.StringIO()
            cursor.copy_expert(rf"COPY spotify_raw.{table} TO STDOUT WITH (FORMAT csv, NULL '\N')", text)
            copied = file.with_name("rows.csv")
            copied.write_text(text.getvalue(), encoding="utf-8")
            connection.execute(
                f"CREATE OR REPLACE TABLE spotify_raw.{table} AS FROM read_csv($1, columns = $2, auto_detect = false, "
                r"""nullstr = '\N', quote = '"', escape = '"', delim = ',')""",
                [str(copied), columns],
            )


def on_server(server: Postgres, database: str, query: str) -> tuple[list[str], Rows]:
    """Return columns and rows of a query on the server in comparable types."""
    with connected(server, database) as cursor:
        cursor.execute(query)
        return [column.name for column in cursor.description], _plain(cursor.fetchall())


def in_file(file: Path, query: str) -> tuple[list[str], Rows]:
    """Return columns and rows of a query on a file in comparable types."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("SET timezone = 'UTC'")
        found = connection.execute(query)
        return [column[0] for column in found.description or []], _plain(found.fetchall())


def _plain(rows: Sequence[Sequence[Any]]) -> Rows:
    return [tuple(_value(value) for value in row) for row in rows]


def _value(value: object) -> object:
    """Return a value with the same type on both engines: numbers, UTC times, JSON."""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(timezone.utc).replace(tzinfo=None)
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            value = json.loads(value)
        except ValueError:
            return value
    return json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value
