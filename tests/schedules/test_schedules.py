"""Recipes for cron, GitHub Actions, Dagster and Airflow, run as in production."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from spotify_pipeline.destinations.duckdb import DuckDbFile
from spotify_pipeline.offline_api import LoggedRequest, OfflineApi, Reply

from spotify_source.schema import LOAD_RUNS, TABLES, Table, with_nested
from tests.support.checkout import CHECKOUT
from tests.support.place import Place

SCHEDULES = CHECKOUT / "pipelines" / "schedules"
CRON = SCHEDULES / "cron.sh"
WORKFLOW = SCHEDULES / "github_actions.yml"
# Tables of the source; load.py writes load_runs.
LOADED = [table for table in TABLES if table != LOAD_RUNS]
posix = pytest.mark.skipif(sys.platform == "win32", reason="cron and the workflow run on Linux")


def run(place: Place, api: OfflineApi | None, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a program in the place's folder, with this Python first on the PATH."""
    settings = {} if api else {"client_id": None, "client_secret": None}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, **place.environment(api, **settings), "PATH": path, **more}
    return subprocess.run(command, cwd=place.folder, env=environment, capture_output=True, text=True, check=False)


@contextmanager
def another_run(place: Place) -> Iterator[None]:
    """Hold the lock of the place's database, so that load.py ends with 75."""
    with patch.dict(os.environ, place.environment()):
        destination = DuckDbFile(place.database, "spotify_raw")
    with destination.locked():
        yield


# -- cron


def cron(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(place, None, str(CRON), "--db", str(place.database), *arguments, PYTHON=sys.executable)


@posix
def test_cron_prints_nothing_about_a_complete_run(place: Place) -> None:
    ran = cron(place, "--demo")

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert place.count("albums") > 90


@posix
def test_cron_treats_75_as_success(place: Place) -> None:
    with another_run(place):
        ran = cron(place, "--demo")

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert not place.database.exists()


@posix
def test_cron_prints_the_output_of_a_failed_run(place: Place) -> None:
    ran = cron(place)

    assert ran.returncode == 78
    assert "Missing credentials of the Spotify app: client_id and client_secret." in ran.stdout


# -- GitHub Actions


@pytest.fixture
def workflow() -> dict[str, Any]:
    """Parse the workflow."""
    found: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return found


def step(workflow: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (step for step in workflow["jobs"]["load"]["steps"] if step.get("name") == name)
    return dict(found)


def load_step(place: Place, workflow: dict[str, Any], options: str = "") -> subprocess.CompletedProcess[str]:
    """Run the step as GitHub does, in a clone with `bash -e`."""
    (place.folder / "pipelines").symlink_to(CHECKOUT / "pipelines")
    return run(place, None, "bash", "-e", "-c", step(workflow, "Load")["run"], OPTIONS=options)


@posix
def test_workflow_saves_the_database_that_it_loads(place: Place, workflow: dict[str, Any]) -> None:
    ran = load_step(place, workflow, "--demo --demo-regime extended")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert place.count("albums") > 90
    restored = step(workflow, "Restore the database of the last run")
    saved = step(workflow, "Save the database for the next run")
    assert restored["with"]["path"] == saved["with"]["path"] == place.database.name
    assert restored["with"]["key"] == saved["with"]["key"]
    assert saved["with"]["key"].startswith(restored["with"]["restore-keys"])


@posix
def test_workflow_treats_75_as_success(place: Place, workflow: dict[str, Any]) -> None:
    with another_run(place):
        ran = load_step(place, workflow, "--demo")

    assert ran.returncode == 0
    assert "::notice title=Incomplete::" in ran.stdout


@posix
def test_workflow_fails_if_load_py_fails(place: Place, workflow: dict[str, Any]) -> None:
    ran = load_step(place, workflow)

    assert ran.returncode == 78
    assert "::notice" not in ran.stdout


def test_workflow_sets_the_credentials_and_a_schedule(workflow: dict[str, Any]) -> None:
    assert {"SOURCES__SPOTIFY__CLIENT_ID", "SOURCES__SPOTIFY__CLIENT_SECRET"} < step(workflow, "Load")["env"].keys()
    assert "cron" in workflow[True]["schedule"][0]  # YAML parses "on" as true


# -- Dagster


needs_dagster = pytest.mark.skipif(
    importlib.util.find_spec("dagster_dlt") is None, reason="Dagster is not installed: pip install dagster dagster-dlt"
)


def dagster_recipe() -> ModuleType:
    """Import the definitions as Dagster does."""
    spec = importlib.util.spec_from_file_location("dagster_definitions", SCHEDULES / "dagster_definitions.py")
    assert spec is not None
    assert spec.loader is not None
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    return recipe


@pytest.mark.engines
@needs_dagster
def test_dagster_materializes_the_tables_and_reports_pending_albums(
    place: Place, api: OfflineApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in orchestrated(place, api, daily_calls=1).items():
        monkeypatch.setenv(name, value)
    job = dagster_recipe().defs.resolve_job_def("load_spotify")

    first = job.execute_in_process()

    assert first.success
    assert pending(first) == {2}
    assert place.count("albums") == 1

    monkeypatch.setenv("SOURCES__SPOTIFY__DAILY_CALLS", "100")
    second = job.execute_in_process()

    assert pending(second) == {0}
    assert place.count("albums") == 3


@pytest.mark.engines
@needs_dagster
def test_dagster_shows_descriptions_before_the_first_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in orchestrated(place, None, client_id=None, client_secret=None).items():
        monkeypatch.setenv(name, value)

    specs = {spec.key.path[-1]: spec for spec in dagster_recipe().spotify_tables.specs}

    assert {asset: spec.description for asset, spec in specs.items()} == {
        f"dlt_spotify_{table.name}": table.description for table in LOADED
    }
    for table in LOADED:
        # dlt adds its own columns with the first load.
        assert described_columns(table, specs[f"dlt_spotify_{table.name}"].metadata) == {
            one.name: {column.name: column.description for column in one.columns if not column.name.startswith("_dlt_")}
            for one in with_nested(table)
        }


@pytest.mark.engines
@needs_dagster
def test_dagster_shows_descriptions_after_each_run(
    place: Place, api: OfflineApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in orchestrated(place, api).items():
        monkeypatch.setenv(name, value)

    def add_field(_: LoggedRequest, normal: Reply) -> Reply:
        assert isinstance(normal.body, Mapping)
        return dataclasses.replace(normal, body={**normal.body, "mood": "calm"})

    api.always("album", add_field)
    undeclared = {"albums": {"mood": None}}
    job = dagster_recipe().defs.resolve_job_def("load_spotify")

    # The second run restores its schema from the destination.
    for ran in (job.execute_in_process(), job.execute_in_process()):
        found = {
            event.asset_key.path[-1]: {label: entry.value for label, entry in event.materialization.metadata.items()}
            for event in ran.get_asset_materialization_events()
        }
        assert found.keys() == {f"dlt_spotify_{table.name}" for table in LOADED}
        for table in LOADED:
            assert described_columns(table, found[f"dlt_spotify_{table.name}"]) == {
                one.name: {column.name: column.description for column in one.columns} | undeclared.get(one.name, {})
                for one in with_nested(table)
            }


def described_columns(table: Table, metadata: Mapping[str, Any]) -> dict[str, dict[str, str | None]]:
    """Return the column descriptions in an asset's metadata, by table and column."""
    own = metadata["dagster/column_schema"]
    nested = {name: value for name, value in metadata.items() if name.startswith(f"{table.name}__")}
    return {
        name: {column.name: column.description for column in schema.columns}
        for name, schema in {table.name: own, **nested}.items()
    }


def pending(result: Any) -> set[int]:
    """Return the pending albums in the metadata of a run's assets."""
    return {
        event.materialization.metadata["albums_pending"].value for event in result.get_asset_materialization_events()
    }


def orchestrated(place: Place, api: OfflineApi | None, **settings: object) -> dict[str, str]:
    """Return an environment with the whole configuration, as in a scheduler."""
    return {
        **place.environment(api, **settings),
        "DESTINATION__DUCKDB__CREDENTIALS": str(place.database),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }


# -- Airflow


@pytest.mark.engines
@pytest.mark.skipif(
    importlib.util.find_spec("airflow") is None, reason="Airflow is not installed: pip install apache-airflow"
)
def test_airflow_loads_and_skips_a_run_with_pending_albums(place: Place, api: OfflineApi) -> None:
    home = place.folder / "airflow"
    (home / "dags").mkdir(parents=True)
    shutil.copy(SCHEDULES / "airflow_dag.py", home / "dags")
    home_settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "PYTHONPATH": str(CHECKOUT),
    }

    def airflow(*command: str, **settings: object) -> subprocess.CompletedProcess[str]:
        environment = {**orchestrated(place, api, **settings), **home_settings}
        return run(place, api, sys.executable, "-m", "airflow", *command, **environment)

    assert airflow("db", "migrate").returncode == 0

    first = airflow("dags", "test", "spotify", daily_calls=1)

    assert first.returncode == 0, first.stderr
    assert "new_state=skipped" in first.stdout
    assert "Incomplete: 2 albums are pending. The next run continues." in first.stdout
    assert place.count("albums") == 1

    second = airflow("dags", "test", "spotify", daily_calls=100)

    assert second.returncode == 0, second.stderr
    assert "state=success" in second.stdout
    assert "new_state=skipped" not in second.stdout
    assert place.count("albums") == 3
