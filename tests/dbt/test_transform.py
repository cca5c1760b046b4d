"""Tests of `transform`: results, messages and files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
from spotify_pipeline.after_load.transform import PROJECT, DbtTarget, build, check_target

from spotify_source.errors import ConfigurationError
from tests.dbt.conftest import Built
from tests.dbt.support import MARTS, DbtProject, ask, change

WITHOUT_DBT = """
import re
import sys
from pathlib import Path
sys.modules["dbt"] = None
from spotify_pipeline.after_load.transform import DbtTarget, build
from spotify_source.errors import ConfigurationError
try:
    build(DbtTarget.duckdb(Path("spotify.duckdb"), "spotify_raw"), Path("cache"))
except ConfigurationError as error:
    print(error.summary, error.guidance)
"""


def test_build_writes_only_the_database_and_the_cache(
    extended: Built, project: DbtProject, copy_of: Callable[[Built], Path], tmp_path: Path
) -> None:
    database = copy_of(extended)
    change(database, "DROP SCHEMA spotify_marts CASCADE", "DROP SCHEMA spotify_staging CASCADE")
    before = _files(PROJECT)
    environment = dict(os.environ)
    cache = tmp_path / "working folder" / "dbt"
    with patch.dict(os.environ, {"TMPDIR": str(tmp_path)}):
        result = build(DbtTarget.duckdb(database, "spotify_raw"), cache)
    assert result.succeeded
    models = sum(node.resource_type in {"model", "snapshot"} for node in project.manifest.nodes.values())
    assert (result.built, result.warned, result.skipped) == (models, (), 0)
    assert result.passed == sum(node.resource_type == "test" for node in project.manifest.nodes.values())
    (line,) = result.lines()
    assert line.startswith(f"Transformed: {models} models built in spotify_marts; ")
    assert _files(PROJECT) == before
    assert dict(os.environ) == environment
    # Another program can open the file now.
    look = f"import duckdb; print(duckdb.connect({str(database)!r}).sql('FROM spotify_marts.dim_albums').shape[0])"
    seen = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert int(seen.stdout) == len(ask(database, "FROM spotify_marts.dim_albums"))
    assert {name for (name,) in ask(database, "SELECT table_name FROM duckdb_tables()")} > set(MARTS)


def test_parse_cache_is_reused_and_a_damaged_one_replaced(
    extended: Built, project: DbtProject, copy_of: Callable[[Built], Path], tmp_path: Path
) -> None:
    database, cache = copy_of(extended), tmp_path / "dbt"
    assert build(DbtTarget.duckdb(database, "spotify_raw"), cache).succeeded
    parsed = cache / "partial_parse.msgpack"
    assert parsed.stat().st_size > 100_000
    for content in (parsed.read_bytes(), b"broken", b""):
        parsed.write_bytes(content)
        assert build(DbtTarget.duckdb(database, "spotify_raw"), cache).succeeded
        assert parsed.stat().st_size > 100_000


def test_failures_and_warnings_are_reported(
    extended: Built, project: DbtProject, copy_of: Callable[[Built], Path], tmp_path: Path
) -> None:
    database = copy_of(extended)
    change(
        database,
        "UPDATE spotify_raw.new_releases SET album_type = 'cassette', market = '*'",
        "UPDATE spotify_raw.load_runs SET run_id = 'the same'",
    )
    result = build(DbtTarget.duckdb(database, "spotify_raw"), tmp_path / "dbt")
    assert not result.succeeded
    assert "unique_stg_spotify__load_runs_run_id" in {finding.name for finding in result.failed}
    assert any("cassette" in line or "new_releases_album_type" in line for line in result.lines())
    assert result.skipped > 0


def test_dataset_without_a_load_is_reported(
    extended: Built, project: DbtProject, copy_of: Callable[[Built], Path], tmp_path: Path
) -> None:
    result = build(DbtTarget.duckdb(copy_of(extended), "elsewhere"), tmp_path / "dbt")
    assert not result.succeeded
    assert "Nothing was loaded into elsewhere" in result.failed[0].message


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("spotify_marts.duckdb", "spotify_raw"),
        ("Spotify_Staging.duckdb", "spotify_raw"),
        ("spotify.duckdb", "spotify_marts"),
        ("data.duckdb", "spotify"),
    ],
)
def test_clashing_names_are_refused(project: DbtProject, tmp_path: Path, name: str, dataset: str) -> None:
    with pytest.raises(ConfigurationError):
        check_target(DbtTarget.duckdb(tmp_path / name, dataset))


def test_dbt_refuses_clashing_names(project: DbtProject, tmp_path: Path) -> None:
    fresh = DbtProject.__new__(DbtProject)
    fresh.__dict__.update(project.__dict__, manifest=None)
    said = {name: fresh.run("parse", Path(name)).exception for name in (str(tmp_path / "spotify_marts.duckdb"), "a.db")}
    assert "which has the file's name" in str(said[str(tmp_path / "spotify_marts.duckdb")])
    assert "must be an absolute path" in str(said["a.db"])


def test_missing_extra_is_reported() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT_DBT], capture_output=True, text=True, check=True)
    assert re.search(r'-m pip install ".*\[dbt\]"', ran.stdout)
    assert len(ran.stdout.splitlines()) == 1


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
