"""Test that every data test can fail, on one copy that breaks all rules at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.conftest import Built
from tests.dbt.support import DbtProject, ask, change
from tests.dbt.test_breakages import BREAKAGES

# Rules other than keys, values and references, by table.
BROKEN_RULES = {
    "dim_albums": "release_period_end = DATE '1066-10-14', tracks_loaded = 0, "
    "release_group_id = if(release_group_id = 'unknown', 'unknown', album_id)",
    "dim_dates": "music_week_start = date_day - 9",
    "fct_release_sightings": "rank = rank + 1, rank_change = 0",
    "fct_album_tracks": "duration_ms = 1000000000000",
    "rpt_new_releases_daily": "albums_first_seen = 1, friday_share = 2",
    "rpt_release_calendar": "albums = 1",
    "rpt_artist_pairs": "first_artist_id = second_artist_id",
    "rpt_label_share": "album_share = 2",
}

# Rows for tables that are empty in the demo without a watchlist: an empty table breaks no rule.
ROWS = {
    "stg_spotify__watched_artists": "'someone' AS watch_key",
    "dim_watched_artists": "'someone' AS watch_key",
    "stg_spotify__search_yields": "'a run' AS run_id, 'US' AS market, 'tag:new x' AS query, 0 AS calls, 1 AS albums_listed, "
    "2 AS albums_new",
    "fct_search_yields": "'a key' AS yield_key",
}


@pytest.fixture
def damaged(extended: Built, project: DbtProject, copy_of: Callable[[Built], Path]) -> Path:
    """Return a database with each row twice and rows that violate every test."""
    database = copy_of(extended)
    change(database, "CREATE SCHEMA sound")
    tests = _tests_by_relation(project.manifest)
    for schema, name in tests:
        change(database, f"CREATE TABLE sound.{name} AS FROM {schema}.{name}")
        if name in ROWS:
            change(database, f"INSERT INTO sound.{name} BY NAME SELECT {ROWS[name]}")
    for (schema, name), found in tests.items():
        kind = "VIEW" if ask(database, "SELECT 1 FROM duckdb_views() WHERE view_name = ?", name) else "TABLE"
        change(database, f"DROP {kind} {schema}.{name}", f"CREATE TABLE {schema}.{name} AS {_damaged(name, found)}")
        if name in BROKEN_RULES:
            change(database, f"UPDATE {schema}.{name} SET {BROKEN_RULES[name]}")
    return database


def test_every_test_can_fail(damaged: Path, project: DbtProject) -> None:
    statuses = project.run("test", damaged, "--exclude-resource-type", "unit_test").statuses
    in_project = {node.name for node in project.manifest.nodes.values() if node.resource_type == "test"}
    sound = {name for name in in_project if statuses[name] not in {"fail", "warn"}}
    assert sound <= {test for breakage in BREAKAGES.values() for test in breakage.seen_by}


def test_a_contract_can_break(extended: Built, project: DbtProject, copy_of: Callable[[Built], Path]) -> None:
    database = copy_of(extended)
    change(
        database,
        "DROP TABLE spotify_staging.int_album_credits",
        "CREATE TABLE spotify_staging.int_album_credits AS "
        "SELECT 'a' AS album_id, NULL AS artist_id, 'n' AS artist_name, 1 AS artist_position",
    )
    ran = project.run("run", database, "--select", "bridge_spotify__album_artists")
    assert ran.troubles == {"bridge_album_artists": "error"}


def _tests_by_relation(manifest: Any) -> dict[tuple[str, str], list[Any]]:
    """Return the tests of each model and snapshot."""
    found: dict[tuple[str, str], list[Any]] = {}
    for test in manifest.nodes.values():
        # Singular tests fail along with the rules.
        if getattr(test, "attached_node", None):
            node = manifest.nodes[test.attached_node]
            found.setdefault((node.schema, node.alias), []).append(test)
    return found


def _damaged(name: str, tests: list[Any]) -> str:
    """Return a query for each row twice, and for rows that violate the tests."""
    rows = [f"FROM sound.{name}", *(f"({row})" for test in tests for row in _bad_rows(name, test))]
    return " UNION ALL ".join([*rows, *rows])


def _bad_rows(name: str, test: Any) -> Iterator[str]:
    metadata, column = test.test_metadata, test.column_name
    if metadata.name == "not_null":
        yield f"SELECT * REPLACE (NULL AS {column}) FROM {_a_row(name)}"
    if metadata.name == "accepted_values":
        yield f"SELECT * REPLACE ('unheard of' AS {column}) FROM {_a_row(name)}"
    if metadata.name == "relationships":
        unknown = "DATE '1234-05-06'" if metadata.kwargs["field"] == "date_day" else "'unknown'"
        yield f"SELECT * REPLACE ({unknown} AS {column}) FROM {_a_row(name)}"


def _a_row(name: str) -> str:
    """Return a query for one row, of NULLs if the relation is empty."""
    return f"(SELECT sound.* FROM (SELECT 1) LEFT JOIN sound.{name} AS sound ON true LIMIT 1)"
