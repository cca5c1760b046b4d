"""JSON is read for what is good in it, and is JSON all the same."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_source.api.json_text import parse

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(values, st.booleans())
def test_what_was_said_is_read(value: Any, escaped: bool) -> None:
    assert parse(json.dumps(value, ensure_ascii=escaped).encode()) == value


def test_whole_numbers_keep_their_digits() -> None:
    for number in (2**63, 2**64 - 1, 2**64, 10**30, -(10**30)):
        assert parse(f'{{"n": {number}}}'.encode()) == {"n": number}
    assert parse(b"1" * 5000) == "1" * 5000


def test_half_a_character_and_bytes_that_are_no_text_cost_nothing_else() -> None:
    assert parse(b'{"a": "\\ud800", "b": 1}') == {"a": "\ud800", "b": 1}
    assert parse(b'{"a": "\xff", "b": 1}') == {"a": "�", "b": 1}
    found = parse(b'{"a": NaN, "b": -Infinity, "c": 1e999}')
    assert math.isnan(found["a"])
    assert (found["b"], found["c"]) == (-math.inf, math.inf)


@pytest.mark.parametrize("depth", [10, 60, 500, 1500, 100_000])
def test_absurd_nesting_costs_nothing_else(depth: int) -> None:
    found = parse(b'{"deep": ' + b'[{"a":' * depth + b'"]}"' + b"}]" * depth + b', "b": [1, "[{\\""]}')
    assert found["b"] == [1, '[{"']
    assert isinstance(found["deep"], list)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": "', b"[" * 100_000, b"]" * 500, b'{"a": \xff}', b"x", b"\xff\xfe\x00"]
)
def test_what_is_no_json_is_an_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever its words
        parse(body)


@given(st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()[:-1]))
def test_nothing_else_is_raised(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse(body)
