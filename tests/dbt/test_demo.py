"""Tests of the demo in both quota modes, loaded and built on three days."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.dbt import figures
from tests.dbt.conftest import Built
from tests.dbt.figures import Raw
from tests.dbt.support import MARTS, DbtProject, ask, change, marts

CopyOf = Callable[[Built], Path]
QUESTIONS = 15


def test_every_build_succeeds_without_a_warning(demo: Built) -> None:
    assert [(build.troubles, build.exception) for build in demo.builds] == [({}, None)] * 3
    assert set(MARTS) <= demo.builds[-1].statuses.keys()


def test_unit_tests_of_the_models_pass(extended: Built, project: DbtProject) -> None:
    ran = project.run("test", extended.database, "--select", "test_type:unit")
    units = {unit.name for unit in project.manifest.unit_tests.values()}
    assert {name: ran.statuses[name] for name in units} == dict.fromkeys(units, "pass")


def test_incremental_builds_equal_a_full_refresh(demo: Built, project: DbtProject, copy_of: CopyOf) -> None:
    copy = copy_of(demo)
    before = marts(copy)
    assert not project.run("run", copy, "--full-refresh").troubles
    assert marts(copy) == before


def test_all_analyses_run(demo: Built, project: DbtProject) -> None:
    answers = {name: ask(demo.database, query) for name, query in project.analyses(demo.database).items()}
    assert len(answers) == QUESTIONS
    assert [name for name, rows in answers.items() if not rows] == []


def test_dimensions_equal_the_raw_tables(demo: Built) -> None:
    raw = Raw(demo.database)
    assert {row[0] for row in ask(demo.database, "SELECT album_id FROM spotify_marts.dim_albums")} == raw.album_ids
    credited = {(album_id, artist) for album_id, artists in raw.artists.items() for artist in artists}
    query = "SELECT album_id, artist_id FROM spotify_marts.bridge_album_artists"
    assert set(ask(demo.database, query)) == credited
    places = "SELECT album_id, disc_number, track_number, track_id FROM spotify_marts.fct_album_tracks"
    assert sorted(ask(demo.database, places)) == sorted(
        (track["album_id"], track["disc_number"], track["track_number"], track["id"]) for track in raw.tracks
    )


def test_release_groups_equal_merged_sets(demo: Built) -> None:
    query = "SELECT list(album_id) FROM spotify_marts.dim_albums GROUP BY release_group_id"
    found = {frozenset(group) for (group,) in ask(demo.database, query)}
    assert found == figures.release_groups(Raw(demo.database))
    assert any(len(group) > 1 for group in found)


def test_ranks_equal_an_independent_computation(demo: Built) -> None:
    query = "SELECT album_id, market, run_id, rank, rank_change FROM spotify_marts.fct_release_sightings"
    found = {tuple(key): tuple(rank) for *key, rank in [(*row[:3], row[3:]) for row in ask(demo.database, query)]}
    assert found == figures.ranks(Raw(demo.database))


def test_reports_equal_an_independent_computation(demo: Built) -> None:
    raw = Raw(demo.database)
    pairs = (
        "SELECT first_artist_id, second_artist_id, albums_together, tracks_together FROM spotify_marts.rpt_artist_pairs"
    )
    assert {(one, other): (a, t) for one, other, a, t in ask(demo.database, pairs)} == figures.artist_pairs(raw)
    shares = "SELECT label_name, named_by, albums FROM spotify_marts.rpt_label_share"
    assert {(name, by): count for name, by, count in ask(demo.database, shares)} == figures.labels(raw)
    days = "SELECT released_on, release_precision, albums FROM spotify_marts.rpt_release_calendar"
    assert {(day, precision): count for day, precision, count in ask(demo.database, days)} == figures.calendar(raw)
    gaps = "SELECT album_id, tracks_missing FROM spotify_marts.rpt_catalogue_gaps WHERE tracks_missing <> 0"
    assert dict(ask(demo.database, gaps)) == figures.gaps(raw)
    daily = "SELECT market, sum(albums_first_seen) FROM spotify_marts.rpt_new_releases_daily GROUP BY market"
    seen = figures.first_seen(raw)
    markets = {market for _, market in seen}
    assert dict(ask(demo.database, daily)) == {market: sum(key[1] == market for key in seen) for market in markets}


def test_labels_come_from_the_field_that_the_quota_mode_has(demo: Built) -> None:
    named_by = {by for (by,) in ask(demo.database, "SELECT DISTINCT named_by FROM spotify_marts.rpt_label_share")}
    assert named_by == ({"label"} if demo.quota_mode == "extended" else {"phonogram"})


def test_freshness_uses_finished_loads(extended: Built, project: DbtProject, copy_of: CopyOf) -> None:
    copy = copy_of(extended)
    ((newest,),) = ask(copy, "SELECT max(load_id) FROM spotify_raw._dlt_loads")
    change(copy, f"UPDATE spotify_raw._dlt_loads SET status = 1 WHERE load_id = '{newest}'")
    for age, status in (("1 day", "pass"), ("2 days", "warn"), ("8 days", "error")):
        change(copy, f"UPDATE spotify_raw._dlt_loads SET inserted_at = now() - INTERVAL '{age}' WHERE status = 0")
        assert project.run("source freshness", copy, "--select", "source:spotify.albums").statuses["albums"] == status


def test_descriptions_are_comments_in_duckdb(demo: Built) -> None:
    missing = """
        SELECT table_name, column_name FROM duckdb_columns()
        WHERE schema_name IN ('spotify_staging', 'spotify_marts') AND comment IS NULL AND table_name <> 'snap_albums'
        UNION ALL
        SELECT table_name, NULL FROM duckdb_tables() WHERE schema_name = 'spotify_marts' AND comment IS NULL
        UNION ALL
        SELECT view_name, NULL FROM duckdb_views() WHERE schema_name = 'spotify_staging' AND comment IS NULL
    """
    assert ask(demo.database, missing) == []


def test_views_can_be_read_after_the_file_is_renamed(extended: Built, tmp_path: Path) -> None:
    renamed = tmp_path / "another name.duckdb"
    renamed.write_bytes(extended.database.read_bytes())
    assert ask(renamed, "SELECT count(*) FROM spotify_staging.stg_spotify__album_artists") != [(0,)]


def test_removed_albums_leave_the_marts(extended: Built, project: DbtProject, copy_of: CopyOf) -> None:
    copy = copy_of(extended)
    ((album_id,),) = ask(copy, "SELECT min(album_id) FROM spotify_raw.release_sightings")
    change(
        copy,
        f"DELETE FROM spotify_raw.release_sightings WHERE album_id = '{album_id}'",
        f"DELETE FROM spotify_raw.new_releases WHERE id = '{album_id}'",
        f"DELETE FROM spotify_raw.albums WHERE id = '{album_id}'",
        f"DELETE FROM spotify_raw.album_tracks WHERE album_id = '{album_id}'",
    )
    assert not project.run("run", copy).troubles
    assert not project.run("snapshot", copy).troubles
    tables = ("dim_albums", "fct_album_tracks", "fct_release_sightings", "bridge_album_artists", "snap_albums")
    for table in tables:
        assert ask(copy, f"SELECT * FROM spotify_marts.{table} WHERE album_id = '{album_id}'") == []
