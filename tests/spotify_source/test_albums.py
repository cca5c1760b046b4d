"""Tests of fetching complete albums."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, LoggedRequest, Reply, errors, make_album

from spotify_source import Run, settings
from spotify_source.errors import PremiumRequiredError, TokenRejectedError
from tests.support.albums import albums_of, places_of
from tests.support.apis import Serve, for_album
from tests.support.clock import FakeClock
from tests.support.source import extract


def test_one_token_serves_a_run(serve: Serve, run: Run) -> None:
    api = serve(*albums_of(30), quota_mode="development")
    extract(api, run)
    assert api.calls["token"] == 1


def test_batches_are_full(serve: Serve, run: Run) -> None:
    api = serve(*albums_of(45))
    extract(api, run)
    sizes = [len(request.query["ids"].split(",")) for request in api.requests if request.bucket == "albums"]
    assert sorted(sizes) == [5, 20, 20]


def test_refused_batches_continue_with_single_albums(serve: Serve, run: Run) -> None:
    albums = albums_of(60)
    api = serve(*albums)
    api.script("albums", None, *[errors.forbidden] * 10)
    found = extract(api, run)
    assert found.places == places_of(albums)
    assert (run.result().batch_allowed, run.result().is_complete) == (True, True)
    assert found.calls["album"] == 40


def test_a_null_in_a_batch_is_an_album_that_is_gone(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    api.catalogue.gone.add(three[0]["id"])
    found = extract(api, run)
    assert found.calls == {"browse": 1, "albums": 1, "album_tracks": 1}
    assert found.places == places_of(three[1:])
    assert (run.result().albums.gone, run.result().is_complete) == (1, True)


def test_a_malformed_id_fails_no_batch(serve: Serve, run: Run, three: list[Album]) -> None:
    odd = make_album("Odd", 1, id="not-an-id")
    found = extract(serve(*three, odd), run)
    assert [row["id"] for row in found.rows["new_releases"]] == [*(album["id"] for album in three), "not-an-id"]
    assert found.places == places_of(three)
    assert (run.result().albums.gone, run.result().is_complete) == (0, True)
    assert found.calls == {"browse": 1, "albums": 1, "album_tracks": 1}


def test_albums_missing_from_a_batch_are_fetched_singly(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)

    def lose_one(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        return dataclasses.replace(normal, body={"albums": body["albums"][1:]})

    api.always("albums", lose_one)
    found = extract(api, run)
    assert found.places == places_of(three)
    assert found.calls == {"browse": 1, "albums": 1, "album": 1, "album_tracks": 1}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(errors.bad_gateway, id="502"),
        pytest.param(errors.unavailable_empty, id="503, empty"),
        pytest.param(errors.gateway_timeout, id="504"),
        pytest.param(errors.html_error_page, id="html"),
        pytest.param(Reply(reset=True), id="reset"),
        pytest.param(lambda _, normal: dataclasses.replace(normal, truncate=100), id="truncated"),
        pytest.param(Reply(200, ""), id="empty 200"),
        pytest.param(Reply(200, {}), id="no envelope"),
        pytest.param(Reply(408, ""), id="time-out"),
        pytest.param(errors.rate_limited(1), id="rate limit"),
        pytest.param(errors.rate_limited(None), id="rate limit without retry-after"),
        pytest.param(errors.rate_limited_text(2), id="rate limit as text"),
        pytest.param(errors.bad_token, id="token refused once"),
    ],
)
def test_a_temporary_fault_leaves_no_trace(serve: Serve, run: Run, three: list[Album], fault: Any) -> None:
    api = serve(*three, quota_mode="development")
    api.script("album", fault)
    api.script("album_tracks", fault)
    found = extract(api, run)
    assert found.places == places_of(three)
    assert run.result().is_complete
    assert found.calls == {"browse": 1, "search": 1, "album": 4, "album_tracks": 2}
    assert run.result().calls.by_bucket == found.calls


def test_an_album_stays_pending_after_five_attempts(serve: Serve, run: Run) -> None:
    albums = albums_of(4)
    api = serve(*albums, quota_mode="development")
    api.always("album", errors.bad_gateway, match=for_album(albums[1]["id"]))
    found = extract(api, run)
    assert found.calls["album"] == 3 + settings.MAX_ATTEMPTS
    assert found.places == places_of([albums[0], *albums[2:]])
    assert (run.result().albums.pending, list(run.result().albums.failed)) == (1, [albums[1]["id"]])
    assert not run.result().is_complete


def test_ten_failed_calls_in_a_row_end_the_album_calls(serve: Serve, run: Run) -> None:
    albums = albums_of(60)
    api = serve(*albums, quota_mode="development")
    api.script("album", None, None)
    api.always("album", errors.bad_gateway)
    found = extract(api, run)
    assert len(found.album_ids) == 2
    assert settings.MAX_FAILED_CALLS <= len(run.result().albums.failed) <= settings.MAX_FAILED_CALLS + 5
    assert run.result().albums.pending == 58


def test_failures_between_successes_do_not_end_the_run(serve: Serve, run: Run) -> None:
    albums = albums_of(40)
    api = serve(*albums, quota_mode="development")
    for album in albums[::2]:
        api.always("album", errors.bad_gateway, match=for_album(album["id"]))
    found = extract(api, run)
    assert found.places == places_of(albums[1::2])
    assert run.result().albums.pending == 20


def test_lapsed_premium_ends_the_run_and_keeps_fetched_albums(serve: Serve, run: Run) -> None:
    albums = albums_of(30)
    api = serve(*albums, quota_mode="development")
    api.script("album", None, None, None)
    api.always("album", errors.premium_lapsed)
    found = extract(api, run)
    assert len(found.album_ids) == 3
    assert isinstance(run.result().failure, PremiumRequiredError)
    # Five calls are in flight at once. A late success forgets the refusals beside it, and five more end the run.
    assert found.calls["album"] <= 3 + 5 + settings.MAX_REFUSED_CALLS + 5


def test_rejected_tokens_end_the_run_and_keep_fetched_albums(serve: Serve, run: Run) -> None:
    albums = albums_of(30)
    api = serve(*albums, quota_mode="development")
    api.script("album", None, None, None)
    api.always("album", errors.bad_token)
    found = extract(api, run)
    assert len(found.album_ids) == 3
    assert isinstance(run.result().failure, TokenRejectedError)


def test_a_token_revoked_during_a_run_is_renewed_once(serve: Serve, run: Run) -> None:
    albums = albums_of(30)
    api = serve(*albums, quota_mode="development")
    api.script("album", *[None] * 8, lambda *_: api.revoke_tokens())
    found = extract(api, run)
    assert found.places == places_of(albums)
    assert api.calls["token"] == 2


def test_tokens_of_a_few_seconds_are_renewed_in_time(serve: Serve, run: Run, clock: FakeClock) -> None:
    albums = albums_of(30)
    api = serve(*albums, quota_mode="development")
    api.token_lifetime = 10

    def take_a_second(_: LoggedRequest, reply: Reply) -> Reply:
        clock.move(1)
        return reply

    api.always("album", take_a_second)
    found = extract(api, run)
    assert found.places == places_of(albums)
    seconds = api.requests[-1].at - api.requests[0].at
    assert 3 <= api.calls["token"] <= 1 + seconds / 9


def test_a_rate_limit_delays_calls_and_loses_none(serve: Serve, run: Run) -> None:
    albums = albums_of(40)
    api = serve(*albums, quota_mode="development")
    api.rate_limit = (10, 5.0)
    api.rate_limit_retry_after = 5
    found = extract(api, run, requests_per_second=5)
    assert found.places == places_of(albums)
    assert run.result().is_complete


def test_an_exceeded_quota_is_met_by_the_calls_in_flight_only(serve: Serve, run: Run) -> None:
    api = serve(*albums_of(60), quota_mode="development")
    api.quota["album"] = 3
    found = extract(api, run)
    assert found.calls["album"] <= 3 + 5
    assert (run.result().albums.fetched, run.result().albums.pending) == (3, 57)


def test_an_exceeded_batch_quota_does_not_use_single_calls(serve: Serve, run: Run) -> None:
    api = serve(*albums_of(60))
    api.quota["albums"] = 1
    found = extract(api, run)
    assert found.calls["album"] == 0
    assert len(found.album_ids) == 20
    assert run.result().albums.pending == 40


def test_an_exceeded_quota_of_tracks_stops_only_albums_with_further_tracks(
    serve: Serve, run: Run, three: list[Album]
) -> None:
    api = serve(three[2], three[0], three[1], quota_mode="development")
    api.quota["album_tracks"] = 0
    found = extract(api, run)
    assert found.places == places_of(three[:2])
    assert (run.result().albums.pending, list(run.result().calls.blocked_until)) == (1, ["album_tracks"])


def test_daily_calls_are_used_up_and_not_exceeded(serve: Serve, run: Run) -> None:
    found = extract(serve(*albums_of(12), quota_mode="development"), run, daily_calls=7)
    assert found.calls == {"browse": 1, "search": 2, "album": 7}
    assert (run.result().albums.fetched, run.result().albums.pending) == (7, 5)


def test_an_album_beyond_the_budget_of_its_pages_is_not_requested(serve: Serve, run: Run) -> None:
    albums = albums_of(3, tracks=120)
    found = extract(serve(*albums, quota_mode="development"), run, daily_calls=5)
    assert found.calls == {"browse": 1, "search": 1, "album": 2, "album_tracks": 4}
    assert found.places == places_of(albums[:2])


def test_a_gone_album_releases_the_calls_reserved_for_its_pages(serve: Serve, run: Run) -> None:
    # Enough albums before the last one: the gone one is answered before the last one is planned.
    albums = [make_album("Gone", 1, total_tracks=1500), *albums_of(25, tracks=1), make_album("Many", 120)]
    api = serve(*albums, quota_mode="development")
    api.catalogue.gone.add(albums[0]["id"])
    found = extract(api, run, daily_calls=30)
    assert found.calls["album_tracks"] == 2
    assert run.result().albums.pending == 0


def test_retries_count_in_the_daily_calls(serve: Serve, run: Run) -> None:
    api = serve(*albums_of(12), quota_mode="development")
    api.script("album", errors.bad_gateway, errors.bad_gateway)
    found = extract(api, run, daily_calls=7)
    assert (found.calls["album"], len(found.album_ids)) == (7, 5)


def test_further_pages_start_after_the_tracks_of_the_album(serve: Serve, run: Run) -> None:
    api = serve(make_album("Many", 131, discs=3))
    found = extract(api, run)
    pages = [request.query for request in api.requests if request.bucket == "album_tracks"]
    assert [(page["offset"], page["limit"]) for page in pages] == [("50", "50"), ("100", "50")]
    assert len(found.places) == 131


def test_a_link_from_an_album_to_another_host_is_never_followed(serve: Serve, run: Run, three: list[Album]) -> None:
    api, stranger = serve(*three, quota_mode="development"), serve(*three)

    def lead_away(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        link = body["tracks"]["next"] and f"{stranger.api_url}albums/{body['id']}/tracks?offset=50&limit=50"
        return dataclasses.replace(normal, body={**body, "tracks": {**body["tracks"], "next": link}})

    api.always("album", lead_away)
    found = extract(api, run)
    assert stranger.requests == []
    assert found.places == places_of(three[:2])
    assert list(run.result().albums.failed) == [three[2]["id"]]


def test_a_redirect_to_another_host_is_never_followed(serve: Serve, run: Run, three: list[Album]) -> None:
    api, stranger = serve(*three, quota_mode="development"), serve(*three)
    moved = Reply(302, "", {"location": f"{stranger.api_url}albums/x"})
    api.always("album", moved, match=for_album(three[0]["id"]))
    found = extract(api, run)
    assert stranger.requests == []
    assert found.places == places_of(three[1:])


def test_null_and_repeated_tracks_are_dropped_and_counted(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three, quota_mode="development")

    def spoil(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        items = [None, *body["tracks"]["items"], body["tracks"]["items"][3], {}]
        return dataclasses.replace(normal, body={**body, "tracks": {**body["tracks"], "items": items}})

    api.always("album", spoil, match=for_album(three[1]["id"]))
    found = extract(api, run)
    assert found.places == places_of(three)
    assert run.result().albums.tracks_dropped == 3
    assert [(one.kind.value, one.where, one.count, one.album_id) for one in run.result().data_issues] == [
        ("empty", "album_tracks", 2, three[1]["id"]),
        ("repeated", "album_tracks", 1, three[1]["id"]),
    ]


def test_random_faults_lose_no_album(serve: Serve, run: Run) -> None:
    albums = albums_of(150, tracks=3)
    api = serve(*albums, quota_mode="development")
    api.chaos(seed=7, rate=0.25)
    found = extract(api, run)
    assert found.places == places_of(albums)
    assert run.result().is_complete


def test_a_stopped_run_makes_no_call(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    run.stop()
    found = extract(api, run)
    assert sum(found.calls.values()) == 0
    assert not run.result().is_complete
