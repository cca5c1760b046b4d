"""Dry run: plan and calls of a run, from the plain listing alone."""

from __future__ import annotations

import re

import pytest
from spotify_pipeline.offline_api import OfflineApi

from tests.support.albums import albums_of
from tests.support.apis import Serve
from tests.support.place import Place


@pytest.fixture
def api(serve: Serve) -> OfflineApi:
    """Return an API in Development Mode with albums for several pages."""
    return serve(*albums_of(25, tracks=3), quota_mode="development")


@pytest.mark.slow
def test_a_dry_run_reports_the_plan_and_changes_nothing(place: Place, api: OfflineApi) -> None:
    assert place.load(api, "--limit", "20").code == 0
    before = place.database.read_bytes()

    ran = place.load(api, "--dry-run")

    assert ran.code == 0
    assert "Listed: 25 albums; 5 new, 0 changed, 0 pending from earlier runs, 20 known." in ran.out
    assert "Calls needed: album 5." in ran.out
    assert place.database.read_bytes() == before
    assert ran.album_calls == 0


def test_a_dry_run_creates_no_database(place: Place, api: OfflineApi) -> None:
    ran = place.load(api, "--dry-run", "--resources", "new_releases")

    assert ran.code == 0
    assert "Calls needed: none." in ran.out
    assert not place.database.exists()


@pytest.mark.slow
def test_a_dry_run_counts_pending_albums_and_daily_calls(place: Place, api: OfflineApi) -> None:
    elsewhere = ("--demo", "--limit", "2", "--db", str(place.folder / "other.duckdb"))
    assert place.load(None, *elsewhere, daily_calls=15, requests_per_second=5).code == 0
    assert place.load(api, daily_calls=15).code == 75

    ran = place.load(api, "--dry-run", daily_calls=15)

    assert ran.code == 0
    assert "10 pending from earlier runs, 15 known." in ran.out
    assert "album: 15 calls in the last 24 hours, 0 left of 15; next call at 20" in ran.out
    assert "daily_calls is 15: 0 of 10 calls to album can be made now." in ran.out


@pytest.mark.slow
def test_a_dry_run_reports_a_spent_quota(place: Place, api: OfflineApi) -> None:
    api.quota["album"] = 2
    assert place.load(api).code == 75

    ran = place.load(api, "--dry-run")

    assert "Calls needed: album 23." in ran.out
    assert re.search("The quota for album is spent: no calls to it before ", ran.out)


@pytest.mark.parametrize(("daily_calls", "artists", "queries"), [(200, 6, 20), (15, 6, 6), (5, 2, 0), (3, 0, 0)])
def test_paths_of_one_bucket_share_daily_calls(
    place: Place, api: OfflineApi, daily_calls: int, artists: int, queries: int
) -> None:
    listed = '["A", "B", "C"]'
    ran = place.load(api, "--dry-run", "--reach", "30", artists=listed, daily_calls=daily_calls)
    for name, calls in (("Watchlist", artists), ("Extra queries", queries)):
        assert f"{name}: {f'up to {calls} call' if calls else 'no calls to search left'}" in ran.out
