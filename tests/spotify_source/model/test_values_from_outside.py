"""Whole numbers and ids are told from what looks like them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_source.errors import BadRequestError
from spotify_source.models import INT64_MAX, INT64_MIN, checked_id, is_id, whole_number

GOOD = "4aawyAB9vmqN3uQ7FjRGTy"


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12, 12),
        (12.0, 12),
        ("12", 12),
        (0, 0),
        (-3, -3),
        (INT64_MAX, INT64_MAX),
        (INT64_MIN, INT64_MIN),
        (INT64_MAX + 1, None),
        (INT64_MIN - 1, None),
        (str(INT64_MAX), INT64_MAX),
        (str(INT64_MAX + 1), None),
        (1e300, None),
        (12.5, None),
        ("12.5", None),
        ("", None),
        ("-1", None),
        ("²", None),
        ("١٢", None),
        ("9" * 5000, None),
        (True, None),
        (None, None),
        ([], None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_a_whole_number_is_seen_in_every_form(value: object, number: int | None) -> None:
    assert whole_number(value) == number


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "..",
        "../albums",
        "a" * 21,
        "a" * 23,
        f"{GOOD}\n",
        f"{GOOD[:-1]}/",
        f"{GOOD[:-1]}é",
        "?" * 22,
        7,
        None,
        {},
    ],
)
def test_what_is_no_id_never_stands_in_a_url(value: object) -> None:
    assert not is_id(value)
    if isinstance(value, str):
        with pytest.raises(BadRequestError):
            checked_id(value)


@given(st.from_regex(r"[0-9A-Za-z]{22}", fullmatch=True))
def test_22_characters_of_base62_are_an_id(value: str) -> None:
    assert checked_id(value) == value
