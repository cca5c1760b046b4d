"""Airflow 3 DAG that loads daily.

A run that has to be continued is skipped, not failed.

Copy this file into the DAGs folder and install spotify_source where the tasks run. Credentials: .dlt/secrets.toml in the
DAGs folder, or SOURCES__SPOTIFY__... in the environment. Database file: DESTINATION__DUCKDB__CREDENTIALS, an absolute path.
If load.py is available, BashOperator(bash_command="python .../load.py", skip_on_exit_code=75) is simpler, and it writes
load_runs.
"""

# mypy runs without Airflow.
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
    max_active_runs=1,  # only one process can write to a DuckDB file
):
    # Before the pipeline, because it sets the working directory of dlt.
    group = PipelineTasksGroup("load")
    run = Run()

    def skip_if_pending(_context: Any, _result: Any) -> None:
        """Fail the task, skip it if albums are pending, or let it succeed."""
        if run.result().failure is not None:
            raise run.result().failure
        if not run.result().is_complete:
            raise AirflowSkipException(
                f"Incomplete: {run.result().albums.pending} albums are pending. The next run continues."
            )

    group.add_run(
        dlt.pipeline("spotify", destination="duckdb", dataset_name="spotify_raw"),
        lambda: spotify_source(run=run),
        retries=2,
        retry_delay=timedelta(minutes=5),
        post_execute=skip_if_pending,
    )
