"""Integers and ids from outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_source.errors import BadRequestError
from spotify_source.models import INT64_MAX, INT64_MIN, checked_id, is_id, whole_number

ID = "4aawyAB9vmqN3uQ7FjRGTy"


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *((value, 12) for value in (12, 12.0, "12")),
        *((value, value) for value in (0, -3, INT64_MAX, INT64_MIN)),
        (str(INT64_MAX), INT64_MAX),
        *((value, None) for value in (INT64_MAX + 1, INT64_MIN - 1, str(INT64_MAX + 1), 1e300, "9" * 5000)),
        *((value, None) for value in (12.5, "12.5", "", "-1", "²", "١٢", True, None, [], float("nan"), float("inf"))),
    ],
)
def test_integers_are_read_in_every_form(value: object, number: int | None) -> None:
    assert whole_number(value) == number


@pytest.mark.parametrize(
    "value",
    ["", "..", "../albums", "a" * 21, "a" * 23, f"{ID}\n", f"{ID[:-1]}/", f"{ID[:-1]}é", "?" * 22, 7, None, {}],
)
def test_only_ids_enter_a_url(value: object) -> None:
    assert not is_id(value)
    if isinstance(value, str):
        with pytest.raises(BadRequestError):
            checked_id(value)


@given(st.from_regex(r"[0-9A-Za-z]{22}", fullmatch=True))
def test_id_is_22_characters_of_base62(value: str) -> None:
    assert checked_id(value) == value
