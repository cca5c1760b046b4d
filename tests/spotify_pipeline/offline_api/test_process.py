"""The offline API as a process, and as a server."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from urllib.parse import urlsplit

import pytest
from spotify_pipeline.offline_api import ORDINARY_QUOTAS, Catalogue, OfflineApi
from spotify_pipeline.offline_api.command import made, main, parser
from spotify_pipeline.offline_api.faults import NAMED
from spotify_pipeline.offline_api.markets import MARKETS

from tests.support.caller import Caller
from tests.support.checkout import CHECKOUT
from tests.support.clock import FakeClock


@contextmanager
def running(*options: str) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "spotify_pipeline.offline_api", "--date", "2026-11-20", *options]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@pytest.fixture
def process() -> Iterator[dict[str, str]]:
    with running("--quota-mode", "development", "--listed", "7") as addresses:
        yield addresses


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
    assert logged.at == clock.time


def test_catalogue_and_quota_mode_can_be_replaced_while_it_runs(extended: OfflineApi, caller: Caller) -> None:
    extended.catalogue = Catalogue.of([])
    assert caller.get("browse/new-releases").json["albums"]["items"] == []
    extended.quota_mode = "development"
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


def served(*options: str) -> OfflineApi:
    return made(parser().parse_args(["--listed", "7", "--date", "2026-11-20", *options]))


def statuses(caller: Caller, path: str, times: int) -> list[int]:
    return [caller.get(path).status for _ in range(times)]


def test_the_command_line_sets_limits_and_faults() -> None:
    options = "--rate-limit 4/30 --retry-after 9 --quota markets=2 --quota-retry-after 77 --token-lifetime 5"
    with served(*options.split(), "--fault", "search=500x2", "--fault", "search=truncated") as api:
        caller = Caller(api).log_in()
        assert caller.ask_for_token().json["expires_in"] == 5
        assert statuses(caller, "search?q=tag:new&type=album", 2) == [500, 500]
        with pytest.raises(http.client.IncompleteRead):
            caller.get("search?q=tag:new&type=album")
        assert caller.get("markets").status == 200
        assert caller.get("markets").headers["retry-after"] == "9"
        api.rate_limit = None
        assert statuses(caller, "markets", 1) == [200]
        spent = caller.get("markets")
        assert (spent.headers["retry-after"], spent.json["error"]["reason"]) == ("77", "QUOTA_EXCEEDED")


def test_the_command_line_sets_the_app_and_the_catalogue() -> None:
    options = "--quota-mode development --allow browse --client-id me --client-secret mine --current 300 --none-gone"
    with served(*options.split(), "--ordinary-quotas", "--quota", "album=3") as api:
        caller = Caller(api)
        assert caller.ask_for_token().status == 400
        token = caller.ask_for_token(grant_type="client_credentials", client_id="me", client_secret="mine")
        caller.token = token.json["access_token"]
        assert caller.get("browse/new-releases").status == 200
        assert caller.get("albums?ids=" + "a" * 22).status == 403
        assert {**api.quota} == {**ORDINARY_QUOTAS, "album": 3}
        assert api.catalogue.listing == Catalogue.generate(1, 7, date(2026, 11, 20)).listing
        assert 250 < len(api.catalogue.new_ids()) <= 305


def test_the_command_line_lets_calls_fail_at_random() -> None:
    with served("--chaos", "1", "--chaos-seed", "3") as api:
        assert api._faults._chaos == (3, 1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fault", "album"], "must be a bucket and a fault such as album=500x3, got 'album'"),
        (["--fault", "album=boom"], "unknown fault 'boom'; there are 429, 429-text, quota"),
        (["--fault", "albun=500"], "unknown bucket 'albun'; there are token, browse"),
        (["--quota", "album=many"], "must be a bucket and a number such as album=600, got 'album=many'"),
        (["--quota", "albun=3"], "unknown bucket 'albun'"),
        (["--rate-limit", "5"], "must be calls and seconds such as 180/30, got '5'"),
        (["--token-lifetime", "0"], "must be a whole number of 1 or more, got '0'"),
        (["--chaos", "2"], "must be a number from 0 to 1, got '2'"),
        (["--date", "today"], "must be a date such as 2026-11-20, got 'today'"),
        (["--listed", "-1"], "must be a whole number of 0 or more, got '-1'"),
    ],
)
def test_wrong_options_are_told_how_they_are_right(
    capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    with pytest.raises(SystemExit):
        main(options)
    told = capsys.readouterr().err
    assert message in told
    assert len(told.splitlines()) == 2


def test_a_port_that_is_taken_is_told(extended: OfflineApi, capsys: pytest.CaptureFixture[str]) -> None:
    port = str(urlsplit(extended.api_url).port)
    with pytest.raises(SystemExit):
        main(["--port", port])
    assert f"port {port} can't be used: " in capsys.readouterr().err


@pytest.mark.parametrize("fault", sorted(NAMED.keys() - {"hang", "drip"}))
def test_every_fault_has_a_name_and_passes(fault: str) -> None:
    with served("--fault", f"markets={fault}x1") as api:
        caller = Caller(api).log_in()
        whole = json.dumps({"markets": sorted(MARKETS)}, separators=(",", ":")).encode()
        try:
            answer = caller.get("markets")
        except (OSError, http.client.HTTPException):
            assert fault in ("truncated", "reset")
        else:
            assert (answer.status, answer.content) != (200, whole)
        assert caller.get("markets").content == whole
