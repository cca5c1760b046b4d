"""Shows the descriptions of dlt's schema as comments in DuckDB, which dlt does not do itself."""

from __future__ import annotations

import dlt
import duckdb

from spotify_pipeline.destinations.descriptions import descriptions
from spotify_pipeline.destinations.duckdb_sql import quoted_name, quoted_text

_EXISTING = """
    SELECT table_name, NULL, comment FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = $1
    UNION ALL
    SELECT table_name, column_name, comment FROM duckdb_columns()
    WHERE database_name = current_database() AND schema_name = $1
"""


def write_comments(connection: duckdb.DuckDBPyConnection, dataset: str, schema: dlt.Schema) -> None:
    """Comment the tables and columns whose description differs from what DuckDB shows."""
    found = connection.execute(_EXISTING, [dataset]).fetchall()
    existing = {(table, column): comment for table, column, comment in found}
    statements = [
        f"COMMENT ON {_named(dataset, table, column)} IS {quoted_text(text)}"
        for table, column, text in descriptions(schema)
        if (table, column) in existing and existing[table, column] != text
    ]
    if statements:
        connection.execute(";".join(["BEGIN", *statements, "COMMIT"]))


def _named(dataset: str, table: str, column: str | None) -> str:
    names = (dataset, table) if column is None else (dataset, table, column)
    return f"{'TABLE' if column is None else 'COLUMN'} {quoted_name(*names)}"
