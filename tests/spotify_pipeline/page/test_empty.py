"""Sections without content, each with its reason."""

from __future__ import annotations

from pathlib import Path

from tests.support.page import DemoPage, altered_copy, render_page

TABLES = ("new_releases", "release_sightings", "albums", "album_tracks", "load_runs")
NESTED = (
    "new_releases__artists",
    "new_releases__images",
    "albums__artists",
    "albums__images",
    "albums__copyrights",
    "album_tracks__artists",
)
SECTIONS = ("new", "late", "calendar", "movers", "lengths", "pairs", "loads")


def test_after_one_run_everything_is_new_and_nothing_moved(first_run: DemoPage) -> None:
    page = first_run.page
    assert "by the first run" in page.section("new").text
    assert len(page.cards()) == 100
    assert "There has been one run. Positions can be compared after the next." in page.section("movers").text
    assert page.charts() == ["calendar", "lengths", "pairs", "calls"]


def test_each_section_without_rows_gives_a_reason(first_run: DemoPage, tmp_path: Path) -> None:
    statements = [f"DELETE FROM {table}" for table in (*TABLES, *NESTED)]
    page = render_page(altered_copy(first_run.database.database, tmp_path, *statements), first_run.now)
    assert page.charts() == []
    for name in SECTIONS:
        assert page.section(name).one("p", class_="note").text.endswith(".")


def test_missing_tables_and_columns_affect_only_their_section(development: DemoPage, tmp_path: Path) -> None:
    missing = [f"DROP TABLE {table}" for table in ("load_runs", "album_tracks", *NESTED)]
    database = altered_copy(development.database.database, tmp_path, *missing, "ALTER TABLE albums DROP COLUMN label")
    page = render_page(database, development.now)
    notes = {name: page.section(name).one("p", class_="note").text for name in ("loads", "lengths", "pairs")}
    assert notes["loads"].startswith("The table load_runs does not exist")
    assert notes["lengths"].startswith("The table album_tracks does not exist")
    assert "names two artists" in notes["pairs"]
    assert page.section("new").all("div", class_="cover-missing")
    assert page.charts() == ["calendar", "movers-us"]


def test_missing_sightings_affect_only_sections_about_listings(extended: DemoPage, tmp_path: Path) -> None:
    database = altered_copy(extended.database.database, tmp_path, "DROP TABLE release_sightings")
    page = render_page(database, extended.now)
    assert page.section("new").one("p", class_="note").text.startswith("The table release_sightings does not exist")
    assert page.section("movers").one("p", class_="note").text.startswith("No run has read a listing yet")
    assert page.charts() == ["calendar", "lengths", "pairs", "calls"]


def test_albums_alone_make_a_page(extended: DemoPage, tmp_path: Path) -> None:
    statements = [f"DROP TABLE {table}" for table in (*TABLES, *NESTED) if not table.startswith("albums")]
    page = render_page(altered_copy(extended.database.database, tmp_path, *statements), extended.now)
    assert page.charts() == ["calendar", "pairs"]
