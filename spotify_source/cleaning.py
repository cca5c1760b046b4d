"""Cleaning of API objects, so that dlt can load every value of a reply.

- A value in a declared column is converted to the type of the column if nothing is lost. A fraction in a whole-number
  column is rounded. Any other value becomes null.
- An undeclared field becomes a column or a child table, as dlt creates them. A value that dlt cannot store, or one nested
  deeper than `MAX_DEPTH`, becomes JSON text.
- An undeclared field whose name belongs to another column or to dlt becomes `spotify_<name>`. A field whose name no
  column can have is left out.
- A lone surrogate becomes U+FFFD, as does a character that dlt reserves at the start of a text.

Every change except a lossless conversion is a data issue.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from dlt.common.json import PUA_CHARACTER_MAX, PUA_START
from dlt.common.normalizers.naming.snake_case import NamingConvention

from .models import INT64_MAX, INT64_MIN, DataIssue, DataIssueKind, whole_number
from .schema import ALBUM_TRACKS, ALBUMS, NEW_RELEASES, Table

MAX_DEPTH: Final = 5
MAX_UNDECLARED_FIELDS: Final = 50
MAX_NAME_LENGTH: Final = 100

_NAMING: Final = NamingConvention()
# dlt writes dates and decimals between extract and load as text that starts with one of these.
_RESERVED: Final = frozenset(chr(PUA_START + number) for number in range(PUA_CHARACTER_MAX + 1))
# The types of the columns that fields of the API are stored in, as JSON has them.
_TYPES: Final[Mapping[str, type]] = {"text": str, "bigint": int, "bool": bool, "json": list}
_BOOLS: Final[Mapping[object, bool]] = {True: True, False: False, "true": True, "false": False}
# Length of 0x8000000000000000, the shortest text of a number beyond 64 bits.
_MIN_LARGE_NUMBER: Final = 18


@dataclass(frozen=True)
class _Shape:
    """Declared fields of an object that becomes a row or flattened columns."""

    table: str
    # Start of the column names of a flattened object, such as 'external_urls__'.
    prefix: str
    types: Mapping[str, type]
    objects: Mapping[str, _Shape]
    lists: Mapping[str, _Shape]
    # Names that undeclared fields cannot have.
    taken: AbstractSet[str]

    def column(self, field: str) -> str:
        """Return 'table.column' of a field."""
        return f"{self.table}.{self.prefix}{field}"


def clean_row(table: Table, item: Mapping[str, Any]) -> tuple[dict[str, Any], list[DataIssue]]:
    """Return a copy of an object that dlt can load as a row, and its data issues.

    Args:
        table: Table of the row. The caller sets the columns that this source adds.
        item: Object of the API.
    """
    shape = _SHAPES[table.name]
    if _is_clean(shape, item):
        return dict(item), []
    cleaner = _Cleaner()
    return cleaner.object(shape, item), cleaner.issues


def clean_text(text: str) -> str:
    """Return the text with U+FFFD in place of each character that dlt cannot store."""
    if not _is_unicode(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return f"\N{REPLACEMENT CHARACTER}{text[1:]}" if text[:1] in _RESERVED else text


# -- shapes


def _shape_of(table: Table) -> _Shape:
    columns = [column for column in table.columns if not column.name.startswith("_dlt")]
    paths = {tuple(column.name.split("__")): _TYPES[column.data_type] for column in columns if not column.added}
    lists = {name: _shape_of(nested) for name, nested in table.nested.items()}
    return _shape(table.name, "", paths, lists, {column.name for column in columns})


def _shape(
    table: str, prefix: str, paths: Mapping[tuple[str, ...], type], lists: Mapping[str, _Shape], columns: set[str]
) -> _Shape:
    types = {path[0]: column_type for path, column_type in paths.items() if len(path) == 1}
    objects = {
        name: _shape(
            table, f"{prefix}{name}__", {path[1:]: paths[path] for path in paths if path[0] == name}, {}, set()
        )
        for name in {path[0] for path in paths} - types.keys()
    }
    return _Shape(table, prefix, types, objects, lists, columns | types.keys() | objects.keys() | lists.keys())


_SHAPES: Final = {table.name: _shape_of(table) for table in (NEW_RELEASES, ALBUMS, ALBUM_TRACKS)}


def _is_clean(shape: _Shape, item: Mapping[str, Any]) -> bool:
    """Return whether an object is as declared.

    Nearly all are, and cleaning takes five times as long.
    """
    types, objects, lists = shape.types, shape.objects, shape.lists
    for key, value in item.items():
        column_type = types.get(key)
        if column_type is not None:
            if value is not None and not (type(value) is column_type and _is_sound(value)):
                return False
        elif key in objects:
            if type(value) is not dict or not _is_clean(objects[key], value):
                return False
        elif key in lists:
            of_list = lists[key]
            if type(value) is not list or not all(type(one) is dict and _is_clean(of_list, one) for one in value):
                return False
        else:
            return False
    return True


# -- cleaning


class _Cleaner:
    """Cleaner of one object, which collects its data issues."""

    def __init__(self) -> None:
        self.issues: list[DataIssue] = []

    def object(self, shape: _Shape, item: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy of the object that dlt can load."""
        row: dict[str, Any] = {}
        undeclared: dict[str, Any] = {}
        for key, value in item.items():
            if key in shape.types:
                row[key] = None if value is None else self._declared(shape.types[key], value, shape.column(key))
            elif key in shape.objects:
                if isinstance(value, dict):
                    row[key] = self.object(shape.objects[key], value)
                elif value is not None:
                    self._note(DataIssueKind.INVALID, shape.column(key))
            elif key in shape.lists:
                if isinstance(value, list):
                    row[key] = list(self._rows(shape.lists[key], value))
                elif value is not None:
                    self._note(DataIssueKind.INVALID, shape.column(key))
            else:
                undeclared[key] = value
        row.update(self._undeclared(undeclared, shape.taken, shape.column("")))
        return row

    def _rows(self, shape: _Shape, items: list[Any]) -> Iterator[dict[str, Any]]:
        for item in items:
            if isinstance(item, dict):
                yield self.object(shape, item)
            else:
                self._note(DataIssueKind.EMPTY if item is None else DataIssueKind.INVALID, shape.table)

    def _declared(self, column_type: type, value: Any, column: str) -> Any:
        """Return a value of the column's type, or None if the column cannot hold it."""
        kept: Any = None
        if column_type is str and isinstance(value, str):
            return self._text(value, column)
        if column_type is list and isinstance(value, (dict, list)):
            return value if _is_sound(value) else self._untyped(value, column, in_json=True)
        if column_type is str and not isinstance(value, (dict, list)):
            kept = json.dumps(value)
        elif column_type is bool and isinstance(value, (bool, int, float, str)):
            kept = _BOOLS.get(value)
        elif column_type is int:
            kept = whole_number(value)
            if kept is None and isinstance(value, float) and math.isfinite(value) and not value.is_integer():
                self._note(DataIssueKind.ROUNDED, column)
                return round(value)
        if kept is None:
            self._note(DataIssueKind.INVALID, column)
        return kept

    def _undeclared(
        self, fields: Mapping[str, Any], taken: AbstractSet[str], prefix: str, depth: int = 1
    ) -> dict[str, Any]:
        """Return undeclared fields under the names of their columns."""
        row: dict[str, Any] = {}
        for key, value in fields.items():
            name = _normalized(key)
            if len(row) >= MAX_UNDECLARED_FIELDS:
                self._note(DataIssueKind.LEFT_OUT, f"{prefix}further fields")
                break
            if name and (name in taken or name in row or name.startswith("_dlt")):
                name = f"spotify_{name.strip('_')}"
                if name in taken or name in row:
                    name = None
                else:
                    self._note(DataIssueKind.RENAMED, prefix + name)
            if name:
                row[name] = self._untyped(value, prefix + name, depth)
            else:
                self._note(DataIssueKind.LEFT_OUT, prefix + json.dumps(key[:40]))
        return row

    def _untyped(self, value: Any, column: str, depth: int = 1, *, in_json: bool = False) -> Any:
        """Return a value of an undeclared field or of a JSON column."""
        if isinstance(value, str):
            if in_json or not _is_large_number(value):
                return self._text(value, column)
        elif isinstance(value, list) and depth <= MAX_DEPTH:
            return [self._untyped(one, column, depth + 1, in_json=in_json) for one in value]
        elif isinstance(value, dict) and depth <= MAX_DEPTH:
            if not in_json:
                return self._undeclared(value, frozenset(), f"{column}__", depth + 1)
            return {
                self._text(key, column): self._untyped(one, column, depth + 1, in_json=True)
                for key, one in value.items()
            }
        elif value is None or (isinstance(value, (int, float)) and _is_storable(value)):
            return value
        return self._json_text(value, column)

    def _text(self, text: str, column: str) -> str:
        whole = clean_text(text)
        if whole != text:
            self._note(DataIssueKind.BROKEN_TEXT, column)
        return whole

    def _json_text(self, value: Any, column: str) -> str | None:
        try:
            text = clean_text(json.dumps(value, ensure_ascii=False))
        except RecursionError:
            self._note(DataIssueKind.LEFT_OUT, column)
            return None
        self._note(DataIssueKind.AS_JSON, column)
        # Quoted, so that dlt does not convert it back to a number.
        return json.dumps(text, ensure_ascii=False) if _is_large_number(text) else text

    def _note(self, kind: DataIssueKind, where: str) -> None:
        self.issues.append(DataIssue(kind, where))


# -- values


def _is_sound(value: object) -> bool:
    """Return whether dlt can store a value of its column's type.

    May be False for a list that dlt can store.
    """
    if type(value) is str:
        return value.isascii() or (value[0] not in _RESERVED and _is_unicode(value))
    if type(value) is int:
        return INT64_MIN <= value <= INT64_MAX
    return type(value) is bool or (type(value) is list and all(type(one) is str and one.isascii() for one in value))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_storable(number: float) -> bool:
    """Return whether a numeric column can hold it.

    dlt stores a whole float, such as 1e300, as an integer too.
    """
    if isinstance(number, int) or number.is_integer():
        return INT64_MIN <= number <= INT64_MAX
    return math.isfinite(number)


def _is_large_number(text: str) -> bool:
    """Return whether dlt would convert a text to an integer out of range."""
    if len(text) < _MIN_LARGE_NUMBER:
        return False
    digits = text.strip()
    try:
        return not _is_storable(int(digits, 0 if digits.startswith("0x") else 10))
    except ValueError:
        return False


@lru_cache(maxsize=1000)
def _normalized(name: str) -> str | None:
    """Return dlt's column name for a field, or None if there is no usable one."""
    if len(name) > MAX_NAME_LENGTH or not any(one.isascii() and one.isalnum() for one in name):
        return None
    return _NAMING.normalize_identifier(name)
