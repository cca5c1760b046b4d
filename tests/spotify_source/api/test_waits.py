"""Every wait has an end: of a body that drips, of a head that never ends, of one that swells, and of all at a stop."""

from __future__ import annotations

import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from dlt.common.typing import TSecretStrValue
from spotify_pipeline.offline_api import OfflineApi, dripping, gzip_bomb, hanging, make_album

from spotify_source import Run, settings
from spotify_source.api.client import SpotifyClient
from spotify_source.config import SpotifyConfiguration, connect
from spotify_source.errors import BucketClosedError, SpotifySourceError
from tests.support.apis import Serve

ALBUM = make_album("One", 3)


def client_of(api_url: str, token_url: str, run: Run, attempts: int = 1) -> SpotifyClient:
    configuration = SpotifyConfiguration(
        client_id="demo",
        client_secret=TSecretStrValue("demo"),
        requests_per_second=0,
        api_url=api_url,
        token_url=token_url,
    )
    return connect(configuration, run, max_attempts=attempts).client


@pytest.fixture
def api(serve: Serve) -> OfflineApi:
    return serve(ALBUM)


def failure_of(client: SpotifyClient) -> SpotifySourceError:
    with pytest.raises(SpotifySourceError) as caught:
        client.album(ALBUM["id"], "US")
    return caught.value


def test_a_body_that_drips_is_given_up_in_time(api: OfflineApi, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MAX_CALL_SECONDS", 0.4)
    api.always("album", dripping(size=1, seconds=0.05))
    assert "takes longer than" in failure_of(client_of(api.api_url, api.token_url, run)).summary


def test_a_body_that_takes_its_time_within_bounds_is_good(api: OfflineApi, run: Run) -> None:
    api.always("album", dripping(size=2000, seconds=0.01))
    assert client_of(api.api_url, api.token_url, run).album(ALBUM["id"], "US")["id"] == ALBUM["id"]


def test_a_slow_reply_of_one_call_leaves_the_next_one_its_time(
    api: OfflineApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "MAX_CALL_SECONDS", 0.4)
    api.script("album", dripping(size=1, seconds=0.05), dripping(size=1, seconds=0.05))
    client = client_of(api.api_url, api.token_url, run, attempts=3)
    assert client.album(ALBUM["id"], "US")["id"] == ALBUM["id"]


@contextmanager
def dripping_head() -> Iterator[str]:
    """A server whose reply is a header without end, a character now and then."""
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


def test_a_head_that_drips_is_given_up_in_time(api: OfflineApi, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MAX_CALL_SECONDS", 0.4)
    with dripping_head() as api_url:
        assert "takes longer than" in failure_of(client_of(api_url, api.token_url, run)).summary


@pytest.mark.parametrize("fault", [dripping(size=1, seconds=0.05), hanging(60)], ids=["drips", "says nothing"])
@pytest.mark.parametrize("bucket", ["album", "token"])
def test_a_stop_ends_the_wait_for_a_reply(
    api: OfflineApi, run: Run, monkeypatch: pytest.MonkeyPatch, fault: object, bucket: str
) -> None:
    monkeypatch.setattr(settings, "STOP_SECONDS", 0.1)
    asked, ended = threading.Event(), threading.Event()
    api.always(bucket, lambda request, normal: (asked.set(), fault(request, normal))[1])  # type: ignore[operator]
    client = client_of(api.api_url, api.token_url, run, attempts=5)
    errors: list[SpotifySourceError] = []

    def call() -> None:
        errors.append(failure_of(client))
        ended.set()

    threading.Thread(target=call, daemon=True).start()
    assert asked.wait(10)
    run.stop()
    assert ended.wait(10)
    assert isinstance(errors[0], BucketClosedError)


def test_a_reply_that_is_on_its_way_when_the_stop_comes_is_still_read(api: OfflineApi, run: Run) -> None:
    api.always("album", lambda *_: run.stop())
    assert client_of(api.api_url, api.token_url, run).album(ALBUM["id"], "US")["id"] == ALBUM["id"]


def test_a_body_that_swells_takes_no_more_memory_than_it_may(
    api: OfflineApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "MAX_BODY_BYTES", 2**20)
    api.always("album", gzip_bomb(64))
    client = client_of(api.api_url, api.token_url, run)
    client.get("albums", {"ids": ALBUM["id"]})
    tracemalloc.start()
    try:
        said = failure_of(client).summary
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "larger than" in said
    assert peak < 8 * 2**20
