"""Tests of the incremental table after damage and changed data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dbt.conftest import Built
from tests.dbt.support import DbtProject, ask, change, marts

CopyOf = Callable[[Built], Path]
MART = "spotify_marts.fct_release_sightings"
RAW = "spotify_raw.release_sightings"
LATEST = "(SELECT max(run_id) FROM spotify_raw.load_runs)"
FIRST = "(SELECT min(run_id) FROM spotify_raw.load_runs)"

HARM_TO_THE_TABLE = {
    "all rows twice": f"INSERT INTO {MART} FROM {MART}",
    "one row twice": f"INSERT INTO {MART} FROM {MART} LIMIT 1",
    "rows gone": f"DELETE FROM {MART} WHERE rank % 3 = 0",
    "a run gone": f"DELETE FROM {MART} WHERE run_id = {FIRST}",
    "other ranks": f"UPDATE {MART} SET rank = rank + 1 WHERE run_id = {LATEST}",
    "other times": f"UPDATE {MART} SET seen_at = seen_at + INTERVAL 1 YEAR WHERE run_id = {FIRST}",
    "whole no more": f"UPDATE {MART} SET is_listing_whole = false",
    "rows of an unknown run": f"INSERT INTO {MART} SELECT * REPLACE ('unknown' AS run_id) FROM {MART}",
    "emptied": f"DELETE FROM {MART}",
}
CHANGES_OF_WHAT_IS_LOADED = {
    "a run in between gone": f"DELETE FROM {RAW} WHERE run_id NOT IN ({FIRST}, {LATEST})",
    "an album gone": f"DELETE FROM {RAW} WHERE album_id = (SELECT min(album_id) FROM {RAW})",
    "an album removed": f"UPDATE {RAW} SET album_id = 'removed' WHERE album_id = (SELECT min(album_id) FROM {RAW})",
    "the first listing cut": f"UPDATE spotify_raw.load_runs SET listing_complete = false WHERE run_id = {FIRST}",
    "other places": f"UPDATE {RAW} SET position = 1000 - position WHERE run_id = {FIRST}",
    "another time": f"UPDATE {RAW} SET seen_at = seen_at - INTERVAL 1 YEAR WHERE run_id = {LATEST}",
    "all gone": f"DELETE FROM {RAW}",
}


@pytest.mark.parametrize("harm", HARM_TO_THE_TABLE)
def test_next_build_repairs_the_table(extended: Built, project: DbtProject, copy_of: CopyOf, harm: str) -> None:
    database = copy_of(extended)
    sound = marts(database, ["fct_release_sightings"])
    change(database, HARM_TO_THE_TABLE[harm])
    assert marts(database, ["fct_release_sightings"]) != sound
    assert not project.run("run", database, "--select", "fct_spotify__release_sightings").troubles
    assert marts(database, ["fct_release_sightings"]) == sound


@pytest.mark.parametrize("what", CHANGES_OF_WHAT_IS_LOADED)
def test_next_build_follows_changed_data(extended: Built, project: DbtProject, copy_of: CopyOf, what: str) -> None:
    database = copy_of(extended)
    change(database, CHANGES_OF_WHAT_IS_LOADED[what])
    selected = ["--select", "int_spotify__listing_runs", "fct_spotify__release_sightings"]
    assert not project.run("run", database, *selected).troubles
    healed = marts(database, ["fct_release_sightings"])
    assert not project.run("run", database, "--full-refresh", *selected).troubles
    assert marts(database, ["fct_release_sightings"]) == healed


def test_build_without_new_data_writes_nothing(extended: Built, project: DbtProject, copy_of: CopyOf) -> None:
    database = copy_of(extended)
    before = ask(database, f"SELECT rowid, sighting_key FROM {MART} ORDER BY ALL")
    assert not project.run("run", database, "--select", "fct_spotify__release_sightings").troubles
    assert ask(database, f"SELECT rowid, sighting_key FROM {MART} ORDER BY ALL") == before
