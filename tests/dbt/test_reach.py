"""Tests of albums, artists and yields beyond the plain listing."""

from __future__ import annotations

from pathlib import Path

import pytest
from spotify_pipeline.cli.main import main

from tests.dbt.support import DbtProject, ask

DAYS = ("2026-11-19", "2026-11-20")
WATCHED = "SELECT id FROM spotify_raw.albums__artists GROUP BY id ORDER BY count(*) DESC, id LIMIT 3"


@pytest.fixture(scope="module")
def database(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo after two days, the second with watchlist and extra queries."""
    folder = tmp_path_factory.mktemp("reach")
    database = folder / "spotify.duckdb"
    options = ["--demo", "--demo-regime", "development", "--db", str(database)]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DLT_DATA_DIR", str(folder / "dlt"))
        assert main(["load", *options, "--demo-date", DAYS[0]]) == 0
        assert not project.build(database).troubles
        artists = folder / "artists.txt"
        artists.write_text("\n".join([*(one for (one,) in ask(database, WATCHED)), "No Such Artist Is Called So"]))
        assert main(["load", *options, "--demo-date", DAYS[1], "--reach", "40", "--artists", str(artists)]) == 0
    assert not project.build(database).troubles
    return database


def test_only_the_plain_listing_has_ranks(database: Path) -> None:
    beyond = "SELECT count(*) FROM spotify_raw.release_sightings WHERE query IS NOT NULL"
    assert ask(database, beyond)[0][0] > 100
    ranks = "SELECT run_id, market, album_id, rank FROM spotify_marts.fct_release_sightings ORDER BY ALL"
    listed = (
        "SELECT run_id, market, album_id, min(position) FROM spotify_raw.release_sightings WHERE query IS NULL"
        " GROUP BY ALL ORDER BY ALL"
    )
    assert ask(database, ranks) == ask(database, listed)


def test_albums_beyond_the_plain_listing_have_a_first_sighting(database: Path) -> None:
    first = "SELECT album_id, first_seen_at, last_seen_at FROM spotify_marts.dim_albums ORDER BY ALL"
    seen = (
        "SELECT album_id, min(seen_at)::TIMESTAMP, max(seen_at)::TIMESTAMP FROM spotify_raw.release_sightings"
        " GROUP BY ALL ORDER BY ALL"
    )
    assert ask(database, first) == ask(database, seen)


def test_watched_artists_have_their_resolution_and_albums(database: Path) -> None:
    watched = (
        "SELECT listed_as, resolution, albums FROM spotify_marts.dim_watched_artists WHERE artist_id IS NOT NULL"
        " ORDER BY ALL"
    )
    known = ask(database, watched)
    assert len(known) == 3
    assert all(resolution == "id" and albums > 0 for _, resolution, albums in known)
    unknown = "SELECT artist_id, listed_as, resolution FROM spotify_marts.dim_watched_artists WHERE albums = 0"
    assert ask(database, unknown) == [(None, "No Such Artist Is Called So", "not found")]


def test_yields_equal_the_raw_table(database: Path) -> None:
    totals = "SELECT count(*), sum(calls), sum(albums_new) FROM"
    assert ask(database, f"{totals} spotify_marts.fct_search_yields") == ask(
        database, f"{totals} spotify_raw.search_yields"
    )
