"""Command line of the offline API, and the process it starts."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from urllib.parse import urlsplit

import pytest
from spotify_pipeline.offline_api import ORDINARY_QUOTAS, Catalogue, OfflineApi, artists_with_news, make_album
from spotify_pipeline.offline_api.__main__ import configured_api, main, parser, sample_watchlist
from spotify_pipeline.offline_api.faults import NAMED_FAULTS
from spotify_pipeline.offline_api.search import find_artists, parse

from spotify_source.api.markets import MARKETS
from tests.support.caller import Caller
from tests.support.checkout import CHECKOUT


@contextmanager
def served(*options: str) -> Iterator[Caller]:
    with configured_api(parser().parse_args(["--listed", "7", "--date", "2026-11-20", *options])) as api:
        yield Caller(api)


def statuses(caller: Caller, path: str, times: int) -> list[int]:
    return [caller.get(path).status for _ in range(times)]


def test_a_process_serves_and_counts_calls(extended: OfflineApi) -> None:
    command = [sys.executable, "-m", "spotify_pipeline.offline_api", "--quota-mode", "development", "--listed", "7"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            urls = json.loads(process.stdout.readline())
            caller = Caller(extended)
            form = "grant_type=client_credentials&client_id=demo&client_secret=demo"
            token = caller.send("POST", urls["token_url"], {}, form).json["access_token"]
            page = caller.get(urls["api_url"] + "search?q=tag:new&type=album&limit=10", f"Bearer {token}").json
            assert len(page["albums"]["items"]) == 7
            root = urls["api_url"].removesuffix("v1/")
            assert caller.get(root + "_calls").json == {"token": 1, "search": 1}
            assert caller.send("POST", root + "_reset", {}).status == 204
            assert caller.get(root + "_calls").json == {}
        finally:
            process.terminate()


def test_options_set_limits_and_faults() -> None:
    options = "--rate-limit 4/30 --retry-after 9 --quota markets=2 --quota-retry-after 77 --token-lifetime 5"
    with served(*options.split(), "--fault", "search=500x2", "--fault", "search=truncated") as caller:
        assert caller.log_in().ask_for_token().json["expires_in"] == 5
        assert statuses(caller, "search?q=tag:new&type=album", 2) == [500, 500]
        with pytest.raises(http.client.IncompleteRead):
            caller.get("search?q=tag:new&type=album")
        assert caller.get("markets").status == 200
        assert caller.get("markets").headers["retry-after"] == "9"
        caller.api.rate_limit = None
        assert statuses(caller, "markets", 1) == [200]
        spent = caller.get("markets")
        assert (spent.headers["retry-after"], spent.json["error"]["reason"]) == ("77", "QUOTA_EXCEEDED")


def test_options_set_the_app_and_the_catalogue() -> None:
    options = "--quota-mode development --allow browse --client-id me --client-secret mine --current 300 --none-gone"
    with served(*options.split(), "--ordinary-quotas", "--quota", "album=3") as caller:
        assert caller.ask_for_token().status == 400
        token = caller.ask_for_token(grant_type="client_credentials", client_id="me", client_secret="mine")
        caller.token = token.json["access_token"]
        assert caller.get("browse/new-releases").status == 200
        assert caller.get("albums?ids=" + "a" * 22).status == 403
        api = caller.api
        assert {**api.quota} == {**ORDINARY_QUOTAS, "album": 3}
        assert api.catalogue.listing == Catalogue.generate(1, 7, date(2026, 11, 20)).listing
        assert 250 < len(api.catalogue.new_ids()) <= 305


def test_options_set_random_faults() -> None:
    with served("--chaos", "1", "--chaos-seed", "3") as caller:
        assert [was_refused(caller) for _ in range(12)] == [False, False, False, True] * 3


def was_refused(caller: Caller) -> bool:
    """Return true for the normal reply to a call without a token."""
    try:
        return caller.get("markets").status == 401
    except (OSError, http.client.HTTPException):
        return False


@pytest.mark.parametrize("fault", sorted(NAMED_FAULTS.keys() - {"hang", "drip"}))
def test_each_named_fault_passes(fault: str) -> None:
    with served("--fault", f"markets={fault}x1") as caller:
        caller.log_in()
        whole = json.dumps({"markets": sorted(MARKETS)}, separators=(",", ":")).encode()
        try:
            answer = caller.get("markets")
        except (OSError, http.client.HTTPException):
            assert fault in ("truncated", "reset")
        else:
            assert (answer.status, answer.content) != (200, whole)
        assert caller.get("markets").content == whole


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--port", "99999"], "--port: must be a whole number from 0 to 65535, got '99999'"),
        (["--latency", "nan"], "--latency: must be a number of seconds below 10000, got 'nan'"),
        (["--latency", "-1"], "--latency: must be a number of seconds below 10000, got '-1'"),
        (["--latency", "1e400"], "--latency: must be a number of seconds below 10000, got '1e400'"),
        (["--fault", "album"], "--fault: must be a bucket and a fault such as album=500x3, got 'album'"),
        (["--fault", "album=" + "9" * 500], "--fault: unknown fault '999"),
        (["--fault", "album=500x" + "9" * 500], "--fault: unknown fault '500x999"),
        (["--fault", "albun=500"], "--fault: unknown bucket 'albun'; the buckets are token, browse"),
        (["--quota", "album=many"], "--quota: must be a bucket and a number such as album=600, got 'album=many'"),
        (["--quota", "album=" + "9" * 5000], "--quota: must be a bucket and a number such as album=600, got"),
        (["--rate-limit", "5"], "--rate-limit: must be calls and seconds such as 180/30, got '5'"),
        (["--token-lifetime", "0"], "--token-lifetime: must be a whole number from 1 to 999999999, got '0'"),
        (["--chaos", "2"], "--chaos: must be a number from 0 to 1, got '2'"),
        (["--date", "today"], "--date: must be a date such as 2026-11-20, got 'today'"),
        (["--listed", "-1"], "--listed: must be a whole number from 0 to 100000, got '-1'"),
    ],
)
def test_wrong_options_are_rejected_by_name(
    capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    with pytest.raises(SystemExit):
        main([f"{options[0]}={options[1]}"])
    printed = capsys.readouterr().err
    assert message in printed
    assert len(printed.splitlines()) == 2


def test_a_million_faults_take_no_memory() -> None:
    with served("--fault", "markets=500x999999999") as caller:
        assert statuses(caller.log_in(), "markets", 2) == [500, 500]


def test_a_port_in_use_is_reported(extended: OfflineApi, capsys: pytest.CaptureFixture[str]) -> None:
    port = str(urlsplit(extended.api_url).port)
    with pytest.raises(SystemExit):
        main(["--port", port])
    assert f"argument --port: cannot use {port}: " in capsys.readouterr().err


def test_a_sample_watchlist_uses_every_notation(world: Catalogue) -> None:
    artists = artists_with_news(world, 8)
    lines = [line for line in sample_watchlist(world, 8).splitlines() if not line.startswith("#")]
    assert len(lines) == 9
    assert lines[:3] == [artists[0]["id"], artists[1]["uri"], artists[2]["external_urls"]["spotify"]]
    assert {line for line in lines if line in {artist["name"] for artist in artists}}
    assert len(find_artists(world, parse(f'artist:"{lines[-1]}"'))) > 1
    alone = Catalogue.of([make_album("One", artist="Solo")])
    assert sample_watchlist(alone).splitlines()[-1] == alone.listed_albums()[0]["artists"][0]["id"]


def test_the_watchlist_option_prints_and_exits(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--watchlist", "--date", "2026-11-20"])
    assert capsys.readouterr().out.startswith("# Invented artists")
