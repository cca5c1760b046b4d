"""Tests of incomplete listings, several markets, late loads and missing tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, make_album

from tests.dbt import figures
from tests.dbt.figures import Raw
from tests.dbt.support import DbtProject, ask, change, marts
from tests.support.clock import DAY, FakeClock
from tests.support.place import Place

Serve = Callable[..., OfflineApi]


@pytest.fixture
def place(tmp_path: Path, clock: FakeClock) -> Place:
    """Return an empty place to load to, on the clock's day."""
    return Place(tmp_path, clock)


def twins_of_twins() -> list[Album]:
    """Return three albums of one release, and a fourth with a similar title."""

    def album(name: str, number: int, upc: str, **overrides: Any) -> Album:
        return make_album(
            name, 3, artist="Lana Tidewater", id=f"twin{number:018d}", external_ids={"upc": upc}, **overrides
        )

    return [
        album("Ebb", 1, "00602455070951"),
        album("Ebb and Flow", 2, "602455070951", release_date="2026-11-13"),
        album("EBB AND FLOW (Explicit)", 3, "195916707034", release_date="2026-11-13"),
        album("Ebb and Flow", 4, "195916707035", release_date="2026-11-14"),
    ]


def odd_dates() -> list[Album]:
    """Return albums with a year, a month, no date, and a date long past."""
    dates = {"1967": "year", "2007-03": "month", "0000": "year", "1999-12-31": "day"}
    return [
        make_album(f"Of {text}", 2, release_date=text, release_date_precision=precision)
        for text, precision in dates.items()
    ]


def test_incomplete_listing_drops_no_album(project: DbtProject, place: Place, serve: Serve) -> None:
    albums = [make_album(f"Album {number}", 1) for number in range(25)]
    api = serve(*albums, quota_mode="development")
    last = albums[-1]["id"]
    assert place.load(api).code == 0
    place.clock.move(DAY)
    api.quota["search"] = 1
    assert place.load(api).code == 75
    assert not project.run("run", place.database).troubles
    place.clock.move(DAY)
    del api.quota["search"]
    api.catalogue = Catalogue.of([*albums[-3:], *albums[:-3]])
    assert place.load(api).code == 0
    assert not project.run("run", place.database).troubles

    query = (
        "SELECT rank, previous_rank, rank_change, movement FROM spotify_marts.fct_release_sightings WHERE album_id = ?"
    )
    assert ask(place.database, f"{query} ORDER BY seen_at", last) == [(25, None, None, "new"), (3, 25, 22, "up")]
    raw = Raw(place.database)
    cut = {run["run_id"] for run in raw.runs if run["exit_code"] == 75}
    query = "SELECT album_id, market, run_id, rank, rank_change FROM spotify_marts.fct_release_sightings"
    found = {row[:3]: row[3:] for row in ask(place.database, query)}
    assert found == figures.ranks(raw, cut)
    assert ask(place.database, "SELECT count(*) FROM spotify_marts.dim_albums WHERE is_listed") == [(25,)]


def test_limited_listing_drops_no_album_and_a_complete_one_does(
    project: DbtProject, place: Place, serve: Serve
) -> None:
    albums = [make_album(f"Album {number}", 1) for number in range(12)]
    api = serve(*albums)
    for arguments in ((), ("--limit", "3"), ()):
        assert place.load(api, *arguments).code == 0
        place.clock.move(DAY)
        api.catalogue = Catalogue.of(albums[:11])
    assert not project.run("run", place.database).troubles
    query = "SELECT album_id FROM spotify_marts.dim_albums WHERE NOT is_listed"
    assert ask(place.database, query) == [(albums[11]["id"],)]
    movements = "SELECT DISTINCT movement FROM spotify_marts.fct_release_sightings ORDER BY 1"
    assert ask(place.database, movements) == [("new",), ("same",)]


def test_late_and_changed_loads_equal_loads_in_order(project: DbtProject, place: Place, serve: Serve) -> None:
    albums = [*twins_of_twins(), *odd_dates()]
    api = serve(*albums)
    for turn in range(3):
        api.catalogue = Catalogue.of([*albums[turn:], *albums[:turn]])
        assert place.load(api, "--market", "US", "--market", "GB").code == 0
        place.clock.move(DAY)
    ((first,), (second,), _) = ask(place.database, "SELECT run_id FROM spotify_raw.load_runs ORDER BY started_at")
    change(
        place.database,
        f"CREATE TABLE kept AS FROM spotify_raw.release_sightings WHERE run_id = '{second}'",
        f"DELETE FROM spotify_raw.release_sightings WHERE run_id = '{second}'",
    )
    assert not project.run("run", place.database).troubles
    change(
        place.database,
        "INSERT INTO spotify_raw.release_sightings FROM kept",
        f"UPDATE spotify_raw.release_sightings SET position = position + 20 WHERE run_id = '{first}'",
        # dlt can record a load twice.
        "INSERT INTO spotify_raw._dlt_loads FROM spotify_raw._dlt_loads",
    )
    # A listing moved down by twenty positions is reported.
    assert project.build(place.database).troubles == {"assert_listings_start_at_the_top": "warn"}
    incremental = marts(place.database)
    assert not project.run("run", place.database, "--full-refresh").troubles
    assert marts(place.database) == incremental
    query = "SELECT album_id, market, run_id, rank, rank_change FROM spotify_marts.fct_release_sightings"
    assert {row[:3]: row[3:] for row in ask(place.database, query)} == figures.ranks(Raw(place.database))

    groups = "SELECT list(album_id ORDER BY album_id) FROM spotify_marts.dim_albums GROUP BY release_group_id"
    assert {frozenset(group) for (group,) in ask(place.database, groups)} == figures.release_groups(Raw(place.database))
    twins = [f"twin{number:018d}" for number in (1, 2, 3)]
    assert (twins,) in ask(place.database, groups)
    periods = """
        SELECT release_date, release_precision, released_on::VARCHAR, release_period_end::VARCHAR
        FROM spotify_marts.dim_albums WHERE album_name LIKE 'Of %' ORDER BY release_date
    """
    assert ask(place.database, periods) == [
        ("0000", "unknown", None, None),
        ("1967", "year", "1967-01-01", "1967-12-31"),
        ("1999-12-31", "day", "1999-12-31", "1999-12-31"),
        ("2007-03", "month", "2007-03-01", "2007-03-31"),
    ]


def test_rows_of_unfinished_loads_are_left_out(project: DbtProject, place: Place, serve: Serve) -> None:
    assert place.load(serve(make_album("Early", 2))).code == 0
    place.clock.move(DAY)
    assert place.load(serve(make_album("Early", 2), make_album("Late", 3))).code == 0
    newest = "(SELECT max(load_id) FROM spotify_raw._dlt_loads)"
    change(place.database, f"UPDATE spotify_raw._dlt_loads SET status = 1 WHERE load_id = {newest}")
    assert not project.run("run", place.database).troubles
    early = make_album("Early", 2)["id"]
    assert ask(place.database, "SELECT id FROM spotify_raw.new_releases WHERE name = 'Late'")
    assert set(ask(place.database, "SELECT album_id FROM spotify_marts.dim_albums")) <= {(early,)}
    assert ask(place.database, "SELECT count(*) FROM spotify_marts.fct_album_tracks") == [(2,)]
    assert ask(place.database, "SELECT count(*) FROM spotify_staging.stg_spotify__album_track_artists") == [(2,)]
    assert ask(place.database, "SELECT is_loaded FROM spotify_marts.fct_load_runs ORDER BY started_at") == [
        (True,),
        (False,),
    ]


def test_missing_tables_and_columns_are_empty(project: DbtProject, place: Place, serve: Serve) -> None:
    assert place.load(serve(quota_mode="development")).code == 0
    present = {name for (name,) in ask(place.database, "SELECT table_name FROM duckdb_tables()")}
    assert "albums__artists" not in present
    assert not project.build(place.database).troubles
    assert ask(place.database, "SELECT count(*) FROM spotify_marts.dim_albums") == [(0,)]

    assert place.load(serve(make_album("One", 2), quota_mode="development")).code == 0
    change(
        place.database,
        "ALTER TABLE spotify_raw.albums DROP COLUMN label",
        "ALTER TABLE spotify_raw.albums DROP COLUMN popularity",
        "ALTER TABLE spotify_raw.new_releases DROP COLUMN available_markets",
        "ALTER TABLE spotify_raw.album_tracks ADD COLUMN duration_ms__v_text VARCHAR",
        "DROP TABLE spotify_raw.albums__copyrights",
    )
    assert not project.run("run", place.database).troubles
    query = "SELECT label, popularity, total_tracks, tracks_loaded FROM spotify_marts.dim_albums"
    assert ask(place.database, query) == [(None, None, 2, 2)]
    types = """
        SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'stg_spotify__albums'
        AND schema_name = 'spotify_staging' AND column_name IN ('label', 'popularity') ORDER BY 1
    """
    assert ask(place.database, types) == [("label", "VARCHAR"), ("popularity", "BIGINT")]


def test_one_table_is_enough_for_a_build(project: DbtProject, place: Place, serve: Serve) -> None:
    assert place.load(serve(make_album("One", 2)), "--resources", "release_sightings").code == 0
    assert not project.run("run", place.database).troubles
    assert ask(place.database, "SELECT is_fetched, is_listed FROM spotify_marts.dim_albums") == [(False, True)]
    assert ask(place.database, "SELECT gap FROM spotify_marts.rpt_catalogue_gaps") == [("not fetched",)]
