"""Client credentials: one token for all threads, renewed in time and never shown."""

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

SECRET = "s3cret-of-app"
Get = Callable[[], requests.Response]


@pytest.fixture
def api(clock: FakeClock) -> Iterator[OfflineApi]:
    with OfflineApi(Catalogue.of([make_album("One", 1)]), clock=clock.now, client_secret=SECRET) as api:
        yield api


@pytest.fixture
def auth(api: OfflineApi, clock: FakeClock) -> SpotifyClientCredentials:
    return credentials(api, clock)


@pytest.fixture
def get(api: OfflineApi, auth: SpotifyClientCredentials) -> Get:
    return lambda: requests.get(f"{api.api_url}markets", auth=auth, timeout=5)


def credentials(api: OfflineApi, clock: FakeClock, secret: str = SECRET) -> SpotifyClientCredentials:
    return SpotifyClientCredentials(
        client_id="demo",
        client_secret=secret,
        access_token_url=api.token_url,
        session=requests.Session(),
        clock=clock,
    )


def statuses(number: int, get: Get) -> set[int]:
    """Make a number of calls at the same moment."""
    start = threading.Barrier(number)

    def one() -> int:
        start.wait(5)
        return get().status_code

    with ThreadPoolExecutor(number) as pool:
        return {future.result() for future in [pool.submit(one) for _ in range(number)]}


def test_token_request_is_the_documented_one(api: OfflineApi, get: Get) -> None:
    get()
    request = next(request for request in api.requests if request.bucket == "token")
    scheme, _, value = request.headers["authorization"].partition(" ")
    assert request.method == "POST"
    assert (scheme, b64decode(value)) == ("Basic", b"demo:s3cret-of-app")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (request.form, request.query) == ({"grant_type": "client_credentials"}, {})
    assert api.requests[-1].headers["authorization"].startswith("Bearer BQ")


@pytest.mark.parametrize(("lifetime", "used"), [(3600, 3540), (120, 60), (100, 90), (30, 27), (10, 9)])
def test_token_is_renewed_shortly_before_it_expires(
    api: OfflineApi, get: Get, clock: FakeClock, lifetime: int, used: float
) -> None:
    api.token_lifetime = lifetime
    get()
    clock.move(used - 0.2)
    get()
    assert api.calls["token"] == 1
    clock.move(0.3)
    get()
    assert api.calls == {"token": 2, "markets": 3}


def test_threads_request_one_token(api: OfflineApi, get: Get) -> None:
    assert statuses(20, get) == {200}
    assert api.calls == {"token": 1, "markets": 20}


def test_threads_renew_a_revoked_token_once(api: OfflineApi, get: Get) -> None:
    get()
    api.revoke_tokens()
    all_arrived = threading.Barrier(8)

    def wait_for_all(_: LoggedRequest, normal: Reply) -> Reply:
        all_arrived.wait(5)
        return normal

    api.script("markets", *[wait_for_all] * 8)
    assert statuses(8, get) == {200}
    assert api.calls == {"token": 2, "markets": 1 + 8 + 8}


def test_first_401_is_repeated_and_the_second_returned(api: OfflineApi, get: Get) -> None:
    api.script("markets", errors.bad_token)
    assert [response.status_code for response in get().history] == [401]
    api.always("markets", errors.bad_token)
    assert get().status_code == 401
    assert api.calls == {"token": 3, "markets": 4}


def test_other_errors_are_returned(api: OfflineApi, get: Get) -> None:
    api.always("markets", errors.forbidden)
    assert get().status_code == 403
    assert api.calls == {"token": 1, "markets": 1}


def test_prepared_request_keeps_the_new_token(api: OfflineApi, auth: SpotifyClientCredentials) -> None:
    with requests.Session() as session:
        request = session.prepare_request(requests.Request("GET", f"{api.api_url}markets", auth=auth))
        session.send(request, timeout=5)
        api.revoke_tokens()
        assert session.send(request, timeout=5).status_code == 200
        before = api.calls["markets"]
        assert session.send(request, timeout=5).status_code == 200
        assert api.calls["markets"] == before + 1


def test_credentials_work_with_dlts_client_and_session(api: OfflineApi, auth: SpotifyClientCredentials) -> None:
    client = RESTClient(base_url=api.api_url, auth=auth)
    assert client.get("markets").status_code == 200
    api.revoke_tokens()
    assert client.get("markets").status_code == 200
    assert api.calls == {"token": 2, "markets": 3}
    default = SpotifyClientCredentials(client_id="demo", client_secret=SECRET, access_token_url=api.token_url)
    assert requests.get(f"{api.api_url}markets", auth=default, timeout=5).status_code == 200


def test_copy_shares_the_token(auth: SpotifyClientCredentials) -> None:
    assert copy.deepcopy(auth) is auth


def test_wrong_credentials_raise_without_showing_them(api: OfflineApi, clock: FakeClock) -> None:
    with pytest.raises(requests.HTTPError) as caught:
        requests.get(f"{api.api_url}markets", auth=credentials(api, clock, "wrong-one"), timeout=5)
    assert "wrong-one" not in str(caught.value)


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), 10**400, "soon", None, -1, 0, [], {}])
def test_invalid_lifetime_is_an_hour(auth: SpotifyClientCredentials, seconds: object) -> None:
    assert auth.parse_expiration_in_seconds({"expires_in": seconds}) == 3600
    assert auth.parse_expiration_in_seconds({}) == 3600


@pytest.mark.parametrize("token", ["BQ\nsecret", "BQ secret", "BQ-sécret", "\ud800secret", 7, None])
def test_unusable_token_raises_without_showing_it(auth: SpotifyClientCredentials, token: object) -> None:
    with pytest.raises(UnreadableReplyError) as caught:
        auth.parse_access_token({"access_token": token})
    assert "cret" not in str(caught.value)


def test_representation_shows_neither_secret_nor_token(auth: SpotifyClientCredentials, get: Get) -> None:
    get()
    for text in (repr(auth), str(auth)):
        assert SECRET not in text
        assert str(auth.access_token) not in text
