"""The declared tables in DuckDB's SQL: its types, its names, what stands in for a missing table. Opens no file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import duckdb

from spotify_source.schema import DataType, Table

# What dlt makes of its types there.
TYPES: Final[Mapping[DataType, str]] = {
    "text": "VARCHAR",
    "bigint": "BIGINT",
    "bool": "BOOLEAN",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "json": "JSON",
}


def existing_tables(connection: duckdb.DuckDBPyConnection, dataset: str) -> dict[str, set[str]]:
    """The tables that a schema of the current database has, each with the names of its columns."""
    found = connection.execute(
        """
        FROM duckdb_columns() SEMI JOIN duckdb_tables() USING (database_name, schema_name, table_name)
        SELECT table_name, list(column_name) WHERE database_name = current_database() AND schema_name = $1 GROUP BY ALL
        """,
        [dataset],
    )
    return {table: set(columns) for table, columns in found.fetchall()}


def empty_table(table: Table, types: Mapping[DataType, str] = TYPES) -> str:
    """A query that answers as the table does while it has no row, for one that no load has made yet."""
    columns = ", ".join(f'CAST(NULL AS {types[column.data_type]}) AS "{column.name}"' for column in table.columns)
    return f"SELECT {columns} WHERE false"


def quoted_name(*identifiers: str) -> str:
    """A name as SQL takes it, whatever is in it: of a table, or of what leads to it and the table."""
    return ".".join('"' + identifier.replace('"', '""') + '"' for identifier in identifiers)


def quoted_text(text: str) -> str:
    """A text as SQL takes it, where no parameter can stand."""
    return "'" + text.replace("'", "''") + "'"
