"""The sources of the dbt project, written from the declaration of the tables. Knows YAML's form, not what models do.

`python -m spotify_pipeline.after_load.dbt_sources` writes them again after a change of `spotify_source/schema.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from spotify_pipeline.destinations.duckdb_sql import TYPES
from spotify_pipeline.places import dbt_project
from spotify_source import schema
from spotify_source.schema import Column, DataType, Table

PROJECT: Final = dbt_project()
SOURCES_FILE: Final = PROJECT / "models" / "staging" / "spotify" / "_spotify__sources.yml"

# As DuckDB and Postgres both call them.
_TYPES: Final[Mapping[DataType, str]] = {**TYPES, "double": "DOUBLE PRECISION"}

DLT_LOADS: Final = Table(
    name="_dlt_loads",
    description="Load packages, written by dlt when all rows of one are there. A load_id can occur twice.",
    columns=(
        Column("load_id", "text", "The load package; rows name it in _dlt_load_id.", nullable=False),
        Column("schema_name", "text", "dlt's schema, 'spotify'."),
        Column("status", "bigint", "0 where the load has finished."),
        Column("inserted_at", "timestamp", "When the load finished, UTC."),
        Column("schema_version_hash", "text", "Version of dlt's schema."),
    ),
)
# A run a day is usual, half a day of grace; after a week new releases have come and gone unseen.
_HEAD: Final = """\
# Written by pipelines/spotify_pipeline/after_load/dbt_sources.py from spotify_source/schema.py. Do not edit: change the declaration.

sources:
  - name: spotify
    description: Spotify's new releases, as spotify_source loads them.
    database: "{{ var('spotify_raw_database', target.database) }}"
    schema: "{{ var('spotify_raw_schema', env_var('SPOTIFY_DATASET', 'spotify_raw')) }}"
    config:
      loaded_at_query: |
        select max(inserted_at) from {{ this.include(identifier=false) }}._dlt_loads where status = 0
      freshness:
        warn_after: {count: 36, period: hour}
        error_after: {count: 7, period: day}
    tables:
"""


def render() -> str:
    """The sources file as it must be."""
    return _HEAD + "\n".join(_lines())


def write() -> None:
    """Write the sources file."""
    SOURCES_FILE.write_text(render(), encoding="utf-8", newline="\n")


def _lines() -> Iterator[str]:
    for table in (*schema.all_tables(), DLT_LOADS):
        yield f"      - name: {table.name}"
        yield f"        description: {_quoted(table.description)}"
        yield "        columns:"
        for column in table.columns:
            yield f"          - name: {column.name}"
            yield f"            data_type: {_TYPES[column.data_type].lower()}"
            yield f"            description: {_quoted(column.description)}"
    yield ""


def _quoted(text: str) -> str:
    """A YAML string in double quotes: JSON's are such."""
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    write()
