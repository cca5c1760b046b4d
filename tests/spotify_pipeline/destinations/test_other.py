"""Tests of dlt destinations by name: tiers, configuration, messages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest
from spotify_pipeline.destinations import named_destination
from spotify_pipeline.destinations.driver_errors import redact_passwords
from spotify_pipeline.offline_api import OfflineApi

from spotify_source import spotify_source
from tests.support.place import Place


@pytest.mark.parametrize("option", [[], ["--check"], ["--dry-run"]])
def test_plain_files_are_unsupported(place: Place, api: OfflineApi, tmp_path: Path, option: list[str]) -> None:
    bucket = {"DESTINATION__FILESYSTEM__BUCKET_URL": (tmp_path / "bucket").as_uri()}

    ran = place.load(api, "--destination", "filesystem", *option, env=bucket)

    assert ran.code == 78
    assert "filesystem is unsupported: dlt can't replace rows" in ran.err + ran.out
    assert "--export DIR" in ran.err + ran.out
    assert ran.calls["search"] == 0 or option == ["--check"]
    assert not (tmp_path / "bucket" / "spotify_raw").exists()


def test_follow_ups_need_a_proven_destination(place: Place, api: OfflineApi, tmp_path: Path) -> None:
    other = {"DESTINATION__DUCKDB__CREDENTIALS": str(tmp_path / "other.duckdb")}

    ran = place.load(api, "--destination", "duckdb", "--retain-days", "30", env=other)

    assert ran.code == 78
    assert "--retain-days needs a DuckDB file or Postgres, but the destination is duckdb." in ran.err
    assert not api.requests


def test_a_missing_driver_is_reported_with_its_installation(
    place: Place, api: OfflineApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith(("psycopg2", "dlt.destinations.impl.postgres"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg2", None)  # type: ignore[arg-type]  # makes its import fail

    ran = place.load(
        api, "--destination", "postgres", env={"DESTINATION__POSTGRES__CREDENTIALS": "postgresql://a:b@c/d"}
    )

    assert ran.code == 78
    assert "driver that is not installed" in ran.err
    assert '[postgres]"' in ran.err
    assert "Traceback" not in ran.err


def test_missing_settings_of_a_destination_are_named(place: Place, api: OfflineApi) -> None:
    pytest.importorskip("psycopg2")

    ran = place.load(api, "--destination", "postgres")

    assert ran.code == 78
    assert "DESTINATION__POSTGRES__CREDENTIALS" in ran.err
    assert "Traceback" not in ran.err


def test_each_database_and_dataset_has_its_own_working_directory(tmp_path: Path) -> None:
    def directory(database: str, dataset: str = "spotify_raw") -> Path:
        with patch.dict("os.environ", {"DESTINATION__DUCKDB__CREDENTIALS": str(tmp_path / database)}):
            return named_destination("duckdb", dataset).pipelines_dir

    assert directory("a.duckdb") == directory("a.duckdb")
    assert len({directory("a.duckdb"), directory("b.duckdb"), directory("a.duckdb", "other")}) == 3


def test_parquet_is_used_only_where_the_destination_takes_it(tmp_path: Path) -> None:
    def formats(name: str, **settings: str) -> set[object]:
        source = spotify_source(client_id="demo", client_secret="demo")
        with patch.dict("os.environ", settings):
            named_destination(name, "spotify_raw").adapt(source)
        return {resource.compute_table_schema().get("file_format") for resource in source.resources.values()}

    pytest.importorskip("sqlalchemy")
    lite = {"DESTINATION__SQLALCHEMY__CREDENTIALS": f"sqlite:///{tmp_path}/lite.db"}
    assert formats("sqlalchemy", **lite) == {"preferred"}
    assert "parquet" in formats("duckdb", DESTINATION__DUCKDB__CREDENTIALS=str(tmp_path / "other.duckdb"))


@pytest.mark.parametrize(
    "message",
    [
        "can't connect to postgresql://loader:wholly-secret@db:5432/x",
        "postgres://loader:whol@ly-secret@db/x failed",
        "host=db password=wholly-secret user=x",
        "password='wholly secret' user=x",
    ],
)
def test_passwords_are_redacted_in_messages(message: str) -> None:
    assert "secret" not in redact_passwords(message)
    assert "***" in redact_passwords(message)


@pytest.mark.slow
def test_each_run_has_a_row_in_load_runs(place: Place, api: OfflineApi, tmp_path: Path) -> None:
    other = {"DESTINATION__DUCKDB__CREDENTIALS": str(tmp_path / "other.duckdb")}

    for _ in range(2):
        assert place.load(api, "--destination", "duckdb", env=other).code == 0

    with duckdb.connect(other["DESTINATION__DUCKDB__CREDENTIALS"]) as connection:
        rows = connection.execute(
            "SELECT albums_new, exit_code, json_type(calls), load_id IN (FROM spotify_raw._dlt_loads SELECT load_id) "
            "FROM spotify_raw.load_runs ORDER BY ALL"
        ).fetchall()
    assert rows == [(0, 0, "OBJECT", True), (3, 0, "OBJECT", True)]


@pytest.mark.engines
def test_no_warning_of_a_library_is_shown(place: Place, api: OfflineApi, tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason='sqlalchemy is not installed: pip install "dlt[sqlalchemy]"')
    lite = {"DESTINATION__SQLALCHEMY__CREDENTIALS": f"sqlite:///{tmp_path}/lite.db"}

    for _ in range(2):
        ran = subprocess.run(
            place.command_line("--destination", "sqlalchemy", "--progress", "none"),
            env={**os.environ, **place.environment(api), **lite},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
