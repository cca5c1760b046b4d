"""What a reply means, whatever it looks like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from spotify_source.api import responses
from spotify_source.api.responses import Meaning, classify, paging_object, retry_after
from spotify_source.errors import UnreadableReplyError


def api(status: int, message: str, **more: str) -> bytes:
    return json.dumps({"error": {"status": status, "message": message, **more}}).encode()


ONE_TEXT = "Missing/invalid/expired access token"
PREMIUM = "Active premium subscription required for the owner of the app. It can take a few hours."

OBSERVED = [
    pytest.param(401, {}, api(401, ONE_TEXT), Meaning.TOKEN_REFUSED, None, id="no or bad token, 2026"),
    pytest.param(401, {}, api(401, "The access token expired"), Meaning.TOKEN_REFUSED, None, id="expired, older"),
    pytest.param(
        400, {}, api(400, "Only valid bearer authentication supported"), Meaning.BAD_REQUEST, None, id="no bearer"
    ),
    pytest.param(403, {}, api(403, "Forbidden"), Meaning.FORBIDDEN, None, id="endpoint taken from the app"),
    pytest.param(403, {}, api(403, PREMIUM), Meaning.PREMIUM_REQUIRED, None, id="Premium lapsed"),
    pytest.param(403, {}, PREMIUM.encode(), Meaning.PREMIUM_REQUIRED, None, id="Premium lapsed, as text"),
    pytest.param(
        403, {}, b"User not registered in the Developer Dashboard", Meaning.FORBIDDEN, None, id="not on the allow-list"
    ),
    pytest.param(400, {}, api(400, "Invalid limit"), Meaning.BAD_REQUEST, None, id="limit"),
    pytest.param(400, {}, api(400, "Limit + Offset exceeds maximum of 1000"), Meaning.BAD_REQUEST, None, id="wall"),
    pytest.param(400, {}, api(400, "Invalid base62 id"), Meaning.BAD_REQUEST, None, id="bad id"),
    pytest.param(404, {}, api(404, "Resource not found"), Meaning.GONE, None, id="unknown album"),
    pytest.param(
        429,
        {"retry-after": "48925"},
        api(429, "Too many requests", reason="QUOTA_EXCEEDED"),
        Meaning.QUOTA_SPENT,
        48925,
        id="quota",
    ),
    pytest.param(
        429, {"retry-after": "1"}, api(429, "API rate limit exceeded"), Meaning.RATE_LIMITED, 1, id="rate limit"
    ),
    pytest.param(
        429, {"retry-after": "19056"}, b"Too many requests", Meaning.RATE_LIMITED, 19056, id="rate limit, as text"
    ),
    pytest.param(410, {}, b"", Meaning.GONE, None, id="gone for good"),
    pytest.param(300, {}, b"[]", Meaning.SERVER_TROUBLE, None, id="several to choose from"),
    pytest.param(302, {"location": "/"}, b"", Meaning.SERVER_TROUBLE, None, id="elsewhere"),
    pytest.param(502, {}, api(502, "Bad gateway."), Meaning.SERVER_TROUBLE, None, id="502"),
    pytest.param(503, {}, b"", Meaning.SERVER_TROUBLE, None, id="503, empty"),
    pytest.param(
        503, {}, b"upstream connect error or disconnect/reset", Meaning.SERVER_TROUBLE, None, id="balancer's text"
    ),
    pytest.param(
        400,
        {},
        b'{"error":"invalid_client","error_description":"Invalid client"}',
        Meaning.BAD_REQUEST,
        None,
        id="wrong secret",
    ),
    pytest.param(400, {}, b'{"error":"invalid_client"}', Meaning.BAD_REQUEST, None, id="no credentials"),
]


@pytest.mark.parametrize(("status", "headers", "body", "meaning", "seconds"), OBSERVED)
def test_every_observed_error_is_understood(
    status: int, headers: dict[str, str], body: bytes, meaning: Meaning, seconds: float | None
) -> None:
    reply = classify(status, CaseInsensitiveDict(headers), body)
    assert (reply.meaning, reply.status, reply.seconds) == (meaning, status, seconds)


def test_the_reason_counts_and_not_the_words() -> None:
    quota_in_other_words = api(429, "Slow down, please", reason="QUOTA_EXCEEDED")
    assert classify(429, {}, quota_in_other_words).meaning is Meaning.QUOTA_SPENT
    words_of_quota = api(429, "QUOTA_EXCEEDED: too many requests")
    assert classify(429, {}, words_of_quota).meaning is Meaning.RATE_LIMITED


@pytest.mark.parametrize("status", [402, 405, 409, 413, 415, 418, 422, 431, 451, 499])
def test_an_unknown_4xx_is_a_bad_request(status: int) -> None:
    assert classify(status, {}, b"").meaning is Meaning.BAD_REQUEST


@pytest.mark.parametrize("status", [408, 500, 501, 504, 520, 599])
def test_an_unknown_5xx_and_a_time_out_are_server_trouble(status: int) -> None:
    assert classify(status, {}, b"<html>").meaning is Meaning.SERVER_TROUBLE


def test_a_premium_reply_is_told_apart_whatever_its_case() -> None:
    assert classify(403, {}, api(403, "PREMIUM required")).meaning is Meaning.PREMIUM_REQUIRED


def test_premium_on_another_status_means_nothing() -> None:
    assert classify(404, {}, api(404, "premium")).meaning is Meaning.GONE


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"Too many requests", id="text"),
        pytest.param(b"<!DOCTYPE html><html></html>", id="html"),
        pytest.param(b'{"albums": {"items": [', id="cut short"),
        pytest.param(b"\xff\xfe\x00", id="bytes"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="no envelope"),
        pytest.param(b"[]", id="list"),
        pytest.param(b'{"albums": null}', id="null envelope"),
        pytest.param(b'{"albums": []}', id="list for an envelope"),
        pytest.param(b'{"albums": {"items": []}}', id="no next"),
        pytest.param(b'{"albums": {"next": null}}', id="no items"),
        pytest.param(b'{"albums": {"items": null, "next": null}}', id="null items"),
        pytest.param(b'{"albums": {"items": {}, "next": null}}', id="items no list"),
        pytest.param(b'{"albums": {"items": [], "next": ""}}', id="empty next"),
        pytest.param(b'{"albums": {"items": [], "next": false}}', id="false next"),
        pytest.param(b'{"albums": {"items": [], "next": 7}}', id="number for next"),
    ],
)
def test_a_good_status_without_its_envelope_is_unreadable(body: bytes) -> None:
    reply = classify(200, {}, body, responses.has_albums_page)
    assert reply.meaning is Meaning.UNREADABLE
    assert reply.message


def test_an_empty_page_in_its_envelope_is_good() -> None:
    body = b'{"albums": {"items": [], "next": null}}'
    assert classify(200, {}, body, responses.has_albums_page).meaning is Meaning.GOOD


@pytest.mark.parametrize(
    ("envelope", "good", "bad"),
    [
        (
            responses.is_album,
            {"id": "a", "tracks": {"items": [], "next": None}},
            [{"id": "a"}, {"id": "a", "tracks": {"items": []}}, {"id": "a", "tracks": None}, None],
        ),
        (
            responses.has_albums,
            {"albums": [None, {"id": "a", "tracks": {"items": [], "next": None}}]},
            [{"albums": None}, {"albums": {}}, {}, []],
        ),
        (responses.is_paging_object, {"items": [], "next": None}, [{"items": []}, [], None]),
        (
            responses.has_token,
            {"access_token": "t"},
            [{}, []] + [{"access_token": token} for token in (None, "", 7, "a\nb", "a b", "é", "a\x7f", ["a"])],
        ),
    ],
)
def test_envelopes_tell_good_shapes_from_bad_ones(envelope: Any, good: object, bad: list[object]) -> None:
    assert envelope(good)
    assert not any(envelope(content) for content in bad)


def test_the_token_endpoint_is_quoted_with_its_description_where_it_has_one() -> None:
    described = b'{"error":"invalid_client","error_description":"Invalid client secret"}'
    assert classify(400, {}, described).message == "Invalid client secret"
    assert classify(400, {}, b'{"error":"invalid_client"}').message == "invalid_client"


def test_the_message_is_short_and_one_line() -> None:
    assert len(classify(500, {}, b"x" * 10_000).message) <= 200
    assert len(classify(500, {}, api(500, "y" * 10_000)).message) <= 200
    assert "\n" not in classify(500, {}, b"one\ntwo").message


def test_the_message_of_a_json_error_is_one_line_too() -> None:
    assert "\n" not in classify(500, {}, api(500, "one\ntwo")).message


def test_an_html_page_is_named_and_not_quoted() -> None:
    assert "<" not in classify(502, {}, b"<html><title>Error</title></html>").message


NOW = 1_795_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("1.5", 1.5),
        (" 30 ", 30),
        ("86400", 86400),
        (formatdate(NOW + 90, usegmt=True), 90),
        (formatdate(NOW - 90, usegmt=True), None),
        ("0", None),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Fri, 99 Foo 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_read_in_every_form(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_a_paging_object_that_is_missing_is_an_error_and_no_empty_page() -> None:
    with pytest.raises(UnreadableReplyError):
        paging_object({"artists": {}}, "albums")
    with pytest.raises(UnreadableReplyError):
        paging_object([], None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "message", "reason", "albums", "items", "next"]), inner, max_size=3)
    ),
    max_leaves=8,
)
bodies = st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode())
envelopes = st.sampled_from(
    [
        None,
        responses.has_albums_page,
        responses.has_albums,
        responses.is_album,
        responses.is_paging_object,
        responses.has_token,
    ]
)


@given(
    status=st.integers(100, 999),
    headers=st.dictionaries(st.sampled_from(["retry-after", "content-type"]), st.text(max_size=40)),
    body=bodies,
    envelope=envelopes,
)
def test_any_reply_has_a_meaning_and_none_raises(
    status: int, headers: Mapping[str, str], body: bytes, envelope: Any
) -> None:
    reply = classify(status, CaseInsensitiveDict(headers), body, envelope)
    assert isinstance(reply.meaning, Meaning)
    assert (reply.meaning is Meaning.GOOD) <= (200 <= status < 300)
    assert reply.seconds is None or 0 < reply.seconds < float("inf")
    if reply.meaning is Meaning.GOOD and envelope is not None:
        assert envelope(reply.body)


@given(st.binary(max_size=80), st.integers(0, 80))
def test_a_body_cut_short_is_never_good(prefix: bytes, at: int) -> None:
    whole = json.dumps({"albums": {"items": [prefix.hex()], "next": None}}).encode()
    cut = whole[: min(at, len(whole) - 1)]
    assert classify(200, {}, cut, responses.has_albums_page).meaning is Meaning.UNREADABLE
