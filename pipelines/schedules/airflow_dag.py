"""Airflow 3 DAG that loads daily.

A task that leaves albums pending is marked as skipped, not as failed. Copy this file to the DAGs folder and install
spotify_source where the tasks run. Set the credentials in .dlt/secrets.toml in the DAGs folder or as
SOURCES__SPOTIFY__... in the environment, and the absolute path of the file as DESTINATION__DUCKDB__CREDENTIALS. Where
load.py is available, BashOperator(bash_command="python .../load.py", skip_on_exit_code=75) is simpler and writes
load_runs.
"""

# Airflow is not installed where the types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import dlt
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException
from dlt.helpers.airflow_helper import PipelineTasksGroup

from spotify_source import Run, spotify_source

with DAG(
    "spotify",
    schedule="17 6 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,  # DuckDB allows one writing process
):
    # Before the pipeline, since it sets the directory of dlt's files.
    group = PipelineTasksGroup("load")
    run = Run()

    def skip_if_pending(_context: Any, _result: Any) -> None:
        """End the task as load.py's exit code would: failed, skipped (75) or successful."""
        if run.result().failure is not None:
            raise run.result().failure
        if not run.result().is_complete:
            raise AirflowSkipException(
                f"Not complete, {run.result().albums.pending} albums are pending; the next run continues."
            )

    group.add_run(
        dlt.pipeline("spotify", destination="duckdb", dataset_name="spotify_raw"),
        lambda: spotify_source(run=run),
        retries=2,
        retry_delay=timedelta(minutes=5),
        post_execute=skip_if_pending,
    )
