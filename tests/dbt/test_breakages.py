"""Kinds of damage to the loaded tables, each with the dbt tests that report it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.dbt.conftest import Built
from tests.dbt.support import DbtProject, change

CopyOf = Callable[[Built], Path]
FIRST = "(SELECT min(run_id) FROM spotify_raw.load_runs)"
LATEST = "(SELECT max(run_id) FROM spotify_raw.load_runs)"
FIRST_LOAD = "(SELECT min(load_id) FROM spotify_raw._dlt_loads)"


@dataclass(frozen=True)
class Breakage:
    """Damage to a database file, and the tests that report it."""

    statements: tuple[str, ...]
    seen_by: tuple[str, ...]
    seen_as: str = "fail"  # or 'warn'

    @property
    def tables(self) -> set[str]:
        """Tables that the statements name, nested ones as their root."""
        names = re.findall(r"spotify_(?:raw|marts|staging)\.(\w+)", " ".join(self.statements))
        roots = {name.partition("__")[0] for name in names}
        # The snapshot is built from finished loads of albums.
        return roots | {"albums", "_dlt_loads"} if "snap_albums" in roots else roots


def _broken(statement: str, *seen_by: str, seen_as: str = "fail") -> Breakage:
    statements = tuple(f"{part}" for part in statement.split(";") if part.strip())
    return Breakage(statements, seen_by, seen_as)


LOADS = "assert_runs_and_their_loads_agree"
VOLUME = "assert_what_runs_have_loaded_is_there"
LEFT = "assert_runs_have_left_something"
ORPHANS = "assert_nested_rows_have_their_root"
ARTISTS = "assert_artists_are_named"
IDS = "assert_ids_tell_things_apart"
COUNTS = "assert_track_counts_agree"

BREAKAGES = {
    "no load is known": _broken("DELETE FROM spotify_raw._dlt_loads", LOADS),
    "the first load is unfinished": _broken(
        f"UPDATE spotify_raw._dlt_loads SET status = 1 WHERE load_id = {FIRST_LOAD}",
        LOADS,
        "assert_rows_are_of_loads_that_are_known",
    ),
    "half of the albums gone": _broken(
        "DELETE FROM spotify_raw.albums WHERE hash(id) % 2 = 0", VOLUME, "assert_tracks_have_their_album"
    ),
    "all albums gone": _broken(
        "DELETE FROM spotify_raw.albums", "assert_albums_are_where_their_tracks_are", seen_as="warn"
    ),
    "a third of new_releases gone": _broken(
        "DELETE FROM spotify_raw.new_releases WHERE hash(id) % 3 = 0", LEFT, seen_as="warn"
    ),
    "half of the tracks gone": _broken("DELETE FROM spotify_raw.album_tracks WHERE hash(id) % 2 = 0", VOLUME),
    "all artists gone": _broken(
        "DELETE FROM spotify_raw.albums__artists; DELETE FROM spotify_raw.new_releases__artists", ARTISTS
    ),
    "all artists of fetched albums gone": _broken("DELETE FROM spotify_raw.albums__artists", ARTISTS),
    "all artists of tracks gone": _broken("DELETE FROM spotify_raw.album_tracks__artists", ARTISTS),
    "all copyrights gone": _broken(
        "DELETE FROM spotify_raw.albums__copyrights", "assert_copyrights_are_there", seen_as="warn"
    ),
    "artists of albums orphaned": _broken("UPDATE spotify_raw.albums__artists SET _dlt_root_id = 'unknown'", ARTISTS),
    "images orphaned": _broken(
        "UPDATE spotify_raw.albums__images SET _dlt_root_id = 'unknown'", ORPHANS, seen_as="warn"
    ),
    "a few nested rows orphaned": _broken(
        "UPDATE spotify_raw.album_tracks__artists SET _dlt_root_id = 'unknown' WHERE hash(_dlt_id) % 50 = 0",
        ORPHANS,
        seen_as="warn",
    ),
    "the latest run's sightings gone": _broken(
        f"DELETE FROM spotify_raw.release_sightings WHERE run_id = {LATEST}", LEFT, seen_as="warn"
    ),
    "half of a run's sightings gone": _broken(
        f"DELETE FROM spotify_raw.release_sightings WHERE run_id = {FIRST} AND position % 2 = 0", VOLUME
    ),
    "a run's sightings further down": _broken(
        f"UPDATE spotify_raw.release_sightings SET position = position + 20 WHERE run_id = {LATEST}",
        "assert_listings_start_at_the_top",
        seen_as="warn",
    ),
    "a run's sightings at another time": _broken(
        f"UPDATE spotify_raw.release_sightings SET seen_at = seen_at - INTERVAL 1 DAY WHERE run_id = {LATEST}", LOADS
    ),
    "positions below 1": _broken(
        f"UPDATE spotify_raw.release_sightings SET position = position - 10 WHERE run_id = {LATEST}",
        "sightings_count_from_one",
    ),
    "a run's sightings without albums": _broken(
        f"UPDATE spotify_raw.release_sightings SET album_id = NULL WHERE run_id = {LATEST}", "sightings_name_an_album"
    ),
    "one album at every place": _broken(
        f"UPDATE spotify_raw.release_sightings SET album_id = (SELECT min(id) FROM spotify_raw.albums) WHERE run_id = {LATEST}",
        VOLUME,
    ),
    "a market in small letters": _broken(
        "UPDATE spotify_raw.release_sightings SET market = 'usa'", "sightings_are_of_a_market"
    ),
    "a market of a listed album in small letters": _broken(
        "UPDATE spotify_raw.new_releases SET market = 'usa'", "new_releases_are_of_a_market"
    ),
    "released_on a year off": _broken(
        "UPDATE spotify_raw.albums SET released_on = released_on + INTERVAL 1 YEAR", "albums_are_dated_as_sent"
    ),
    "released_on null": _broken(
        "UPDATE spotify_raw.new_releases SET released_on = NULL", "new_releases_are_dated_as_sent"
    ),
    "released in 3000": _broken(
        "UPDATE spotify_raw.albums SET released_on = DATE '3000-01-01'", "albums_are_dated_as_sent"
    ),
    "released in 3000, as sent": _broken(
        "UPDATE spotify_raw.albums SET released_on = DATE '3000-01-01', release_date = '3000-01-01'",
        "assert_listing_and_album_agree",
        seen_as="warn",
    ),
    "one album released in 3000, as sent and listed": _broken(
        """
        UPDATE spotify_raw.albums SET released_on = DATE '3000-01-01', release_date = '3000-01-01'
        WHERE id = (SELECT min(id) FROM spotify_raw.albums);
        UPDATE spotify_raw.new_releases SET released_on = DATE '3000-01-01', release_date = '3000-01-01'
        WHERE id = (SELECT min(id) FROM spotify_raw.albums)
        """,
        "dim_albums_have_plausible_dates",
        seen_as="warn",
    ),
    "lengths in seconds": _broken(
        "UPDATE spotify_raw.album_tracks SET duration_ms = duration_ms // 1000", "assert_lengths_are_in_milliseconds"
    ),
    "a run of 2031": _broken(
        f"UPDATE spotify_raw.load_runs SET started_at = '2031-01-01', finished_at = '2031-01-02' WHERE run_id = {LATEST}",
        LOADS,
    ),
    "a run of 2031 in all that it says": _broken(
        f"""
        UPDATE spotify_raw.release_sightings SET seen_at = '2031-01-01 00:00:00+00', run_id = '20310101T000000Z-00000000'
        WHERE run_id = {LATEST};
        UPDATE spotify_raw.load_runs SET started_at = '2031-01-01 00:00:00+00', finished_at = '2031-01-02',
            run_id = '20310101T000000Z-00000000'
        WHERE run_id = {LATEST}
        """,
        "fct_load_runs_are_of_the_past",
        seen_as="warn",
    ),
    "one UPC for all": _broken("UPDATE spotify_raw.albums SET external_ids__upc = '602455070951'", IDS),
    "total_tracks wrong everywhere": _broken("UPDATE spotify_raw.albums SET total_tracks = total_tracks + 1", COUNTS),
    "total_tracks wrong in every listing": _broken(
        "UPDATE spotify_raw.new_releases SET total_tracks = total_tracks + 1",
        "assert_listing_and_album_agree",
        seen_as="warn",
    ),
    "tracks_loaded wrong everywhere": _broken(
        "UPDATE spotify_raw.albums SET tracks_loaded = tracks_loaded + 1", COUNTS
    ),
    "tracks_loaded of the runs too high": _broken(
        "UPDATE spotify_raw.load_runs SET tracks_loaded = tracks_loaded + 1000", VOLUME
    ),
    "tracks_loaded of the runs too low": _broken(
        "UPDATE spotify_raw.load_runs SET tracks_loaded = tracks_loaded - 1", VOLUME
    ),
    "one track id for all": _broken("UPDATE spotify_raw.album_tracks SET id = '0'", IDS),
    "no track ids": _broken("UPDATE spotify_raw.album_tracks SET id = NULL", IDS),
    "no artist ids": _broken("UPDATE spotify_raw.album_tracks__artists SET id = NULL", ARTISTS),
    "no names of artists": _broken("UPDATE spotify_raw.albums__artists SET name = NULL", ARTISTS),
    "one artist for all tracks": _broken("UPDATE spotify_raw.album_tracks__artists SET id = '0'", IDS),
    "popularity 500": _broken("UPDATE spotify_raw.albums SET popularity = 500", "albums_are_as_popular_as_can_be"),
    "the snapshot emptied": _broken(
        "DELETE FROM spotify_marts.snap_albums", "assert_snapshot_remembers", seen_as="warn"
    ),
    "half of the snapshot gone": _broken(
        "DELETE FROM spotify_marts.snap_albums WHERE hash(album_id) % 2 = 0",
        "assert_snapshot_remembers",
        seen_as="warn",
    ),
}


def _groups() -> list[list[str]]:
    """Return groups of breakages that share no table and no test, for one build each."""
    groups: list[list[str]] = []
    for name, breakage in BREAKAGES.items():
        for group in groups:
            members = [BREAKAGES[member] for member in group]
            # Models leave out the rows of loads that are not in _dlt_loads, and with them all other damage.
            if any("_dlt_loads" in one.tables for one in (breakage, *members)):
                continue
            if not any(breakage.tables & one.tables or {*breakage.seen_by} & {*one.seen_by} for one in members):
                group.append(name)
                break
        else:
            groups.append([name])
    return groups


@pytest.mark.parametrize("group", _groups(), ids=", ".join)
def test_breakages_are_reported(extended: Built, project: DbtProject, copy_of: CopyOf, group: list[str]) -> None:
    database = copy_of(extended)
    expected = {}
    for breakage in (BREAKAGES[name] for name in group):
        change(database, *breakage.statements)
        expected.update(dict.fromkeys(breakage.seen_by, breakage.seen_as))
    statuses = project.build_for(expected, database).statuses
    assert {test: statuses.get(test) for test in expected} == expected


def test_breakages_name_tests_of_the_project(project: DbtProject) -> None:
    seen = {test for breakage in BREAKAGES.values() for test in breakage.seen_by}
    assert seen <= {node.name for node in project.manifest.nodes.values() if node.resource_type == "test"}
