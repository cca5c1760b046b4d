"""Tests of analyses on hand-made histories."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.support import DbtProject, ask, change

# Albums in the marts: id, name, artists.
ALBUMS = """
    CREATE TABLE spotify_marts.dim_albums AS SELECT *, 'album' AS album_type, true AS is_listed
    FROM (VALUES ('a', 'Ebb', 'Lana'), ('b', 'Ebb', 'Lana'), ('c', 'Flow', 'Tide'), ('d', 'Wave', 'Surf'))
        AS albums (album_id, album_name, artist_names)
"""
# Sightings: market, day in November, complete listing, album, rank, previous rank.
SIGHTINGS = """
    CREATE TABLE spotify_marts.fct_release_sightings AS
    SELECT *, make_timestamp(2026, 11, day, 6, 0, 0) AS seen_at, previous_rank - rank AS rank_change
    FROM (VALUES {}) AS sightings (market, day, is_listing_whole, album_id, rank, previous_rank)
"""


@pytest.fixture
def marts(tmp_path: Path) -> Path:
    """Return a file with two schemas and the albums."""
    database = tmp_path / "spotify.duckdb"
    change(database, "CREATE SCHEMA spotify_marts", "CREATE SCHEMA spotify_staging", ALBUMS)
    return database


def answer(project: DbtProject, database: Path, name: str) -> list[tuple[Any, ...]]:
    """Return the rows of an analysis."""
    return ask(database, project.analyses(database)[name])


def test_days_on_the_list_count_each_edition_and_market(project: DbtProject, marts: Path) -> None:
    rows = """
        ('US', 1, true, 'a', 1, NULL), ('US', 1, true, 'b', 2, NULL),
        ('US', 2, true, 'a', 1, 1), ('US', 2, true, 'c', 2, NULL),
        ('US', 3, false, 'c', 1, 2),
        ('GB', 2, true, 'b', 1, NULL)
    """
    change(marts, SIGHTINGS.format(rows))
    found = {(row[0], row[1]): row[5:] for row in answer(project, marts, "days_on_the_list")}
    assert found == {
        ("US", "a"): (date(2026, 11, 1), date(2026, 11, 2), 2, 1, True),
        ("US", "b"): (date(2026, 11, 1), date(2026, 11, 1), 1, 2, False),
        ("US", "c"): (date(2026, 11, 2), date(2026, 11, 3), 2, 1, True),
        ("GB", "b"): (date(2026, 11, 2), date(2026, 11, 2), 1, 1, True),
    }


def test_pairs_are_new_for_seven_days_before_the_last_listing(project: DbtProject, marts: Path) -> None:
    change(
        marts,
        SIGHTINGS.format("('US', 3, true, 'a', 1, NULL), ('US', 20, true, 'a', 1, 1)"),
        """
        CREATE TABLE spotify_marts.rpt_artist_pairs AS SELECT *, 1 AS releases_together, 1 AS tracks_together
        FROM (VALUES ('Lana', 'Tide', TIMESTAMP '2026-11-03 06:00:00'), ('Lana', 'Surf', TIMESTAMP '2026-11-02 06:00:00'))
            AS pairs (first_artist_name, second_artist_name, first_seen_at)
        """,
    )
    assert answer(project, marts, "new_artist_pairs") == []
    change(
        marts,
        "UPDATE spotify_marts.rpt_artist_pairs SET first_seen_at = '2026-11-13 07:00' WHERE second_artist_name = 'Tide'",
    )
    assert [row[:2] for row in answer(project, marts, "new_artist_pairs")] == [("Lana", "Tide")]


def test_movers_come_from_the_last_listing_only(project: DbtProject, marts: Path) -> None:
    rows = """
        ('US', 1, true, 'a', 1, NULL), ('US', 1, true, 'c', 2, NULL),
        ('US', 2, true, 'a', 2, 1), ('US', 2, true, 'c', 1, 2),
        ('US', 3, true, 'a', 2, 2), ('US', 3, true, 'c', 1, 1),
        ('GB', 1, true, 'a', 1, NULL), ('GB', 2, true, 'a', 3, 1)
    """
    change(marts, SIGHTINGS.format(rows))
    assert answer(project, marts, "risers_and_fallers") == [("GB", "Ebb", "Lana", 1, 3, -2)]


def test_only_a_complete_listing_shows_a_missing_album(project: DbtProject, marts: Path) -> None:
    rows = """
        ('US', 1, true, 'a', 1, NULL), ('US', 1, true, 'c', 2, NULL),
        ('US', 2, true, 'a', 1, 1), ('US', 2, true, 'c', 2, 2), ('US', 2, true, 'd', 3, NULL),
        ('GB', 2, true, 'a', 1, NULL), ('GB', 2, true, 'c', 2, NULL),
        ('GB', 4, true, 'a', 1, 1), ('GB', 4, true, 'd', 2, NULL),
        ('FR', 2, false, 'b', 1, NULL)
    """
    change(
        marts,
        SIGHTINGS.format(rows),
        "CREATE TABLE spotify_staging.stg_spotify__new_releases (album_id VARCHAR, market VARCHAR, available_markets JSON)",
    )
    assert answer(project, marts, "in_one_market_before_another") == [
        # GB was read later than US and had a and c at once, so their delay is unknown. FR has no complete listing.
        ("Wave", "Surf", "US", "GB", date(2026, 11, 2), 2),
        ("Ebb", "Lana", "FR", "GB", date(2026, 11, 2), None),
        ("Ebb", "Lana", "FR", "US", date(2026, 11, 2), None),
    ]
