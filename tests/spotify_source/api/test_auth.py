"""Client credentials: one token for everybody, renewed in time, and kept to itself."""

from __future__ import annotations

import copy
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from dlt.sources.helpers.rest_client.client import RESTClient
from spotify_pipeline.offline_api import Catalogue, LoggedRequest, OfflineApi, Reply, errors, make_album

from spotify_source import SpotifyClientCredentials
from spotify_source.errors import UnreadableReplyError
from tests.support.clock import FakeClock


@pytest.fixture
def api(clock: FakeClock) -> Iterator[OfflineApi]:
    with OfflineApi(Catalogue.of([make_album("One", 1)]), clock=clock.now, client_secret="s3cret-of-app") as api:
        yield api


@pytest.fixture
def auth(api: OfflineApi, clock: FakeClock) -> SpotifyClientCredentials:
    return SpotifyClientCredentials(
        client_id="demo",
        client_secret="s3cret-of-app",
        access_token_url=api.token_url,
        session=requests.Session(),
        clock=clock,
    )


Get = Callable[[], requests.Response]


@pytest.fixture
def get(api: OfflineApi, auth: SpotifyClientCredentials) -> Get:
    return lambda: requests.get(f"{api.api_url}markets", auth=auth, timeout=5)


def in_threads(number: int, call: Get) -> list[requests.Response]:
    """As many calls at once, all of them let go at the same moment."""
    start = threading.Barrier(number)

    def one() -> requests.Response:
        start.wait(5)
        return call()

    with ThreadPoolExecutor(number) as pool:
        return [future.result() for future in [pool.submit(one) for _ in range(number)]]


def test_the_token_request_is_the_documented_one(api: OfflineApi, get: Get) -> None:
    get()
    request = next(request for request in api.requests if request.bucket == "token")
    scheme, _, value = request.headers["authorization"].partition(" ")
    assert request.method == "POST"
    assert (scheme, b64decode(value)) == ("Basic", b"demo:s3cret-of-app")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.form == {"grant_type": "client_credentials"}
    assert request.query == {}


def test_a_call_carries_the_token(api: OfflineApi, get: Get) -> None:
    assert get().status_code == 200
    assert api.requests[-1].headers["authorization"].startswith("Bearer BQ")


def test_a_token_is_used_until_60_seconds_before_it_ends(api: OfflineApi, get: Get, clock: FakeClock) -> None:
    get()
    clock.move(3539)
    get()
    assert api.calls["token"] == 1
    clock.move(1)
    get()
    assert api.calls == {"token": 2, "markets": 3}


@pytest.mark.parametrize(("lifetime", "used"), [(30, 27), (100, 90), (120, 60), (10, 9)])
def test_a_short_life_has_a_short_margin(
    api: OfflineApi, get: Get, clock: FakeClock, lifetime: int, used: float
) -> None:
    api.token_lifetime = lifetime
    get()
    clock.move(used - 0.2)
    get()
    assert api.calls["token"] == 1
    clock.move(0.3)
    get()
    assert api.calls["token"] == 2


def test_many_cold_threads_ask_for_one_token(api: OfflineApi, get: Get) -> None:
    assert {response.status_code for response in in_threads(20, get)} == {200}
    assert api.calls == {"token": 1, "markets": 20}


def test_a_revoked_token_is_renewed_once_for_all_threads(api: OfflineApi, get: Get) -> None:
    get()
    api.revoke_tokens()
    everybody_is_here = threading.Barrier(8)

    def refuse_all_at_once(_: LoggedRequest, normal: Reply) -> Reply:
        everybody_is_here.wait(5)
        return normal

    api.script("markets", *[refuse_all_at_once] * 8)
    assert {response.status_code for response in in_threads(8, get)} == {200}
    assert api.calls == {"token": 2, "markets": 1 + 8 + 8}


def test_a_second_401_is_handed_back(api: OfflineApi, get: Get) -> None:
    api.always("markets", errors.bad_token)
    assert get().status_code == 401
    assert api.calls == {"token": 2, "markets": 2}


def test_other_errors_are_handed_back_as_they_are(api: OfflineApi, get: Get) -> None:
    api.always("markets", errors.forbidden)
    assert get().status_code == 403
    assert api.calls == {"token": 1, "markets": 1}


def test_the_401_is_found_in_the_history(api: OfflineApi, get: Get) -> None:
    api.script("markets", errors.bad_token)
    assert [response.status_code for response in get().history] == [401]


def test_a_prepared_request_that_is_sent_again_carries_the_new_token(
    api: OfflineApi, auth: SpotifyClientCredentials
) -> None:
    with requests.Session() as session:
        request = session.prepare_request(requests.Request("GET", f"{api.api_url}markets", auth=auth))
        session.send(request, timeout=5)
        api.revoke_tokens()
        assert session.send(request, timeout=5).status_code == 200
        before = api.calls["markets"]
        assert session.send(request, timeout=5).status_code == 200
        assert api.calls["markets"] == before + 1


def test_it_serves_dlts_rest_client(api: OfflineApi, auth: SpotifyClientCredentials) -> None:
    client = RESTClient(base_url=api.api_url, auth=auth)
    assert client.get("markets").status_code == 200
    api.revoke_tokens()
    assert client.get("markets").status_code == 200
    assert api.calls == {"token": 2, "markets": 3}


def test_it_works_with_dlts_own_session_for_the_token(api: OfflineApi) -> None:
    auth = SpotifyClientCredentials(client_id="demo", client_secret="s3cret-of-app", access_token_url=api.token_url)
    assert requests.get(f"{api.api_url}markets", auth=auth, timeout=5).status_code == 200


def test_a_copy_shares_the_token(auth: SpotifyClientCredentials) -> None:
    assert copy.deepcopy(auth) is auth


def test_wrong_credentials_are_an_error(api: OfflineApi, clock: FakeClock) -> None:
    auth = SpotifyClientCredentials(
        client_id="demo",
        client_secret="wrong-one",
        access_token_url=api.token_url,
        session=requests.Session(),
        clock=clock,
    )
    with pytest.raises(requests.HTTPError) as caught:
        requests.get(f"{api.api_url}markets", auth=auth, timeout=5)
    assert "wrong-one" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        {"access_token": "t"},
        {"access_token": "t", "expires_in": None},
        {"access_token": "t", "expires_in": "soon"},
        {"access_token": "t", "expires_in": 0},
        {"access_token": "t", "expires_in": -1},
        {"access_token": "t", "expires_in": []},
    ],
)
def test_a_token_without_a_sensible_lifetime_lives_an_hour(
    auth: SpotifyClientCredentials, body: dict[str, object]
) -> None:
    assert auth.parse_expiration_in_seconds(body) == 3600


def test_a_reply_without_a_token_is_an_error_and_no_token_named_none(auth: SpotifyClientCredentials) -> None:
    with pytest.raises(UnreadableReplyError):
        auth.parse_access_token({"token_type": "Bearer"})


@pytest.mark.parametrize("token", ["BQ\nsecret", "BQ secret", "BQ-sécret", "\ud800secret", 7])
def test_a_token_that_no_header_can_carry_is_an_error_that_does_not_show_it(
    auth: SpotifyClientCredentials, token: object
) -> None:
    with pytest.raises(UnreadableReplyError) as caught:
        auth.parse_access_token({"access_token": token})
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), 10**400, "soon", None, -1, 0, [], {}])
def test_a_senseless_lifetime_is_an_hour(auth: SpotifyClientCredentials, seconds: object) -> None:
    assert auth.parse_expiration_in_seconds({"expires_in": seconds}) == 3600


def test_secret_and_token_are_not_shown(auth: SpotifyClientCredentials, get: Get) -> None:
    get()
    token = str(auth.access_token)
    for text in (repr(auth), str(auth), f"{auth!r}"):
        assert "s3cret-of-app" not in text
        assert token not in text
