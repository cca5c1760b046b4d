"""Quota and budget: nothing that was fetched is lost, nothing that is closed is called."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone

import pytest
from spotify_pipeline.offline_api import Album, OfflineApi, errors, make_album

from tests.support.albums import places_of
from tests.support.apis import Serve
from tests.support.clock import DAY, HOUR, FakeClock
from tests.support.place import Place

RETRY_AFTER = 48925


def albums_of(count: int) -> list[Album]:
    return [make_album(f"Album {number}", 1 + number % 3) for number in range(count)]


def test_a_spent_quota_loads_what_was_fetched_and_comes_back_for_the_rest_when_it_may(
    place: Place, serve: Serve, clock: FakeClock
) -> None:
    albums = albums_of(6)
    api = serve(*albums, quota_mode="development")
    api.quota["album"] = 2

    first = place.load(api)
    assert first.code == 75
    # Of the calls that were on their way when the quota ended, there can be one for each of dlt's five workers.
    assert first.calls["album"] <= 2 + 5
    assert place.count("albums") == 2
    assert place.count("new_releases") == 6
    assert "the quota for album is spent" in first.out
    assert "Pending: 4 albums" in first.out
    opens = datetime.fromtimestamp(clock.now() + RETRY_AFTER, timezone.utc).astimezone()
    assert f"Closed: album, until {opens:%Y-%m-%d %H:%M}" in first.out
    row = place.last_run()
    assert (row["exit_code"], row["albums_fetched"], row["albums_pending"]) == (75, 2, 4)
    assert '"album"' in row["blocked_until"]

    clock.move(RETRY_AFTER / 2)
    too_early = place.load(api)
    assert too_early.code == 75
    assert too_early.calls == Counter(search=1)
    assert "Pending: 4 albums" in too_early.out

    clock.move(RETRY_AFTER / 2 + 1)
    del api.quota["album"]
    new = make_album("Brand new", 2)
    api.catalogue.albums[new["id"]] = new
    api.catalogue.listing = [new["id"]]
    in_time = place.load(api)
    assert in_time.code == 0
    assert in_time.calls == Counter(search=1, album=5)
    assert place.places() == places_of([*albums, new])


@pytest.mark.slow
def test_a_closed_bucket_leaves_the_others_open(place: Place, serve: Serve) -> None:
    api = serve(make_album("Long", 60, discs=2), *albums_of(3), quota_mode="development")
    api.quota["album_tracks"] = 0

    ran = place.load(api)

    assert ran.code == 75
    assert ran.calls["album"] == 4
    assert place.count("albums") == 3
    assert "the quota for album_tracks is spent" in ran.out


@pytest.mark.slow
def test_a_closed_search_still_works_the_backlog(place: Place, serve: Serve, clock: FakeClock) -> None:
    albums = albums_of(4)
    api = serve(*albums, quota_mode="development")
    api.quota["album"] = 1
    place.load(api)
    del api.quota["album"]
    clock.move(RETRY_AFTER + 1)
    api.quota["search"] = 0

    ran = place.load(api)

    assert ran.code == 75
    assert ran.calls == Counter(search=1, album=3)
    assert place.places() == places_of(albums)


@pytest.mark.slow
def test_a_closed_batch_bucket_never_falls_back_to_single_calls(place: Place, serve: Serve) -> None:
    api = serve(*albums_of(45), quota_mode="extended")
    api.quota["albums"] = 1

    ran = place.load(api)

    assert ran.code == 75
    assert ran.calls["album"] == 0
    assert place.count("albums") == 20


@pytest.mark.slow
def test_daily_calls_are_used_up_and_never_exceeded_in_any_24_hours(
    place: Place, serve: Serve, clock: FakeClock
) -> None:
    api = serve(*albums_of(16), quota_mode="development")
    budget = 5

    runs = []
    for _ in range(4):
        runs.append(place.load(api, daily_calls=budget))
        clock.move(9 * HOUR)

    assert [ran.code for ran in runs] == [75] * 4
    assert [ran.calls["album"] for ran in runs] == [budget, 0, 0, budget]
    assert "the daily_calls limit for album is reached" in runs[0].out
    assert "Pending: 11 albums" in runs[1].out
    assert place.count("albums") == 2 * budget
    for bucket in ("album", "search"):
        sent = [request.at for request in api.requests if request.bucket == bucket]
        assert most_within_a_day(sent) <= budget


@pytest.mark.slow
def test_calls_of_a_run_that_loaded_nothing_count_too(place: Place, api: OfflineApi) -> None:
    api.always("search", errors.bad_gateway)
    failed = place.load(api, daily_calls=5)
    assert (failed.code, failed.calls["search"]) == (69, 5)
    api.clear_scripts()

    ran = place.load(api, daily_calls=5)

    assert ran.code == 75
    assert not ran.calls


def most_within_a_day(times: list[float]) -> int:
    """The most calls in any 24 hours."""
    return max(sum(0 <= other - start < DAY for other in times) for start in times)
