"""dlt's own ways to begin anew, in anybody's script: what will be gone is not known, and is there again after the run."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from spotify_pipeline.offline_api import OfflineApi

from spotify_source import Run
from spotify_source.errors import ConfigurationError
from tests.support.source import source_of
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.slow

Refresh = Literal["drop_sources", "drop_resources", "drop_data"]
MODES: list[Refresh] = ["drop_sources", "drop_resources", "drop_data"]


def run(warehouse: Warehouse, api: OfflineApi, only: list[str] | None = None, **options: Any) -> int:
    """Run a script's pipeline with these options of `run`; how many calls it took for albums."""
    before = api.calls
    source = source_of(api, run=Run(clock=warehouse.clock))
    warehouse.pipeline().run(source.with_resources(*only) if only else source, **options)
    made = api.calls - before
    return sum(made[bucket] for bucket in ("album", "albums", "album_tracks"))


def counts(warehouse: Warehouse) -> dict[str, int]:
    return {table: warehouse.count(table) for table in ("new_releases", "albums", "album_tracks", "albums__artists")}


@pytest.fixture
def warehouse(tmp_path: Any, clock: Any, api: OfflineApi, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """One that was loaded once."""
    warehouse = Warehouse(tmp_path, clock)
    monkeypatch.setenv("DLT_DATA_DIR", str(warehouse.working_directory))
    assert run(warehouse, api) == 4
    clock.move(60)
    return warehouse


@pytest.mark.parametrize("mode", MODES)
def test_a_refresh_fills_the_tables_in_the_same_run(warehouse: Warehouse, api: OfflineApi, mode: Refresh) -> None:
    before = counts(warehouse)
    assert run(warehouse, api, refresh=mode) == 4
    assert counts(warehouse) == before
    assert run(warehouse, api) == 0
    assert counts(warehouse) == before


@pytest.mark.parametrize("mode", MODES)
def test_a_refresh_of_the_pipeline_does_the_same(warehouse: Warehouse, api: OfflineApi, mode: Refresh) -> None:
    before = counts(warehouse)
    warehouse.pipeline().refresh = mode
    assert run(warehouse, api) == 4
    assert counts(warehouse) == before


@pytest.mark.parametrize("mode", ["drop_resources", "drop_data"])
def test_a_refresh_of_some_resources_leaves_the_others_known(
    warehouse: Warehouse, api: OfflineApi, mode: Refresh
) -> None:
    before = counts(warehouse)
    run(warehouse, api, ["new_releases"], refresh=mode)
    assert counts(warehouse) == before
    assert run(warehouse, api) == 0


def test_tables_that_are_replaced_are_whole(warehouse: Warehouse, api: OfflineApi) -> None:
    before = counts(warehouse)
    assert run(warehouse, api, write_disposition="replace") == 4
    assert counts(warehouse) == before
    assert run(warehouse, api, write_disposition="replace") == 4
    assert counts(warehouse) == before


def test_one_table_that_is_replaced_is_whole(warehouse: Warehouse, api: OfflineApi) -> None:
    before = counts(warehouse)
    source = source_of(api, run=Run(clock=warehouse.clock))
    source.albums.apply_hints(write_disposition="replace")
    warehouse.pipeline().run(source)
    assert counts(warehouse) == before


@pytest.mark.parametrize("mode", MODES)
def test_a_refresh_keeps_what_can_not_be_had_again(warehouse: Warehouse, api: OfflineApi, mode: Refresh) -> None:
    run(warehouse, api, refresh=mode)
    run(warehouse, api, write_disposition="replace")
    assert warehouse.sql("SELECT count(*), count(DISTINCT run_id) FROM release_sightings") == [(9, 3)]


def test_a_table_of_another_name_is_known_by_it(tmp_path: Any, clock: Any, api: OfflineApi) -> None:
    warehouse = Warehouse(tmp_path, clock)
    for expected in (4, 0):
        source = source_of(api, run=Run(clock=clock))
        source.album_tracks.apply_hints(table_name="MyTracks")
        source.albums.apply_hints(table_name="full_albums")
        before = api.calls
        warehouse.pipeline().run(source)
        assert sum((api.calls - before)[bucket] for bucket in ("album", "album_tracks")) == expected
        assert warehouse.count("my_tracks") == 73


def test_tracks_that_are_filtered_cost_no_call_again(tmp_path: Any, clock: Any, api: OfflineApi) -> None:
    warehouse = Warehouse(tmp_path, clock)
    for expected in (4, 0):
        source = source_of(api, run=Run(clock=clock))
        source.album_tracks.add_filter(lambda track: track["track_number"] == 1)
        before = api.calls
        warehouse.pipeline().run(source)
        assert sum((api.calls - before)[bucket] for bucket in ("album", "album_tracks")) == expected
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
def test_what_would_cost_every_call_again_is_refused_before_any(
    tmp_path: Any, clock: Any, api: OfflineApi, resource: str, hint: Any, only: str | None, words: str
) -> None:
    source = source_of(api, run=Run(clock=clock))
    hint(source.resources[resource])
    with pytest.raises(PipelineStepFailed, match=words):
        Warehouse(tmp_path, clock).pipeline().run(source.with_resources(only) if only else source)
    assert not api.requests


@pytest.mark.parametrize("only", [None, "albums", "new_releases"])
def test_add_limit_is_refused_with_the_argument_that_works(clock: Any, api: OfflineApi, only: str | None) -> None:
    source = source_of(api, run=Run(clock=clock))

    with pytest.raises(ConfigurationError, match=r"add_limit has no effect on this source(.|\n)*limit=10"):
        (source.with_resources(only) if only else source).add_limit(1)
    with pytest.raises(ConfigurationError, match="add_limit"):
        source.resources["plan"].add_limit(max_time=5)
