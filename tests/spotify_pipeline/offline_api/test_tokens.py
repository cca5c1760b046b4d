"""Who gets a token, and how long it is good for."""

from __future__ import annotations

from base64 import b64encode

import pytest
from spotify_pipeline.offline_api import OfflineApi

from tests.support.caller import Caller
from tests.support.clock import FakeClock


def basic(credentials: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(credentials.encode()).decode()}


def test_a_token_is_granted_to_a_basic_header_and_to_form_fields(extended: OfflineApi) -> None:
    caller = Caller(extended)
    first = caller.ask_for_token(basic("demo:demo"), grant_type="client_credentials")
    second = caller.ask_for_token()
    for answer in (first, second):
        assert answer.status == 200
        assert list(answer.json) == ["access_token", "token_type", "expires_in"]
        assert answer.json["access_token"].startswith("BQ")
        assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
    assert first.json["access_token"] != second.json["access_token"]


@pytest.mark.parametrize(
    ("headers", "form", "body"),
    [
        (basic("demo:wrong"), {}, {"error": "invalid_client", "error_description": "Invalid client"}),
        (basic("else:demo"), {}, {"error": "invalid_client", "error_description": "Invalid client"}),
        ({}, {"client_id": "demo"}, {"error": "invalid_client", "error_description": "Invalid client"}),
        ({}, {}, {"error": "invalid_client"}),
        ({"Authorization": "Basic ???"}, {}, {"error": "invalid_client"}),
    ],
)
def test_anyone_else_gets_a_400(
    extended: OfflineApi, headers: dict[str, str], form: dict[str, str], body: dict[str, str]
) -> None:
    answer = Caller(extended).ask_for_token(headers, grant_type="client_credentials", **form)
    assert (answer.status, answer.json) == (400, body)
    assert answer.headers["content-type"] == "application/json"


def test_only_client_credentials_are_granted(extended: OfflineApi) -> None:
    answer = Caller(extended).ask_for_token(basic("demo:demo"), grant_type="password")
    assert (answer.status, answer.json["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    ("authorization", "status", "challenge"),
    [
        (None, 401, 'error="missing_token", error_description="No token provided"'),
        ("Bearer nonsense", 401, 'error="invalid_token", error_description="Invalid access token"'),
        ("Basic ZGVtbw==", 400, None),
    ],
)
def test_without_a_good_token_nothing_is_served(
    extended: OfflineApi, authorization: str | None, status: int, challenge: str | None
) -> None:
    answer = Caller(extended).get("browse/new-releases", authorization)
    assert answer.status == status
    assert answer.headers.get("www-authenticate") == (challenge and f'Bearer realm="spotify", {challenge}')


def test_a_token_ends_with_its_time(extended: OfflineApi, caller: Caller, clock: FakeClock) -> None:
    clock.move(3599)
    assert caller.get("markets").status == 200
    clock.move(1)
    answer = caller.get("markets")
    assert answer.status == 401
    assert "The access token expired" in answer.headers["www-authenticate"]
    extended.token_lifetime = 10
    assert caller.ask_for_token().json["expires_in"] == 10
    caller.log_in()
    clock.move(10)
    assert caller.get("markets").status == 401


def test_tokens_can_be_revoked(extended: OfflineApi, caller: Caller) -> None:
    extended.revoke_tokens()
    assert caller.get("markets").status == 401
    assert caller.log_in().get("markets").status == 200


def test_a_new_token_may_end_the_older_ones(extended: OfflineApi, caller: Caller) -> None:
    newer = Caller(extended).log_in()
    assert (caller.get("markets").status, newer.get("markets").status) == (200, 200)
    extended.newest_token_only = True
    newest = Caller(extended).log_in()
    assert [each.get("markets").status for each in (caller, newer, newest)] == [401, 401, 200]
