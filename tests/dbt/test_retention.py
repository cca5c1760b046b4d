"""Tests of the models after --retain-days."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from spotify_pipeline.after_load.retention import Removed, remove_older
from spotify_pipeline.destinations.duckdb import DuckDbFile

from tests.dbt.conftest import REGIMES, Built
from tests.dbt.support import DbtProject, ask, change

FIRST = "(SELECT min(run_id) FROM spotify_raw.load_runs)"
LATEST = "(SELECT max(run_id) FROM spotify_raw.load_runs)"
# The runs of the demo are seconds apart. The first one and its rows are moved back by a month.
A_MONTH_AGO = [
    f"UPDATE spotify_raw.release_sightings SET seen_at = seen_at - INTERVAL 30 DAY WHERE run_id = {FIRST}",
    f"UPDATE spotify_raw.release_sightings SET run_id = '0 a month ago' WHERE run_id = {FIRST}",
    f"""
    UPDATE spotify_raw.load_runs SET
        started_at = started_at - INTERVAL 30 DAY,
        run_id = '0 a month ago'
    WHERE run_id = {FIRST}
    """,
]
# Sightings were deleted by hand, which this test reports.
VOLUME = "assert_what_runs_have_loaded_is_there"
# Marts with one album per row.
ABOUT_ALBUMS = ("dim_albums", "fct_release_sightings", "fct_album_tracks", "bridge_album_artists", "snap_albums")


@pytest.fixture(scope="module")
def aged_of(
    demo_of: Callable[[str], Built], project: DbtProject, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Return the demo of three days, the first a month ago, with models built."""

    @cache
    def build(quota_mode: str) -> Path:
        database = Path(shutil.copy(demo_of(quota_mode).database, tmp_path_factory.mktemp("aged") / "spotify.duckdb"))
        change(
            database,
            *A_MONTH_AGO,
            # One of two editions that arrived together is no longer listed.
            """
            DELETE FROM spotify_raw.release_sightings WHERE run_id <> '0 a month ago' AND album_id IN (
                SELECT max(album_id) FROM spotify_marts.dim_albums GROUP BY release_group_id HAVING count(*) > 1
            )
            """,
        )
        ran = project.run("build", database, "--exclude-resource-type", "unit_test", "--exclude", VOLUME)
        assert ran.troubles == {}
        return database

    return build


@pytest.fixture
def age(aged_of: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """Return a copy to change."""
    return lambda quota_mode: Path(shutil.copy(aged_of(quota_mode), tmp_path / "spotify.duckdb"))


@pytest.fixture(params=REGIMES)
def aged(request: pytest.FixtureRequest, age: Callable[[str], Path]) -> Path:
    """Return a copy in each quota mode."""
    return age(request.param)


@pytest.fixture
def aged_extended(age: Callable[[str], Path]) -> Path:
    """Return a copy in Extended Quota Mode."""
    return age("extended")


def remove(database: Path, days: int = 10) -> Removed:
    """Remove albums that no listing has shown for the given days."""
    ((now,),) = ask(database, "SELECT max(seen_at) + INTERVAL 1 HOUR FROM spotify_raw.release_sightings")
    with DuckDbFile(database, "spotify_raw").sql_client() as client:
        return remove_older(client, "spotify_raw", days, now.astimezone(timezone.utc))


def rows(database: Path, mart: str, where: str = "true") -> list[tuple[Any, ...]]:
    """Return the rows of a mart."""
    return ask(database, f"SELECT * FROM spotify_marts.{mart} WHERE {where} ORDER BY ALL")


def test_rows_of_kept_albums_stay_equal(aged: Path, project: DbtProject) -> None:
    everything = dict(ask(aged, "SELECT album_id, release_group_id FROM spotify_marts.dim_albums"))
    change(aged, *(f"CREATE TABLE main.{mart} AS FROM spotify_marts.{mart}" for mart in ABOUT_ALBUMS))
    days, runs = rows(aged, "rpt_new_releases_daily"), rows(aged, "fct_load_runs")
    listings = ask(
        aged, "SELECT run_id, market, depth, is_whole, run_number FROM spotify_staging.int_listing_runs ORDER BY ALL"
    )

    removed = remove(aged)
    built = project.build(aged, "--exclude", VOLUME)

    assert built.troubles == {}
    kept = {album_id for (album_id,) in ask(aged, "SELECT album_id FROM spotify_marts.dim_albums")}
    assert 0 < removed.albums == len(everything) - len(kept)
    for mart in ABOUT_ALBUMS:
        gone = "album_id NOT IN (SELECT album_id FROM spotify_marts.dim_albums)"
        before = ask(aged, f"SELECT * FROM main.{mart} WHERE NOT {gone} ORDER BY ALL")
        assert rows(aged, mart) == before, mart
        assert len(ask(aged, f"FROM main.{mart} WHERE {gone}")) > 0, mart
    assert rows(aged, "rpt_new_releases_daily") == days
    assert rows(aged, "fct_load_runs") == runs
    assert listings == ask(
        aged, "SELECT run_id, market, depth, is_whole, run_number FROM spotify_staging.int_listing_runs ORDER BY ALL"
    )


def test_editions_of_a_listed_release_stay_together(aged_extended: Path) -> None:
    query = """
        SELECT release_group_id FROM spotify_marts.dim_albums
        GROUP BY ALL HAVING count(*) > 1 AND bool_or(is_listed) AND NOT bool_and(is_listed)
    """
    half_listed = [group for (group,) in ask(aged_extended, query)]
    assert half_listed
    remove(aged_extended)
    query = "SELECT album_id FROM spotify_marts.dim_albums WHERE list_contains(?, release_group_id)"
    editions = {album_id for (album_id,) in ask(aged_extended, query, half_listed)}
    assert editions <= {album_id for (album_id,) in ask(aged_extended, "SELECT id FROM spotify_raw.new_releases")}


def test_daily_figures_stay_equal_after_a_full_refresh(aged_extended: Path, project: DbtProject) -> None:
    days = rows(aged_extended, "rpt_new_releases_daily")
    for arguments in ((), (), ("--full-refresh",)):
        remove(aged_extended)
        assert project.run("run", aged_extended, *arguments).troubles == {}
        assert rows(aged_extended, "rpt_new_releases_daily") == days


def test_removed_albums_are_named_nowhere(aged_extended: Path, project: DbtProject) -> None:
    before = {album_id for (album_id,) in ask(aged_extended, "SELECT album_id FROM spotify_marts.dim_albums")}
    remove(aged_extended)
    # Before the next build: the snapshot cannot be rebuilt.
    versions = {album_id for (album_id,) in ask(aged_extended, "SELECT album_id FROM spotify_marts.snap_albums")}
    gone = before - {album_id for (album_id,) in ask(aged_extended, "SELECT id FROM spotify_raw.new_releases")}
    assert gone
    assert not gone & versions
    assert project.build(aged_extended, "--exclude", VOLUME).troubles == {}
    columns = """
        SELECT schema_name, table_name, column_name FROM duckdb_columns()
        WHERE data_type = 'VARCHAR' AND schema_name IN ('spotify_raw', 'spotify_raw_staging', 'spotify_staging', 'spotify_marts')
    """
    for schema, table, column in ask(aged_extended, columns):
        found = ask(aged_extended, f'SELECT DISTINCT "{column}" FROM {schema}.{table}')
        assert not gone & {value for (value,) in found}, (schema, table, column)


def test_removed_albums_arrive_again_when_listed(aged_extended: Path, project: DbtProject) -> None:
    ((album_id,),) = ask(
        aged_extended, "SELECT min(album_id) FROM spotify_marts.dim_albums WHERE NOT is_listed AND albums_in_group = 1"
    )
    days = ask(
        aged_extended,
        "SELECT seen_on, market, albums_first_seen FROM spotify_marts.rpt_new_releases_daily ORDER BY ALL",
    )
    change(aged_extended, f"CREATE TABLE main.again AS FROM spotify_raw.new_releases WHERE id = '{album_id}'")
    remove(aged_extended)
    assert project.run("run", aged_extended).troubles == {}
    change(
        aged_extended,
        "INSERT INTO spotify_raw.new_releases FROM main.again",
        f"""
        INSERT INTO spotify_raw.release_sightings BY NAME
        SELECT * REPLACE ('{album_id}' AS album_id, 5000 AS position)
        FROM spotify_raw.release_sightings WHERE run_id = {LATEST} AND position = 1 AND market = (
            SELECT min(market) FROM spotify_raw.release_sightings WHERE run_id = {LATEST}
        )
        """,
    )
    assert project.run("run", aged_extended).troubles == {}
    found = ask(
        aged_extended,
        "SELECT seen_on, market, albums_first_seen FROM spotify_marts.rpt_new_releases_daily ORDER BY ALL",
    )
    assert [row[2] for row in found] == [*(row[2] for row in days[:-1]), days[-1][2] + 1]


def test_models_of_another_dataset_stay_unchanged(aged: Path) -> None:
    before = ask(aged, "SELECT count(*) FROM spotify_marts.snap_albums")
    with duckdb.connect(str(aged)) as connection:
        connection.execute("CREATE SCHEMA another")
        for (table,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'spotify_raw'"
        ).fetchall():
            connection.execute(f"CREATE TABLE another.{table} AS FROM spotify_raw.{table}")

    with DuckDbFile(aged, "another").sql_client() as client:
        removed = remove_older(client, "another", 1, datetime.now(timezone.utc) + timedelta(days=900))

    assert removed.albums
    assert ask(aged, "SELECT count(*) FROM spotify_marts.snap_albums") == before
