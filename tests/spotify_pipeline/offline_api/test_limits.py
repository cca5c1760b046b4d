"""Tokens, the rate limit and quotas, by a clock that the test moves."""

from __future__ import annotations

from base64 import b64encode

import pytest
from spotify_pipeline.offline_api import ORDINARY_QUOTAS, OfflineApi

from tests.support.caller import Caller
from tests.support.clock import FakeClock


def basic(credentials: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(credentials.encode()).decode()}


def statuses(caller: Caller, path: str, times: int) -> list[int]:
    return [caller.get(path).status for _ in range(times)]


def test_a_basic_header_and_form_fields_both_get_a_token(extended: OfflineApi) -> None:
    caller = Caller(extended)
    answers = [caller.ask_for_token(basic("demo:demo"), grant_type="client_credentials"), caller.ask_for_token()]
    for answer in answers:
        assert answer.status == 200
        assert list(answer.json) == ["access_token", "token_type", "expires_in"]
        assert answer.json["access_token"].startswith("BQ")
        assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
    assert answers[0].json["access_token"] != answers[1].json["access_token"]


WRONG_CLIENT = {"error": "invalid_client", "error_description": "Invalid client"}


@pytest.mark.parametrize(
    ("headers", "form", "body"),
    [
        (basic("demo:wrong"), {}, WRONG_CLIENT),
        (basic("else:demo"), {}, WRONG_CLIENT),
        ({}, {"client_id": "demo"}, WRONG_CLIENT),
        ({}, {}, {"error": "invalid_client"}),
        ({"Authorization": "Basic ???"}, {}, {"error": "invalid_client"}),
        ({"Authorization": "Basic dämö"}, {}, {"error": "invalid_client"}),
        ({"Authorization": "Basic gICAgA=="}, {}, {"error": "invalid_client"}),
    ],
)
def test_wrong_credentials_get_400(
    extended: OfflineApi, headers: dict[str, str], form: dict[str, str], body: dict[str, str]
) -> None:
    answer = Caller(extended).ask_for_token(headers, grant_type="client_credentials", **form)
    assert (answer.status, answer.json) == (400, body)
    assert answer.headers["content-type"] == "application/json"


def test_only_client_credentials_are_granted(extended: OfflineApi) -> None:
    caller = Caller(extended)
    assert caller.ask_for_token(basic("demo:demo"), grant_type="password").json["error"] == "unsupported_grant_type"
    answer = caller.send("GET", extended.token_url, basic("demo:demo"))
    assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize(
    ("authorization", "status", "challenge"),
    [
        (None, 401, 'error="missing_token", error_description="No token provided"'),
        ("Bearer nonsense", 401, 'error="invalid_token", error_description="Invalid access token"'),
        ("Basic ZGVtbw==", 400, None),
    ],
)
def test_no_valid_token_is_refused(
    extended: OfflineApi, authorization: str | None, status: int, challenge: str | None
) -> None:
    answer = Caller(extended).get("browse/new-releases", authorization)
    assert answer.status == status
    assert answer.headers.get("www-authenticate") == (challenge and f'Bearer realm="spotify", {challenge}')


def test_a_token_expires_and_can_be_revoked(extended: OfflineApi, caller: Caller, clock: FakeClock) -> None:
    clock.move(3599)
    assert caller.get("markets").status == 200
    clock.move(1)
    expired = caller.get("markets")
    assert expired.status == 401
    assert "The access token expired" in expired.headers["www-authenticate"]
    extended.token_lifetime = 10
    assert caller.ask_for_token().json["expires_in"] == 10
    caller.log_in()
    clock.move(10)
    assert caller.get("markets").status == 401
    assert caller.log_in().get("markets").status == 200
    extended.revoke_tokens()
    assert caller.get("markets").status == 401


def test_the_rate_limit_is_a_sliding_window(extended: OfflineApi, caller: Caller, clock: FakeClock) -> None:
    extended.rate_limit = (2, 30)
    extended.rate_limit_retry_after = 7
    assert statuses(caller, "markets", 1) == [200]
    clock.move(20)
    assert statuses(caller, "markets", 2) == [200, 429]
    refused = caller.get("browse/new-releases")
    assert (refused.headers["retry-after"], refused.json["error"]["message"]) == ("7", "API rate limit exceeded")
    clock.move(10)
    assert statuses(caller, "markets", 2) == [200, 429]
    extended.rate_limit = None
    assert caller.get("markets").status == 200


def test_a_spent_quota_closes_only_its_bucket(extended: OfflineApi, caller: Caller, clock: FakeClock) -> None:
    extended.quota["markets"] = 2
    assert caller.get("markets", "Bearer nonsense").status == 401
    assert statuses(caller, "markets", 2) == [200, 200]
    refused = caller.get("markets")
    assert (refused.status, refused.headers["retry-after"]) == (429, "48925")
    assert refused.json["error"]["reason"] == "QUOTA_EXCEEDED"
    assert caller.get("browse/new-releases").status == 200
    clock.move(1000)
    assert caller.log_in().get("markets").headers["retry-after"] == "47925"
    clock.move(47925)
    assert statuses(caller.log_in(), "markets", 3) == [200, 200, 429]
    extended.quota_retry_after = None
    assert "retry-after" not in caller.get("markets").headers


def test_a_quota_counts_from_when_it_is_set(extended: OfflineApi, caller: Caller) -> None:
    assert statuses(caller, "markets", 3) == [200] * 3
    for _ in range(2):
        extended.quota["markets"] = 1
        assert statuses(caller, "markets", 2) == [200, 429]
    del extended.quota["markets"]
    assert statuses(caller, "markets", 2) == [200, 200]


def test_an_ordinary_app_may_read_100_discographies(dev_caller: Caller) -> None:
    dev_caller.api.quota.update(ORDINARY_QUOTAS)
    assert dev_caller.api.quota["search"] == 700
    artist = next(iter(dev_caller.api.catalogue.artists()))["id"]
    assert statuses(dev_caller, f"artists/{artist}/albums", 101) == [200] * 100 + [429]
    assert statuses(dev_caller, f"artists/{artist}", 1) == [200]
