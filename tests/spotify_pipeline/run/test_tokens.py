"""One token request for each real expiry, whatever the number of threads."""

from __future__ import annotations

import pytest
from spotify_pipeline.offline_api import Album, LoggedRequest, OfflineApi, Reply, errors

from tests.support.albums import albums_of, places_of
from tests.support.apis import Serve, for_album
from tests.support.clock import FakeClock
from tests.support.place import Place

EIGHT = {"SOURCES__SPOTIFY__EXTRACT__WORKERS": "8"}


@pytest.fixture
def albums() -> list[Album]:
    """Enough to keep eight threads busy."""
    return albums_of(40)


@pytest.mark.slow
def test_a_token_revoked_in_mid_run_costs_one_request(place: Place, serve: Serve, albums: list[Album]) -> None:
    api = serve(*albums, quota_mode="development")
    api.script("album", *[None] * 15, lambda _, __: api.revoke_tokens())

    ran = place.load(api, env=EIGHT)

    assert ran.code == 0
    assert ran.tokens == 2
    assert place.places() == places_of(albums)


@pytest.mark.slow
def test_a_call_that_is_refused_twice_though_the_token_is_new_is_made_once_more(
    place: Place, api: OfflineApi, three: list[Album]
) -> None:
    """A token that is revoked again while the repeated call is on its way says nothing about the credentials."""
    api.script("album", errors.bad_token, errors.bad_token, match=for_album(three[1]["id"]))

    ran = place.load(api)

    assert ran.code in (0, 75), ran.err
    assert place.count("load_runs") == 1


@pytest.mark.slow
def test_a_short_lifetime_costs_one_request_for_each_end(
    place: Place, serve: Serve, clock: FakeClock, albums: list[Album]
) -> None:
    api = serve(*albums, quota_mode="development")
    api.token_lifetime = 20
    began = clock.now()

    def takes_a_second(_request: LoggedRequest, _normal: Reply) -> None:
        clock.move(1)

    api.always("album", takes_a_second)

    ran = place.load(api, env=EIGHT)

    assert ran.code == 0
    assert place.places() == places_of(albums)
    # A token is good for nine tenths of so short a life.
    used_for = 18
    assert ran.tokens <= 1 + (clock.now() - began) // used_for
    assert ran.tokens >= (clock.now() - began) // (used_for + 8)


@pytest.mark.slow
def test_a_token_endpoint_that_fails_at_first_is_asked_again(place: Place, api: OfflineApi, three: list[Album]) -> None:
    api.script("token", Reply(503, "upstream connect error"), Reply(reset=True))

    ran = place.load(api)

    assert ran.code == 0
    assert ran.tokens == 3
    assert place.places() == places_of(three)


@pytest.mark.slow
def test_a_token_endpoint_that_fails_in_mid_run_loads_what_is_there_and_ends_with_69(
    place: Place, serve: Serve, albums: list[Album]
) -> None:
    api = serve(*albums, quota_mode="development")

    def end_tokens(_request: LoggedRequest, _normal: Reply) -> None:
        api.revoke_tokens()
        api.always("token", Reply(503, "upstream connect error"))

    api.script("album", *[None] * 10, end_tokens)

    ran = place.load(api)

    assert ran.code in (69, 75)
    assert ran.tokens == 1 + 5
    assert 0 < place.count("albums") < len(albums)
    assert place.last_run()["exit_code"] == ran.code
