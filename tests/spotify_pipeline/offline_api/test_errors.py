"""Every error that was seen in public can be sent, byte for byte where it matters."""

from __future__ import annotations

import pytest
from spotify_pipeline.offline_api import OfflineApi, Reply, errors

from tests.support.caller import Caller

ENVELOPED = [
    (errors.missing_token, 401, "Missing/invalid/expired access token"),
    (errors.bad_token, 401, "Missing/invalid/expired access token"),
    (errors.expired_token, 401, "Missing/invalid/expired access token"),
    (errors.expired_token_old, 401, "The access token expired"),
    (errors.no_bearer, 400, "Only valid bearer authentication supported"),
    (errors.forbidden, 403, "Forbidden"),
    (errors.invalid_limit, 400, "Invalid limit"),
    (errors.offset_too_large, 400, "Limit + Offset exceeds maximum of 1000"),
    (errors.bad_id, 400, "Invalid base62 id"),
    (errors.not_found, 404, "Resource not found"),
    (errors.quota_exceeded(), 429, "Too many requests"),
    (errors.rate_limited(), 429, "API rate limit exceeded"),
    (errors.bad_gateway, 502, "Bad gateway."),
]
TEXTS = [
    (errors.not_registered, 403, "User not registered in the Developer Dashboard"),
    (errors.rate_limited_text(19056), 429, "Too many requests"),
    (errors.unavailable_empty, 503, ""),
    (errors.gateway_timeout, 504, "upstream request timeout"),
    (
        errors.token_upstream_text,
        503,
        "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
    ),
]


@pytest.mark.parametrize(("reply", "status", "message"), ENVELOPED)
def test_errors_in_the_envelope(extended: OfflineApi, caller: Caller, reply: Reply, status: int, message: str) -> None:
    extended.script("markets", reply)
    answer = caller.get("markets")
    assert answer.status == answer.json["error"]["status"] == status
    assert answer.json["error"]["message"] == message
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize(("reply", "status", "text"), TEXTS)
def test_errors_in_plain_text(extended: OfflineApi, caller: Caller, reply: Reply, status: int, text: str) -> None:
    extended.script("markets", reply)
    answer = caller.get("markets")
    assert (answer.status, answer.content.decode()) == (status, text)
    assert not answer.headers.get("content-type", "").startswith("application/json")


def test_the_premium_error_names_premium(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", errors.premium_lapsed)
    answer = caller.get("markets")
    assert answer.status == 403
    assert answer.json["error"]["message"].startswith("Active premium subscription required for the owner of the app.")


def test_a_balancers_page_is_html(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", errors.html_error_page)
    answer = caller.get("markets")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.content.startswith(b"<!DOCTYPE html>")


def test_the_three_kinds_of_429_differ(extended: OfflineApi, caller: Caller) -> None:
    extended.script("markets", errors.quota_exceeded(48925), errors.rate_limited(1), errors.rate_limited_text(35))
    quota, rate, text = (caller.get("markets") for _ in range(3))
    assert quota.json["error"]["reason"] == "QUOTA_EXCEEDED"
    assert "reason" not in rate.json["error"]
    assert (text.headers["content-length"], text.headers["server"]) == ("17", "envoy")
    assert text.headers["cache-control"] == "private, max-age=0"
    assert [answer.headers["retry-after"] for answer in (quota, rate, text)] == ["48925", "1", "35"]


@pytest.mark.parametrize("make", [errors.quota_exceeded, errors.rate_limited, errors.rate_limited_text])
def test_a_429_may_lack_retry_after(make: object) -> None:
    assert callable(make)
    assert "retry-after" not in make(None).headers
