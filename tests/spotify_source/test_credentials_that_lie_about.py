"""Credentials that lie about, in ~/.netrc or in a URL, replace those of the app nowhere, and are told to nobody."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, OfflineApi, Reply, errors

from spotify_source import Run
from spotify_source.config import check_url
from spotify_source.errors import ConfigurationError
from tests.support.albums import places_of
from tests.support.apis import Serve
from tests.support.place import Place
from tests.support.source import extract

pytestmark = pytest.mark.slow

BASIC = f"Basic {b64encode(b'demo:demo').decode()}"


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login someone password else\ndefault login any password body\n")
    monkeypatch.setenv("NETRC", str(file))


@pytest.mark.usefixtures("netrc")
def test_netrc_does_not_replace_the_credentials_of_the_app(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    assert extract(api, run).places == places_of(three)
    sent = {(request.bucket == "token", request.headers["authorization"].split()[0]) for request in api.requests}
    assert sent == {(True, "Basic"), (False, "Bearer")}
    assert {request.headers["authorization"] for request in api.requests if request.bucket == "token"} == {BASIC}


@pytest.mark.usefixtures("netrc")
def test_netrc_does_not_replace_a_token_that_is_renewed(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    api.script("albums", lambda *_: api.revoke_tokens())
    assert extract(api, run).places == places_of(three)
    assert {request.headers["authorization"] for request in api.requests if request.bucket == "token"} == {BASIC}


def test_the_proxy_of_the_environment_is_used(serve: Serve, place: Place, three: list[Album]) -> None:
    nobody = {"http_proxy": "http://127.0.0.1:9", "no_proxy": "", "NO_PROXY": ""}
    ran = place.load(serve(*three), env=nobody)
    assert ran.code == 69
    assert "the proxy can't be reached" in ran.err


@pytest.mark.parametrize("setting", ["api_url", "token_url"])
@pytest.mark.parametrize(
    "fault", [None, errors.bad_gateway, errors.forbidden, errors.html_error_page, Reply(reset=True)]
)
def test_a_password_in_a_url_is_told_to_nobody(
    place: Place, serve: Serve, three: list[Album], setting: str, fault: Reply | None
) -> None:
    api: OfflineApi = serve(*three, quota_mode="development")
    if fault is not None:
        for bucket in ("album", "token" if setting == "token_url" else "search"):
            api.always(bucket, fault)
    url: str = getattr(api, setting).replace("://", "://someone:pa55word@")
    settings: dict[str, Any] = {setting: url}
    for more in ([], ["--check"], ["--dry-run"]):
        ran = place.load(api, *more, **settings)
        assert "pa55word" not in ran.out + ran.err
        assert (ran.code == 0) is (fault is None)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a:pa55word@host/",
        "http://a:pa/55word@host",
        "a:pa55word@host",
        "http://a:pa55word@[x",
        "http://x:pa55word@",
    ],
)
def test_a_password_in_what_is_no_url_is_told_to_nobody(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_url("api_url", url)
    assert "55word" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://api.spotify.com/v1/", "https://api.spotify.com/v1/"),
        (" https://a:b@api.test:8080/v1/ ", "https://api.test:8080/v1/"),
        ("https://a:b@c@api.test/v1/", "https://api.test/v1/"),
        ("https://api.test/v1/@me?x=@y", "https://api.test/v1/@me?x=@y"),
    ],
)
def test_a_url_is_used_without_user_and_password(url: str, clean: str) -> None:
    assert check_url("api_url", url) == clean


@pytest.mark.parametrize("token", ["BQ\nHost: elsewhere", "BQ-s\u00e9cret", "BQ cret", "", None, 7, ["x"]])
def test_a_token_that_no_header_can_carry_ends_in_words_that_do_not_show_it(
    place: Place, serve: Serve, three: list[Album], token: object
) -> None:
    api = serve(*three)
    api.always("token", Reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600}))
    ran = place.load(api)
    assert ran.code == 69
    assert "Traceback" not in ran.err
    assert "cret" not in ran.out + ran.err.replace("client_secret", "")
    assert "elsewhere" not in ran.out + ran.err
