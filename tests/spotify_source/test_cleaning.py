"""Tests of the cleaning of API objects, a pure function."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spotify_pipeline.offline_api import make_album

from spotify_source.cleaning import MAX_DEPTH, MAX_UNDECLARED_FIELDS, clean_row
from spotify_source.schema import ALBUM_TRACKS, ALBUMS, NEW_RELEASES, Table
from tests.support.invalid_values import FIELDS, VALUES, nested

RESERVED = tuple(chr(0xF026 + number) for number in range(9))


def cleaned(value: object, field: str = "mood", table: Table = ALBUMS) -> tuple[object, list[tuple[str, str]]]:
    """Return the value of a field after cleaning, and the data issues."""
    row, issues = clean_row(table, {field: value})
    return row.get(field), [(issue.kind.value, issue.where) for issue in issues]


@pytest.mark.parametrize(
    ("field", "value", "expected", "issue"),
    [
        ("popularity", 55.0, 55, None),
        ("popularity", "55", 55, None),
        ("popularity", 55.5, 56, "rounded"),
        ("popularity", "high", None, "unfit"),
        ("popularity", True, None, "unfit"),
        ("popularity", 2**63, None, "unfit"),
        ("popularity", 1e300, None, "unfit"),
        ("popularity", math.nan, None, "unfit"),
        ("popularity", [1], None, "unfit"),
        ("name", 1967, "1967", None),
        ("name", 10**30, str(10**30), None),
        ("name", True, "true", None),
        ("name", {"a": 1}, None, "unfit"),
        ("name", "half \ud800", "half \ufffd", "broken_text"),
        ("name", "\uf02712", "\ufffd12", "broken_text"),
        ("is_playable", "true", True, None),
        ("is_playable", 0, False, None),
        ("is_playable", "yes", None, "unfit"),
        ("genres", {"0": "pop"}, {"0": "pop"}, None),
        ("genres", "pop", None, "unfit"),
        ("genres", ["\ud800", "é"], ["\ufffd", "é"], "broken_text"),
        ("genres", [2**64], [json.dumps(str(2**64))], "as_json"),
        ("artists", 7, None, "unfit"),
        ("external_ids", "123", None, "unfit"),
    ],
)
def test_declared_columns_hold_their_type_or_null(
    field: str, value: object, expected: object, issue: str | None
) -> None:
    assert cleaned(value, field) == (expected, [(issue, f"albums.{field}")] if issue else [])


@pytest.mark.parametrize("field", ["name", "popularity", "is_playable", "genres", "artists", "external_ids"])
def test_null_is_no_data_issue(field: str) -> None:
    assert cleaned(None, field) == (None, [])


def test_items_that_are_no_objects_are_dropped_and_counted() -> None:
    artists, issues = cleaned([None, 7, {"name": ["x"]}, {"name": "A"}], "artists")
    assert artists == [{"name": None}, {"name": "A"}]
    assert issues == [
        ("empty", "albums__artists"),
        ("unfit", "albums__artists"),
        ("unfit", "albums__artists.name"),
    ]


def test_issues_in_flattened_objects_name_their_column() -> None:
    row, issues = clean_row(ALBUM_TRACKS, {"linked_from": {"external_urls": {"spotify": []}, "mood": 2**64}})
    assert row == {"linked_from": {"external_urls": {"spotify": None}, "mood": json.dumps(str(2**64))}}
    assert [issue.where for issue in issues] == [
        "album_tracks.linked_from__external_urls__spotify",
        "album_tracks.linked_from__mood",
    ]


@pytest.mark.parametrize("value", [None, True, 7, 7.5, "calm", ["a", 1], {"a": {"b": 1}}, nested(MAX_DEPTH)])
def test_undeclared_values_that_dlt_can_load_stay_as_they_are(value: object) -> None:
    assert cleaned(value) == (value, [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**63, json.dumps(str(2**63))),
        (1e300, json.dumps(1e300)),
        (math.inf, "Infinity"),
        ("9" * 30, json.dumps("9" * 30)),
        ("0x" + "f" * 20, json.dumps("0x" + "f" * 20)),
        ([2**63], [json.dumps(str(2**63))]),
    ],
)
def test_numbers_that_no_column_can_hold_are_stored_as_text(value: object, expected: object) -> None:
    assert cleaned(value) == (expected, [("as_json", "albums.mood")])


def test_deeply_nested_values_are_stored_as_text() -> None:
    value, issues = cleaned([[[[[[1, [2]]]]]]])
    assert value == [[[[["[1, [2]]"]]]]]
    assert issues == [("as_json", "albums.mood")]


@pytest.mark.parametrize(
    ("table", "field", "column"),
    [
        (ALBUMS, "_dlt_id", "spotify_dlt_id"),
        (ALBUMS, "_DLT_ID", "spotify_dlt_id"),
        (ALBUMS, "market", "spotify_market"),
        (ALBUMS, "albumType", "spotify_album_type"),
        (ALBUM_TRACKS, "is_removed", "spotify_is_removed"),
        (NEW_RELEASES, "content_hash", "spotify_content_hash"),
    ],
)
def test_fields_with_reserved_names_are_renamed(table: Table, field: str, column: str) -> None:
    row, issues = clean_row(table, {field: 7})
    assert row == {column: 7}
    assert [(issue.kind.value, issue.where) for issue in issues] == [("renamed", f"{table.name}.{column}")]


def test_fields_that_normalize_to_one_name_are_renamed_or_dropped() -> None:
    row, issues = clean_row(ALBUMS, {"new_one": 1, "newOne": 2, "new one": 3})
    assert row == {"new_one": 1, "spotify_new_one": 2}
    assert [(issue.kind.value, issue.where) for issue in issues] == [
        ("renamed", "albums.spotify_new_one"),
        ("left_out", 'albums."new one"'),
    ]


@pytest.mark.parametrize("field", ["", " ", "___", "*", "é", "\ud800", "x" * 101])
def test_fields_without_a_usable_name_are_dropped(field: str) -> None:
    row, issues = clean_row(ALBUMS, {field: 7})
    assert row == {}
    assert [issue.kind.value for issue in issues] == ["left_out"]


def test_undeclared_fields_beyond_the_maximum_are_dropped() -> None:
    row, issues = clean_row(ALBUMS, {f"more_{number}": number for number in range(1000)})
    assert len(row) == MAX_UNDECLARED_FIELDS
    assert [issue.where for issue in issues] == ["albums.further fields"]


# -- for any object

values = st.recursive(
    st.sampled_from(VALUES) | st.integers() | st.floats() | st.text() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=3),
    max_leaves=8,
)
NOT_LOADED = ("tracks", "available_markets", "disc_number", "track_number")
ALBUM: Any = {key: value for key, value in make_album("Any", 1).items() if key not in NOT_LOADED}
TRACK: Any = {key: value for key, value in make_album("Any", 1)["tracks"][0].items() if key not in NOT_LOADED}


def assert_loadable(value: object) -> None:
    """Assert that no text or number in a value makes dlt or a destination fail."""
    if isinstance(value, str):
        value.encode()
        assert not value.startswith(RESERVED)
    elif isinstance(value, float):
        assert math.isfinite(value)
        assert not value.is_integer() or -(2**63) <= value < 2**63
    elif isinstance(value, int):
        assert -(2**63) <= value < 2**63
    elif isinstance(value, dict):
        for key, one in value.items():
            key.encode()
            assert_loadable(one)
    elif isinstance(value, list):
        for one in value:
            assert_loadable(one)


def assert_typed(table: Table, row: dict[str, Any]) -> None:
    """Assert that declared columns hold values of their type."""
    types = {"text": str, "bigint": int, "bool": bool, "json": (list, dict, str)}
    for column in table.columns:
        value: Any = row
        for name in column.name.split("__"):
            value = value.get(name) if isinstance(value, dict) else None
        assert column.added or value is None or isinstance(value, types[column.data_type])
        assert not (column.added or column.name.startswith("_dlt")) or column.name not in row
    for name, nested_table in table.nested.items():
        for one in row.get(name, []):
            assert_typed(nested_table, one)


@given(
    st.sampled_from([(ALBUMS, ALBUM), (NEW_RELEASES, ALBUM), (ALBUM_TRACKS, TRACK)]),
    st.dictionaries(st.sampled_from([*FIELDS, *ALBUM, *TRACK]) | st.text(), values, max_size=5),
)
def test_any_object_becomes_a_row_that_dlt_can_load(table_and_item: tuple[Table, Any], changes: dict[str, Any]) -> None:
    table, good = table_and_item
    item = {**good, **changes}
    before = copy.deepcopy(item)

    row, _ = clean_row(table, item)

    assert repr(item) == repr(before)
    assert_loadable(row)
    assert_typed(table, row)
    assert all(row[key] == good[key] for key in good.keys() - changes.keys())
    assert clean_row(table, row) == (row, [])
