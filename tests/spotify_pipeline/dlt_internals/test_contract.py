"""Tests of dlt's internals as `spotify_pipeline/dlt_internals` uses them.

A release of dlt that changes them fails here first.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.common.storages import LoadStorage, NormalizeStorage, PackageStorage
from dlt.pipeline.exceptions import PipelineStepFailed
from spotify_pipeline.dlt_internals import exceptions
from spotify_pipeline.dlt_internals.capabilities import duckdb_destination
from spotify_pipeline.dlt_internals.dlt_config import StepCollector, pipelines_dir
from spotify_pipeline.dlt_internals.dropped_tables import VERSIONS, get_nested_tables

from tests.support.checkout import CHECKOUT

APPLICATION = CHECKOUT / "pipelines" / "spotify_pipeline"
# Imported by dlt's documentation.
PUBLIC = {"dlt", "dlt.sources", "dlt.destinations", "dlt.extract.DltSource", "dlt.extract.DltResource"}
PUBLIC |= {"dlt.common.pipeline.LoadInfo"}


@dlt.source(name="spotify")
def letters(text: str = "ab") -> Any:
    """Declare a table that merges, with a nested one."""

    @dlt.resource(primary_key="id", write_disposition="merge")
    def albums() -> Iterator[Any]:
        yield [{"id": letter, "artists": [{"name": letter}]} for letter in text]

    return albums


@pytest.fixture
def pipeline(tmp_path: Path) -> dlt.Pipeline:
    """Return a pipeline into a new DuckDB file."""
    return pipeline_in(tmp_path)


def pipeline_in(folder: Path, collector: StepCollector | None = None) -> dlt.Pipeline:
    return dlt.pipeline(
        "spotify",
        destination=duckdb_destination(folder / "letters.duckdb"),
        dataset_name="raw",
        pipelines_dir=str(folder / "pipelines"),
        progress=collector or StepCollector(),
    )


def rows(pipeline: dlt.Pipeline, query: str) -> list[Any]:
    with pipeline.sql_client() as client:
        return list(client.execute_sql(query) or [])


# -- working_directory


def test_packages_move_through_three_directories(pipeline: dlt.Pipeline) -> None:
    working_directory = Path(pipeline.working_dir)
    load = working_directory / "load"

    pipeline.extract(letters())
    (extracted,) = (working_directory / "normalize" / NormalizeStorage.EXTRACTED_FOLDER).iterdir()
    pipeline.normalize()
    (normalized,) = (load / LoadStorage.NORMALIZED_FOLDER).iterdir()
    assert (load / LoadStorage.NEW_PACKAGES_FOLDER).is_dir()
    assert not extracted.exists()
    pipeline.load()
    (loaded,) = (load / LoadStorage.LOADED_FOLDER).iterdir()

    assert extracted.name == normalized.name == loaded.name
    assert not normalized.exists()
    assert (loaded / PackageStorage.PACKAGE_COMPLETED_FILE_NAME).is_file()
    assert (loaded / PackageStorage.APPLIED_SCHEMA_UPDATES_FILE_NAME).is_file()


def test_a_pending_package_lists_its_jobs(pipeline: dlt.Pipeline) -> None:
    pipeline.extract(letters())
    assert pipeline.has_pending_data
    pipeline.normalize()

    (load_id,) = pipeline.list_normalized_load_packages()
    package = pipeline.get_load_package_info(load_id)

    assert {"new_jobs", "started_jobs", "completed_jobs"} <= package.jobs.keys()
    jobs = {job.job_file_info.table_name: job for job in package.jobs["new_jobs"]}
    assert {"albums", "albums__artists"} <= jobs.keys()
    path = Path(jobs["albums"].file_path)
    assert path.is_file()
    assert path.parent == Path(package.package_path) / PackageStorage.NEW_JOBS_FOLDER
    assert jobs["albums"].job_file_info.file_format != "sql"
    assert (Path(package.package_path) / PackageStorage.SCHEMA_UPDATES_FILE_NAME).is_file()


@pytest.mark.slow
def test_a_file_of_schema_updates_empties_the_staging_tables(pipeline: dlt.Pipeline) -> None:
    pipeline.run(letters())
    pipeline.extract(letters("bc"))
    pipeline.normalize()
    (load_id,) = pipeline.list_normalized_load_packages()
    updates = Path(pipeline.get_load_package_info(load_id).package_path) / PackageStorage.SCHEMA_UPDATES_FILE_NAME
    updates.write_text("{}", encoding="utf-8")
    # As a kill after the load of the file leaves it.
    rows(pipeline, "INSERT INTO raw_staging.albums VALUES ('c', 'killed', 'killed')")

    pipeline.load()

    assert rows(pipeline, "SELECT id FROM raw.albums ORDER BY id") == [("a",), ("b",), ("c",)]
    assert rows(pipeline, "SELECT id FROM raw_staging.albums ORDER BY id") == [("b",), ("c",)]


def test_a_pipeline_without_state_accepts_the_name_of_its_schema(pipeline: dlt.Pipeline) -> None:
    assert not pipeline.schema_names
    with pipeline.managed_state():
        pipeline.default_schema_name = pipeline.pipeline_name  # type: ignore[assignment]
        pipeline.schema_names = [pipeline.pipeline_name]
    assert pipeline.schema_names == ["spotify"]


# -- dropped_tables


def test_dropping_a_table_from_the_schema_needs_its_nested_tables(pipeline: dlt.Pipeline) -> None:
    pipeline.run(letters())
    schema = pipeline.default_schema
    assert {"albums", "albums__artists"} <= set(schema.data_table_names(seen_data_only=True))
    family = [table["name"] for table in get_nested_tables(schema.tables, "albums")]
    assert family == ["albums", "albums__artists"]

    schema.drop_tables(family)
    pipeline.schemas.save_schema(schema)

    assert "albums" not in pipeline_in(Path(pipeline.working_dir).parents[1]).default_schema.tables


def test_tables_are_recreated_if_the_schema_version_is_missing(pipeline: dlt.Pipeline) -> None:
    pipeline.run(letters())
    rows(pipeline, "DROP TABLE raw.albums__artists")
    rows(pipeline, f"DELETE FROM raw.{VERSIONS}")

    pipeline.run(letters())

    assert rows(pipeline, "SELECT count(*) FROM raw.albums__artists") == [(2,)]


# -- config, capabilities


def test_a_collector_receives_each_step_by_its_first_word(tmp_path: Path) -> None:
    class RecordingCollector(StepCollector):
        def __init__(self) -> None:
            super().__init__()
            self.steps: list[str] = []

        def _start(self, step: str) -> None:
            super()._start(step)
            self.steps.append(self.step)

    collector = RecordingCollector()
    pipeline_in(tmp_path, collector).run(letters())
    assert list(dict.fromkeys(collector.steps)) == ["Extract", "Normalize", "Load"]


def test_a_duckdb_file_has_the_default_checkpoint_threshold_of_duckdb(pipeline: dlt.Pipeline) -> None:
    pipeline.run(letters())
    assert rows(pipeline, "SELECT current_setting('checkpoint_threshold')") == [("15.2 MiB",)]
    assert pipeline.destination_client().config.credentials.is_resolved()


def test_pipelines_are_below_dlt_data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path))
    assert pipelines_dir() == tmp_path / "pipelines"


# -- exceptions


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCES__SPOTIFY__CLIENT_ID", raising=False)

    @dlt.source(name="spotify")
    def needs(client_id: str = dlt.config.value) -> Any:
        return letters(client_id)

    with pytest.raises(exceptions.CONFIGURATION_ERRORS) as failed:
        needs()
    assert failed.value.fields == ["client_id"]


def test_an_unknown_destination_is_a_configuration_error() -> None:
    with pytest.raises(exceptions.CONFIGURATION_ERRORS):
        dlt.pipeline("spotify", destination="duckbd")


def test_a_failed_step_leads_to_its_cause(pipeline: dlt.Pipeline) -> None:
    @dlt.resource
    def broken() -> Iterator[Any]:
        raise ZeroDivisionError("the cause")
        yield

    with pytest.raises(PipelineStepFailed) as failed:
        pipeline.extract(broken())
    cause: BaseException | None = failed.value
    while cause is not None and not isinstance(cause, ZeroDivisionError):
        cause = cause.__cause__
    assert str(cause) == "the cause"


# -- imports of dlt


def test_only_dlt_internals_imports_what_dlt_does_not_document() -> None:
    reaching = {
        f"{path.relative_to(APPLICATION)}: {name}"
        for path in APPLICATION.rglob("*.py")
        if path.parent.name != "dlt_internals"
        for name in imported_of_dlt(path)
        if name not in PUBLIC and name.rpartition(".")[0] not in PUBLIC
    }
    assert reaching == set()


def imported_of_dlt(path: Path) -> Iterator[str]:
    """Yield the names that a module imports from dlt."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "dlt")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "dlt":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
