"""The dry run: what a run would take, at the calls of its listing alone, and nothing is changed."""

from __future__ import annotations

import re

import pytest
from spotify_pipeline.offline_api import OfflineApi

from tests.support.albums import albums_of
from tests.support.apis import Serve
from tests.support.place import Place


@pytest.fixture
def api(serve: Serve) -> OfflineApi:
    """An API for an app in Development Mode, with more albums than a page of search has."""
    return serve(*albums_of(25, tracks=3), quota_mode="development")


@pytest.mark.slow
def test_a_dry_run_shows_the_plan_and_changes_nothing(place: Place, api: OfflineApi) -> None:
    assert place.load(api, "--limit", "20").code == 0
    before = place.database.read_bytes()

    shown = place.load(api, "--dry-run")

    assert shown.code == 0
    assert "Listed: 25 albums; 5 new, 0 changed, 0 pending from earlier runs, 20 known." in shown.out
    assert "Calls needed: album 5." in shown.out
    assert place.database.read_bytes() == before
    assert shown.album_calls == 0


def test_a_dry_run_into_nothing_creates_no_database(place: Place, api: OfflineApi) -> None:
    shown = place.load(api, "--dry-run", "--resources", "new_releases")

    assert shown.code == 0
    assert "Calls needed: none." in shown.out
    assert not place.database.exists()


@pytest.mark.slow
def test_a_dry_run_counts_what_is_pending_and_the_budget(place: Place, api: OfflineApi) -> None:
    elsewhere = ("--demo", "--limit", "2", "--db", str(place.folder / "other.duckdb"))
    assert place.load(None, *elsewhere, daily_calls=15, requests_per_second=5).code == 0
    assert place.load(api, daily_calls=15).code == 75

    shown = place.load(api, "--dry-run", daily_calls=15)

    assert shown.code == 0
    assert "10 pending from earlier runs, 15 known." in shown.out
    assert "album: 15 calls in the last 24 hours, 0 left of 15; next call at 20" in shown.out
    assert "daily_calls is 15: 0 of 10 calls to album can be made now." in shown.out


@pytest.mark.slow
def test_a_dry_run_says_which_calls_a_spent_quota_keeps_from_being_made(place: Place, api: OfflineApi) -> None:
    api.quota["album"] = 2
    assert place.load(api).code == 75

    shown = place.load(api, "--dry-run")

    assert "Calls needed: album 23." in shown.out
    assert re.search("The quota for album is spent: no calls to it before ", shown.out)


@pytest.mark.parametrize(("daily_calls", "artists", "shards"), [(200, 6, 20), (15, 6, 6), (5, 2, 0), (3, 0, 0)])
def test_ways_of_one_bucket_share_what_the_budget_has_left(
    place: Place, api: OfflineApi, daily_calls: int, artists: int, shards: int
) -> None:
    listed = '["A", "B", "C"]'
    shown = place.load(api, "--dry-run", "--reach", "30", artists=listed, daily_calls=daily_calls)
    for name, calls in (("Watchlist", artists), ("Extra queries", shards)):
        assert f"{name}: {f'up to {calls} call' if calls else 'no calls to search left'}" in shown.out
