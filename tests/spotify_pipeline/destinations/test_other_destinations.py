"""Destinations that are no DuckDB file of ours get the same tables, and a row for each run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import duckdb
import pytest
from spotify_pipeline.offline_api import OfflineApi

from tests.support.place import Place


@pytest.mark.slow
def test_other_destinations_get_a_row_for_each_run(place: Place, api: OfflineApi, tmp_path: Path) -> None:
    other = {"DESTINATION__DUCKDB__CREDENTIALS": str(tmp_path / "other.duckdb")}

    for _ in range(2):
        assert place.load(api, "--destination", "duckdb", env=other).code == 0

    with duckdb.connect(other["DESTINATION__DUCKDB__CREDENTIALS"]) as connection:
        rows = connection.execute(
            "SELECT albums_new, exit_code, json_type(calls), load_id IN (FROM spotify_raw._dlt_loads SELECT load_id) "
            "FROM spotify_raw.load_runs ORDER BY ALL"
        ).fetchall()
    assert rows == [(0, 0, "OBJECT", True), (3, 0, "OBJECT", True)]


@pytest.mark.slow
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
