"""A new file can be opened by the DuckDB that other tools ship; one that is there stays as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from spotify_pipeline.offline_api import OfflineApi

from tests.support.place import Place
from tests.support.with_dbt import skip_without_dbt

# DuckDB 1.2 writes 65, https://duckdb.org/docs/stable/internals/storage
WRITTEN_BY_1_2 = 65
_COUNTS = """
import duckdb, json, sys
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    tables = connection.execute("FROM duckdb_tables() SELECT schema_name, table_name ORDER BY ALL").fetchall()
    counts = {f"{s}.{t}": connection.execute(f'SELECT count(*) FROM "{s}"."{t}"').fetchone()[0] for s, t in tables}
    views = connection.execute("FROM duckdb_views() SELECT schema_name, view_name WHERE NOT internal").fetchall()
    for schema, view in views:
        connection.execute(f'SELECT count(*) FROM "{schema}"."{view}"').fetchone()
print(json.dumps(counts))
"""


def version_of(file: Path) -> int:
    """The number in the header of a file."""
    return int.from_bytes(file.read_bytes()[12:20], "little")


@pytest.mark.slow
def test_a_new_file_has_the_version_of_duckdb_1_2_and_keeps_it(place: Place, api: OfflineApi) -> None:
    assert place.load(api).code == 0
    assert version_of(place.database) == WRITTEN_BY_1_2
    assert place.load(api, "--full-refresh", "--retain-days", "30").code == 0
    assert version_of(place.database) == WRITTEN_BY_1_2


@pytest.mark.slow
def test_the_newest_version_is_an_option(place: Place, api: OfflineApi) -> None:
    assert place.load(api, "--storage-version", "latest").code == 0
    assert version_of(place.database) > WRITTEN_BY_1_2


@pytest.mark.slow
def test_a_file_that_is_there_stays_as_it_is(place: Place, api: OfflineApi) -> None:
    with duckdb.connect(str(place.database), config={"storage_compatibility_version": "latest"}) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS one")
    before = version_of(place.database)
    assert place.load(api).code == 0
    assert version_of(place.database) == before


@pytest.fixture(scope="session", params=["1.5.6", "1.2.2"])
def other_duckdb(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has another DuckDB."""
    folder = tmp_path_factory.mktemp("duckdb")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    install = [str(python), "-m", "pip", "install", "-q", "--only-binary=:all:", f"duckdb=={request.param}"]
    if subprocess.run(install, check=False, capture_output=True).returncode:
        pytest.skip(f"DuckDB {request.param} can't be installed here")
    return python


@pytest.mark.engines
def test_other_versions_of_duckdb_read_all_of_it_after_load_retention_and_dbt(
    place: Place, api: OfflineApi, other_duckdb: Path
) -> None:
    skip_without_dbt()
    assert place.load(api).code == 0
    ran = place.load(api, "--full-refresh", "--retain-days", "30", "--transform")
    assert ran.code == 0, ran.err

    # Without the paths of this process, which lead to its own DuckDB.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(other_duckdb), "-I", "-c", _COUNTS, str(place.database)]
    read = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)

    assert read.returncode == 0, read.stderr
    counts = json.loads(read.stdout)
    assert counts["spotify_raw.album_tracks"] == place.count("album_tracks")
    assert any(not name.startswith("spotify_raw") for name in counts)
