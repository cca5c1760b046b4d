"""Mutations of replies, drawn by hypothesis."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from spotify_pipeline.offline_api import LoggedRequest, Reply, errors

BUCKETS = ("browse", "search", "album", "albums", "album_tracks", "token")


def _nested(depth: int) -> Any:
    value: Any = 1
    for number in range(depth):
        value = [value] if number % 2 else {"a": value}
    return value


# Replacements of a value.
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    2**64,
    -(2**63) - 1,
    10**30,
    10**400,
    0.5,
    -0.0,
    1e300,
    math.nan,
    math.inf,
    "",
    " ",
    "7",
    "9" * 30,
    "0x" + "f" * 40,
    "x" * 5000,
    "²",
    "a\x00b",
    "\ud800",
    "\ufffe",
    "\uf02712",
    "2026-11-20T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "../albums",
    "https://elsewhere.test/v1/albums?offset=50",
    "http://[",
    "_dlt_id",
    [],
    [None],
    [[]],
    [1, "x", None, {"y": 2**70}],
    {},
    {"id": "x"},
    {"": 1},
    {"_dlt_id": "x", "_dlt_list_idx": 2**63, "_dlt_parent_id": None},
    {"items": [], "next": None},
    _nested(8),
    _nested(60),
    _nested(400),
)
KEYS = (
    "_dlt_id",
    "_dlt_load_id",
    "_dlt_parent_id",
    "_dlt_root_id",
    "_dlt_list_idx",
    "id",
    "ID",
    "market",
    "album_id",
    "is_removed",
    "tracks_loaded",
    "content_hash",
    "disc_number",
    "new",
    "newField",
    "new_field",
    "",
    " ",
    "_",
    "*",
    "é",
    "\ud800",
    "a.b",
    "a__b",
    "x" * 300,
    "value",
)


def _replace(parent: Any, key: Any, value: Any, _name: str) -> None:
    parent[key] = value


def _remove(parent: Any, key: Any, _value: Any, _name: str) -> None:
    del parent[key]


def _add(parent: Any, key: Any, value: Any, name: str) -> None:
    if isinstance(parent, dict):
        parent[name] = value
    else:
        parent.insert(key, value)


def _repeat(parent: Any, key: Any, _value: Any, name: str) -> None:
    if isinstance(parent, dict):
        parent[name] = deepcopy(parent[key])
    else:
        parent.insert(key, deepcopy(parent[key]))


def _wrap(parent: Any, key: Any, _value: Any, name: str) -> None:
    parent[key] = [parent[key]] if len(name) % 2 else {name: parent[key]}


def _reverse(parent: Any, key: Any, _value: Any, _name: str) -> None:
    if isinstance(parent[key], list):
        parent[key].reverse()
    elif isinstance(parent[key], dict):
        parent[key] = list(parent[key].values())


OPERATIONS: tuple[Callable[[Any, Any, Any, str], None], ...] = (
    _replace,
    _replace,
    _remove,
    _add,
    _repeat,
    _wrap,
    _reverse,
)

# Replacements of a whole reply, without statuses that mean a missing album.
FAULTS: tuple[Callable[[Reply], Reply], ...] = (
    lambda _: errors.bad_gateway,
    lambda _: errors.forbidden,
    lambda _: errors.bad_token,
    lambda _: errors.premium_lapsed,
    lambda _: errors.rate_limited(1),
    lambda _: Reply(418, "teapot"),
    lambda _: Reply(300, "[]"),
    lambda _: Reply(204, ""),
    lambda _: Reply(200, "null"),
    lambda _: Reply(200, "[" * 2000),
    lambda _: Reply(reset=True),
    lambda normal: dataclasses.replace(normal, truncate=len(normal.encoded()) // 2),
    lambda normal: dataclasses.replace(normal, headers={"content-encoding": "gzip"}),
    lambda normal: Reply(200, normal.encoded().replace(b'"name"', b'"na\xffme"')),
)


@dataclass(frozen=True)
class Mutation:
    """One change to one reply."""

    bucket: str
    # Number of the reply within its bucket.
    which: int
    # Place in the reply, modulo the number of places.
    spot: int
    # Index into OPERATIONS; beyond them, the whole reply is replaced.
    operation: int
    # Indexes into VALUES and KEYS.
    value: int
    key: int


mutations = st.builds(
    Mutation,
    bucket=st.sampled_from(BUCKETS),
    which=st.integers(0, 11),
    spot=st.integers(0, 9999),
    operation=st.integers(0, 2 * len(OPERATIONS)),
    value=st.integers(0, len(VALUES) - 1),
    key=st.integers(0, len(KEYS) - 1),
)


class Mutator:
    """Hook of an API that mutates its replies and collects the mutated requests."""

    def __init__(self, mutations: list[Mutation]) -> None:
        self._mutations = mutations
        self._seen: dict[tuple[str, str], int] = {}
        self.changed: list[LoggedRequest] = []

    def __call__(self, request: LoggedRequest, normal: Reply) -> Reply:
        """Return the reply with its mutations, the same ones for a repeated call."""
        call = (request.bucket, f"{request.path} {sorted(request.query.items())}")
        which = self._seen.setdefault(call, sum(bucket == request.bucket for bucket, _ in self._seen))
        for one in self._mutations:
            if (one.bucket, one.which) == (request.bucket, which) and normal.status == 200:
                self.changed.append(request)
                normal = _mutated(normal, one)
        return normal


def _mutated(normal: Reply, one: Mutation) -> Reply:
    if one.operation >= 2 * len(OPERATIONS):
        return FAULTS[one.spot % len(FAULTS)](normal)
    body = json.loads(normal.encoded()) if isinstance(normal.body, bytes) else deepcopy(normal.body)
    levels = list(_levels(body))
    if not levels:
        return normal
    # Draw the level first; otherwise, nearly all changes would hit the artists of tracks.
    level = levels[one.spot % len(levels)]
    parent, key = level[one.spot // len(levels) % len(level)]
    OPERATIONS[one.operation % len(OPERATIONS)](parent, key, deepcopy(VALUES[one.value]), KEYS[one.key])
    return dataclasses.replace(normal, body=json.dumps(body).encode(), headers={"content-type": "application/json"})


def _levels(body: object) -> Iterator[list[tuple[Any, Any]]]:
    """Yield all (parent, key) pairs of each level."""
    level = _children(body)
    while level:
        yield level
        level = [found for parent, key in level for found in _children(parent[key])]


def _children(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [(value, key) for key in keys]
