"""Tables that were dropped by hand. Knows how dlt remembers which tables there are, not how a destination is asked.

dlt creates tables when its schema changes, and looks at nothing else: once a table is gone, every load fails. Its own
way, `refresh="drop_sources"`, drops the rest as well, and with it what was listed once and never will be again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

import dlt

# Public is `drop_tables` of a pipeline's schema, but not which tables are nested in one.
from dlt.common.schema.typing import TTableSchema
from dlt.common.schema.utils import get_nested_tables, loads_table, pipeline_state_table, version_table

from spotify_source import schema as declared

# dlt takes the row of this table that has its schema's hash for the sign that all tables are there.
VERSIONS: Final = "_dlt_version"

# The types of columns, in dlt's words, by name.
Columns: TypeAlias = Mapping[str, str]
# Executes a statement in which '{}' stands for a table, on the table of this name.
Change: TypeAlias = Callable[[str, str], object]

_EMPTY: Final = "DELETE FROM {}"
# A listed album is written when its hash differs from the one that is there.
_WRITE_AGAIN: Final = "UPDATE {} SET content_hash = NULL"


def repair_dropped_tables(pipeline: dlt.Pipeline, existing: AbstractSet[str], change: Change) -> None:
    """Have tables that were dropped created anew by the next load, and what was in them fetched again.

    What was nested in a listed album comes with the next listing that shows the album: it costs no call of its own.

    Args:
        pipeline: The pipeline, its schema restored.
        existing: The tables that there are.
        change: Executes a statement on one of them.
    """
    schema = pipeline.default_schema
    dropped = set(schema.data_table_names(seen_data_only=True)) - existing
    if VERSIONS not in existing or not dropped:
        return
    for table in _to_empty(schema, dropped, existing):
        change(_EMPTY, table)
    listed = declared.NEW_RELEASES.name
    if listed in existing and not dropped.isdisjoint(_with_nested(schema, listed)):
        change(_WRITE_AGAIN, listed)
    change(_EMPTY, VERSIONS)
    _forget(schema, dropped)
    pipeline.schemas.save_schema(schema)


def repair_own_tables(existing: AbstractSet[str], change: Change) -> None:
    """Have those of dlt's own tables that were dropped created anew by the next load.

    Args:
        existing: The tables that there are.
        change: Executes a statement on one of them.
    """
    if VERSIONS in existing and not own_tables().keys() <= existing:
        change(_EMPTY, VERSIONS)


def own_tables() -> dict[str, Columns]:
    """Dlt's own tables: in them it keeps which loads are complete, which tables there are, and its state."""
    return {str(table["name"]): _columns(table) for table in (loads_table(), version_table(), pipeline_state_table())}


def tables_of_data(schema: dlt.Schema) -> dict[str, Columns]:
    """The tables that a schema says are at the destination, dlt's own aside."""
    return {str(table["name"]): _columns(table) for table in schema.data_tables(seen_data_only=True)}


def _columns(table: TTableSchema) -> Columns:
    # One without a type has no value yet, and no place at the destination.
    return {name: str(column["data_type"]) for name, column in table["columns"].items() if column.get("data_type")}


def _forget(schema: dlt.Schema, dropped: AbstractSet[str]) -> None:
    """Take tables out of dlt's schema, with those nested in them, so that the next run declares them anew."""
    schema.drop_tables(sorted({name for table in dropped for name in _with_nested(schema, table)}))


def _to_empty(schema: dlt.Schema, dropped: AbstractSet[str], existing: AbstractSet[str]) -> Iterator[str]:
    """The tables whose rows are worth nothing without a dropped one: nested in it, or to be fetched again with it."""
    fetched = {table.name for table in declared.TABLES if table.origin == "album_request"}
    for root in [name for name, table in schema.tables.items() if not table.get("parent")]:
        family = _with_nested(schema, root)
        if root in dropped or (root in fetched and not dropped.isdisjoint(family)):
            yield from (table for table in family if table in existing)


def _with_nested(schema: dlt.Schema, table: str) -> list[str]:
    return [str(found["name"]) for found in get_nested_tables(schema.tables, table)]
