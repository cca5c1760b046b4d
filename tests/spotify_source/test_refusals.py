"""One album never stops the app: a refusal is the album's until different calls meet it, and no album fails for ever."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from dlt.extract.exceptions import ResourceExtractionError
from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, OfflineApi, Reply, Step, errors, make_album

from spotify_source import Run, settings
from spotify_source.errors import ClosedReason, CredentialsError, ForbiddenError, TokenRejectedError
from tests.support.albums import albums_of, places_of
from tests.support.apis import Serve, for_album
from tests.support.source import extract
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.slow

REFUSALS = {
    "403": errors.forbidden,
    "401": errors.bad_token,
    "403 with a word of Premium": errors.premium_lapsed,
    "403 as text": Reply(403, "no"),
}
TROUBLES: dict[str, Step] = {
    **REFUSALS,
    "502": errors.bad_gateway,
    "418": Reply(418, "teapot"),
    "no envelope": Reply(200, {"id": "x"}),
    "no JSON": Reply(200, "<html>"),
}


# Each takes a second; the default run has the two that are judged most differently.
EACH_TROUBLE = pytest.mark.parametrize(
    "trouble", [name if name in ("403", "502") else pytest.param(name, marks=pytest.mark.slow) for name in TROUBLES]
)


@EACH_TROUBLE
def test_an_album_that_always_fails_costs_no_other_and_is_given_up(
    warehouse: Warehouse, serve: Serve, trouble: str
) -> None:
    albums = albums_of(8)
    api = serve(*albums, quota_mode="development")
    bad = albums[0]
    api.always("album", TROUBLES[trouble], match=for_album(bad["id"]))
    for _ in range(settings.MAX_FAILED_RUNS):
        result = warehouse.load(api).run.result()
        assert warehouse.places() == places_of(albums[1:])
        assert (result.failure, list(result.albums.failed), result.calls.closed) == (None, [bad["id"]], {})
        assert not result.is_complete

    given_up = warehouse.load(api)

    assert given_up.calls == {"search": 1}
    assert given_up.run.result().albums.given_up == [bad["id"]]
    assert given_up.run.result().is_complete

    api.clear_scripts()
    warehouse.load(api, full_refresh=True)
    assert warehouse.places() == places_of(albums)
    assert warehouse.load(api).run.result().albums.given_up == []


@EACH_TROUBLE
def test_an_album_that_failed_for_a_while_is_loaded_when_it_can_be(
    warehouse: Warehouse, serve: Serve, trouble: str
) -> None:
    albums = albums_of(3)
    api = serve(*albums, quota_mode="development")
    api.always("album", TROUBLES[trouble], match=for_album(albums[1]["id"]))
    for _ in range(settings.MAX_FAILED_RUNS - 1):
        warehouse.load(api)
    api.clear_scripts()
    assert warehouse.load(api).run.result().is_complete
    assert warehouse.places() == places_of(albums)


@pytest.mark.parametrize("refusal", [errors.forbidden, errors.premium_lapsed, errors.bad_token])
def test_a_refusal_that_different_albums_meet_is_the_apps_and_gives_no_album_up(
    warehouse: Warehouse, serve: Serve, refusal: Reply
) -> None:
    albums = albums_of(12)
    api = serve(*albums, quota_mode="development")
    api.always("album", refusal)
    for _ in range(settings.MAX_FAILED_RUNS + 1):
        result = warehouse.load(api).run.result()
        assert result.failure is not None
        assert not isinstance(result.failure, CredentialsError)
        assert {closed.reason for closed in result.calls.closed.values()} == {ClosedReason.REFUSED}
        assert len(result.albums.failed) <= settings.MAX_FAILED_CALLS + 5
    api.clear_scripts()
    assert warehouse.load(api).run.result().is_complete
    assert warehouse.places() == places_of(albums)


def test_two_albums_that_are_refused_in_turn_with_others_are_no_refusal_of_the_app(serve: Serve, run: Run) -> None:
    albums = albums_of(30)
    api = serve(*albums, quota_mode="development")
    for album in albums[::3]:
        api.always("album", errors.forbidden, match=for_album(album["id"]))
    extract(api, run)
    assert run.result().failure is None
    assert len(run.result().albums.failed) == 10


@pytest.mark.parametrize("refused", [slice(0, 3), slice(10, 13), slice(27, 30), slice(0, 30, 10)], ids=str)
def test_a_few_albums_that_are_always_refused_stop_no_other_and_not_for_ever(
    warehouse: Warehouse, serve: Serve, refused: slice
) -> None:
    albums = albums_of(30)
    api = serve(*albums, quota_mode="development")
    bad = {album["id"] for album in albums[refused]}
    for album_id in bad:
        api.always("album", errors.forbidden, match=for_album(album_id))

    results = [warehouse.load(api).run.result() for _ in range(settings.MAX_FAILED_RUNS + 2)]

    assert warehouse.places() == places_of([album for album in albums if album["id"] not in bad])
    assert [result.failure for result in results[1:]] == [None] * (len(results) - 1)
    assert set(results[-1].albums.given_up) == bad
    assert results[-1].is_complete
    assert warehouse.load(api).calls["album"] == 0


def test_an_outage_gives_no_album_up(warehouse: Warehouse, serve: Serve) -> None:
    albums = albums_of(12)
    api = serve(*albums, quota_mode="development")
    api.always("album", errors.bad_gateway)
    for _ in range(settings.MAX_FAILED_RUNS + 2):
        assert {closed.reason for closed in warehouse.load(api).run.result().calls.closed.values()} == {
            ClosedReason.TROUBLE
        }
    api.clear_scripts()
    assert warehouse.load(api).run.result().is_complete
    assert warehouse.places() == places_of(albums)


def test_ten_albums_that_always_fail_do_not_stand_in_the_way_of_the_others(warehouse: Warehouse, serve: Serve) -> None:
    albums = albums_of(30)
    api = serve(*albums, quota_mode="development")
    for album in albums[:15]:
        api.always("album", errors.bad_gateway, match=for_album(album["id"]))
    for _ in range(4):
        warehouse.load(api)
    assert warehouse.places() == places_of(albums[15:])


# -- tokens


@pytest.mark.parametrize("number", [2, 4, 8])
@pytest.mark.parametrize("bucket", ["browse", "albums"])
def test_a_burst_of_refused_tokens_passes(serve: Serve, run: Run, three: list[Album], bucket: str, number: int) -> None:
    api = serve(*three)
    api.script(bucket, *[errors.bad_token] * number)
    assert extract(api, run).places == places_of(three)
    assert run.result().is_complete


def test_tokens_that_are_always_refused_are_not_blamed_on_the_credentials(
    serve: Serve, run: Run, three: list[Album]
) -> None:
    api = serve(*three)
    api.always("browse", errors.bad_token)
    with pytest.raises(ResourceExtractionError) as caught:
        extract(api, run)
    assert isinstance(caught.value.__cause__, TokenRejectedError)
    assert "credentials are good" in caught.value.__cause__.guidance


# -- batches


def in_batch(change: Callable[[list[Any]], list[Any]]) -> Step:
    def step(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        return dataclasses.replace(normal, body={"albums": change(body["albums"])})

    return step


MALFORMED: dict[str, Callable[[list[Any]], list[Any]]] = {
    "one without tracks": lambda albums: [*albums[:4], {"id": albums[4]["id"]}, *albums[5:]],
    "one with tracks that are none": lambda albums: [*albums[:4], {**albums[4], "tracks": 7}, *albums[5:]],
    "one that is a number": lambda albums: [*albums[:4], 7, *albums[5:]],
    "one that is a list": lambda albums: [*albums[:4], [], *albums[5:]],
    "one with an object for an id": lambda albums: [*albums[:4], {**albums[4], "id": {"x": 1}}, *albums[5:]],
    "one without an id": lambda albums: [*albums[:4], {**albums[4], "id": None}, *albums[5:]],
    "a null too many": lambda albums: [*albums[:4], None, *albums[4:]],
    "one too few": lambda albums: [*albums[:4], *albums[5:]],
    "another order": lambda albums: albums[::-1],
    "one twice": lambda albums: [*albums[:4], albums[3], *albums[5:]],
    "one too many": lambda albums: [*albums, {**albums[0], "id": "0" * 22}],
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_wrong_with_one_album_of_a_batch_costs_no_other(serve: Serve, run: Run, kind: str) -> None:
    albums = albums_of(20)
    api = serve(*albums)
    api.always("albums", in_batch(MALFORMED[kind]))
    found = extract(api, run)
    assert found.places == places_of(albums)
    assert (run.result().albums.gone, run.result().is_complete) == (0, True)
    assert found.calls["albums"] == 1
    assert found.calls["album"] <= 1


@pytest.mark.parametrize("reply", [Reply(200, "<html>"), Reply(200, {"albums": 7}), Reply(400, "odd")])
def test_a_batch_that_answers_nonsense_is_fetched_one_by_one(serve: Serve, run: Run, reply: Reply) -> None:
    albums = albums_of(20)
    api = serve(*albums)
    api.always("albums", reply)
    assert extract(api, run).places == places_of(albums)
    assert run.result().is_complete


def test_a_batch_that_fails_is_one_failure_and_not_twenty(serve: Serve, run: Run) -> None:
    albums = albums_of(60)
    api = serve(*albums)
    api.always("albums", errors.bad_gateway, match=for_album(albums[0]["id"]))
    assert extract(api, run).places == places_of(albums[20:])
    assert run.result().calls.closed == {}


def test_a_passing_refusal_of_a_batch_is_not_remembered(warehouse: Warehouse, serve: Serve) -> None:
    api = serve(*albums_of(20))
    api.script("albums", errors.forbidden)
    first = warehouse.load(api)
    assert (first.calls["albums"], first.calls["album"]) == (1, 20)
    api.catalogue = Catalogue.of([*albums_of(20), *(make_album(f"New {number}") for number in range(20))])
    second = warehouse.load(api)
    assert (second.calls["albums"], second.calls["album"]) == (1, 0)
    assert second.run.result().batch_allowed is True


def test_a_refusal_of_batches_that_two_runs_meet_is_remembered(warehouse: Warehouse, serve: Serve) -> None:
    albums = albums_of(60)
    api = serve(*albums[:20], allow={"browse"}, quota_mode="development")
    assert [warehouse.load(api).calls["albums"]] == [1]
    api.catalogue = Catalogue.of(albums[:40])
    second = warehouse.load(api)
    assert (second.calls["albums"], second.run.result().batch_allowed) == (1, False)
    api.catalogue = Catalogue.of(albums)
    assert warehouse.load(api).calls["albums"] == 0
    assert warehouse.places() == places_of(albums)


# -- ids


@pytest.mark.parametrize("quota_mode", ["development", "extended"])
def test_what_is_no_id_is_listed_and_reported_and_never_asked_for(
    warehouse: Warehouse, serve: Serve, three: list[Album], quota_mode: str
) -> None:
    odd = [".", "..", "../albums", "?ids=x", "a/tracks", "%2e%2e", "x" * 300, "é" * 22]
    listed = [{**make_album(f"Odd {number}", 1), "id": album_id} for number, album_id in enumerate(odd)]
    api: OfflineApi = serve(*three, quota_mode=quota_mode)

    def slip_in(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        if "albums" not in body:
            return normal
        items = [*listed, *body["albums"]["items"], {"id": {"x": 1}}, {"id": 7}, {"id": ""}, {}]
        return dataclasses.replace(normal, body={"albums": {**body["albums"], "items": items}})

    for bucket in ("browse", "search"):
        api.always(bucket, slip_in)
    for _ in range(2):
        result = warehouse.load(api).run.result()
        assert result.is_complete
        assert {(one.what.value, one.count) for one in result.data_issues} >= {("malformed_id", 8), ("without_id", 4)}
    assert warehouse.places() == places_of(three)
    assert warehouse.one("SELECT count(*) FROM new_releases") == len(odd) + 3
    assert not [request for request in api.requests if "Odd" in request.path or ".." in request.path]
    assert {request.bucket for request in api.requests} <= {
        "token",
        "browse",
        "search",
        "albums",
        "album",
        "album_tracks",
    }
    assert {request.status for request in api.requests} <= {200, 403}


def test_an_app_that_may_call_nothing_for_albums_ends_with_its_refusal(serve: Serve, run: Run) -> None:
    api = serve(*albums_of(5), quota_mode="development")
    api.always("album", errors.forbidden)
    extract(api, run)
    assert isinstance(run.result().failure, ForbiddenError)
