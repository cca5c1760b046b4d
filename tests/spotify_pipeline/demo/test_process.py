"""The offline API as a process, and as a server."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from spotify_pipeline.demo import Catalogue, OfflineApi

from tests.support.caller import Caller
from tests.support.checkout import CHECKOUT
from tests.support.clock import FakeClock


@pytest.fixture
def process() -> Iterator[dict[str, str]]:
    command = [
        sys.executable,
        "-m",
        "spotify_pipeline.demo",
        "--regime",
        "development",
        "--listed",
        "7",
        "--date",
        "2026-11-20",
    ]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield json.loads(running.stdout.readline())
        finally:
            running.terminate()


def test_it_runs_in_a_process_of_its_own_and_counts(process: dict[str, str], small: Catalogue) -> None:
    here = OfflineApi(small)
    with here:
        caller = Caller(here)
        token = caller.send(
            "POST", process["token_url"], {}, "grant_type=client_credentials&client_id=demo&client_secret=demo"
        ).json["access_token"]
        page = caller.get(process["api_url"] + "search?q=tag:new&type=album&limit=10", f"Bearer {token}").json
        assert len(page["albums"]["items"]) == 7
        root = process["api_url"].removesuffix("v1/")
        assert caller.get(root + "_calls").json == {"token": 1, "search": 1}
        assert caller.send("POST", root + "_reset", {}).status == 204
        assert caller.get(root + "_calls").json == {}


def test_a_connection_is_kept_and_replies_do_not_wait_for_each_other(extended: OfflineApi, caller: Caller) -> None:
    connection = http.client.HTTPConnection(urlsplit(extended.api_url).netloc, timeout=5)
    start = time.perf_counter()
    for _ in range(50):
        connection.request("GET", "/v1/markets", headers={"Authorization": f"Bearer {caller.token}"})
        connection.getresponse().read()
    connection.close()
    # A delayed acknowledgement would cost 40 ms a call, two seconds in all.
    assert time.perf_counter() - start < 1


def test_latency_is_every_calls_own(small: Catalogue) -> None:
    with OfflineApi(small, latency=0.05) as api:
        caller = Caller(api).log_in()
        start = time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda _: caller.get("markets").status, range(8)))
        assert statuses == [200] * 8
        assert 0.05 <= time.perf_counter() - start < 0.3
    assert api.calls == {"token": 1, "markets": 8}


def test_requests_are_logged_as_they_came(extended: OfflineApi, caller: Caller, clock: FakeClock) -> None:
    caller.get("search?q=tag%3Anew&type=album&market=US")
    logged = extended.requests[-1]
    assert (logged.method, logged.path, logged.bucket, logged.status) == ("GET", "/v1/search", "search", 200)
    assert logged.query == {"q": "tag:new", "type": "album", "market": "US"}
    assert logged.headers["authorization"] == f"Bearer {caller.token}"
    assert logged.at == clock.now()


def test_catalogue_and_regime_can_be_replaced_while_it_runs(extended: OfflineApi, caller: Caller) -> None:
    extended.catalogue = Catalogue.of([])
    assert caller.get("browse/new-releases").json["albums"]["items"] == []
    extended.regime = "development"
    assert caller.get("browse/new-releases").status == 403


def test_a_stopped_server_refuses_and_cuts_open_connections(small: Catalogue) -> None:
    with OfflineApi(small) as api:
        connection = http.client.HTTPConnection(urlsplit(api.api_url).netloc, timeout=5)
        connection.request("GET", "/_calls")
        connection.getresponse().read()
        assert connection.sock is not None
    assert connection.sock.recv(1) == b""
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        Caller(api).get("markets")
