"""Loads daily from Dagster (`dagster dev -f dagster_definitions.py`). What is left pending is a warning, no failure.

Install spotify_source and dagster-dlt where Dagster runs. Credentials: .dlt/secrets.toml in the current folder, or
SOURCES__SPOTIFY__... in the environment; the file: DESTINATION__DUCKDB__CREDENTIALS. Without load.py there is no table
load_runs.
"""

# Dagster is not installed where the types are checked.
# mypy: disable-error-code="import-not-found,untyped-decorator"

from collections.abc import Iterator
from typing import Any

import dlt
from dagster import AssetExecutionContext, Definitions, ScheduleDefinition, define_asset_job
from dagster_dlt import DagsterDltResource, dlt_assets

from spotify_source import Run, spotify_source


@dlt_assets(
    # Only its tables matter here: Dagster asks before there is a run, and perhaps where there are no credentials.
    dlt_source=spotify_source(client_id="unused", client_secret="unused"),  # noqa: S106
    dlt_pipeline=dlt.pipeline("spotify", destination="duckdb", dataset_name="spotify_raw"),
    name="spotify",
    group_name="spotify",
    pool="spotify_duckdb",  # DuckDB lets one program write: set the limit of this pool to 1
)
def spotify_tables(context: AssetExecutionContext, dlt_resource: DagsterDltResource) -> Iterator[Any]:
    """Spotify's new releases, and all their tracks."""
    run = Run()
    for table in dlt_resource.run(context=context, dlt_source=spotify_source(run=run)):
        yield table._replace(metadata={**table.metadata, "albums_pending": run.result().albums.pending})
    if run.result().failure is not None:
        raise run.result().failure
    if not run.result().is_complete:
        context.log.warning("Not complete, %s albums are pending; the next run goes on.", run.result().albums.pending)


load = define_asset_job("load_spotify", selection=[spotify_tables])

defs = Definitions(
    assets=[spotify_tables],
    jobs=[load],
    schedules=[ScheduleDefinition(job=load, cron_schedule="17 6 * * *")],
    resources={"dlt_resource": DagsterDltResource()},
)
