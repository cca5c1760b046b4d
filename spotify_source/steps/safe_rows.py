"""Makes an object of a reply safe to be a row, whatever is in it: by the declared form of its table, and else by a rule.

Pure: knows the declarations and what dlt makes of names, not where an object comes from.

- A declared column gets a value of its type. Numbers and texts are converted where nothing is lost; a fraction in a
  column of whole numbers is rounded; what the column can't hold is null.
- A field that is not declared becomes a new column or table, as dlt makes them. What can't be stored is kept as JSON
  text, and so is what is nested deeper than `MOST_DEPTH`.
- A field named like a column that this source adds, like one of dlt's own, or like another once dlt has normalized its
  name, is kept as `spotify_<name>`. A field without a usable name is left out.
- Half a character (a lone surrogate) becomes U+FFFD, and so does a character with which dlt marks texts of its own.

All but lossless conversions are findings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from dlt.common.normalizers.naming.snake_case import NamingConvention

from ..models import DataIssue, DataIssueKind
from ..schema import TABLES, DataType, Table
from .safe_values import FITS, TYPES, UNFIT, Fit, Place, as_json, is_misread, is_sound, is_storable

MOST_DEPTH: Final = 5
MOST_NEW_FIELDS: Final = 50
MOST_NAME_LENGTH: Final = 100

_PREFIX: Final = "spotify_"
_DLT: Final = "_dlt"
_NAMING: Final = NamingConvention()


@dataclass(frozen=True)
class _Form:
    """What is declared of an object.

    Attributes:
        table: The table that its values land in.
        columns: What makes a value fit, by field.
        types: What a value that fits as it is is an instance of, by field.
        objects: The objects in it, which dlt flattens, by field.
        lists: The lists in it, which are tables of their own, by field.
        taken: Names that a field which is not declared may not have.
    """

    table: str
    columns: Mapping[str, Fit] = field(default_factory=dict)
    types: Mapping[str, type] = field(default_factory=dict)
    objects: Mapping[str, _Form] = field(default_factory=dict)
    lists: Mapping[str, _Form] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()


def safe_row(table: Table, item: Mapping[str, Any]) -> tuple[dict[str, Any], list[DataIssue]]:
    """The object with declared values in its declared fields and storable ones in the others, and what was changed.

    Args:
        table: The table that it is to be a row of. Columns that the source adds are left to the caller.
        item: The object, as the API sent it. It stays as it is.
    """
    form = _FORMS[table.name]
    if _is_as_declared(form, item):
        return dict(item), []
    found: list[DataIssue] = []
    return _object(form, item, Place(table.name, found)), found


# -- by declaration


def _form_of(table: Table) -> _Form:
    given = [column for column in table.columns if not (column.added or column.name.startswith(_DLT))]
    added = {column.name for column in table.columns if column.added}
    paths = {tuple(column.name.split("__")): column.data_type for column in given}
    lists = {name: _form_of(nested) for name, nested in table.nested.items()}
    return _form(table.name, paths, lists, added)


def _form(
    table: str, paths: Mapping[tuple[str, ...], DataType], lists: Mapping[str, _Form], added: set[str] | None = None
) -> _Form:
    objects = {
        name: _form(table, {path[1:]: kind for path, kind in paths.items() if len(path) > 1 and path[0] == name}, {})
        for name in {path[0] for path in paths if len(path) > 1}
    }
    kinds = {path[0]: kind for path, kind in paths.items() if len(path) == 1}
    return _Form(
        table,
        columns={name: FITS[kind] for name, kind in kinds.items()},
        types={name: TYPES.get(kind, object) for name, kind in kinds.items()},
        objects=objects,
        lists=lists,
        taken=frozenset({*kinds, *objects, *lists, *(added or ())}),
    )


def _is_as_declared(form: _Form, item: Mapping[str, Any]) -> bool:
    """Whether nothing about an object has to be changed: most are so, and this is told in a fifth of the time."""
    types, objects, lists = form.types, form.objects, form.lists
    for key, value in item.items():
        kind = types.get(key)
        if kind is not None:
            if value is None or (type(value) is kind and is_sound(value)):
                continue
            return False
        if key in objects:
            if type(value) is not dict or not _is_as_declared(objects[key], value):
                return False
        elif key in lists:
            below = lists[key]
            if type(value) is not list or not all(type(one) is dict and _is_as_declared(below, one) for one in value):
                return False
        else:
            return False
    return True


def _object(form: _Form, item: Mapping[str, Any], place: Place) -> dict[str, Any]:
    row: dict[str, Any] = {}
    columns = form.columns
    new: dict[str, Any] = {}
    for key, value in item.items():
        fit = columns.get(key)
        if fit is not None:
            kept = None if value is None else fit(value, place, key)
            if kept is UNFIT:
                place.note(DataIssueKind.UNFIT, key)
                kept = None
            row[key] = kept
        elif key in form.objects:
            _put(row, key, _flattened(form.objects[key], value, place.within(key)))
        elif key in form.lists:
            _put(row, key, _rows(form.lists[key], key, value, place))
        else:
            new[key] = value
    if new:
        _add_new(row, new, form.taken, place)
    return row


def _put(row: dict[str, Any], key: str, value: Any) -> None:
    if value is not None:
        row[key] = value


def _flattened(form: _Form, value: Any, place: Place) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return _object(form, value, place)
    if value is not None:
        place.note(DataIssueKind.UNFIT)
    return None


def _rows(form: _Form, key: str, value: Any, place: Place) -> list[dict[str, Any]] | None:
    if not isinstance(value, list):
        if value is not None:
            place.note(DataIssueKind.UNFIT, key)
        return None
    below = Place(form.table, place.found)
    rows = [_object(form, one, below) for one in value if isinstance(one, dict)]
    for one in value:
        if not isinstance(one, dict):
            below.note(DataIssueKind.EMPTY if one is None else DataIssueKind.UNFIT)
    return rows


_FORMS: Final = {table.name: _form_of(table) for table in TABLES}


# -- by the rule


def _add_new(row: dict[str, Any], new: Mapping[str, Any], taken: frozenset[str], place: Place) -> None:
    """Add fields that are not declared, each under a name that is its own once dlt has normalized it."""
    names = {_normalized(key) for key in new if _normalized(key) == key}
    used: set[str] = set()
    for key, value in new.items():
        if len(used) >= MOST_NEW_FIELDS:
            place.note(DataIssueKind.LEFT_OUT, "further fields")
            return
        name = _normalized(key)
        if name is not None and (
            name in taken or name.startswith(_DLT) or name in used or (name != key and name in names)
        ):
            name = _PREFIX + name.strip("_")
            if name in taken or name in used or name in names:
                name = None
            else:
                place.note(DataIssueKind.RENAMED, name)
        if name is None:
            place.note(DataIssueKind.LEFT_OUT, _shown(key))
            continue
        used.add(name)
        row[name] = _plain(value, place.within(name))


@lru_cache(maxsize=1000)
def _normalized(key: str) -> str | None:
    """The name that dlt makes of a key; None where it is empty, absurdly long, or has no letter that dlt keeps."""
    if not (key.strip() and len(key) <= MOST_NAME_LENGTH and any(one.isascii() and one.isalnum() for one in key)):
        return None
    return _NAMING.normalize_identifier(key)


def _shown(key: str) -> str:
    return json.dumps(key[:40])


def _plain(value: Any, place: Place) -> Any:
    """A value that is not declared, as dlt can take it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return as_json(value, place) if is_misread(value) else FITS["text"](value, place, "")
    if isinstance(value, (int, float)):
        return value if is_storable(value) else as_json(value, place)
    if place.depth > MOST_DEPTH:
        return as_json(value, place)
    if isinstance(value, list):
        return [_plain(one, place.deeper()) for one in value]
    row: dict[str, Any] = {}
    _add_new(row, value, frozenset(), place)
    return row
