"""A section that has nothing to show says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.page import Shown, altered, page_of

TABLES = ("new_releases", "release_sightings", "albums", "album_tracks", "load_runs")
NESTED = (
    "new_releases__artists",
    "new_releases__images",
    "albums__artists",
    "albums__images",
    "albums__copyrights",
    "album_tracks__artists",
)
SECTIONS = ("new", "calendar", "movers", "lengths", "pairs", "loads")


def test_after_one_run_everything_is_new_and_nothing_has_moved(first_run: Shown) -> None:
    page = first_run.page
    assert "by the first run" in page.section("new").text
    assert len(page.section("new").all("li", class_="card")) == 100
    assert "There has been one run. Positions can be compared after the next." in page.section("movers").text
    assert "movers" not in " ".join(page.charts())


def test_tables_without_rows_make_a_page_of_reasons(first_run: Shown, tmp_path: Path) -> None:
    database = altered(first_run.place.database, tmp_path, *(f"DELETE FROM {table}" for table in TABLES + NESTED))
    page = page_of(database, first_run.now)
    assert page.charts() == []
    for name in SECTIONS:
        assert page.section(name).one("p", class_="note").text.endswith(".")


@pytest.mark.parametrize(
    ("missing", "section", "why"),
    [
        ("load_runs", "loads", "The table load_runs is not there"),
        ("release_sightings", "new", "The table release_sightings is not there"),
        ("release_sightings", "movers", "No run has read a listing yet"),
        ("album_tracks", "lengths", "The table album_tracks is not there"),
    ],
)
def test_a_missing_table_is_named(loaded: Shown, tmp_path: Path, missing: str, section: str, why: str) -> None:
    database = altered(loaded.place.database, tmp_path, f"DROP TABLE {missing}")
    page = page_of(database, loaded.now)
    assert page.section(section).one("p", class_="note").text.startswith(why)
    assert len(page.charts()) >= 3


def test_missing_nested_tables_and_columns_cost_only_what_they_held(loaded: Shown, tmp_path: Path) -> None:
    statements = [*(f"DROP TABLE {table}" for table in NESTED), "ALTER TABLE albums DROP COLUMN label"]
    page = page_of(altered(loaded.place.database, tmp_path, *statements), loaded.now)
    assert page.section("new").all("div", class_="cover-missing")
    assert "names two artists" in page.section("pairs").text


def test_albums_alone_make_a_page(extended: Shown, tmp_path: Path) -> None:
    statements = [f"DROP TABLE {table}" for table in (*TABLES, *NESTED) if not table.startswith("albums")]
    page = page_of(altered(extended.place.database, tmp_path, *statements), extended.now)
    assert page.charts() == ["calendar", "pairs"]
