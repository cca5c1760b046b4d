"""Values and field names that break naive loaders, for replies in tests."""

from __future__ import annotations

import json
import math
from typing import Any

# Python does not parse or print such numbers, and json.dumps does not nest that deep: `as_json` writes them.
HUGE = "5,000 digits"
DEEP = "5,000 levels"


def nested(depth: int) -> Any:
    """Return lists and objects nested in each other."""
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    2**64,
    -(2**63) - 1,
    10**30,
    HUGE,
    0.5,
    -0.0,
    1e300,
    math.nan,
    math.inf,
    "",
    " ",
    "7",
    "9" * 30,
    "9" * 400,
    "0x" + "f" * 40,
    "-inf",
    "x" * 5000,
    "²",
    "a\x00b",
    "\ud800",
    "half \ud800 a character",
    "\ufffe",
    # dlt's marks of decimals, times and dates.
    *(f"{chr(0xF026 + number)}12" for number in range(9)),
    "2026-11-20T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "2026-13-45T99:99:99Z",
    "../albums",
    "https://elsewhere.test/v1/albums?offset=50",
    "http://[",
    "_dlt_id",
    [],
    [None],
    [[]],
    ["\ud800", "pop"],
    [1, "x", None, 2.5, True, {"y": 2**70}, [2**65]],
    {},
    {"id": "x"},
    {"": 1, "newOne": 2, "new_one": 3},
    {"_dlt_id": "x", "_dlt_list_idx": 2**63, "_dlt_parent_id": None},
    {"a": [1, "x", None, {"b": [2]}, [3, [4]]]},
    {"spotify": {"x": 1}, "more": 2**64},
    {"items": [], "next": None},
    nested(8),
    nested(60),
    nested(400),
    DEEP,
)
FIELDS: tuple[str, ...] = (
    "_dlt_id",
    "_dlt_load_id",
    "_dlt_parent_id",
    "_dlt_root_id",
    "_dlt_list_idx",
    "_DLT_ID",
    "_dltId",
    "-dlt-id",
    "ID",
    "market",
    "SpotifyMarket",
    "album_id",
    "albumType",
    "Artists",
    "is_removed",
    "tracks_loaded",
    "content_hash",
    "external_urls__spotify",
    "popularity__v_text",
    "new",
    "newField",
    "new_field",
    "new field",
    "",
    " ",
    "___",
    "*",
    "é",
    "夜",
    "\ud800",
    "\x00",
    "a.b",
    "a__b",
    "x" * 300,
    "select",
    "value",
)


def as_json(body: object) -> bytes:
    """Return a body as JSON, as Spotify could send it."""
    text = json.dumps(body)
    return text.replace(json.dumps(HUGE), "1" * 5000).replace(json.dumps(DEEP), "[" * 5000 + "]" * 5000).encode()
