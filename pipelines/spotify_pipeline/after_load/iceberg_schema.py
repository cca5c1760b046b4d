"""The tables of a dataset as Iceberg describes them: types, keys, words. Knows DuckDB's types, writes no rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import duckdb
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.schema import Schema
from pyiceberg.table import Table, Transaction
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IntegerType,
    LongType,
    NestedField,
    PrimitiveType,
    StringType,
    TimestampType,
    TimestamptzType,
    TimeType,
)

from spotify_pipeline.destinations.duckdb import TYPES, quoted_name
from spotify_source import schema

RUN: Final = "run_id"
PREFIX: Final = "spotify-source."
WRITER: Final = f"{PREFIX}writer"
# https://iceberg.apache.org/spec/#primitive-types; what is not here is written as text, JSON too.
_TYPES: Final[Mapping[str, PrimitiveType]] = {
    "BIGINT": LongType(),
    "BLOB": BinaryType(),
    "BOOLEAN": BooleanType(),
    "DATE": DateType(),
    "DOUBLE": DoubleType(),
    "INTEGER": IntegerType(),
    "TIME": TimeType(),
    "TIMESTAMP": TimestampType(),
    "TIMESTAMP WITH TIME ZONE": TimestamptzType(),
}
_DECIMAL: Final = re.compile(r"DECIMAL\((\d+),\s?(\d+)\)")


@dataclass(frozen=True)
class Found:
    """A table that a dataset has.

    Attributes:
        name: As dlt named it.
        types: DuckDB's type of each column, in the order of the table.
        declared: The declaration, where there is one: a list that Spotify added has none.
    """

    name: str
    types: Mapping[str, str]
    declared: schema.Table | None = None

    @property
    def description(self) -> str:
        """What it holds."""
        return self.declared.description if self.declared else "A list that Spotify added; no declaration describes it."

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that a row is known by; none where no key is declared."""
        columns = self.declared.primary_key if self.declared else ()
        return columns if all(column in self.types for column in columns) else ()

    def doc_of(self, column: str) -> str | None:
        """What a column holds; None where nobody declared it."""
        declared = self.declared.columns if self.declared else ()
        return next((one.description for one in declared if one.name == column), None)

    def query(self, dataset: str, columns: tuple[str, ...], where: str = "") -> str:
        """The rows, as Arrow takes them to Iceberg.

        Args:
            dataset: The schema that the table is in.
            columns: Which columns, in which order.
            where: Which rows; all of them by default.
        """
        selected = ", ".join(self._selected(column) for column in columns)
        return f"SELECT {selected} FROM {quoted_name(dataset, self.name)} {where}"  # noqa: S608 - quoted

    def _selected(self, column: str) -> str:
        name, kind = quoted_name(column), iceberg_type(self.types[column])
        return f"CAST({name} AS VARCHAR) AS {name}" if isinstance(kind, StringType) else name


def tables_of(connection: duckdb.DuckDBPyConnection, dataset: str) -> list[Found]:
    """The tables to export: those declared, and those of lists nested in them. dlt's own are left out.

    Args:
        connection: The database.
        dataset: The schema in it.
    """
    rows = connection.execute(
        """
        FROM duckdb_columns() SEMI JOIN duckdb_tables() USING (database_name, schema_name, table_name)
        SELECT table_name, column_name, data_type
        WHERE database_name = current_database() AND schema_name = $1 ORDER BY table_name, column_index
        """,
        [dataset],
    ).fetchall()
    declared = {table.name: table for table in schema.all_tables()}
    nested = tuple(f"{table.name}__" for table in schema.TABLES)
    types: dict[str, dict[str, str]] = {}
    for table, column, data_type in rows:
        if table in declared or table.startswith(nested):
            types.setdefault(table, {})[column] = data_type
    return [Found(name, columns, declared.get(name)) for name, columns in types.items()]


def iceberg_type(data_type: str) -> PrimitiveType:
    """Iceberg's type for one of DuckDB's."""
    decimal = _DECIMAL.fullmatch(data_type)
    if decimal:
        return DecimalType(int(decimal[1]), int(decimal[2]))
    return _TYPES.get(data_type, StringType())


def schema_of(found: Found) -> Schema:
    """The schema of a new Iceberg table: keys are required and identify a row, all else may be null."""
    fields = [
        NestedField(number, name, iceberg_type(kind), required=name in found.key, doc=found.doc_of(name))
        for number, (name, kind) in enumerate(found.types.items(), 1)
    ]
    return Schema(*fields, identifier_field_ids=[field.field_id for field in fields if field.required])


def differs(current: Schema, found: Found) -> bool:
    """Whether a table has other columns than Iceberg knows, or other types."""
    return {field.name: field.field_type for field in current.fields} != {
        name: iceberg_type(kind) for name, kind in found.types.items()
    }


def evolve(transaction: Transaction, found: Found) -> None:
    """Give an Iceberg table the columns of its table. One whose type is another now is a new column of that name.

    https://iceberg.apache.org/spec/#schema-evolution

    Args:
        transaction: The change that this is part of; where types differ, it has to write all rows anew.
        found: The table.
    """
    current = {field.name: field for field in transaction.table_metadata.schema().fields}
    kept = [
        name for name in found.key if name in current and current[name].required and not _retyped(current, found, name)
    ]
    with transaction.update_schema() as update:
        if len(kept) < len(transaction.table_metadata.schema().identifier_field_ids):
            update.set_identifier_fields(*kept)
        for name in _left_out(current, found):
            update.delete_column(name)
        for name, kind in found.types.items():
            if name not in current or _retyped(current, found, name):
                update.add_column(name, iceberg_type(kind), doc=found.doc_of(name))
            elif current[name].doc != found.doc_of(name):
                update.update_column(name, doc=found.doc_of(name) or "")


def _left_out(current: Mapping[str, NestedField], found: Found) -> Iterator[str]:
    return (name for name in current if name not in found.types or _retyped(current, found, name))


def _retyped(current: Mapping[str, NestedField], found: Found, name: str) -> bool:
    return current[name].field_type != iceberg_type(found.types[name])


def table_of(catalog: Catalog, namespace: str, found: Found) -> Table:
    """The Iceberg table of a table, created without rows where there is none.

    Args:
        catalog: The catalog that it is in.
        namespace: Where in it; it exists.
        found: The table.
    """
    name = (namespace, found.name)
    # To create one that is there would leave a file behind: it is written first.
    with suppress(NoSuchTableError):
        return catalog.load_table(name)
    # By bounds that are cut off, as they are else, it could not be told that a file has no row after a run.
    whole_bounds = {f"write.metadata.metrics.column.{RUN}": "full"} if RUN in found.types else {}
    properties = {"comment": found.description, WRITER: "spotify_source", **whole_bounds}
    return catalog.create_table_if_not_exists(name, schema_of(found), properties=properties)


def first_table(catalog: Catalog, namespace: str) -> Table:
    """The table of runs, which every export writes: what is tried before there is any other."""
    types = {column.name: TYPES[column.data_type] for column in schema.LOAD_RUNS.columns}
    return table_of(catalog, namespace, Found(schema.LOAD_RUNS.name, types, schema.LOAD_RUNS))
