"""Tests of runs with mutated replies."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, make_album

from tests.support.mutations import BUCKETS, Mutation, Mutator, mutations
from tests.support.place import Place

# Two single pages and one album of two; a listing of two pages in either quota mode.
ALBUMS = [make_album("Many", 60, discs=2), *(make_album(f"Album {number}", 1 + number % 4) for number in range(51))]
MUTATIONS_IN_A_RUN = 30


@pytest.mark.slow
@pytest.mark.parametrize("quota_mode", ["development", "extended"])
def test_mutated_replies_raise_no_bug_and_lose_no_album(pytestconfig: pytest.Config, quota_mode: str) -> None:
    examples = max(1, pytestconfig.getoption("--mutations") // MUTATIONS_IN_A_RUN // 2)

    @settings(
        max_examples=examples,
        derandomize=examples < 50,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(st.lists(mutations, min_size=MUTATIONS_IN_A_RUN // 2, max_size=MUTATIONS_IN_A_RUN))
    def hold(told: list[Mutation]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            _hold(Path(folder), quota_mode, told)

    hold()


def _hold(folder: Path, quota_mode: str, told: list[Mutation]) -> None:
    place = Place(folder)
    with OfflineApi(Catalogue.of(ALBUMS), quota_mode, clock=place.clock.now) as api:  # type: ignore[arg-type]
        mutator = Mutator(told)
        for bucket in BUCKETS:
            api.always(bucket, mutator)
        first = place.load(api)
        assert "Traceback" not in first.err
        assert first.code in (0, 69, 75, 77, 78)
        assert {request.bucket for request in api.requests} <= set(BUCKETS)
        api.clear_scripts()
        place.clock.move(3600)

        second = place.load(api)

        assert "Traceback" not in second.err
        assert second.code == 0, second.out + second.err
    touched = {
        album["id"]
        for album in ALBUMS
        for request in mutator.changed
        if album["id"] in f"{request.path} {request.query}"
    }
    gone = _gone(place)
    assert gone <= touched
    good = [album for album in ALBUMS if album["id"] not in touched]
    loaded = set(place.album_ids())
    assert {album["id"] for album in ALBUMS} - gone <= loaded
    assert _tracks(good) <= set(
        place.sql("SELECT album_id, disc_number, track_number, name, duration_ms FROM album_tracks")
    )
    assert {(album["id"], album["name"], len(album["tracks"])) for album in good} <= set(
        place.sql("SELECT id, name, tracks_loaded FROM albums")
    )


def _tracks(albums: list[Album]) -> set[tuple[object, ...]]:
    return {
        (album["id"], track["disc_number"], track["track_number"], track["name"], track["duration_ms"])
        for album in albums
        for track in album["tracks"]
    }


def _gone(place: Place) -> set[str]:
    """Albums that a batch had null for, which is Spotify's word for one that is gone."""
    here = {album["id"] for album in ALBUMS}
    return here - set(place.album_ids()) if place.sql("SELECT 1 FROM load_runs WHERE albums_gone > 0") else set()
