"""Calls of the client: budgets, pages, bounds in time and size."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
import zlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from dlt.common.typing import TSecretStrValue
from spotify_pipeline.offline_api import OfflineApi, Reply, dripping, errors, gzip_bomb, hanging, make_album

from spotify_source import Run, settings
from spotify_source.config import Connection, SpotifyConfiguration, connect
from spotify_source.errors import ApiUnavailableError, BucketClosedError, ForeignOriginError, SpotifySourceError
from spotify_source.limits.call_budget import CallBudget, CallBudgetSpentError
from tests.support.apis import Serve

ALBUM = make_album("One", 3)


@pytest.fixture
def api(serve: Serve) -> OfflineApi:
    return serve(ALBUM, *(make_album(f"Album {number}", 1) for number in range(39)))


def connection_to(api: OfflineApi, run: Run, attempts: int = 1, api_url: str | None = None) -> Connection:
    configuration = SpotifyConfiguration(
        client_id="demo",
        client_secret=TSecretStrValue("demo"),
        requests_per_second=0,
        api_url=api_url or api.api_url,
        token_url=api.token_url,
    )
    return connect(configuration, run, max_attempts=attempts)


def album_id(connection: Connection) -> str:
    return connection.client.album(ALBUM["id"], "US")["id"]


def failure(connection: Connection) -> SpotifySourceError:
    with pytest.raises(SpotifySourceError) as caught:
        album_id(connection)
    return caught.value


def test_retries_and_further_pages_are_charged_to_the_budget(api: OfflineApi, run: Run) -> None:
    api.script("browse", errors.expired_token, errors.server_error)
    connection = connection_to(api, run, attempts=3)
    budget = CallBudget("browse", 3)
    assert len(next(connection.client.browse_new_releases(budget=budget))) == 40
    assert budget.left == 0
    with pytest.raises(CallBudgetSpentError):
        next(connection.client.browse_new_releases(budget=budget))
    assert connection.governor.counts().by_bucket == {"browse": 3}


def test_searches_have_no_page_beyond_the_maximum_offset(api: OfflineApi, run: Run) -> None:
    body = {"albums": {"items": [], "next": "http://127.0.0.1/v1/search?offset=1", "total": "30"}}
    api.always("search", Reply(200, body))
    client = connection_to(api, run).client
    pages = [client.search_albums("tag:new", "US", offset) for offset in (0, 980, 990)]
    assert [(page.has_more, page.total) for page in pages] == [(True, 30), (True, 30), (False, 30)]


def test_connections_are_reused(api: OfflineApi, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    connect_socket = socket.socket.connect
    monkeypatch.setattr(
        socket.socket, "connect", lambda self, address: (opened.append(address), connect_socket(self, address))[1]
    )
    connection = connection_to(api, run)
    assert {album_id(connection) for _ in range(5)} == {ALBUM["id"]}
    assert len(opened) == 1


# -- credentials


BASIC = f"Basic {b64encode(b'demo:demo').decode()}"


def test_netrc_replaces_neither_credentials_nor_tokens(
    api: OfflineApi, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\ndefault login any password body\n")
    monkeypatch.setenv("NETRC", str(netrc))
    connection = connection_to(api, run)
    album_id(connection)
    api.revoke_tokens()
    album_id(connection)
    sent = [(request.bucket, request.headers["authorization"]) for request in api.requests]
    assert [value for bucket, value in sent if bucket == "token"] == [BASIC, BASIC]
    assert {value.split()[0] for bucket, value in sent if bucket == "album"} == {"Bearer"}


def test_proxy_of_the_environment_is_used(api: OfflineApi, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"http_proxy": "http://127.0.0.1:9", "no_proxy": "", "NO_PROXY": ""}.items():
        monkeypatch.setenv(name, value)
    assert "the proxy can't be reached" in failure(connection_to(api, run)).summary


def test_token_that_a_header_can_not_hold_is_not_shown(api: OfflineApi, run: Run) -> None:
    api.always("token", Reply(200, {"access_token": "BQ\ns3cret", "token_type": "Bearer", "expires_in": 3600}))
    error = failure(connection_to(api, run))
    assert isinstance(error, ApiUnavailableError)
    assert "s3cret" not in str(error)


def test_request_outside_the_api_is_blocked(api: OfflineApi, serve: Serve, run: Run) -> None:
    other = serve(ALBUM)
    with pytest.raises(ForeignOriginError):
        connection_to(api, run).client.get(f"{other.api_url}albums/{ALBUM['id']}")
    assert not other.requests


# -- time


@contextmanager
def dripping_head() -> Iterator[str]:
    """Serve a header without end, a character now and then."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    with suppress(OSError):
                        while not ended.wait(0.02):
                            connection.sendall(b"x")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1/"
        ended.set()
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_dripping_reply_ends_at_the_deadline_of_its_call(
    api: OfflineApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "MAX_CALL_SECONDS", 0.4)
    api.script("album", dripping(size=1, seconds=0.05))
    connection = connection_to(api, run)
    assert "takes longer than 0.4 s" in failure(connection).summary
    # The next call has a deadline of its own.
    assert album_id(connection) == ALBUM["id"]


def test_dripping_header_ends_at_the_deadline(api: OfflineApi, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MAX_CALL_SECONDS", 0.4)
    with dripping_head() as api_url:
        assert "takes longer than 0.4 s" in failure(connection_to(api, run, api_url=api_url)).summary


def test_silent_server_ends_at_the_read_timeout(api: OfflineApi, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "READ_TIMEOUT", 0.4)
    api.script("album", hanging(60))
    assert "pauses for 0.4 s" in failure(connection_to(api, run)).summary


def test_slow_reply_within_the_deadline_is_good(api: OfflineApi, run: Run) -> None:
    api.always("album", dripping(size=2000, seconds=0.01))
    assert album_id(connection_to(api, run)) == ALBUM["id"]


@pytest.mark.parametrize(("bucket", "fault"), [("album", dripping(size=1, seconds=0.05)), ("token", hanging(60))])
def test_stop_ends_the_wait_for_a_reply(
    api: OfflineApi, run: Run, monkeypatch: pytest.MonkeyPatch, fault: object, bucket: str
) -> None:
    monkeypatch.setattr(settings, "STOP_SECONDS", 0.1)
    requested, ended = threading.Event(), threading.Event()
    api.always(bucket, lambda request, normal: (requested.set(), fault(request, normal))[1])  # type: ignore[operator]
    connection = connection_to(api, run, attempts=5)
    raised: list[SpotifySourceError] = []

    def call() -> None:
        raised.append(failure(connection))
        ended.set()

    threading.Thread(target=call, daemon=True).start()
    assert requested.wait(10)
    run.stop()
    assert ended.wait(10)
    assert isinstance(raised[0], BucketClosedError)


def test_reply_in_flight_at_a_stop_is_still_read(api: OfflineApi, run: Run) -> None:
    api.always("album", lambda *_: run.stop())
    assert album_id(connection_to(api, run)) == ALBUM["id"]


# -- size and encoding


@pytest.mark.parametrize("reply", [gzip_bomb(64), Reply(200, b" " * 2**21)], ids=["gzip bomb", "plain"])
def test_large_reply_is_rejected_without_taking_memory(
    api: OfflineApi, run: Run, monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    monkeypatch.setattr(settings, "MAX_BODY_BYTES", 2**20)
    api.always("album", reply)
    connection = connection_to(api, run)
    connection.client.albums([ALBUM["id"]], "US")
    tracemalloc.start()
    try:
        summary = failure(connection).summary
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "larger than 1048576 bytes" in summary
    assert peak < 8 * 2**20


BODY = b'{"id": "0", "tracks": {"items": [], "next": null}}'


@pytest.mark.parametrize(
    ("encoding", "body", "is_good"),
    [
        ("gzip", gzip.compress(BODY), True),
        ("X-GZIP", gzip.compress(BODY[:3]) + gzip.compress(BODY[3:]), True),
        ("gzip", gzip.compress(BODY) + b"\0" * 9, True),
        ("deflate", zlib.compress(BODY), True),
        ("deflate", zlib.compress(BODY)[2:-4], True),
        ("gzip", gzip.compress(BODY)[:30], False),
        ("gzip", BODY, False),
        ("unknown", b"\x8b\x18", False),
    ],
    ids=["gzip", "two members", "zeros behind", "deflate", "bare deflate", "truncated", "not gzip", "unknown"],
)
def test_body_is_decompressed_or_the_reply_fails(
    api: OfflineApi, run: Run, encoding: str, body: bytes, is_good: bool
) -> None:
    api.always("album", Reply(200, body, {"content-encoding": encoding}))
    connection = connection_to(api, run)
    if is_good:
        assert album_id(connection) == "0"
    else:
        assert failure(connection).summary
