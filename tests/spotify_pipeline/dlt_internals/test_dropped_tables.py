"""Tables that somebody dropped by hand: dlt believes that they are there, and the next run makes them again."""

from __future__ import annotations

import pytest
from spotify_pipeline.offline_api import OfflineApi

from tests.support.place import Place


@pytest.mark.slow
def test_a_dropped_table_into_which_dlt_loads_nothing_is_there_again(place: Place, api: OfflineApi) -> None:
    assert place.load(api).code == 0
    place.sql("DROP TABLE load_runs")
    assert place.load(api).err == ""
    assert place.count("load_runs") == 1


@pytest.mark.slow
def test_tables_that_were_dropped_by_hand_are_complete_after_the_next_run(place: Place, api: OfflineApi) -> None:
    assert place.load(api).code == 0
    tables = ("albums", "albums__artists", "albums__images", "album_tracks", "album_tracks__artists")
    before = {table: place.count(table) for table in tables}
    place.sql("DROP TABLE albums; DROP TABLE album_tracks__artists")
    assert place.load(api).code == 0
    assert {table: place.count(table) for table in tables} == before
    assert place.load(api).album_calls == 0


@pytest.mark.slow
def test_what_was_nested_in_listed_albums_comes_with_the_next_listing(place: Place, api: OfflineApi) -> None:
    assert place.load(api).code == 0
    before = place.count("new_releases__artists")
    place.sql("DROP TABLE new_releases__artists")
    ran = place.load(api)
    assert (ran.code, ran.err, ran.album_calls) == (0, "", 0)
    assert place.count("new_releases__artists") == before
