"""What a test can make go wrong, and that it goes wrong just so."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from http.client import HTTPException, IncompleteRead

import pytest
from spotify_pipeline.offline_api import Catalogue, LoggedRequest, OfflineApi, Reply, dripping, errors, gzip_bomb

from tests.support.caller import Caller


def outcome(caller: Caller, path: str) -> object:
    """The status and size of the reply, or the type of the failure."""
    try:
        answer = caller.get(path)
    except (OSError, HTTPException) as failure:
        return type(failure)
    return answer.status, len(answer.content)


def test_steps_are_taken_in_order_and_then_all_is_normal(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", errors.bad_gateway, None, errors.unavailable_empty)
    assert [caller.get("markets").status for _ in range(4)] == [502, 200, 503, 200]


def test_a_script_holds_for_its_bucket_and_its_match(extended: OfflineApi, caller: Caller, small: Catalogue) -> None:
    one, dozen, _ = small.albums
    extended.script("album", errors.bad_gateway, match=lambda request: request.path.endswith(dozen))
    assert caller.get("markets").status == 200
    assert [caller.get(f"albums/{album_id}").status for album_id in (one, dozen, dozen)] == [200, 502, 200]


def test_two_scripts_of_a_bucket_are_taken_one_after_the_other(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", errors.bad_gateway)
    extended.script("markets", errors.not_found)
    assert [caller.get("markets").status for _ in range(3)] == [502, 404, 200]


def test_always_lasts_until_it_is_cleared(extended: OfflineApi, caller: Caller) -> None:
    extended.always("markets", errors.bad_gateway)
    assert [caller.get("markets").status for _ in range(3)] == [502, 502, 502]
    extended.clear_scripts()
    assert caller.get("markets").status == 200


def test_a_callable_sees_the_request_and_its_normal_reply(extended: OfflineApi, caller: Caller) -> None:
    def without_items(request: LoggedRequest, normal: Reply) -> Reply | None:
        return replace(normal, body={}) if request.query["limit"] == "1" else None

    extended.always("browse", without_items)
    assert caller.get("browse/new-releases?limit=1").json == {}
    assert caller.get("browse/new-releases?limit=2").json["albums"]["limit"] == 2


def test_the_token_endpoint_can_be_scripted(extended: OfflineApi) -> None:
    extended.script("token", errors.token_upstream_text)
    assert [Caller(extended).ask_for_token().status for _ in range(2)] == [503, 200]


def test_a_truncated_reply_breaks_off(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", lambda _, normal: replace(normal, truncate=100))
    with pytest.raises(IncompleteRead) as caught:
        caller.get("markets")
    assert len(caught.value.partial) == 100
    assert extended.requests[-1].status is None
    assert caller.get("markets").status == 200


def test_a_reset_sends_nothing(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", Reply(reset=True))
    with pytest.raises(ConnectionResetError) as caught:
        caller.get("markets")
    # A connection that is closed in an orderly way gives a subclass.
    assert caught.type is ConnectionResetError
    assert extended.requests[-1].status is None
    assert extended.calls["markets"] == 1


def test_a_hanging_reply_does_not_outlive_the_server(small: Catalogue) -> None:
    outcomes: list[object] = []
    before = threading.active_count()
    with OfflineApi(small) as api:
        caller = Caller(api).log_in()
        api.script("markets", Reply(hang=60))
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


def test_a_reply_that_hangs_for_a_moment_comes(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", lambda _, normal: replace(normal, hang=0.01))
    assert caller.get("markets").status == 200


def test_a_body_can_drip(extended: OfflineApi, caller: Caller) -> None:
    whole = caller.get("markets").content
    extended.script("markets", dripping(size=100, seconds=0.001))
    start = time.perf_counter()
    assert caller.get("markets").content == whole
    assert time.perf_counter() - start > len(whole) / 100 * 0.001


def test_a_dripping_body_does_not_outlive_the_server(small: Catalogue) -> None:
    outcomes: list[object] = []
    with OfflineApi(small) as api:
        caller = Caller(api).log_in()
        api.always("markets", dripping(seconds=60))
        thread = threading.Thread(target=lambda: outcomes.append(outcome(caller, "markets")))
        thread.start()
        while not api.calls["markets"]:
            time.sleep(0.001)
    thread.join(5)
    assert isinstance(outcomes[0], type)
    assert api.requests[-1].status is None


def test_a_bomb_is_small_until_it_is_unpacked(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", gzip_bomb(megabytes=3))
    answer = caller.get("markets")
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.content) < 10_000
    unpacked = gzip.decompress(answer.content)
    assert len(unpacked) > 3_000_000
    assert json.loads(unpacked) == {}


def test_a_defect_shows_and_answers_500(
    extended: OfflineApi, caller: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    def defect(_request: LoggedRequest, _normal: Reply) -> Reply:
        raise ZeroDivisionError

    extended.script("markets", defect)
    assert caller.get("markets").status == 500
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_body_that_is_no_json_shows_and_answers_500(
    extended: OfflineApi, caller: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    extended.script("markets", Reply(200, {"set": {1}}))
    assert caller.get("markets").status == 500
    assert "TypeError" in capfd.readouterr().err


def chaotic(
    catalogue: Catalogue, seed: int, rate: float, calls: Callable[[Caller], Sequence[object]]
) -> Sequence[object]:
    with OfflineApi(catalogue) as api:
        caller = Caller(api).log_in()
        api.chaos(seed, rate)
        return calls(caller)


def test_chaos_spares_every_fourth_try_at_the_latest(small: Catalogue) -> None:
    def calls(caller: Caller) -> list[object]:
        return [outcome(caller, "markets") for _ in range(12)]

    outcomes = chaotic(small, 1, 1.0, calls)
    good = outcomes[3]
    assert [each == good for each in outcomes] == [False, False, False, True] * 3


def test_chaos_is_the_same_for_the_same_seed_whatever_the_order_of_the_calls(small: Catalogue) -> None:
    paths = [f"albums/{album_id}" for album_id in small.albums]

    def forwards(caller: Caller) -> Sequence[object]:
        return [[outcome(caller, path) for _ in range(10)] for path in paths]

    def backwards(caller: Caller) -> Sequence[object]:
        return [[outcome(caller, path) for _ in range(10)] for path in reversed(paths)][::-1]

    first = chaotic(small, 5, 0.5, forwards)
    assert first == chaotic(small, 5, 0.5, backwards)
    assert first != chaotic(small, 6, 0.5, forwards)


def test_chaos_hits_at_its_rate_in_every_way_and_ends(extended: OfflineApi, caller: Caller) -> None:
    extended.chaos(3, 0.4)
    outcomes = [outcome(caller, f"search?q=tag:new&type=album&limit={limit}") for limit in range(1, 51) for _ in "1234"]
    bad = [each for each in outcomes if isinstance(each, type) or each[0] != 200 or each[1] < 500]  # type: ignore[index]
    assert 0.25 < len(bad) / len(outcomes) < 0.5
    assert {IncompleteRead, ConnectionResetError} <= set(bad)
    assert {502, 503, 504, 429} <= {each[0] for each in bad if isinstance(each, tuple)}
    extended.chaos(3, 0)
    assert outcome(caller, "markets") == outcome(caller, "markets")
    assert caller.get("markets").status == 200
