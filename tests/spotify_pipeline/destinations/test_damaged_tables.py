"""Tests of tables that were dropped or changed by hand: recreated, or reported."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

import pytest
from spotify_pipeline.offline_api import Album, LoggedRequest, OfflineApi, Reply, make_album

from tests.support.database import held_by_another_process
from tests.support.place import Place

pytestmark = pytest.mark.slow

OWN_TABLES = ("_dlt_loads", "_dlt_pipeline_state", "_dlt_version")
DATA_TABLES = ("new_releases", "new_releases__artists", "albums", "albums__images", "album_tracks__artists")
# Changes that no load repairs, each with a part of the message about it.
CHANGES = {
    "ALTER TABLE _dlt_loads DROP COLUMN status": "lacks status",
    "ALTER TABLE search_yields RENAME TO mine; CREATE VIEW search_yields AS FROM mine": "is a view",
    "ALTER TABLE albums DROP COLUMN label": "the column label is missing",
    "ALTER TABLE album_tracks__artists DROP COLUMN name": "the column name is missing",
    "ALTER TABLE new_releases DROP COLUMN content_hash": "the column content_hash is missing",
    "ALTER TABLE new_releases ALTER total_tracks TYPE VARCHAR": "is VARCHAR, but was created as BIGINT",
    "ALTER TABLE load_runs DROP COLUMN closed": "the column closed is missing",
    "ALTER TABLE release_sightings DROP COLUMN seen_at": "the column seen_at is missing",
}
# Found when dlt reads its state, for which _dlt_loads has to be intact.
UNREADABLE_STATE = "UPDATE _dlt_pipeline_state SET state = 'x'"


def load_completely(place: Place, api: OfflineApi) -> None:
    """Run a load that ends well."""
    ran = place.load(api)
    assert (ran.code, ran.err) == (0, "")


def test_dropped_tables_are_recreated_and_filled(place: Place, api: OfflineApi) -> None:
    load_completely(place, api)
    before = {table: place.count(table) for table in DATA_TABLES}

    for dropped in (("load_runs",), ("new_releases__artists",), ("albums", "album_tracks__artists")):
        place.sql("; ".join(f"DROP TABLE {table}" for table in dropped))
        load_completely(place, api)
        assert {table: place.count(table) for table in DATA_TABLES} == before

    ran = place.load(api)
    assert (ran.album_calls, place.count("load_runs")) == (0, 4)


def test_dropped_tables_of_dlt_are_recreated(place: Place, api: OfflineApi) -> None:
    load_completely(place, api)
    calls = api.calls["album"]

    for number, dropped in enumerate([*((table,) for table in OWN_TABLES), OWN_TABLES, OWN_TABLES]):
        place.sql("; ".join(f"DROP TABLE {table}" for table in dropped))
        if number == 4:
            place.data_dir = place.folder / "another machine"
        load_completely(place, api)
        assert set(OWN_TABLES) <= {name for (name,) in place.sql("SELECT table_name FROM duckdb_tables()")}

    assert (place.count("new_releases"), place.count("albums"), place.count("album_tracks")) == (3, 3, 73)
    assert api.calls["album"] == calls


def test_other_changes_are_reported_with_the_statement_that_repairs_them(place: Place, api: OfflineApi) -> None:
    load_completely(place, api)
    place.sql(UNREADABLE_STATE)
    assert "can't be read" in load_after_repairs(place, api)[0]

    for change in CHANGES:
        place.sql(change)
    reported = load_after_repairs(place, api)

    for message in CHANGES.values():
        assert any(message in text for text in reported), message
    assert (place.count("new_releases"), place.count("albums"), place.count("album_tracks")) == (3, 3, 73)
    assert place.load(api).album_calls == 0


def load_after_repairs(place: Place, api: OfflineApi) -> list[str]:
    """Run what each failed load suggests until one ends well, and return the reports."""
    requests = len(api.requests)
    reported: list[str] = []
    while (ran := place.load(api)).code == 78:
        assert "Traceback" not in ran.err
        assert len(api.requests) == requests
        reported.append(ran.err)
        for statement in re.findall(r"(?:ALTER|DROP) (?:TABLE|VIEW) [^;]+;", ran.err):
            place.sql(statement)
        assert len(reported) <= len(CHANGES)
    assert (ran.code, ran.err) == (0, "")
    return reported


def test_a_column_of_a_pending_package_is_not_missing(place: Place, api: OfflineApi) -> None:
    load_completely(place, api)
    new = make_album("New", 2)
    api.catalogue.albums[new["id"]] = new
    api.catalogue.listing.insert(0, new["id"])

    def add_field(_request: LoggedRequest, normal: Reply) -> Reply:
        holder.__enter__()
        return replace(normal, body={**cast(Album, normal.body), "mood": "blue"})

    holder = held_by_another_process(place.database)
    api.script("album", add_field)
    assert place.load(api).code == 69
    holder.__exit__(None, None, None)

    load_completely(place, api)
    assert place.count("albums") == 4
    assert place.one("SELECT count(*) FROM albums WHERE mood = 'blue'") == 1
