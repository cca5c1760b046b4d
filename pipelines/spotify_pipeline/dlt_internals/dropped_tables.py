"""Recovery of tables that were dropped by hand.

dlt creates tables when its schema changes and does not look at the destination otherwise: once a table is missing, every
load fails. dlt's own remedy, `refresh="drop_sources"`, also drops the other tables, and with them listings that no API
call returns again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

import dlt

# Public is `drop_tables` of a pipeline's schema, but not which tables are nested in one.
from dlt.common.schema.typing import TTableSchema
from dlt.common.schema.utils import get_nested_tables, loads_table, pipeline_state_table, version_table

from spotify_pipeline.dlt_internals.capabilities import SqlClient
from spotify_source import schema as declared

# dlt assumes that all tables exist if this table has a row with the hash of its schema.
VERSIONS: Final = "_dlt_version"

# dlt's types of columns, by name.
Columns: TypeAlias = Mapping[str, str]


def repair_dropped_tables(pipeline: dlt.Pipeline) -> None:
    """Prepare the next load to recreate dropped tables and fetch their rows.

    Rows nested in listed albums come with the next listing that shows the album, without a call of their own.

    Args:
        pipeline: The pipeline; its schema may not be restored from the destination yet.
    """
    schema = pipeline.default_schema if pipeline.schema_names else None
    with pipeline.destination_client() as client:
        names = sorted({*own_tables(), *(schema.tables if schema else ())})
        existing = {name for name, columns in client.get_storage_tables(names) if columns}  # type: ignore[attr-defined]  # every SQL client has it
        if VERSIONS not in existing:
            return
        sql: SqlClient = client.sql_client  # type: ignore[attr-defined]  # the same
        if not own_tables().keys() <= existing:
            _empty(sql, VERSIONS)
        if schema is not None and _repair_data_tables(schema, existing, sql):
            pipeline.schemas.save_schema(schema)


def own_tables() -> dict[str, Columns]:
    """Return dlt's own tables: completed loads, schema versions, pipeline state."""
    return {str(table["name"]): _columns(table) for table in (loads_table(), version_table(), pipeline_state_table())}


def data_tables(schema: dlt.Schema) -> dict[str, Columns]:
    """Return the tables that a schema expects at the destination, without dlt's own."""
    return {str(table["name"]): _columns(table) for table in schema.data_tables(seen_data_only=True)}


def _columns(table: TTableSchema) -> Columns:
    # A column without a type has had no value yet and does not exist at the destination.
    return {name: str(column["data_type"]) for name, column in table["columns"].items() if column.get("data_type")}


def _repair_data_tables(schema: dlt.Schema, existing: AbstractSet[str], sql: SqlClient) -> bool:
    """Return whether tables were dropped, after removing them from the schema."""
    dropped = set(schema.data_table_names(seen_data_only=True)) - existing
    if not dropped:
        return False
    for table in _tables_to_empty(schema, dropped, existing):
        _empty(sql, table)
    listed = declared.NEW_RELEASES.name
    if listed in existing and not dropped.isdisjoint(_with_nested(schema, listed)):
        # A listed album is written again if its hash differs.
        sql.execute_sql(f"UPDATE {sql.make_qualified_table_name(listed)} SET content_hash = NULL")  # noqa: S608 - dlt quotes it
    _empty(sql, VERSIONS)
    # The next run declares them again.
    schema.drop_tables(sorted({name for table in dropped for name in _with_nested(schema, table)}))
    return True


def _tables_to_empty(schema: dlt.Schema, dropped: AbstractSet[str], existing: Collection[str]) -> Iterator[str]:
    """Yield the tables whose rows are useless without a dropped table.

    They are nested in it or fetched together with it.
    """
    fetched = {table.name for table in declared.TABLES if table.origin == "album_request"}
    for root in [name for name, table in schema.tables.items() if not table.get("parent")]:
        family = _with_nested(schema, root)
        if root in dropped or (root in fetched and not dropped.isdisjoint(family)):
            yield from (table for table in family if table in existing)


def _with_nested(schema: dlt.Schema, table: str) -> list[str]:
    return [str(found["name"]) for found in get_nested_tables(schema.tables, table)]


def _empty(sql: SqlClient, table: str) -> None:
    sql.execute_sql(f"DELETE FROM {sql.make_qualified_table_name(table)}")  # noqa: S608 - dlt quotes it
