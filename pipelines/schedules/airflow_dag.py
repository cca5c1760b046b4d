"""Loads daily from Airflow (put it into the dags folder). A run that leaves something pending is skipped, not failed.

Written for Airflow 3. Install spotify_source where its tasks run. Credentials: .dlt/secrets.toml in the dags folder, or
SOURCES__SPOTIFY__... in the environment; the file: DESTINATION__DUCKDB__CREDENTIALS, with its whole path. Where load.py
is at hand, BashOperator(bash_command="python .../load.py", skip_on_exit_code=75) is simpler, and writes load_runs.
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
    max_active_runs=1,  # DuckDB lets one program write
):
    # Before the pipeline: it says where dlt keeps its files.
    group = PipelineTasksGroup("load")
    run = Run()

    def skip_if_pending(_context: Any, _result: Any) -> None:
        """End the task as load.py's exit code would say: failed, skipped for 75, or good."""
        if run.result().failure is not None:
            raise run.result().failure
        if not run.result().is_complete:
            raise AirflowSkipException(
                f"Not complete, {run.result().albums.pending} albums are pending; the next run goes on."
            )

    group.add_run(
        dlt.pipeline("spotify", destination="duckdb", dataset_name="spotify_raw"),
        lambda: spotify_source(run=run),
        retries=2,
        retry_delay=timedelta(minutes=5),
        post_execute=skip_if_pending,
    )
