"""Dagster assets with a daily schedule (`dagster dev -f dagster_definitions.py`).

Install spotify_source and dagster-dlt where Dagster runs. Credentials: .dlt/secrets.toml in the current folder, or
SOURCES__SPOTIFY__... in the environment. Database file: DESTINATION__DUCKDB__CREDENTIALS. A run that has to be continued
logs a warning and succeeds. Only load.py writes the table load_runs.
"""

# mypy runs without Dagster.
# mypy: disable-error-code="import-not-found,untyped-decorator,misc"

from collections.abc import Iterator
from typing import Any

import dlt
from dagster import (
    AssetExecutionContext,
    AssetSpec,
    Definitions,
    ScheduleDefinition,
    TableColumn,
    TableColumnConstraints,
    TableSchema,
    define_asset_job,
)
from dagster_dlt import DagsterDltResource, DagsterDltTranslator, dlt_assets
from dagster_dlt.translator import DltResourceTranslatorData
from dlt.extract import DltResource

from spotify_source import Run, spotify_source

# Dagster reads the tables when it imports this file, possibly without credentials.
declared = spotify_source(client_id="unused", client_secret="unused")  # noqa: S106


def column_schema(schema: dlt.Schema, table: str) -> TableSchema:
    """Return the columns of a table with their descriptions.

    dagster-dlt leaves out the descriptions.
    """
    columns = []
    for name, hints in schema.get_table_columns(table).items():
        constraints = TableColumnConstraints(
            nullable=hints.get("nullable", True),
            unique=hints.get("unique", False),
            other=[key for key in ("primary_key", "merge_key") if hints.get(key)],
        )
        columns.append(TableColumn(name, str(hints["data_type"]), hints.get("description"), constraints))
    return TableSchema(columns)


def column_schemas(schema: dlt.Schema, table: str) -> dict[str, TableSchema]:
    """Return the columns of a table and its nested tables as metadata of an asset."""
    nested = {name: column_schema(schema, name) for name in schema.tables if name.startswith(f"{table}__")}
    return {**nested, "dagster/column_schema": column_schema(schema, table)}


class DescribedAssets(DagsterDltTranslator):
    """Translator that adds the descriptions of tables and columns to the assets."""

    def get_asset_spec(self, data: DltResourceTranslatorData) -> AssetSpec:
        """Describe the asset with its table and columns."""
        schema, table = declared.discover_schema(), data.resource.name
        spec = super().get_asset_spec(data).merge_attributes(metadata=column_schemas(schema, table))
        return spec.replace_attributes(description=schema.get_table(table)["description"])


class DescribedLoads(DagsterDltResource):
    """Resource that updates the columns of each run, since Spotify may add some."""

    def extract_resource_metadata(
        self, context: Any, resource: DltResource, load_info: Any, dlt_pipeline: dlt.Pipeline
    ) -> dict[str, Any]:
        """Describe the columns of the loaded tables."""
        described = column_schemas(dlt_pipeline.default_schema, resource.name)
        return {**super().extract_resource_metadata(context, resource, load_info, dlt_pipeline), **described}


@dlt_assets(
    dlt_source=declared,
    dlt_pipeline=dlt.pipeline("spotify", destination="duckdb", dataset_name="spotify_raw"),
    name="spotify",
    group_name="spotify",
    dagster_dlt_translator=DescribedAssets(),
    pool="spotify_duckdb",  # set the limit of this pool to 1: only one process can write to a DuckDB file
)
def spotify_tables(context: AssetExecutionContext, dlt_resource: DescribedLoads) -> Iterator[Any]:
    """Load Spotify's new releases and all their tracks."""
    run = Run()
    for table in dlt_resource.run(context=context, dlt_source=spotify_source(run=run)):
        yield table._replace(metadata={**table.metadata, "albums_pending": run.result().albums.pending})
    if run.result().failure is not None:
        raise run.result().failure
    if not run.result().is_complete:
        context.log.warning("Incomplete: %s albums are pending. The next run continues.", run.result().albums.pending)


load = define_asset_job("load_spotify", selection=[spotify_tables])

defs = Definitions(
    assets=[spotify_tables],
    jobs=[load],
    schedules=[ScheduleDefinition(job=load, cron_schedule="17 6 * * *")],
    resources={"dlt_resource": DescribedLoads()},
)
