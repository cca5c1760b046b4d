"""A DuckDB file that can't be loaded to is named before any call is made."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from spotify_pipeline.offline_api import LoggedRequest, OfflineApi, Reply

from tests.support.database import held_by_another_process
from tests.support.place import Place
from tests.support.ran import Ran


@pytest.mark.parametrize("name", ["spotify_raw.duckdb", "spotify_raw_staging.duckdb", "SPOTIFY_RAW.db"])
def test_a_file_named_like_its_schema_is_refused_with_a_name_that_works(
    place: Place, api: OfflineApi, tmp_path: Path, name: str
) -> None:
    ran = place.load(api, "--db", str(tmp_path / name))

    assert ran.code == 78
    assert f"--db {tmp_path / 'spotify.duckdb'}" in ran.err
    assert not api.requests


def test_the_default_file_goes_with_the_default_schema_but_not_with_its_own_name(place: Place, api: OfflineApi) -> None:
    ran = place.load(api, "--dataset", "spotify")

    assert ran.code == 78
    assert "spotify_data.duckdb" in ran.err
    assert not api.requests


@pytest.mark.parametrize("name", ["main", "temp", "SYSTEM", "information_schema", "pg_catalog"])
def test_a_schema_of_duckdbs_own_is_refused(place: Place, api: OfflineApi, name: str) -> None:
    ran = place.load(api, "--dataset", name)

    assert ran.code == 78
    assert f"DuckDB reserves the schema name {name.lower()}" in ran.err
    assert not api.requests
    assert not place.database.exists()


@pytest.mark.parametrize("name", ["a?b.duckdb", "information_schema.duckdb"])
def test_a_name_that_no_file_can_have_is_refused(place: Place, api: OfflineApi, tmp_path: Path, name: str) -> None:
    ran = place.load(api, "--db", str(tmp_path / name))

    assert ran.code == 78
    assert name in ran.err
    assert not api.requests


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "named"), [("SpotifyRaw", "spotify_raw"), ("my__raw", "my_raw"), ("raw_", "rawx"), ("_Mine", "_mine")]
)
def test_a_dataset_has_everywhere_the_name_that_dlt_gives_it(
    place: Place, api: OfflineApi, tmp_path: Path, given: str, named: str
) -> None:
    options = ("--export", str(tmp_path / "exported"), "--retain-days", "30")

    ran = place.load(api, "--dataset", given, *options)

    assert (ran.code, ran.err) == (0, "")
    assert f"FROM {named}.new_releases" in ran.out
    with duckdb.connect(str(place.database)) as connection:
        schemas = "FROM duckdb_tables() SELECT DISTINCT schema_name ORDER BY ALL"
        assert connection.execute(schemas).fetchall() == sorted([(named,), (f"{named}_staging",)])
        connection.execute(f"USE {place.database.stem}.{named}")
        assert connection.execute("SELECT count(*) FROM load_runs").fetchall() == [(1,)]
        comments = "SELECT count(*) FROM duckdb_tables() WHERE schema_name = ? AND comment IS NOT NULL"
        assert connection.execute(comments, [named]).fetchone() > (5,)
    (exported,) = (tmp_path / "exported").iterdir()
    assert exported.stat().st_size > 1000
    assert f"dataset {named};" in place.load(api, "--dataset", given, "--check").out
    assert place.load(api, "--dataset", named).album_calls == 0


def test_a_folder_that_is_missing_is_named(place: Place, api: OfflineApi, tmp_path: Path) -> None:
    ran = place.load(api, "--db", str(tmp_path / "nowhere" / "x.duckdb"))

    assert ran.code == 78
    assert str(tmp_path / "nowhere") in ran.err
    assert not api.requests


def test_a_folder_in_the_place_of_the_file_is_named(place: Place, api: OfflineApi, tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").mkdir()

    ran = place.load(api, "--db", str(tmp_path / "x.duckdb"))

    assert ran.code == 78
    assert "is a directory" in ran.err
    assert not api.requests


def test_a_file_that_is_no_database_is_named_and_left_as_it_is(place: Place, api: OfflineApi) -> None:
    place.database.write_text("name,tracks\nOne,1\n" * 500)

    ran = place.load(api)

    assert ran.code == 78
    assert "can't be opened as a DuckDB database" in ran.err
    assert place.database.read_text().startswith("name,tracks")
    assert not api.requests


def test_a_file_that_another_process_holds_names_that_process(place: Place, api: OfflineApi) -> None:
    with held_by_another_process(place.database) as pid:
        ran = place.load(api)

    assert ran.code == 69
    assert str(pid) in ran.err
    assert str(place.database) in ran.err
    assert not api.requests


@pytest.mark.slow
def test_a_second_run_at_the_same_time_is_refused_with_75_and_names_the_process(place: Place, api: OfflineApi) -> None:
    second: list[Ran] = []

    def meanwhile(_request: LoggedRequest, _normal: Reply) -> None:
        second.append(place.load(None))

    api.script("search", meanwhile)
    first = place.load(api)

    assert first.code == 0
    assert [ran.code for ran in second] == [75]
    assert "Another run is loading into the same dataset: process " in second[0].err
    assert place.count("load_runs") == 1


@pytest.mark.slow
def test_a_database_that_is_locked_in_the_middle_of_a_run_loses_nothing(place: Place, api: OfflineApi) -> None:
    holders = []

    def lock(_request: LoggedRequest, _normal: Reply) -> None:
        holder = held_by_another_process(place.database)
        holder.__enter__()
        holders.append(holder)

    api.script("album", lock)
    locked_out = place.load(api)
    for holder in holders:
        holder.__exit__(None, None, None)

    assert locked_out.code == 69
    assert locked_out.calls["album"] == 3
    assert "Traceback" not in locked_out.err

    after = place.load(api)
    assert after.code == 0
    assert after.album_calls == 0
    assert place.count("albums") == 3
    assert place.count("album_tracks") == 73


@pytest.mark.slow
def test_the_database_can_be_read_by_others_while_calls_are_made(place: Place, api: OfflineApi) -> None:
    assert place.load(api).code == 0
    read = []

    def meanwhile(_request: LoggedRequest, _normal: Reply) -> None:
        with held_by_another_process(place.database) as pid:
            read.append(pid)

    api.script("search", meanwhile)

    assert place.load(api).code == 0
    assert len(read) == 1
