"""Tests of DuckDbFile: checks before a run, locks, names and storage versions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from spotify_pipeline.destinations.base import AnotherRunError, DestinationUnavailableError
from spotify_pipeline.destinations.duckdb import DuckDbFile
from spotify_pipeline.offline_api import LoggedRequest, OfflineApi, Reply

from spotify_source.errors import ConfigurationError
from tests.support.database import held_by_another_process
from tests.support.place import Place
from tests.support.with_dbt import skip_without_dbt

# DuckDB 1.2 writes 65, https://duckdb.org/docs/stable/internals/storage
VERSION_OF_1_2 = 65
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


def storage_version(file: Path) -> int:
    """Return the number in the header of a file."""
    return int.from_bytes(file.read_bytes()[12:20], "little")


# -- check


@pytest.mark.parametrize(
    ("name", "dataset", "message", "guidance"),
    [
        ("spotify_raw.duckdb", "spotify_raw", "can't hold a schema named spotify_raw", "--db {0}/spotify.duckdb"),
        ("spotify_raw_staging.duckdb", "spotify_raw", "can't hold a schema", "--db {0}/spotify.duckdb"),
        ("SPOTIFY_RAW.db", "spotify_raw", "can't hold a schema", "--db {0}/spotify.duckdb"),
        ("spotify.duckdb", "spotify", "can't hold a schema", "--db {0}/spotify_data.duckdb"),
        ("a.duckdb", "main", "DuckDB reserves the schema name main", "--dataset spotify_raw"),
        ("a.duckdb", "SYSTEM", "DuckDB reserves the schema name system", "--dataset spotify_raw"),
        ("a.duckdb", "pg_catalog", "DuckDB reserves the schema name pg_catalog", "--dataset spotify_raw"),
        ("a?b.duckdb", "spotify_raw", "can't be named a?b.duckdb", "--db {0}/spotify.duckdb"),
        ("information_schema.duckdb", "spotify_raw", "can't be named", "--db {0}/spotify.duckdb"),
        ("missing/a.duckdb", "spotify_raw", "The directory {0}/missing does not exist", "Create it"),
        (".", "spotify_raw", "is a directory, not a file", "--db {0}/spotify.duckdb"),
    ],
)
def test_unusable_names_and_paths_are_rejected(
    tmp_path: Path, name: str, dataset: str, message: str, guidance: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        DuckDbFile(tmp_path / name, dataset).check()

    assert message.format(tmp_path) in str(error.value)
    assert guidance.format(tmp_path) in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_rejected_file_ends_the_run_before_the_first_call(place: Place, api: OfflineApi) -> None:
    place.database.write_text("name,tracks\nOne,1\n" * 500)

    ran = place.load(api)

    assert ran.code == 78
    assert "can't be opened as a DuckDB database" in ran.err
    assert place.database.read_text().startswith("name,tracks")
    assert not api.requests


def test_a_file_in_use_is_reported_with_its_process(place: Place, api: OfflineApi) -> None:
    with held_by_another_process(place.database) as pid:
        ran = place.load(api)

    assert ran.code == 69
    assert f"{place.database} is in use: process {pid}" in ran.err
    assert not api.requests


# -- locks


def test_a_second_run_is_rejected_with_the_process_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path))
    destination = DuckDbFile(tmp_path / "a.duckdb", "spotify_raw")
    link = tmp_path / "link.duckdb"
    link.symlink_to(destination.file)
    second = DuckDbFile(link, "spotify_raw")

    with destination.locked():
        with pytest.raises(AnotherRunError, match=f"process {os.getpid()}, since "), second.locked():
            pass
        (destination.pipelines_dir / "running.json").write_text("[1]")
        with pytest.raises(AnotherRunError, match="another process"), second.locked():
            pass
        with DuckDbFile(destination.file, "another").locked():
            pass
    with second.locked():
        pass


@pytest.mark.slow
def test_other_programs_can_read_the_file_during_calls(place: Place, api: OfflineApi) -> None:
    assert place.load(api).code == 0
    read = []

    def open_file(_request: LoggedRequest, _normal: Reply) -> None:
        with held_by_another_process(place.database) as pid:
            read.append(pid)

    api.script("search", open_file)

    assert place.load(api).code == 0
    assert len(read) == 1


# -- dataset


@pytest.mark.parametrize(
    ("given", "normalized"),
    [("SpotifyRaw", "spotify_raw"), ("my__raw", "my_raw"), ("raw_", "rawx"), ("_Mine", "_mine")],
)
def test_datasets_have_the_name_that_dlt_gives_them(tmp_path: Path, given: str, normalized: str) -> None:
    assert DuckDbFile(tmp_path / "a.duckdb", given).dataset == normalized


@pytest.mark.slow
def test_every_step_uses_the_normalized_name_of_the_dataset(place: Place, api: OfflineApi, tmp_path: Path) -> None:
    ran = place.load(api, "--dataset", "My__Raw", "--export", str(tmp_path / "exported"), "--retain-days", "30")

    assert (ran.code, ran.err) == (0, "")
    assert "FROM my_raw.new_releases" in ran.out
    with duckdb.connect(str(place.database)) as connection:
        schemas = "FROM duckdb_tables() SELECT DISTINCT schema_name ORDER BY ALL"
        assert connection.execute(schemas).fetchall() == [("my_raw",), ("my_raw_staging",)]
        assert connection.execute("SELECT count(*) FROM my_raw.load_runs").fetchall() == [(1,)]
        comments = "SELECT count(comment) FROM duckdb_tables() WHERE schema_name = 'my_raw'"
        assert connection.execute(comments).fetchone() > (5,)
    (exported,) = (tmp_path / "exported").iterdir()
    assert exported.stat().st_size > 1000
    assert "dataset my_raw;" in place.load(api, "--dataset", "My__Raw", "--check").out
    assert place.load(api, "--dataset", "my_raw").album_calls == 0


# -- storage version


def test_a_new_file_has_the_storage_version_that_was_chosen(tmp_path: Path) -> None:
    DuckDbFile(tmp_path / "default.duckdb", "spotify_raw").check()
    DuckDbFile(tmp_path / "latest.duckdb", "spotify_raw", "latest").check()

    assert storage_version(tmp_path / "default.duckdb") == VERSION_OF_1_2
    assert storage_version(tmp_path / "latest.duckdb") > VERSION_OF_1_2

    DuckDbFile(tmp_path / "latest.duckdb", "spotify_raw").check()

    assert storage_version(tmp_path / "latest.duckdb") > VERSION_OF_1_2


@pytest.mark.slow
def test_a_load_keeps_the_storage_version(place: Place, api: OfflineApi) -> None:
    assert place.load(api, "--retain-days", "30").code == 0
    assert storage_version(place.database) == VERSION_OF_1_2

    place.database.unlink()
    assert place.load(api, "--storage-version", "latest", "--resources", "new_releases").code == 0
    assert storage_version(place.database) > VERSION_OF_1_2


@pytest.fixture(scope="session", params=["1.5.6", "1.2.2"])
def other_python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python with another version of DuckDB."""
    folder = tmp_path_factory.mktemp("duckdb")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    install = [str(python), "-m", "pip", "install", "-q", "--only-binary=:all:", f"duckdb=={request.param}"]
    if subprocess.run(install, check=False, capture_output=True).returncode:
        pytest.skip(f"DuckDB {request.param} can't be installed here")
    return python


@pytest.mark.engines
def test_older_versions_of_duckdb_read_tables_and_models(place: Place, api: OfflineApi, other_python: Path) -> None:
    skip_without_dbt()
    assert place.load(api).code == 0
    ran = place.load(api, "--full-refresh", "--retain-days", "30", "--transform")
    assert ran.code == 0, ran.err

    # PYTHONPATH would lead to this process's DuckDB.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(other_python), "-I", "-c", _COUNTS, str(place.database)]
    read = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)

    assert read.returncode == 0, read.stderr
    counts = json.loads(read.stdout)
    assert counts["spotify_raw.album_tracks"] == place.count("album_tracks")
    assert any(not name.startswith("spotify_raw") for name in counts)


def test_an_unavailable_file_raises_for_sql_too(tmp_path: Path) -> None:
    file = tmp_path / "a.duckdb"
    with (
        held_by_another_process(file),
        pytest.raises(DestinationUnavailableError),
        DuckDbFile(file, "spotify_raw").sql_client(),
    ):
        pass
