"""Token endpoint, listing or budget that fails during a run."""

from __future__ import annotations

import pytest
from dlt.extract.exceptions import ResourceExtractionError
from spotify_pipeline.offline_api import Album, OfflineApi, Reply, errors

from spotify_source import Run
from spotify_source.errors import ApiUnavailableError
from tests.support.albums import albums_of, places_of
from tests.support.apis import Serve
from tests.support.clock import DAY, HOUR, FakeClock
from tests.support.source import extract

DOWN = Reply(503, "upstream connect error")


def test_a_token_request_is_repeated(api: OfflineApi, run: Run, three: list[Album]) -> None:
    api.script("token", DOWN, Reply(reset=True))
    assert extract(api, run).places == places_of(three)
    assert api.calls["token"] == 3


def test_fetched_albums_survive_an_outage_of_the_token_endpoint(serve: Serve, run: Run) -> None:
    api = serve(*albums_of(40), quota_mode="development")

    def fail(_request: object, _normal: Reply) -> None:
        api.revoke_tokens()
        api.always("token", DOWN)

    api.script("album", *[None] * 10, fail)

    extracted = extract(api, run)

    assert 0 < len(extracted.album_ids) < 40
    assert api.calls["token"] == 1 + 5
    assert not run.result().is_complete


def test_credentials_are_not_sent_to_a_redirect(serve: Serve, run: Run, three: list[Album]) -> None:
    api, stranger = serve(*three, quota_mode="development"), serve(*three)
    api.always("token", Reply(307, "", {"location": stranger.token_url}))
    with pytest.raises(ResourceExtractionError) as failed:
        extract(api, run)
    assert isinstance(failed.value.__cause__, ApiUnavailableError)
    assert stranger.requests == []


def test_daily_calls_are_never_exceeded_in_24_hours(serve: Serve, clock: FakeClock) -> None:
    api = serve(*albums_of(16), quota_mode="development")
    album_calls = []
    for _ in range(4):
        album_calls.append(extract(api, Run(clock), daily_calls=5).calls["album"])
        clock.move(9 * HOUR)
    assert album_calls == [5, 0, 0, 5]
    for bucket in ("album", "search"):
        times = [request.at for request in api.requests if request.bucket == bucket]
        assert max(sum(0 <= other - start < DAY for other in times) for start in times) <= 5


def test_calls_of_a_failed_run_count(api: OfflineApi, clock: FakeClock) -> None:
    api.always("search", errors.bad_gateway)
    with pytest.raises(ResourceExtractionError):
        extract(api, Run(clock), daily_calls=5)
    assert api.calls["search"] == 5
    api.clear_scripts()
    assert extract(api, Run(clock), daily_calls=5).calls["search"] == 0
