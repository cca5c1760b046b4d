"""Tests of failed album requests: given up albums, the end of a run, batches."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from dlt.extract.exceptions import ResourceExtractionError
from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, OfflineApi, Reply, Step, errors, make_album

from spotify_source import Run, settings
from spotify_source.errors import ClosedReason, CredentialsError, ForbiddenError, TokenRejectedError
from tests.support.albums import albums_of, places_of
from tests.support.apis import Serve, for_album
from tests.support.clock import FakeClock
from tests.support.source import Extracted, extract

FAILURES: dict[str, Step] = {
    "403": errors.forbidden,
    "401": errors.bad_token,
    "403 that names Premium": errors.premium_lapsed,
    "403 as text": Reply(403, "no"),
    "502": errors.bad_gateway,
    "418": Reply(418, "teapot"),
    "no envelope": Reply(200, {"id": "x"}),
    "no JSON": Reply(200, "<html>"),
}
# Each failure is judged as the album's, the app's or the API's. The default run has one of each.
EACH_FAILURE = pytest.mark.parametrize(
    "failure",
    [name if name in ("403", "502", "418") else pytest.param(name, marks=pytest.mark.slow) for name in FAILURES],
)


class Runs:
    """Runs of one app that carry dlt's state, each as if into an empty database.

    Args:
        api: The offline API.
        clock: Clock of all runs.
    """

    def __init__(self, api: OfflineApi, clock: FakeClock) -> None:
        self.api = api
        self._clock = clock
        self._state: Any = {}

    def run(self, **options: Any) -> Extracted:
        """Run the source once."""
        return extract(self.api, Run(self._clock), state=self._state, **options)

    def list_only(self, albums: Sequence[Album]) -> None:
        """List only these albums, as if the others were loaded."""
        self.api.catalogue = Catalogue.of(albums)


# -- failures of albums, the app and the API


@EACH_FAILURE
def test_an_album_that_always_fails_is_given_up(serve: Serve, clock: FakeClock, failure: str) -> None:
    albums = albums_of(8)
    bad = albums[0]["id"]
    runs = Runs(serve(*albums, quota_mode="development"), clock)
    runs.api.always("album", FAILURES[failure], match=for_album(bad))
    for _ in range(settings.MAX_FAILED_RUNS):
        found = runs.run()
        result = found.run.result()
        assert found.places == places_of(albums[1:])
        assert (result.failure, list(result.albums.failed), result.calls.closed) == (None, [bad], {})
        assert not result.is_complete

    given_up = runs.run()

    assert given_up.calls["album"] == 7
    assert given_up.run.result().albums.given_up == [bad]
    assert given_up.run.result().is_complete

    runs.api.clear_scripts()
    assert runs.run(full_refresh=True).places == places_of(albums)
    assert runs.run().run.result().albums.given_up == []


@EACH_FAILURE
def test_a_success_forgets_earlier_failures(serve: Serve, clock: FakeClock, failure: str) -> None:
    albums = albums_of(3)
    runs = Runs(serve(*albums, quota_mode="development"), clock)
    for _ in range(2):
        runs.api.always("album", FAILURES[failure], match=for_album(albums[1]["id"]))
        for _ in range(settings.MAX_FAILED_RUNS - 1):
            runs.run()
        runs.api.clear_scripts()
        found = runs.run()
        assert found.run.result().is_complete
        assert found.places == places_of(albums)


@pytest.mark.parametrize("refusal", [errors.forbidden, errors.premium_lapsed, errors.bad_token])
def test_refusals_of_different_albums_concern_the_app(serve: Serve, clock: FakeClock, refusal: Reply) -> None:
    albums = albums_of(12)
    runs = Runs(serve(*albums, quota_mode="development"), clock)
    runs.api.always("album", refusal)
    for _ in range(settings.MAX_FAILED_RUNS + 1):
        result = runs.run().run.result()
        assert result.failure is not None
        assert not isinstance(result.failure, CredentialsError)
        assert {closed.reason for closed in result.calls.closed.values()} == {ClosedReason.REFUSED}
        assert len(result.albums.failed) <= settings.MAX_FAILED_CALLS + 5
    runs.api.clear_scripts()
    found = runs.run()
    assert found.run.result().is_complete
    assert found.places == places_of(albums)


def test_an_app_that_may_fetch_no_album_ends_with_its_refusal(serve: Serve, run: Run) -> None:
    api = serve(*albums_of(5), quota_mode="development")
    api.always("album", errors.forbidden)
    extract(api, run)
    assert isinstance(run.result().failure, ForbiddenError)


def test_refusals_between_successes_do_not_concern_the_app(serve: Serve, run: Run) -> None:
    albums = albums_of(30)
    api = serve(*albums, quota_mode="development")
    for album in albums[::3]:
        api.always("album", errors.forbidden, match=for_album(album["id"]))
    extract(api, run)
    assert run.result().failure is None
    assert len(run.result().albums.failed) == 10


@pytest.mark.parametrize("refused", [slice(0, 3), slice(10, 13), slice(27, 30), slice(0, 30, 10)], ids=str)
def test_refused_albums_stop_no_other_and_are_given_up(serve: Serve, clock: FakeClock, refused: slice) -> None:
    albums = albums_of(30)
    bad = albums[refused]
    runs = Runs(serve(*albums, quota_mode="development"), clock)
    for album in bad:
        runs.api.always("album", errors.forbidden, match=for_album(album["id"]))

    # The first run may end early: in it, the first albums may be refused before any success.
    loaded = {*runs.run().places, *runs.run().places}
    assert sorted(loaded) == places_of([album for album in albums if album not in bad])

    runs.list_only(bad)
    results = [runs.run().run.result() for _ in range(settings.MAX_FAILED_RUNS)]
    assert [result.failure for result in results] == [None] * len(results)
    assert set(results[-1].albums.given_up) == {album["id"] for album in bad}
    assert results[-1].is_complete
    assert runs.run().calls["album"] == 0


def test_an_outage_gives_no_album_up(serve: Serve, clock: FakeClock) -> None:
    albums = albums_of(12)
    runs = Runs(serve(*albums, quota_mode="development"), clock)
    runs.api.always("album", errors.bad_gateway)
    for _ in range(settings.MAX_FAILED_RUNS + 2):
        closed = runs.run().run.result().calls.closed
        assert {error.reason for error in closed.values()} == {ClosedReason.TROUBLE}
    runs.api.clear_scripts()
    found = runs.run()
    assert found.run.result().is_complete
    assert found.places == places_of(albums)


def test_albums_that_failed_are_requested_after_the_others(serve: Serve, clock: FakeClock) -> None:
    albums = albums_of(30)
    runs = Runs(serve(*albums, quota_mode="development"), clock)
    for album in albums[:15]:
        runs.api.always("album", errors.bad_gateway, match=for_album(album["id"]))
    loaded = {place for _ in range(3) for place in runs.run().places}
    assert sorted(loaded) == places_of(albums[15:])


# -- tokens


@pytest.mark.parametrize("number", [2, 4, 8])
@pytest.mark.parametrize("bucket", ["browse", "albums"])
def test_a_burst_of_rejected_tokens_leaves_no_trace(
    serve: Serve, run: Run, three: list[Album], bucket: str, number: int
) -> None:
    api = serve(*three)
    api.script(bucket, *[errors.bad_token] * number)
    assert extract(api, run).places == places_of(three)
    assert run.result().is_complete


def test_rejected_tokens_are_not_blamed_on_the_credentials(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    api.always("browse", errors.bad_token)
    with pytest.raises(ResourceExtractionError) as caught:
        extract(api, run)
    assert isinstance(caught.value.__cause__, TokenRejectedError)
    assert "credentials are good" in caught.value.__cause__.guidance


# -- batches


def in_batch(change: Callable[[list[Any]], list[Any]]) -> Step:
    """Return a reply with a change to the albums of a batch."""

    def step(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        return dataclasses.replace(normal, body={"albums": change(body["albums"])})

    return step


MALFORMED: dict[str, Callable[[list[Any]], list[Any]]] = {
    "one without tracks": lambda albums: [*albums[:4], {"id": albums[4]["id"]}, *albums[5:]],
    "one with tracks of another type": lambda albums: [*albums[:4], {**albums[4], "tracks": 7}, *albums[5:]],
    "one that is a number": lambda albums: [*albums[:4], 7, *albums[5:]],
    "one that is a list": lambda albums: [*albums[:4], [], *albums[5:]],
    "one with an object for an id": lambda albums: [*albums[:4], {**albums[4], "id": {"x": 1}}, *albums[5:]],
    "one without an id": lambda albums: [*albums[:4], {**albums[4], "id": None}, *albums[5:]],
    "one null too many": lambda albums: [*albums[:4], None, *albums[4:]],
    "one too few": lambda albums: [*albums[:4], *albums[5:]],
    "another order": lambda albums: albums[::-1],
    "one twice": lambda albums: [*albums[:4], albums[3], *albums[5:]],
    "one too many": lambda albums: [*albums, {**albums[0], "id": "0" * 22}],
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_album_of_a_batch_stops_no_other(serve: Serve, run: Run, kind: str) -> None:
    albums = albums_of(20)
    api = serve(*albums)
    api.always("albums", in_batch(MALFORMED[kind]))
    found = extract(api, run)
    assert found.places == places_of(albums)
    assert (run.result().albums.gone, run.result().is_complete) == (0, True)
    assert found.calls["albums"] == 1
    assert found.calls["album"] <= 1


@pytest.mark.parametrize("reply", [Reply(200, "<html>"), Reply(200, {"albums": 7}), Reply(400, "odd")])
def test_albums_of_an_unreadable_batch_are_fetched_singly(serve: Serve, run: Run, reply: Reply) -> None:
    albums = albums_of(20)
    api = serve(*albums)
    api.always("albums", reply)
    assert extract(api, run).places == places_of(albums)
    assert run.result().is_complete


def test_a_failed_batch_is_one_failure(serve: Serve, run: Run) -> None:
    albums = albums_of(60)
    api = serve(*albums)
    api.always("albums", errors.bad_gateway, match=for_album(albums[0]["id"]))
    assert extract(api, run).places == places_of(albums[20:])
    assert run.result().calls.closed == {}


def test_one_refused_batch_is_not_remembered(serve: Serve, clock: FakeClock) -> None:
    runs = Runs(serve(*albums_of(20)), clock)
    runs.api.script("albums", errors.forbidden)
    first, second = runs.run(), runs.run()
    assert (first.calls["albums"], first.calls["album"]) == (1, 20)
    assert (second.calls["albums"], second.calls["album"]) == (1, 0)
    assert second.run.result().batch_allowed is True


def test_refused_batches_of_two_runs_are_remembered(serve: Serve, clock: FakeClock) -> None:
    runs = Runs(serve(*albums_of(20), allow={"browse"}, quota_mode="development"), clock)
    for batches, allowed in ((1, None), (1, False), (0, False)):
        found = runs.run()
        assert found.calls["albums"] == batches
        assert found.run.result().batch_allowed is allowed
        assert found.run.result().is_complete


# -- ids


@pytest.mark.parametrize("quota_mode", ["development", "extended"])
def test_malformed_ids_are_listed_and_never_requested(
    serve: Serve, run: Run, three: list[Album], quota_mode: str
) -> None:
    malformed = [".", "..", "../albums", "?ids=x", "a/tracks", "%2e%2e", "x" * 300, "é" * 22]
    listed = [{**make_album(f"Odd {number}", 1), "id": album_id} for number, album_id in enumerate(malformed)]
    api = serve(*three, quota_mode=quota_mode)

    def insert(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        if "albums" not in body:
            return normal
        items = [*listed, *body["albums"]["items"], {"id": {"x": 1}}, {"id": 7}, {"id": ""}, {}]
        return dataclasses.replace(normal, body={"albums": {**body["albums"], "items": items}})

    for bucket in ("browse", "search"):
        api.always(bucket, insert)
    found = extract(api, run)
    issues = {(one.kind.value, one.count) for one in run.result().data_issues}
    assert run.result().is_complete
    assert issues >= {("malformed_id", 8), ("without_id", 4)}
    assert found.places == places_of(three)
    assert len(found.rows["new_releases"]) == len(malformed) + 3
    assert not [request for request in api.requests if "Odd" in request.path or ".." in request.path]
    assert set(found.calls) <= {"browse", "search", "albums", "album", "album_tracks"}
    assert {request.status for request in api.requests} <= {200, 403}
