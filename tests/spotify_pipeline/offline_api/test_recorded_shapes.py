"""Keys and JSON types of the replies, compared with recorded ones.

Recorded replies are Spotify's content and no part of the project, so most checkouts have none beside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from spotify_pipeline.offline_api import Catalogue, OfflineApi, Reply, errors, make_album

from tests.support.caller import Caller
from tests.support.checkout import CHECKOUT

RECORDED = CHECKOUT.parent / "shared" / "recorded"

pytestmark = pytest.mark.skipif(
    not RECORDED.is_dir(), reason=f"no recorded replies in {RECORDED}: they are Spotify's, and no part of the project"
)

# Keys that come and go with the market, the app and the day.
OPTIONAL = {"is_playable", "restrictions", "linked_from", "available_markets"}
# Null in the API's reference or in a recorded reply.
NULLABLE = {"next", "previous", "height", "width", "preview_url"}

Shape = dict[str, set[str]]


def shape(value: object, path: str = "") -> Shape:
    """Return the JSON types at each path of a value; items of a list share one."""
    types: Shape = {path: {json_type(value)}}
    parts: list[tuple[str, object]] = []
    if isinstance(value, dict):
        parts = [(f"{path}.{key}", each) for key, each in value.items() if key != "_note"]
    elif isinstance(value, list):
        parts = [(f"{path}[]", each) for each in value]
    for name, each in parts:
        for below, kinds in shape(each, name).items():
            types.setdefault(below, set()).update(kinds)
    return types


def json_type(value: object) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def is_optional(path: str) -> bool:
    return bool(OPTIONAL & set(path.replace("[]", "").split(".")))


def differences(ours: Shape, real: Shape) -> list[str]:
    """Return the differences between our shape and the real one."""
    found = [f"missing: {path}" for path in real if path not in ours and not is_optional(path)]
    found += [f"unknown: {path}" for path in ours if path not in real and not is_optional(path)]
    for path in ours.keys() & real.keys():
        nullable = {"null"} if path.rsplit(".", 1)[-1] in NULLABLE else set()
        strange = ours[path] - real[path] - nullable
        found += [f"{path}: {kind}, really {real[path]}" for kind in strange]
    return sorted(found)


def recorded(name: str) -> Any:
    content = json.loads((RECORDED / name).read_text(encoding="utf-8"))
    return content["body"] if isinstance(content, dict) and "body" in content else content


@pytest.fixture
def caller() -> Iterator[Caller]:
    many, few = make_album("Many", 55), make_album("Few", 3)
    catalogue = Catalogue.of([many, few, *(make_album(f"Filler {number}") for number in range(30))])
    with OfflineApi(catalogue) as api:
        yield Caller(api).log_in()


def many_id(caller: Caller) -> str:
    return next(iter(caller.api.catalogue.albums))


def same(caller: Caller, path: str, name: str) -> None:
    assert differences(shape(caller.get(path).json), shape(recorded(name))) == []


def test_new_releases(caller: Caller) -> None:
    same(caller, "browse/new-releases", "new_releases_2024-10.json")


def test_search(caller: Caller) -> None:
    same(caller, "search?q=Filler&type=album&limit=10", "search_album_with_headers_2024.json")
    same(caller, "search?q=tag:new&type=album&limit=2", "search_tag_new_2025-11.json")


def test_several_albums(caller: Caller) -> None:
    ids = [album["id"] for album in caller.api.catalogue.listed_albums()[1:4]]
    same(caller, "albums?ids=" + ",".join(ids), "several_albums_2024-10.json")


def test_an_album_with_55_tracks_and_its_second_page(caller: Caller) -> None:
    same(caller, f"albums/{many_id(caller)}", "album_55_tracks_2026-02.json")
    page = f"albums/{many_id(caller)}/tracks?offset=50&limit=50"
    same(caller, page, "album_55_tracks_2026-02_page2.json")


def test_album_tracks(caller: Caller) -> None:
    path = f"albums/{many_id(caller)}/tracks?limit=50&market=US"
    ours, real = shape(caller.get(path).json), shape(recorded("album_with_headers_2025.json"))
    assert [each for each in differences(ours, real) if not each.startswith(".next")] == []


@pytest.mark.parametrize("quota_mode", ["with a market", "without"])
def test_generated_albums_are_of_the_same_shape(world: Catalogue, quota_mode: str) -> None:
    query = {"market": "US"} if quota_mode == "with a market" else {}
    real = [*recorded("several_albums_2024-10.json")["albums"], recorded("album_55_tracks_2026-02.json")]
    with OfflineApi(world) as api:
        caller = Caller(api).log_in()
        ours = [caller.get(f"albums/{album['id']}", **query).json for album in world.listed_albums()]
    assert differences(shape(ours), shape(real)) == []


def test_the_order_of_the_keys(caller: Caller) -> None:
    ours = caller.get(f"albums/{many_id(caller)}").json
    real = recorded("album_55_tracks_2026-02.json")
    assert list(ours) == list(real)
    assert list(ours["tracks"]) == list(real["tracks"])
    assert list(ours["tracks"]["items"][0]) == [key for key in real["tracks"]["items"][0] if key != "linked_from"]
    listed = caller.get("browse/new-releases").json["albums"]["items"][0]
    assert list(listed) == list(recorded("new_releases_2024-10.json")["albums"]["items"][0])
    found = caller.get("search?q=tag:new&type=album").json["albums"]
    real = recorded("search_tag_new_2025-11.json")["albums"]
    assert (list(found), list(found["items"][0])) == (list(real), list(real["items"][0]))


def replies() -> list[Reply]:
    named = [reply for reply in vars(errors).values() if isinstance(reply, Reply)]
    timed = (errors.quota_exceeded(48925), errors.rate_limited(1), errors.rate_limited_text(19056))
    return [*named, *timed]


@pytest.mark.slow
def test_every_observed_error_can_be_sent(caller: Caller) -> None:
    for observed in recorded("observed_errors.json"):
        body = observed["body"] if "body" in observed else observed["body_text"]
        headers = observed.get("headers", {})
        sent = []
        for reply in replies():
            caller.api.script("markets", reply)
            answer = caller.get("markets")
            content = answer.json if isinstance(body, dict) and _is_json(answer.content) else answer.content.decode()
            seen = {name: answer.headers.get(name) for name in headers}
            sent.append((answer.status, content, seen))
        assert (observed["status"], body, headers) in sent, observed["case"]


def _is_json(content: bytes) -> bool:
    return content.startswith(b"{")
