"""Tests of runs with mutated replies and faults."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, OfflineApi, Reply, errors, make_album

from tests.support.invalid_values import FIELDS, VALUES, as_json
from tests.support.place import Place

# Albums with one page of tracks, and one with two; a listing of two pages in either quota mode.
ALBUMS = [make_album("Many", 60, discs=2), *(make_album(f"Album {number}", 1 + number % 4) for number in range(51))]
MUTATIONS_PER_RUN = 30
BUCKETS = ("browse", "search", "album", "albums", "album_tracks", "token")


def replace(parent: Any, key: Any, value: Any, _name: str) -> None:
    parent[key] = value


def remove(parent: Any, key: Any, _value: Any, _name: str) -> None:
    del parent[key]


def add(parent: Any, key: Any, value: Any, name: str) -> None:
    if isinstance(parent, dict):
        parent[name] = value
    else:
        parent.insert(key, value)


def repeat(parent: Any, key: Any, _value: Any, name: str) -> None:
    add(parent, key, deepcopy(parent[key]), name)


def wrap(parent: Any, key: Any, _value: Any, name: str) -> None:
    parent[key] = [parent[key]] if len(name) % 2 else {name: parent[key]}


def reverse(parent: Any, key: Any, _value: Any, _name: str) -> None:
    if isinstance(parent[key], list):
        parent[key].reverse()
    elif isinstance(parent[key], dict):
        parent[key] = list(parent[key].values())


OPERATIONS: tuple[Callable[[Any, Any, Any, str], None], ...] = (replace, replace, remove, add, repeat, wrap, reverse)
# A status that means that an album is gone for good is no fault, and not here.
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
    """Change of one value of one reply, or a fault in place of the reply."""

    bucket: str
    # Number of the reply among those of its bucket.
    reply: int
    # Number of the value among those of the reply, modulo their count.
    place: int
    # Number of the operation; a higher number is a fault.
    operation: int
    value: int
    field: int


mutations = st.builds(
    Mutation,
    bucket=st.sampled_from(BUCKETS),
    reply=st.integers(0, 11),
    place=st.integers(0, 9999),
    operation=st.integers(0, 2 * len(OPERATIONS)),
    value=st.integers(0, len(VALUES) - 1),
    field=st.integers(0, len(FIELDS) - 1),
)


class Mutator:
    """Script that mutates the replies of an offline API.

    A retried call gets the same mutations.

    Args:
        mutations: The mutations.
    """

    def __init__(self, mutations: list[Mutation]) -> None:
        self._mutations = mutations
        self._calls: dict[tuple[str, str], int] = {}
        self.changed: list[LoggedRequest] = []

    def __call__(self, request: LoggedRequest, normal: Reply) -> Reply:
        """Return the reply with its mutations."""
        call = (request.bucket, f"{request.path} {sorted(request.query.items())}")
        number = self._calls.setdefault(call, sum(bucket == request.bucket for bucket, _ in self._calls))
        chosen = [one for one in self._mutations if (one.bucket, one.reply) == (request.bucket, number)]
        if not chosen or normal.status != 200:
            return normal
        self.changed.append(request)
        body = json.loads(normal.encoded())
        for one in chosen:
            if one.operation >= 2 * len(OPERATIONS):
                return FAULTS[one.place % len(FAULTS)](normal)
            mutate(body, one)
        return dataclasses.replace(normal, body=as_json(body), headers={"content-type": "application/json"})


def mutate(body: Any, mutation: Mutation) -> None:
    """Apply a mutation to a body."""
    levels = list(levels_of(body))
    if not levels:
        return
    # A level first: otherwise most mutations would hit what there is most of, the artists of tracks.
    level = levels[mutation.place % len(levels)]
    parent, key = level[mutation.place // len(levels) % len(level)]
    operation = OPERATIONS[mutation.operation % len(OPERATIONS)]
    operation(parent, key, deepcopy(VALUES[mutation.value]), FIELDS[mutation.field])


def levels_of(body: object) -> Iterator[list[tuple[Any, Any]]]:
    """Yield the values of each level of nesting, each as its parent and its key there."""
    level = children_of(body)
    while level:
        yield level
        level = [child for parent, key in level for child in children_of(parent[key])]


def children_of(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [(value, key) for key in keys]


@pytest.mark.slow
@pytest.mark.parametrize("quota_mode", ["development", "extended"])
def test_mutated_replies_raise_no_bug_and_lose_no_album(pytestconfig: pytest.Config, quota_mode: str) -> None:
    examples = max(1, pytestconfig.getoption("--mutations") // MUTATIONS_PER_RUN // 2)

    @settings(
        max_examples=examples,
        derandomize=examples < 50,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(st.lists(mutations, min_size=MUTATIONS_PER_RUN // 2, max_size=MUTATIONS_PER_RUN))
    def check(chosen: list[Mutation]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            check_run(Path(folder), quota_mode, chosen)

    check()


def check_run(folder: Path, quota_mode: str, chosen: list[Mutation]) -> None:
    """Assert that a load of normal replies completes one of mutated replies."""
    place = Place(folder)
    with OfflineApi(Catalogue.of(ALBUMS), quota_mode, clock=place.clock.now) as api:  # type: ignore[arg-type]
        mutator = Mutator(chosen)
        for bucket in BUCKETS:
            api.always(bucket, mutator)
        first = place.load(api)
        assert "Traceback" not in first.err
        assert first.code in (0, 69, 75, 77, 78)
        assert {request.bucket for request in api.requests} <= set(BUCKETS)
        api.clear_scripts()
        place.clock.move(3600)

        second = place.load(api)

        assert "Traceback" not in second.err
        assert second.code == 0, second.out + second.err
    requested = [f"{request.path} {request.query}" for request in mutator.changed]
    changed = {album["id"] for album in ALBUMS if any(album["id"] in one for one in requested)}
    missing = {album["id"] for album in ALBUMS} - set(place.album_ids())
    # Null in a batch means that an album is gone, so that it is not requested again.
    assert missing <= (changed if place.sql("SELECT 1 FROM load_runs WHERE albums_gone > 0") else set())
    good = [album for album in ALBUMS if album["id"] not in changed]
    assert tracks_of(good) <= set(
        place.sql("SELECT album_id, disc_number, track_number, name, duration_ms FROM album_tracks")
    )
    assert {(album["id"], album["name"], len(album["tracks"])) for album in good} <= set(
        place.sql("SELECT id, name, tracks_loaded FROM albums")
    )


def tracks_of(albums: list[Album]) -> set[tuple[object, ...]]:
    return {
        (album["id"], track["disc_number"], track["track_number"], track["name"], track["duration_ms"])
        for album in albums
        for track in album["tracks"]
    }
