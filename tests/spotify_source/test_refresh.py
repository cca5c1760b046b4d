"""Refresh, replace and hints in dlt scripts, with the calls they cost."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from spotify_pipeline.offline_api import OfflineApi

from spotify_source import Run
from spotify_source.errors import ConfigurationError
from tests.support.source import source_of
from tests.support.warehouse import Warehouse

Refresh = Literal["drop_sources", "drop_resources", "drop_data"]
MODES: list[Refresh] = ["drop_sources", "drop_resources", "drop_data"]


def source(warehouse: Warehouse, api: OfflineApi) -> Any:
    return source_of(api, run=Run(clock=warehouse.clock))


def album_calls(warehouse: Warehouse, api: OfflineApi, data: Any = None, **options: Any) -> int:
    """Run a pipeline with options of `Pipeline.run`, and return the calls for albums."""
    before = api.calls
    warehouse.pipeline().run(data or source(warehouse, api), **options)
    made = api.calls - before
    return sum(made[bucket] for bucket in ("album", "albums", "album_tracks"))


def counts(warehouse: Warehouse) -> dict[str, int]:
    return {table: warehouse.count(table) for table in ("new_releases", "albums", "album_tracks", "albums__artists")}


@pytest.fixture
def warehouse(tmp_path: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """Return an empty warehouse with the call ledger of its own."""
    warehouse = Warehouse(tmp_path, clock)
    monkeypatch.setenv("DLT_DATA_DIR", str(warehouse.working_directory))
    return warehouse


@pytest.fixture
def loaded(warehouse: Warehouse, api: OfflineApi) -> Warehouse:
    """Return a warehouse after one load."""
    assert album_calls(warehouse, api) == 4
    warehouse.clock.move(60)
    return warehouse


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_refresh_fills_the_tables_and_keeps_sightings(loaded: Warehouse, api: OfflineApi, mode: Refresh) -> None:
    before = counts(loaded)
    assert album_calls(loaded, api, refresh=mode) == 4
    assert counts(loaded) == before
    assert album_calls(loaded, api) == 0
    assert counts(loaded) == before
    assert loaded.sql("SELECT count(*), count(DISTINCT run_id) FROM release_sightings") == [(9, 3)]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["drop_resources", "drop_data"])
def test_a_refresh_of_some_resources_leaves_the_others(loaded: Warehouse, api: OfflineApi, mode: Refresh) -> None:
    before = counts(loaded)
    # The pipeline's own setting does the same as an argument of `run`.
    loaded.pipeline().refresh = mode
    assert album_calls(loaded, api, source(loaded, api).with_resources("new_releases")) == 0
    loaded.pipeline().refresh = None
    assert counts(loaded) == before
    assert album_calls(loaded, api) == 0


@pytest.mark.slow
def test_replaced_tables_are_complete_and_sightings_are_kept(loaded: Warehouse, api: OfflineApi) -> None:
    before = counts(loaded)
    for _ in range(2):
        assert album_calls(loaded, api, write_disposition="replace") == 4
        assert counts(loaded) == before
    assert loaded.sql("SELECT count(*), count(DISTINCT run_id) FROM release_sightings") == [(9, 3)]
    replaced = source(loaded, api)
    replaced.albums.apply_hints(write_disposition="replace")
    album_calls(loaded, api, replaced)
    assert counts(loaded) == before


@pytest.mark.slow
def test_renamed_tables_are_read_under_their_names(warehouse: Warehouse, api: OfflineApi) -> None:
    for expected in (4, 0):
        changed = source(warehouse, api)
        changed.albums.apply_hints(table_name="full_albums")
        changed.album_tracks.apply_hints(table_name="MyTracks")
        assert album_calls(warehouse, api, changed) == expected
        assert warehouse.count("my_tracks") == 73


@pytest.mark.slow
def test_filtered_tracks_are_not_fetched_again(warehouse: Warehouse, api: OfflineApi) -> None:
    for expected in (4, 0):
        filtered = source(warehouse, api)
        filtered.album_tracks.add_filter(lambda track: track["track_number"] == 1)
        assert album_calls(warehouse, api, filtered) == expected
        assert warehouse.count("album_tracks") == 4


@pytest.mark.parametrize(
    ("resource", "hint", "only", "words"),
    [
        ("albums", lambda one: one.add_filter(lambda row: row is not None), None, "albums has a filter"),
        (
            "album_tracks",
            lambda one: one.add_filter(lambda row: row is not None),
            "album_tracks",
            "Load albums as well",
        ),
        ("albums", lambda one: one.apply_hints(table_name=lambda row: row["album_type"]), None, "Give it one name"),
    ],
)
def test_hints_that_would_repeat_every_call_are_rejected(
    warehouse: Warehouse, api: OfflineApi, resource: str, hint: Any, only: str | None, words: str
) -> None:
    hinted = source(warehouse, api)
    hint(hinted.resources[resource])
    with pytest.raises(PipelineStepFailed, match=words):
        album_calls(warehouse, api, hinted.with_resources(only) if only else hinted)
    assert not api.requests


@pytest.mark.parametrize("only", [None, "albums", "new_releases"])
def test_add_limit_is_rejected_with_the_argument_to_use(
    warehouse: Warehouse, api: OfflineApi, only: str | None
) -> None:
    limited = source(warehouse, api)
    with pytest.raises(ConfigurationError, match=r"add_limit has no effect on this source(.|\n)*limit=10"):
        (limited.with_resources(only) if only else limited).add_limit(1)
    with pytest.raises(ConfigurationError, match="add_limit"):
        limited.resources["plan"].add_limit(max_time=5)
