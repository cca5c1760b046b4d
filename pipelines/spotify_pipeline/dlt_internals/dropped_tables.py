"""Tables that were dropped by hand. Knows how dlt remembers which tables there are."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

import dlt
import duckdb
from dlt.common.schema import Schema
from dlt.common.schema.utils import get_nested_tables

from spotify_pipeline.destinations.target import Target
from spotify_source import schema as declared

# What a run can fetch again. What was listed once, it can't.
_FETCHED = {declared.ALBUMS.name, declared.ALBUM_TRACKS.name}


def repair_dropped_tables(target: Target, pipeline: dlt.Pipeline) -> None:
    """Have tables that were dropped from a DuckDB file created anew, and what was in them fetched again.

    dlt creates tables when its schema changes, and looks at nothing else: every load would fail from then on.
    """
    if target.db is None or not pipeline.schema_names:
        return
    schema = pipeline.default_schema
    expected = set(schema.data_table_names(seen_data_only=True))
    with duckdb.connect(str(target.db)) as connection:
        found = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = ?", [target.dataset])
        existing = {name for (name,) in found.fetchall()}
        if "_dlt_version" not in existing or expected <= existing:
            return
        for table in _to_empty(schema, expected - existing, existing):
            connection.execute(f'DELETE FROM "{target.dataset}"."{table}"')  # noqa: S608 - dlt's name
        connection.execute(f'DELETE FROM "{target.dataset}"._dlt_version')  # noqa: S608 - a checked name
    _forget(schema, expected - existing)
    pipeline.schemas.save_schema(schema)


def _forget(schema: Schema, dropped: AbstractSet[str]) -> None:
    """Take tables out of dlt's schema, with those nested in them, so that the next run declares them anew."""
    families = [get_nested_tables(schema.tables, table) for table in dropped]
    schema.drop_tables(sorted({str(table["name"]) for family in families for table in family}))


def _to_empty(schema: Schema, dropped: AbstractSet[str], existing: AbstractSet[str]) -> Iterator[str]:
    """The tables whose rows are worth nothing without a dropped one: nested in it, or to be fetched again with it."""
    for root in [name for name, table in schema.tables.items() if not table.get("parent")]:
        family = [str(table["name"]) for table in get_nested_tables(schema.tables, root)]
        if root in dropped or (root in _FETCHED and not dropped.isdisjoint(family)):
            yield from (table for table in family if table in existing)
