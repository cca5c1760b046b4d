"""Copies tables of a Postgres schema into a DuckDB file, as of one moment. Knows both kinds of SQL, no table of ours."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

import duckdb

from spotify_pipeline.destinations.duckdb_sql import quoted_name, quoted_text
from spotify_pipeline.dlt_internals.destinations import SqlClient

# Of Postgres's types those that dlt and the dbt project make; what else there is becomes text.
_TYPES: Final[Mapping[str, str]] = {
    "bigint": "BIGINT",
    "integer": "INTEGER",
    "smallint": "SMALLINT",
    "boolean": "BOOLEAN",
    "double precision": "DOUBLE",
    "date": "DATE",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "timestamp without time zone": "TIMESTAMP",
    "json": "JSON",
    "jsonb": "JSON",
}
# A name with a description of its own may be long; the default is 2 MB a line.
_LONGEST_LINE: Final = 64_000_000

# The columns of a table, with their types in DuckDB.
Columns = Mapping[str, str]


def copy(client: SqlClient, file: Path, tables: Collection[str] | None) -> None:
    """Copy tables, all as of the same moment, whatever is loaded meanwhile. Memory does not grow with their rows.

    https://www.postgresql.org/docs/current/sql-copy.html

    Args:
        client: A client of the dataset.
        file: The DuckDB file; created. Schemas are named as on the server.
        tables: The tables; all of the dataset unless given. One of another schema is named with it. What is not there
            is left out.
    """
    with client.begin_transaction(), duckdb.connect(str(file)) as connection:
        client.execute_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        client.execute_sql("SET LOCAL TimeZone = 'UTC'")
        client.execute_sql("SET LOCAL DateStyle = 'ISO'")
        for schema, table in _wanted(client, tables):
            columns = _columns(client, schema, table)
            if columns:
                _copy_table(client, connection, (schema, table), columns, file.with_suffix(".csv"))


def _wanted(client: SqlClient, tables: Collection[str] | None) -> Iterator[tuple[str, str]]:
    dataset = client.dataset_name
    if tables is None:
        found = client.execute_sql("SELECT tablename FROM pg_tables WHERE schemaname = %s", dataset)
        tables = [table for (table,) in found or ()]
    for table in tables:
        schema, _, name = table.rpartition(".")
        yield schema or dataset, name


def _columns(client: SqlClient, schema: str, table: str) -> Columns:
    found = client.execute_sql(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
        schema,
        table,
    )
    return {column: _TYPES.get(data_type, "VARCHAR") for column, data_type in found or ()}


def _copy_table(
    client: SqlClient, connection: duckdb.DuckDBPyConnection, name: tuple[str, str], columns: Columns, text: Path
) -> None:
    listed = ", ".join(quoted_name(column) for column in columns)
    with text.open("wb") as written, client.native_connection.cursor() as cursor:
        cursor.copy_expert(f"COPY (SELECT {listed} FROM {quoted_name(*name)}) TO STDOUT (FORMAT csv)", written)  # noqa: S608 - quoted
    typed = ", ".join(f"{quoted_text(column)}: {quoted_text(kind)}" for column, kind in columns.items())
    # An empty text is quoted there, and what is null is not.
    read = (
        f"read_csv({quoted_text(str(text))}, columns = {{{typed}}}, auto_detect = false, header = false, delim = ',', "
        f"""quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, parallel = false, """
        f"max_line_size = {_LONGEST_LINE}, buffer_size = {2 * _LONGEST_LINE})"
    )
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted_name(name[0])}")
    connection.execute(f"CREATE TABLE {quoted_name(*name)} AS FROM {read}")
    text.unlink()
