"""HTTP as browsers, caches and curious people speak it."""

from __future__ import annotations

import gzip
import json
import socket
from urllib.parse import urlsplit

import pytest
from spotify_pipeline.offline_api import Catalogue, OfflineApi

from tests.support.caller import Answer, Caller


def send(caller: Caller, method: str, path: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return caller.send(method, caller.api.api_url + path, {"Authorization": f"Bearer {caller.token}", **named})


def album_path(catalogue: Catalogue) -> str:
    return f"albums/{next(iter(catalogue.albums))}"


def test_head_is_get_without_a_body(caller: Caller, small: Catalogue) -> None:
    path = album_path(small)
    head, get = send(caller, "HEAD", path), send(caller, "GET", path)
    assert (head.status, head.content) == (200, b"")
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}
    assert head.headers["content-length"] == str(len(get.content))
    assert send(caller, "HEAD", "albums/short").status == 400
    assert caller.send("HEAD", caller.api.api_url + path, {}).status == 401


def test_a_preflight_needs_no_token_and_costs_nothing(extended: OfflineApi) -> None:
    extended.quota["search"] = 0
    asked = {
        "Origin": "https://page.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    answer = Caller(extended).send("OPTIONS", extended.api_url + "search?q=a&type=album", asked)
    assert (answer.status, answer.content) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "GET" in answer.headers["access-control-allow-methods"].split(", ")
    assert "Authorization" in answer.headers["access-control-allow-headers"].split(", ")
    assert answer.headers["access-control-max-age"] == "604800"
    assert extended.calls == {"preflight": 1}


@pytest.mark.parametrize("path", ["markets", "me"])
def test_every_reply_may_be_read_by_a_page(caller: Caller, path: str) -> None:
    assert caller.get(path).headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_wrong_method_is_told_the_right_ones(caller: Caller, method: str) -> None:
    answer = send(caller, method, "markets")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    token = caller.send("GET", caller.api.token_url, {})
    assert (token.status, token.headers["allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize("request_line", ["BREW /v1/markets HTTP/1.1", "nonsense", "GET /v1/markets HTTP/9.9", "GET"])
def test_no_refusal_shows_what_serves_here(extended: OfflineApi, request_line: str) -> None:
    with socket.create_connection(
        (str(urlsplit(extended.api_url).hostname), urlsplit(extended.api_url).port or 0)
    ) as it:
        it.sendall(f"{request_line}\r\nHost: here\r\n\r\n".encode())
        received = b"".join(iter(lambda: it.recv(4096), b""))
    assert received.split(b"\r\n")[0].split()[1] in (b"400", b"405", b"505")
    assert b"server: envoy" in received
    assert b"Python" not in received
    assert b"BaseHTTP" not in received


def test_a_length_that_is_no_number_is_no_body(caller: Caller) -> None:
    assert send(caller, "GET", "markets", Content_Length="many").status == 200


def test_what_is_known_already_is_not_sent_again(caller: Caller, small: Catalogue) -> None:
    path = album_path(small)
    etag = send(caller, "GET", path).headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = send(caller, "GET", path, If_None_Match=known)
        assert (answer.status, answer.content, answer.headers["etag"]) == (304, b"", etag)
        assert answer.headers["cache-control"] == "public, max-age=0"
        assert "content-type" not in answer.headers
    assert send(caller, "GET", path, If_None_Match='"other"').status == 200
    assert send(caller, "GET", "search?q=tag:new&type=album", If_None_Match="*").status == 200
    assert caller.api.requests[-3].status == 304
    small.albums[next(iter(small.albums))]["name"] = "Changed"
    assert send(caller, "GET", path, If_None_Match=etag).status == 200


@pytest.mark.parametrize("accepted", ["gzip", "deflate, gzip;q=0.5", "*", "GZIP"])
def test_who_takes_gzip_gets_it(caller: Caller, small: Catalogue, accepted: str) -> None:
    path = album_path(small)
    plain, packed = send(caller, "GET", path), send(caller, "GET", path, Accept_Encoding=accepted)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-length"] == str(len(packed.content))
    assert json.loads(gzip.decompress(packed.content)) == plain.json
    assert packed.headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize("accepted", ["identity", "br", "gzip;q=0", ""])
def test_who_does_not_gets_none(caller: Caller, small: Catalogue, accepted: str) -> None:
    answer = send(caller, "GET", album_path(small), Accept_Encoding=accepted)
    assert "content-encoding" not in answer.headers
    assert answer.json["name"] == "One"


def test_a_connection_is_kept_after_a_body_that_was_not_sent(caller: Caller, small: Catalogue) -> None:
    parts = urlsplit(caller.api.api_url)
    wire = f"HEAD /v1/{album_path(small)} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {caller.token}\r\n\r\n"
    last = wire.replace("HEAD", "GET").replace("Host: a", "Host: a\r\nConnection: close\r\nIf-None-Match: *")
    with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=5) as connection:
        connection.sendall((wire + last).encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    first, second, rest = received.split(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 200 OK")
    assert second.startswith(b"HTTP/1.1 304 Not Modified")
    assert rest == b""
