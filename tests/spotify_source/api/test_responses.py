"""Classification of replies: pure functions of status, headers and body."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from spotify_source.api.responses import (
    ALBUM,
    ALBUM_TRACKS,
    ALBUMS,
    ARTIST,
    ARTIST_ALBUMS,
    BROWSE,
    OTHER,
    SEARCH,
    SEARCH_ARTISTS,
    TOKEN,
    Endpoint,
    ReplyKind,
    classify,
    endpoint_of,
    paging_object,
    parse_json,
    retry_after,
)
from spotify_source.errors import UnreadableReplyError

NOW = 1_795_000_000.0
ENDPOINTS = [ALBUM, ALBUM_TRACKS, ALBUMS, ARTIST, ARTIST_ALBUMS, BROWSE, OTHER, SEARCH, SEARCH_ARTISTS, TOKEN]


def error_body(status: int, message: str, **more: str) -> bytes:
    return json.dumps({"error": {"status": status, "message": message, **more}}).encode()


PREMIUM = "Active premium subscription required for the owner of the app. It can take a few hours."
OBSERVED = [
    pytest.param(
        401, error_body(401, "Missing/invalid/expired access token"), ReplyKind.TOKEN_REJECTED, id="expired token"
    ),
    pytest.param(
        400, error_body(400, "Only valid bearer authentication supported"), ReplyKind.BAD_REQUEST, id="bearer"
    ),
    pytest.param(403, error_body(403, "Forbidden"), ReplyKind.FORBIDDEN, id="endpoint not available"),
    pytest.param(403, error_body(403, PREMIUM), ReplyKind.PREMIUM_REQUIRED, id="Premium"),
    pytest.param(403, PREMIUM.upper().encode(), ReplyKind.PREMIUM_REQUIRED, id="Premium as text"),
    pytest.param(403, b"User not registered in the Developer Dashboard", ReplyKind.FORBIDDEN, id="not on allow-list"),
    pytest.param(404, error_body(404, "premium"), ReplyKind.NOT_FOUND, id="unknown album"),
    pytest.param(410, b"", ReplyKind.NOT_FOUND, id="gone"),
    pytest.param(400, error_body(400, "Invalid base62 id"), ReplyKind.BAD_REQUEST, id="invalid id"),
    pytest.param(400, b'{"error":"invalid_client"}', ReplyKind.BAD_REQUEST, id="token endpoint"),
    pytest.param(429, error_body(429, "Slow", reason="QUOTA_EXCEEDED"), ReplyKind.QUOTA_EXCEEDED, id="quota"),
    pytest.param(429, error_body(429, "QUOTA_EXCEEDED"), ReplyKind.RATE_LIMITED, id="words are not the reason"),
    pytest.param(429, b"Too many requests", ReplyKind.RATE_LIMITED, id="rate limit as text"),
    pytest.param(300, b"[]", ReplyKind.SERVER_ERROR, id="choices"),
    pytest.param(302, b"", ReplyKind.SERVER_ERROR, id="redirect"),
    pytest.param(408, b"", ReplyKind.SERVER_ERROR, id="request timeout"),
    pytest.param(502, error_body(502, "Bad gateway."), ReplyKind.SERVER_ERROR, id="bad gateway"),
    pytest.param(503, b"upstream connect error or disconnect/reset", ReplyKind.SERVER_ERROR, id="load balancer"),
    *(pytest.param(status, b"", ReplyKind.BAD_REQUEST, id=str(status)) for status in (402, 409, 418, 451, 499)),
    *(pytest.param(status, b"<html>", ReplyKind.SERVER_ERROR, id=str(status)) for status in (500, 504, 520, 599)),
]


@pytest.mark.parametrize(("status", "body", "kind"), OBSERVED)
def test_observed_errors_are_classified(status: int, body: bytes, kind: ReplyKind) -> None:
    reply = classify(status, {}, body)
    assert (reply.kind, reply.status) == (kind, status)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Too many requests",
        b"<!DOCTYPE html><html></html>",
        b'{"albums": {"items": [',
        b"\xff\xfe\x00",
        b"null",
        b"{}",
        b"[]",
        b'{"albums": null}',
        b'{"albums": []}',
        b'{"albums": {"items": []}}',
        b'{"albums": {"next": null}}',
        b'{"albums": {"items": null, "next": null}}',
        b'{"albums": {"items": {}, "next": null}}',
        b'{"albums": {"items": [], "next": ""}}',
        b'{"albums": {"items": [], "next": false}}',
        b'{"albums": {"items": [], "next": 7}}',
    ],
)
def test_good_status_without_documented_shape_is_unreadable(body: bytes) -> None:
    reply = classify(200, {}, body, BROWSE.has_shape)
    assert reply.kind is ReplyKind.UNREADABLE
    assert reply.message


PAGE: dict[str, Any] = {"items": [], "next": None}
SHAPES: list[tuple[Endpoint, object, list[object]]] = [
    (BROWSE, {"albums": PAGE}, [{"artists": PAGE}]),
    (SEARCH_ARTISTS, {"artists": PAGE}, [{"albums": PAGE}]),
    (ALBUM, {"tracks": PAGE}, [{"id": "a"}, {"tracks": {"items": []}}, {"tracks": None}, []]),
    (ALBUMS, {"albums": [None, 7]}, [{"albums": None}, {"albums": {}}, {}, []]),
    (ALBUM_TRACKS, PAGE, [{"items": []}, []]),
    (ARTIST, {"id": "a", "name": "A"}, [{"id": "a"}, {"id": "", "name": "A"}, {"id": "a", "name": None}]),
    (TOKEN, {"access_token": "t"}, [{"access_token": token} for token in (None, "", 7, "a\nb", "a b", "é", "a\x7f")]),
]


@pytest.mark.parametrize(("endpoint", "good", "bad"), SHAPES, ids=lambda value: getattr(value, "bucket", ""))
def test_each_endpoint_has_its_shape(endpoint: Endpoint, good: object, bad: list[object]) -> None:
    kinds = [
        classify(200, {}, json.dumps(content).encode(), endpoint.has_shape).kind for content in (good, *bad, {}, None)
    ]
    assert kinds == [ReplyKind.GOOD] + [ReplyKind.UNREADABLE] * (len(bad) + 2)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":"invalid_client","error_description":"Invalid\\nsecret"}', "Invalid secret"),
        (b'{"error":"invalid_client"}', "invalid_client"),
        (error_body(500, "one\ntwo"), "one two"),
        (error_body(500, "y" * 10_000), "y" * 200),
        (b"one\ntwo", "one two"),
        (b"x" * 10_000, "x" * 200),
        (b"<html><title>Error</title></html>", "an HTML page"),
    ],
)
def test_message_is_one_short_line(body: bytes, message: str) -> None:
    assert classify(500, {}, body).message == message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 1.5 ", 1.5),
        ("86400", 86400),
        (formatdate(NOW + 90, usegmt=True), 90),
        (formatdate(NOW - 90, usegmt=True), None),
        *((invalid, None) for invalid in ("0", "-5", "nan", "inf", "1e999", "soon", "", "Fri, 99 Foo 2026 99:99 GMT")),
        (None, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_missing_paging_object_is_an_error() -> None:
    for content, key in (({"artists": {}}, "albums"), ([], None)):
        with pytest.raises(UnreadableReplyError):
            paging_object(content, key)


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("browse/new-releases?limit=50", BROWSE),
        ("search?q=x&type=album", SEARCH),
        ("search?q=x&type=artist", SEARCH_ARTISTS),
        ("albums?ids=x", ALBUMS),
        ("albums/x", ALBUM),
        ("albums/x/tracks/", ALBUM_TRACKS),
        ("artists/x", ARTIST),
        ("artists/x/albums", ARTIST_ALBUMS),
        ("markets", OTHER),
    ],
)
def test_url_determines_the_endpoint(path: str, endpoint: Endpoint) -> None:
    assert endpoint_of(f"https://api.test/v1/{path}") is endpoint


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "reason", "albums", "items", "next"]) | st.text(), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(
    status=st.integers(100, 999),
    headers=st.dictionaries(st.sampled_from(["retry-after", "content-type"]), st.text(max_size=40)),
    body=st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()),
    endpoint=st.sampled_from(ENDPOINTS),
)
def test_any_reply_is_classified(status: int, headers: Mapping[str, str], body: bytes, endpoint: Endpoint) -> None:
    reply = classify(status, CaseInsensitiveDict(headers), body, endpoint.has_shape)
    assert reply.retry_after is None or 0 < reply.retry_after < math.inf
    if reply.kind is ReplyKind.GOOD:
        assert 200 <= status < 300
        assert endpoint.has_shape is None or endpoint.has_shape(reply.body)


@given(st.binary(max_size=80), st.integers(0, 80))
def test_truncated_body_is_unreadable(items: bytes, length: int) -> None:
    body = json.dumps({"albums": {"items": [items.hex()], "next": None}}).encode()
    truncated = body[: min(length, len(body) - 1)]
    assert classify(200, {}, truncated, BROWSE.has_shape).kind is ReplyKind.UNREADABLE


# -- JSON


@given(json_values, st.booleans())
def test_json_is_parsed_as_written(value: Any, escaped: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=escaped).encode()) == value


def test_integers_keep_their_digits() -> None:
    for number in (2**63, 2**64, -(10**30)):
        assert parse_json(f'{{"n": {number}}}'.encode()) == {"n": number}
    assert parse_json(b"1" * 5000) == "1" * 5000


def test_values_that_strict_parsers_reject_are_kept() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": "\\ud800", "b": 1, "b": 2}') == {"a": "\ud800", "b": 2}
    assert parse_json(b'{"a": "\xff", "b": 1}') == {"a": "\N{REPLACEMENT CHARACTER}", "b": 1}
    found = parse_json(b'{"a": NaN, "b": -Infinity, "c": 1e999}')
    assert math.isnan(found["a"])
    assert (found["b"], found["c"]) == (-math.inf, math.inf)


@pytest.mark.parametrize("depth", [10, 500, 1500, 100_000])
def test_deep_nesting_costs_no_other_value(depth: int) -> None:
    found = parse_json(b'{"deep": ' + b'[{"a":' * depth + b'"]}"' + b"}]" * depth + b', "b": [1, "[{\\""]}')
    assert found["b"] == [1, '[{"']
    assert isinstance(found["deep"], list)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": "', b"[" * 100_000, b"]" * 500, b'{"a": \xff}', b"x", b"\xff\xfe\x00"]
)
def test_text_that_is_not_json_raises_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own message
        parse_json(body)


@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()[:-1]))
def test_json_parser_raises_only_value_errors(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_json(body)
