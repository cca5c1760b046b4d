"""Tables that somebody changed by hand: healed, or named before any call with the statement that mends them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

import pytest
from spotify_pipeline.offline_api import Album, LoggedRequest, OfflineApi, Reply, make_album

from tests.support.database import held_by_another_process
from tests.support.place import Place

pytestmark = pytest.mark.slow

OWN = ("_dlt_loads", "_dlt_pipeline_state", "_dlt_version")


@pytest.fixture
def loaded(place: Place, api: OfflineApi) -> Place:
    """One that was loaded once, while since then an album has come."""
    assert place.load(api).code == 0
    new = make_album("New", 2)
    api.catalogue.albums[new["id"]] = new
    api.catalogue.listing.insert(0, new["id"])
    return place


def assert_complete(place: Place, api: OfflineApi) -> None:
    """The next run ends well, and all is there."""
    ran = place.load(api)
    assert (ran.code, ran.err) == (0, "")
    assert (place.count("new_releases"), place.count("albums"), place.count("album_tracks")) == (4, 4, 75)
    assert place.load(api).album_calls == 0


@pytest.mark.parametrize("elsewhere", [False, True], ids=["same machine", "another machine"])
@pytest.mark.parametrize("dropped", [*((name,) for name in OWN), OWN])
def test_tables_of_dlts_own_that_were_dropped_are_there_again(
    loaded: Place, api: OfflineApi, dropped: tuple[str, ...], elsewhere: bool
) -> None:
    loaded.sql("; ".join(f"DROP TABLE {name}" for name in dropped))
    if elsewhere:
        loaded.data_dir = loaded.folder / "elsewhere"

    assert_complete(loaded, api)

    there = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'spotify_raw' AND table_name LIKE '\\_dlt%' ESCAPE '\\'"
    assert {name for (name,) in loaded.sql(there)} == set(OWN)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("ALTER TABLE albums DROP COLUMN label", "the column label is missing"),
        ("ALTER TABLE albums DROP COLUMN market", "the column market is missing"),
        ("ALTER TABLE album_tracks__artists DROP COLUMN name", "the column name is missing"),
        ("ALTER TABLE new_releases DROP COLUMN content_hash", "the column content_hash is missing"),
        ("ALTER TABLE load_runs DROP COLUMN closed", "the column closed is missing"),
        ("ALTER TABLE release_sightings DROP COLUMN seen_at", "the column seen_at is missing"),
        ("ALTER TABLE _dlt_loads DROP COLUMN status", "lacks status"),
        ("ALTER TABLE albums RENAME TO mine; CREATE VIEW albums AS FROM mine", "is a view"),
        ("ALTER TABLE albums ALTER total_tracks TYPE VARCHAR", "is VARCHAR, but was created as BIGINT"),
        ("UPDATE _dlt_pipeline_state SET state = 'x'", "can't be read"),
    ],
)
def test_what_no_load_heals_is_named_with_the_statement_that_does(
    loaded: Place, api: OfflineApi, change: str, words: str
) -> None:
    loaded.sql(change)
    before = len(api.requests)

    ran = loaded.load(api)

    assert ran.code == 78
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert len(api.requests) == before
    for statement in re.findall(r"(?:ALTER|DROP) (?:TABLE|VIEW) [^;]+;", ran.err):
        loaded.sql(statement)
    assert_complete(loaded, api)


def test_a_column_that_is_on_its_way_is_not_missing(loaded: Place, api: OfflineApi) -> None:
    """A package waits that brings a column, which dlt's own schema has already."""

    def with_a_field(_request: LoggedRequest, normal: Reply) -> Reply:
        holder.__enter__()
        return replace(normal, body={**cast(Album, normal.body), "mood": "blue"})

    holder = held_by_another_process(loaded.database)
    api.script("album", with_a_field)
    assert loaded.load(api).code == 69
    holder.__exit__(None, None, None)

    assert_complete(loaded, api)
    assert loaded.one("SELECT count(*) FROM albums WHERE mood = 'blue'") == 1
