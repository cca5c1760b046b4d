"""Makes one value safe to be stored: in a column of a declared type, or by a rule where none is declared.

Pure: knows types and what dlt can take, not which tables and columns there are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dlt.common.json import PUA_CHARACTER_MAX, PUA_START

from .. import models as numbers
from ..models import DataIssue, DataIssueKind
from ..schema import DataType

# Stands for a value that a column can't hold.
UNFIT: Final = object()

_MOST_JSON_DEPTH: Final = 50
# What dlt writes before a text between its steps, to say that it was a date or a decimal: read back, it would be one.
_MARKS: Final = frozenset(chr(PUA_START + number) for number in range(PUA_CHARACTER_MAX + 1))
_SHORTEST_MISREAD: Final = 10


@dataclass
class Place:
    """Where a value stands, and what is found on the way.

    Attributes:
        table: The table, for the name in a finding.
        path: The field, flattened as dlt does.
        depth: How deep it is nested in the row.
        found: The findings so far.
    """

    table: str
    found: list[DataIssue]
    path: str = ""
    depth: int = 0

    def within(self, key: str) -> Place:
        """The place of what is in a field."""
        return Place(self.table, self.found, f"{self.path}__{key}" if self.path else key, self.depth + 1)

    def deeper(self) -> Place:
        """The place of what is in a list."""
        return Place(self.table, self.found, self.path, self.depth + 1)

    def note(self, what: DataIssueKind, key: str = "") -> None:
        """Note that something was odd here, or in a field here."""
        path = "__".join(part for part in (self.path, key) if part)
        self.found.append(DataIssue(what, f"{self.table}.{path}" if path else self.table))


Fit = Callable[[Any, Place, str], Any]
"""Makes a value fit, or returns UNFIT: of the value, where it stands, and its field there."""


def safe_text(text: str) -> str:
    """The text, with U+FFFD for each half of a character, and for a mark of dlt's at its beginning."""
    if not _is_whole(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return f"\N{REPLACEMENT CHARACTER}{text[1:]}" if text[:1] in _MARKS else text


def is_sound(value: Any) -> bool:
    """Whether a value that has the right type can be stored too."""
    if type(value) is str:
        return value.isascii() or (value[0] not in _MARKS and _is_whole(value))
    if type(value) is int:
        return numbers.LEAST <= value <= numbers.MOST
    return type(value) is bool or (type(value) is list and all(type(one) is str and one.isascii() for one in value))


# -- in a declared column


def _text(value: Any, place: Place, key: str = "") -> Any:
    if type(value) is str:
        if is_sound(value):
            return value
        place.note(DataIssueKind.BROKEN_TEXT, key)
        return safe_text(value)
    return UNFIT if isinstance(value, (dict, list)) else json.dumps(value)


def _bigint(value: Any, place: Place, key: str = "") -> Any:
    if type(value) is int:
        return value if numbers.LEAST <= value <= numbers.MOST else UNFIT
    if isinstance(value, float) and math.isfinite(value) and not value.is_integer():
        place.note(DataIssueKind.ROUNDED, key)
        return _bigint(round(value), place)
    number = numbers.whole_number(value)
    return UNFIT if number is None else number


def _bool(value: Any, place: Place, key: str = "") -> Any:  # noqa: ARG001 - one signature for all types
    return _BOOLS.get(value, UNFIT) if isinstance(value, (bool, int, float, str)) else UNFIT


def _double(value: Any, place: Place, key: str = "") -> Any:  # noqa: ARG001 - one signature for all types
    try:
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    except OverflowError:
        return UNFIT
    return number if math.isfinite(number) else UNFIT


def _json(value: Any, place: Place, key: str = "") -> Any:
    if isinstance(value, list) and is_sound(value):
        return value
    return _storable(value, place.within(key)) if isinstance(value, (dict, list)) else UNFIT


def _unfit(value: Any, place: Place, key: str = "") -> Any:  # noqa: ARG001 - one signature for all types
    return UNFIT


_BOOLS: Final[Mapping[object, bool]] = {True: True, False: False, "true": True, "false": False}
FITS: Final[Mapping[DataType, Fit]] = {
    "text": _text,
    "bigint": _bigint,
    "bool": _bool,
    "double": _double,
    "json": _json,
    # No field of the API's is one; those that are, the source adds.
    "date": _unfit,
    "timestamp": _unfit,
}
TYPES: Final[Mapping[DataType, type]] = {"text": str, "bigint": int, "bool": bool, "json": list}


# -- by the rule


def as_json(value: Any, place: Place) -> str | None:
    """A value as JSON text, which is noted; None where it is nested too deep even for that."""
    try:
        text = safe_text(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        place.note(DataIssueKind.LEFT_OUT)
        return None
    place.note(DataIssueKind.AS_JSON)
    # In quotes, so that dlt makes no number of it again.
    return json.dumps(text, ensure_ascii=False) if is_misread(text) else text


def is_misread(text: str) -> bool:
    """Whether dlt would make a number of a text that it can't store, where a column holds numbers already."""
    if len(text) < _SHORTEST_MISREAD:
        return False
    digits = text.strip()
    try:
        number = int(digits, 0 if digits.startswith("0x") else 10)
    except ValueError:
        return False
    return not is_storable(number)


def is_storable(number: float) -> bool:
    """Whether a column of numbers can hold it, and one of whole numbers too if it is whole: dlt makes 1e300 one."""
    if isinstance(number, int) or number.is_integer():
        return numbers.LEAST <= number <= numbers.MOST
    return math.isfinite(number)


def _storable(value: Any, place: Place) -> Any:
    """JSON that goes into a JSON column: whatever is in it, as far as a parser reads it back."""
    if isinstance(value, str):
        return _text(value, place)
    if isinstance(value, (dict, list)) and place.depth > _MOST_JSON_DEPTH:
        return as_json(value, place)
    if isinstance(value, dict):
        return {safe_text(key): _storable(one, place.deeper()) for key, one in value.items()}
    if isinstance(value, list):
        return [_storable(one, place.deeper()) for one in value]
    if isinstance(value, (int, float)) and not is_storable(value):
        return as_json(value, place)
    return value


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
