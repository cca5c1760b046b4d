"""Faults: errors as observed in public, scripts, and random faults."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from http.client import HTTPException, IncompleteRead

import pytest
from spotify_pipeline.offline_api import (
    Catalogue,
    LoggedRequest,
    OfflineApi,
    Reply,
    Step,
    dripping,
    errors,
    gzip_bomb,
    hanging,
)

from tests.support.caller import Caller


def outcome(caller: Caller, path: str) -> tuple[int, int] | type[Exception]:
    """Return the status and size of the reply, or the type of the failure."""
    try:
        answer = caller.get(path)
    except (OSError, HTTPException) as failure:
        return type(failure)
    return answer.status, len(answer.content)


def test_errors_have_the_envelope_of_the_web_api(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", errors.expired_token, errors.premium_lapsed, errors.quota_exceeded(7))
    expired, premium, quota = (caller.get("markets") for _ in range(3))
    assert [each.json["error"]["status"] for each in (expired, premium, quota)] == [401, 403, 429]
    assert expired.headers["content-type"] == "application/json"
    assert quota.headers["content-type"] == "application/json; charset=utf-8"
    assert (quota.json["error"]["reason"], quota.headers["retry-after"]) == ("QUOTA_EXCEEDED", "7")
    assert premium.json["error"]["message"].startswith("Active premium subscription required")


def test_balancers_send_text_and_html(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", errors.rate_limited_text(35), errors.unavailable_empty, errors.html_error_page)
    text, empty, html = (caller.get("markets") for _ in range(3))
    assert (text.status, text.content, text.headers["retry-after"]) == (429, b"Too many requests", "35")
    assert (empty.status, empty.content) == (503, b"")
    assert not {"content-type"} & (text.headers.keys() | empty.headers.keys())
    assert html.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("error", [errors.quota_exceeded, errors.rate_limited, errors.rate_limited_text])
def test_a_429_may_lack_retry_after(error: Callable[[int | None], Reply]) -> None:
    assert "retry-after" not in error(None).headers


def test_scripts_take_their_steps_in_order(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", errors.bad_gateway, None, errors.unavailable_empty)
    extended.script("markets", errors.not_found)
    extended.script("token", errors.token_upstream_text)
    assert [caller.get("markets").status for _ in range(5)] == [502, 200, 503, 404, 200]
    assert [Caller(extended).ask_for_token().status for _ in range(2)] == [503, 200]


def test_a_script_applies_to_its_bucket_and_match(extended: OfflineApi, caller: Caller, small: Catalogue) -> None:
    one, dozen, _ = small.albums
    extended.script("album", errors.bad_gateway, match=lambda request: request.path.endswith(dozen))
    assert caller.get("markets").status == 200
    assert [caller.get(f"albums/{album_id}").status for album_id in (one, dozen, dozen)] == [200, 502, 200]


def test_always_lasts_until_scripts_are_cleared(extended: OfflineApi, caller: Caller) -> None:
    extended.always("markets", errors.bad_gateway)
    assert [caller.get("markets").status for _ in range(3)] == [502, 502, 502]
    extended.clear_scripts()
    assert caller.get("markets").status == 200


def test_a_function_sees_request_and_normal_reply(extended: OfflineApi, caller: Caller) -> None:
    def without_items(request: LoggedRequest, normal: Reply) -> Reply | None:
        return replace(normal, body={}) if request.query["limit"] == "1" else None

    extended.always("browse", without_items)
    assert caller.get("browse/new-releases?limit=1").json == {}
    assert caller.get("browse/new-releases?limit=2").json["albums"]["limit"] == 2


def test_truncated_replies_and_resets_break_the_connection(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", lambda _, normal: replace(normal, truncate=100), Reply(reset=True))
    with pytest.raises(IncompleteRead) as caught:
        caller.get("markets")
    assert len(caught.value.partial) == 100
    with pytest.raises(ConnectionResetError) as reset:
        caller.get("markets")
    # An orderly close would raise a subclass.
    assert reset.type is ConnectionResetError
    assert [request.status for request in extended.requests[1:]] == [None, None]
    assert caller.get("markets").status == 200


def test_a_reply_can_be_late_and_slow(extended: OfflineApi, caller: Caller) -> None:
    whole = caller.get("markets").content
    extended.script("markets", hanging(0.01), dripping(size=100, seconds=0.001))
    assert caller.get("markets").status == 200
    start = time.perf_counter()
    assert caller.get("markets").content == whole
    assert time.perf_counter() - start > len(whole) / 100 * 0.001


@pytest.mark.parametrize("step", [Reply(hang=60), dripping(seconds=60)], ids=["hang", "drip"])
def test_no_reply_outlives_the_server(small: Catalogue, step: Step) -> None:
    outcomes: list[object] = []
    before = threading.active_count()
    with OfflineApi(small) as api:
        caller = Caller(api).log_in()
        api.script("markets", step)
        thread = threading.Thread(target=lambda: outcomes.append(outcome(caller, "markets")))
        thread.start()
        while not api.calls["markets"]:
            time.sleep(0.001)
        closing = time.monotonic()
    thread.join(5)
    while threading.active_count() > before and time.monotonic() - closing < 5:
        time.sleep(0.001)
    assert time.monotonic() - closing < 2
    assert isinstance(outcomes[0], type)
    assert api.requests[-1].status is None


def test_a_bomb_is_small_until_it_is_decompressed(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", gzip_bomb(megabytes=3))
    answer = caller.get("markets")
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.content) < 10_000
    unpacked = gzip.decompress(answer.content)
    assert len(unpacked) > 3_000_000
    assert json.loads(unpacked) == {}


def test_a_bug_is_printed_and_answered_with_500(
    extended: OfflineApi, caller: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    def bug(_request: LoggedRequest, _normal: Reply) -> Reply:
        raise ZeroDivisionError

    extended.script("markets", bug, Reply(200, {"set": {1}}))
    assert [caller.get("markets").status for _ in range(2)] == [500, 500]
    printed = capfd.readouterr().err
    assert "ZeroDivisionError" in printed
    assert "TypeError" in printed


def test_chaos_spares_each_fourth_attempt(extended: OfflineApi, caller: Caller) -> None:
    good = outcome(caller, "markets")
    extended.chaos(1, 1.0)
    assert [outcome(caller, "markets") == good for _ in range(12)] == [False, False, False, True] * 3
    extended.chaos(1, 0)
    assert [outcome(caller, "markets") for _ in range(4)] == [good] * 4


def test_chaos_does_not_depend_on_the_order_of_calls(small: Catalogue) -> None:
    def outcomes(seed: int, paths: Sequence[str]) -> dict[str, list[object]]:
        with OfflineApi(small) as api:
            caller = Caller(api).log_in()
            api.chaos(seed, 0.5)
            return {path: [outcome(caller, path) for _ in range(10)] for path in paths}

    paths = [f"albums/{album_id}" for album_id in small.albums]
    first = outcomes(5, paths)
    assert first == outcomes(5, paths[::-1])
    assert first != outcomes(6, paths)


def test_chaos_injects_every_fault_at_its_rate(extended: OfflineApi, caller: Caller) -> None:
    extended.chaos(3, 0.4)
    outcomes = [outcome(caller, f"search?q=tag:new&type=album&limit={limit}") for limit in range(1, 51) for _ in "1234"]
    bad = [each for each in outcomes if isinstance(each, type) or each[0] != 200 or each[1] < 500]
    assert 0.25 < len(bad) / len(outcomes) < 0.5
    assert {IncompleteRead, ConnectionResetError} <= set(bad)
    assert {502, 503, 504, 429} <= {each[0] for each in bad if isinstance(each, tuple)}
