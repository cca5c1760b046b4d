"""Whole numbers as replies have them, in whatever form they come. Knows no field."""

from __future__ import annotations

import re
from typing import Final

# What a column of whole numbers holds in every destination.
LEAST: Final = -(2**63)
MOST: Final = 2**63 - 1

_DIGITS: Final = re.compile(r"[0-9]{1,19}", re.ASCII)


def whole_number(value: object) -> int | None:
    """The value as a whole number of 64 bits, also where it comes as 12.0 or '12'; None where it is none."""
    if type(value) is int:
        return value if LEAST <= value <= MOST else None
    if isinstance(value, float) and value.is_integer():
        return whole_number(int(value))
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return whole_number(int(value))
    return None
