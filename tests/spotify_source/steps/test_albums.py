"""Albums are fetched whole, in as few calls as the app may make; what fails stays pending."""

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


def test_a_batch_that_is_refused_in_mid_run_goes_on_one_by_one(serve: Serve, run: Run) -> None:
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


def test_an_id_that_the_api_does_not_understand_fails_no_batch(serve: Serve, run: Run, three: list[Album]) -> None:
    odd = make_album("Odd", 1, id="not-an-id")
    found = extract(serve(*three, odd), run)
    assert [row["id"] for row in found.rows["new_releases"]] == [*(album["id"] for album in three), "not-an-id"]
    assert found.places == places_of(three)
    assert (run.result().albums.gone, run.result().is_complete) == (0, True)
    assert found.calls == {"browse": 1, "albums": 1, "album_tracks": 1}


def test_a_batch_of_another_length_is_not_guessed_at(serve: Serve, run: Run, three: list[Album]) -> None:
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
def test_a_fault_that_passes_leaves_no_trace(serve: Serve, run: Run, three: list[Album], fault: Any) -> None:
    api = serve(*three, quota_mode="development")
    api.script("album", fault)
    api.script("album_tracks", fault)
    found = extract(api, run)
    assert found.places == places_of(three)
    assert run.result().is_complete
    assert found.calls == {"browse": 1, "search": 1, "album": 4, "album_tracks": 2}
    assert run.result().calls.by_bucket == found.calls


def test_five_tries_and_the_album_stays_pending_while_the_run_goes_on(serve: Serve, run: Run) -> None:
    albums = albums_of(4)
    api = serve(*albums, quota_mode="development")
    api.always("album", errors.bad_gateway, match=for_album(albums[1]["id"]))
    found = extract(api, run)
    assert found.calls["album"] == 3 + settings.MAX_ATTEMPTS
    assert found.places == places_of([albums[0], *albums[2:]])
    assert (run.result().albums.pending, list(run.result().albums.failed)) == (1, [albums[1]["id"]])
    assert not run.result().is_complete


def test_after_ten_failed_calls_in_a_row_the_run_stops_asking(serve: Serve, run: Run) -> None:
    albums = albums_of(60)
    api = serve(*albums, quota_mode="development")
    api.script("album", None, None)
    api.always("album", errors.bad_gateway)
    found = extract(api, run)
    assert len(found.album_ids) == 2
    assert settings.MAX_FAILED_CALLS <= len(run.result().albums.failed) <= settings.MAX_FAILED_CALLS + 5
    assert run.result().albums.pending == 58


def test_failures_with_successes_between_them_stop_nothing(serve: Serve, run: Run) -> None:
    albums = albums_of(40)
    api = serve(*albums, quota_mode="development")
    for album in albums[::2]:
        api.always("album", errors.bad_gateway, match=for_album(album["id"]))
    found = extract(api, run)
    assert found.places == places_of(albums[1::2])
    assert run.result().albums.pending == 20


def test_a_lapsed_premium_in_mid_run_ends_it_and_keeps_what_is_there(serve: Serve, run: Run) -> None:
    albums = albums_of(30)
    api = serve(*albums, quota_mode="development")
    api.script("album", None, None, None)
    api.always("album", errors.premium_lapsed)
    found = extract(api, run)
    assert len(found.album_ids) == 3
    assert isinstance(run.result().failure, PremiumRequiredError)
    # Five calls travel at once: a success that comes late forgets the refusals beside it, and five more end it.
    assert found.calls["album"] <= 3 + 5 + settings.MAX_REFUSED_CALLS + 5


def test_a_token_that_is_refused_for_good_ends_the_run_and_keeps_what_is_there(serve: Serve, run: Run) -> None:
    albums = albums_of(30)
    api = serve(*albums, quota_mode="development")
    api.script("album", None, None, None)
    api.always("album", errors.bad_token)
    found = extract(api, run)
    assert len(found.album_ids) == 3
    assert isinstance(run.result().failure, TokenRejectedError)


def test_a_token_that_is_revoked_in_mid_run_is_renewed_once(serve: Serve, run: Run) -> None:
    albums = albums_of(30)
    api = serve(*albums, quota_mode="development")
    api.script("album", *[None] * 8, lambda *_: api.revoke_tokens())
    found = extract(api, run)
    assert found.places == places_of(albums)
    assert api.calls["token"] == 2


def test_tokens_that_live_for_seconds_are_renewed_as_they_end(serve: Serve, run: Run, clock: FakeClock) -> None:
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


def test_a_rate_limited_api_gets_all_calls_through_in_time(serve: Serve, run: Run) -> None:
    albums = albums_of(40)
    api = serve(*albums, quota_mode="development")
    api.rate_limit = (10, 5.0)
    api.rate_limit_retry_after = 5
    found = extract(api, run, requests_per_second=5)
    assert found.places == places_of(albums)
    assert run.result().is_complete


def test_no_more_calls_than_threads_meet_a_spent_quota(serve: Serve, run: Run) -> None:
    api = serve(*albums_of(60), quota_mode="development")
    api.quota["album"] = 3
    found = extract(api, run)
    assert found.calls["album"] <= 3 + 5
    assert (run.result().albums.fetched, run.result().albums.pending) == (3, 57)


def test_a_spent_batch_quota_never_falls_back_to_single_calls(serve: Serve, run: Run) -> None:
    api = serve(*albums_of(60))
    api.quota["albums"] = 1
    found = extract(api, run)
    assert found.calls["album"] == 0
    assert len(found.album_ids) == 20
    assert run.result().albums.pending == 40


def test_a_spent_page_quota_stops_no_album_that_needs_no_page(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(three[2], three[0], three[1], quota_mode="development")
    api.quota["album_tracks"] = 0
    found = extract(api, run)
    assert found.places == places_of(three[:2])
    assert (run.result().albums.pending, list(run.result().calls.blocked_until)) == (1, ["album_tracks"])


def test_a_budget_is_kept_to_the_call(serve: Serve, run: Run) -> None:
    found = extract(serve(*albums_of(12), quota_mode="development"), run, daily_calls=7)
    assert found.calls == {"browse": 1, "search": 2, "album": 7}
    assert (run.result().albums.fetched, run.result().albums.pending) == (7, 5)


def test_an_album_whose_pages_can_not_be_afforded_is_not_begun(serve: Serve, run: Run) -> None:
    albums = albums_of(3, tracks=120)
    found = extract(serve(*albums, quota_mode="development"), run, daily_calls=5)
    assert found.calls == {"browse": 1, "search": 1, "album": 2, "album_tracks": 4}
    assert found.places == places_of(albums[:2])


def test_a_gone_album_gives_back_what_was_set_aside_for_its_pages(serve: Serve, run: Run) -> None:
    # More albums before the last one than may be in the air at once: the gone one has ended before it is considered.
    albums = [make_album("Gone", 1, total_tracks=1500), *albums_of(25, tracks=1), make_album("Many", 120)]
    api = serve(*albums, quota_mode="development")
    api.catalogue.gone.add(albums[0]["id"])
    found = extract(api, run, daily_calls=30)
    assert found.calls["album_tracks"] == 2
    assert run.result().albums.pending == 0


def test_a_repeated_call_counts_in_the_budget(serve: Serve, run: Run) -> None:
    api = serve(*albums_of(12), quota_mode="development")
    api.script("album", errors.bad_gateway, errors.bad_gateway)
    found = extract(api, run, daily_calls=7)
    assert (found.calls["album"], len(found.album_ids)) == (7, 5)


def test_further_pages_begin_where_the_album_ended(serve: Serve, run: Run) -> None:
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


def test_null_tracks_are_dropped_and_counted_and_one_that_was_there_before_is_loaded_once(
    serve: Serve, run: Run, three: list[Album]
) -> None:
    api = serve(*three, quota_mode="development")

    def spoil(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        items = [None, *body["tracks"]["items"], body["tracks"]["items"][3], {}]
        return dataclasses.replace(normal, body={**body, "tracks": {**body["tracks"], "items": items}})

    api.always("album", spoil, match=for_album(three[1]["id"]))
    found = extract(api, run)
    assert found.places == places_of(three)
    assert run.result().albums.tracks_dropped == 3
    assert [(one.what.value, one.where, one.count, one.album_id) for one in run.result().data_issues] == [
        ("empty", "album_tracks", 2, three[1]["id"]),
        ("repeated", "album_tracks", 1, three[1]["id"]),
    ]


def test_a_hundred_faults_at_once_end_with_everything(serve: Serve, run: Run) -> None:
    albums = albums_of(150, tracks=3)
    api = serve(*albums, quota_mode="development")
    api.chaos(seed=7, rate=0.25)
    found = extract(api, run)
    assert found.places == places_of(albums)
    assert run.result().is_complete


def test_a_run_that_was_stopped_before_it_began_makes_no_call(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    run.stop()
    found = extract(api, run)
    assert sum(found.calls.values()) == 0
    assert not run.result().is_complete
