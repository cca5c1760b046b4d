"""Shows the descriptions of dlt's schema as comments in DuckDB, which dlt does not do itself."""

from __future__ import annotations

from collections.abc import Iterator

import dlt

_EXISTING = """
    SELECT table_name, NULL, comment FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = %s
    UNION ALL
    SELECT table_name, column_name, comment FROM duckdb_columns()
    WHERE database_name = current_database() AND schema_name = %s
"""

# The one column that dlt itself leaves without a word.
_UNDESCRIBED = {"_dlt_id": "dlt's own id of the row."}


def write_comments(pipeline: dlt.Pipeline) -> None:
    """Comment the tables and columns whose description differs from what DuckDB shows."""
    with pipeline.sql_client() as client:
        found = client.execute_sql(_EXISTING, client.dataset_name, client.dataset_name) or []
        existing = {(table, column): comment for table, column, comment in found}
        statements = [
            f"COMMENT ON {_named(client.make_qualified_table_name(table), column)} IS {_quoted(text)}"
            for table, column, text in _descriptions(pipeline)
            if (table, column) in existing and existing[table, column] != text
        ]
        if statements:
            client.execute_sql(";".join(["BEGIN", *statements, "COMMIT"]))


def _descriptions(pipeline: dlt.Pipeline) -> Iterator[tuple[str, str | None, str]]:
    for name, table in pipeline.default_schema.tables.items():
        if text := table.get("description"):
            yield name, None, text
        for column, hints in table["columns"].items():
            if text := hints.get("description") or _UNDESCRIBED.get(column):
                yield name, column, text


def _named(table: str, column: str | None) -> str:
    return f"TABLE {table}" if column is None else f'COLUMN {table}."{column}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
