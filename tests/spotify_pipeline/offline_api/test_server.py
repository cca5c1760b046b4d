"""HTTP of the server: methods, caching, compression, connections, and the log."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from spotify_pipeline.offline_api import Catalogue, OfflineApi, server

from tests.support.caller import Answer, Caller
from tests.support.clock import FakeClock


def send(caller: Caller, method: str, path: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return caller.send(method, caller.api.api_url + path, {"Authorization": f"Bearer {caller.token}", **named})


def album_path(catalogue: Catalogue) -> str:
    return f"albums/{next(iter(catalogue.albums))}"


def received(api: OfflineApi, sent: bytes) -> bytes:
    """Send bytes, and return the reply when the server has closed the connection."""
    parts = urlsplit(api.api_url)
    with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=5) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_requests_are_logged_in_order(extended: OfflineApi, caller: Caller, clock: FakeClock) -> None:
    caller.get("search?q=tag%3Anew&type=album&market=US")
    logged = extended.requests[-1]
    assert (logged.method, logged.path, logged.bucket, logged.status) == ("GET", "/v1/search", "search", 200)
    assert logged.query == {"q": "tag:new", "type": "album", "market": "US"}
    assert logged.headers["authorization"] == f"Bearer {caller.token}"
    assert logged.at == clock.time


def test_headers_are_those_of_recorded_replies(caller: Caller, small: Catalogue) -> None:
    album = caller.get(album_path(small)).headers
    assert album["content-type"] == "application/json; charset=utf-8"
    assert album["cache-control"] == "public, max-age=0"
    assert album["etag"].startswith('"MC-')
    search = caller.get("search?q=tag:new&type=album").headers
    assert search["cache-control"] == "public, max-age=7200"
    assert "etag" not in search


def test_head_is_get_without_a_body(caller: Caller, small: Catalogue) -> None:
    path = album_path(small)
    head, get = send(caller, "HEAD", path), send(caller, "GET", path)
    assert (head.status, head.content) == (200, b"")
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}
    assert head.headers["content-length"] == str(len(get.content))
    assert send(caller, "HEAD", "albums/short").status == 400


def test_a_preflight_needs_no_token_and_no_quota(extended: OfflineApi) -> None:
    extended.quota["search"] = 0
    answer = Caller(extended).send("OPTIONS", extended.api_url + "search?q=a&type=album", {"Origin": "https://x.test"})
    assert (answer.status, answer.content) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Authorization" in answer.headers["access-control-allow-headers"].split(", ")
    assert extended.calls == {"preflight": 1}


def test_an_etag_saves_the_body(caller: Caller, small: Catalogue) -> None:
    path = album_path(small)
    etag = send(caller, "GET", path).headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = send(caller, "GET", path, If_None_Match=known)
        assert (answer.status, answer.content, answer.headers["etag"]) == (304, b"", etag)
        assert "content-type" not in answer.headers
    assert send(caller, "GET", path, If_None_Match='"other"').status == 200
    small.albums[next(iter(small.albums))]["name"] = "Changed"
    assert send(caller, "GET", path, If_None_Match=etag).status == 200


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [("gzip", True), ("deflate, GZIP;q=0.5", True), ("identity", False), ("gzip;q=0", False), ("", False)],
)
def test_clients_that_accept_gzip_get_it(caller: Caller, small: Catalogue, accepted: str, is_compressed: bool) -> None:
    path = album_path(small)
    plain, answer = send(caller, "GET", path), send(caller, "GET", path, Accept_Encoding=accepted)
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["etag"] == plain.headers["etag"]
    assert ("content-encoding" in answer.headers) == is_compressed
    assert json.loads(gzip.decompress(answer.content) if is_compressed else answer.content) == plain.json


@pytest.mark.parametrize("request_line", ["BREW /v1/markets HTTP/1.1", "nonsense", "GET /v1/markets HTTP/9.9", "GET"])
def test_malformed_requests_do_not_reveal_the_software(extended: OfflineApi, request_line: str) -> None:
    reply = received(extended, f"{request_line}\r\nHost: here\r\n\r\n".encode())
    assert reply.split(b"\r\n")[0].split()[1] in (b"400", b"405", b"505")
    assert b"server: envoy" in reply
    assert b"Python" not in reply
    assert b"BaseHTTP" not in reply


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("/api/token", "9" * 5000, b"413"),
        ("/api/token", "200000", b"413"),
        ("/api/token", "many", b"400"),
        ("http://[::1/v1/markets", "0", b"404"),
    ],
)
def test_odd_requests_get_an_error_and_no_traceback(
    extended: OfflineApi, caller: Caller, capfd: pytest.CaptureFixture[str], path: str, length: str, status: bytes
) -> None:
    head = f"POST {path} HTTP/1.1\r\nAuthorization: Bearer {caller.token}\r\nContent-Length: {length}\r\n"
    reply = received(extended, f"{head}Connection: close\r\n\r\n".encode())
    assert reply.split()[1] == status
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /v1/mar", b"GET / HTTP/1.1\r\nHost:", b"POST /api/token HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"],
)
def test_half_sent_requests_time_out(extended: OfflineApi, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(server._Handler, "timeout", 0.05)
    assert received(extended, sent) == b""
    assert extended.requests == []


def test_connections_are_kept_and_replies_are_not_delayed(caller: Caller, small: Catalogue) -> None:
    connection = http.client.HTTPConnection(urlsplit(caller.api.api_url).netloc, timeout=5)
    headers = {"Authorization": f"Bearer {caller.token}"}
    start = time.perf_counter()
    for number in range(50):
        connection.request("HEAD" if number % 2 else "GET", f"/v1/{album_path(small)}", headers=headers)
        connection.getresponse().read()
        assert connection.sock is not None
    connection.close()
    # A delayed acknowledgement would take 40 ms a call, two seconds in all.
    assert time.perf_counter() - start < 1


def test_each_call_has_its_own_latency(small: Catalogue) -> None:
    with OfflineApi(small, latency=0.3) as api:
        caller = Caller(api).log_in()
        start = time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda _: caller.get("markets").status, range(8)))
        assert statuses == [200] * 8
        assert 0.3 <= time.perf_counter() - start < 2.0
    assert api.calls == {"token": 1, "markets": 8}


def test_a_stopped_server_cuts_open_connections(small: Catalogue) -> None:
    with OfflineApi(small) as api:
        connection = http.client.HTTPConnection(urlsplit(api.api_url).netloc, timeout=5)
        connection.request("GET", "/_calls")
        connection.getresponse().read()
        assert connection.sock is not None
    assert connection.sock.recv(1) == b""
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        Caller(api).get("markets")
