"""Tables of a DuckDB file that somebody changed by hand, so that no load would succeed: each is named, with the way out.

Asked before any call is made. What the next load heals by itself (a table that was dropped) is not named here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import dlt
import duckdb

from spotify_pipeline.destinations.duckdb_sql import TYPES, quoted_name
from spotify_pipeline.dlt_internals.dropped_tables import Columns, own_tables, tables_of_data
from spotify_source import schema as declared
from spotify_source.errors import ConfigurationError

_TABLES_URL: Final = "https://dlthub.com/docs/general-usage/destination-tables"
# Compared with numbers, so that a text in their place fails. Other types that somebody chose may do.
_NUMBERS: Final = {TYPES["bigint"], TYPES["double"]}
_TYPES_BY_NAME: Final = {str(name): data_type for name, data_type in TYPES.items()}


@dataclass(frozen=True)
class Existing:
    """What a schema of the file has.

    Attributes:
        tables: The type of each column, by table.
        views: The names of its views.
    """

    tables: Mapping[str, Mapping[str, str]]
    views: frozenset[str]


def read(connection: duckdb.DuckDBPyConnection, dataset: str) -> Existing:
    """What a schema of the current database has."""
    of_tables = connection.execute(
        """
        FROM duckdb_columns() SEMI JOIN duckdb_tables() USING (database_name, schema_name, table_name)
        SELECT table_name, column_name, data_type WHERE database_name = current_database() AND schema_name = $1
        """,
        [dataset],
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, data_type in of_tables:
        tables.setdefault(table, {})[column] = data_type
    views = connection.execute(
        "FROM duckdb_views() SELECT view_name WHERE database_name = current_database() AND schema_name = $1", [dataset]
    ).fetchall()
    return Existing(tables, frozenset(name for (name,) in views))


def check_own_tables(existing: Existing, dataset: str) -> None:
    """Whether all is as it must be that can be told without dlt's schema.

    Raises:
        ConfigurationError: Something is not, with the statement that mends it.
    """
    own = own_tables()
    loaded = {table.name for table in declared.all_tables()} | own.keys()
    for name in sorted(existing.views & loaded):
        view = quoted_name(dataset, name)
        raise _error(f"{view} is a view, and a load needs a table there.", f"ALTER VIEW {view} RENAME TO {name}_view;")
    for name, columns in own.items():
        missing = columns.keys() - existing.tables.get(name, columns).keys()
        if missing:
            table = quoted_name(dataset, name)
            raise _error(f"{table} lacks {', '.join(sorted(missing))}, which dlt needs.", f"DROP TABLE {table};")


def check_tables(existing: Existing, dataset: str, schema: dlt.Schema) -> None:
    """Whether the tables have the columns that dlt made, and numbers where it made numbers.

    Args:
        existing: What there is.
        dataset: The schema in the file.
        schema: dlt's, in the version that is loaded.

    Raises:
        ConfigurationError: One has not, with the statement that mends it.
    """
    for name, columns in tables_of_data(schema).items():
        found = existing.tables.get(name)
        if found is None:
            continue
        for column, problem in _changed(name, columns, found):
            raise _error(
                f"{quoted_name(dataset, name)}: the column {column} {problem}.",
                _repair(dataset, name, column, columns[column], is_there=column in found),
            )


def _changed(table: str, columns: Columns, found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    types = {one.name: TYPES[one.data_type] for one in _declared(table)}
    for column in columns:
        if column not in found:
            yield column, "is gone"
        elif types.get(column) in _NUMBERS and found[column] == "VARCHAR":
            yield column, f"is {found[column]}, and was made as {types[column]}"


def _declared(table: str) -> tuple[declared.Column, ...]:
    return next((one.columns for one in declared.all_tables() if one.name == table), ())


def _repair(dataset: str, name: str, column: str, data_type: str, *, is_there: bool) -> str:
    table = quoted_name(dataset, name)
    if name.split("__", maxsplit=1)[0] in {one.name for one in declared.TABLES if one.origin == "album_request"}:
        # All that is in it can be fetched again.
        return f"DROP TABLE {table};"
    wanted = _TYPES_BY_NAME.get(data_type, "VARCHAR")
    change = f"ALTER COLUMN {quoted_name(column)} TYPE" if is_there else f"ADD COLUMN {quoted_name(column)}"
    return f"ALTER TABLE {table} {change} {wanted};"


def _error(what: str, statement: str) -> ConfigurationError:
    error = ConfigurationError(
        what,
        guidance=f"Undo what was done to it, or run this in the file, and then load again: {statement} "
        "What can be fetched is fetched again.",
    )
    error.help_url = _TABLES_URL
    return error
