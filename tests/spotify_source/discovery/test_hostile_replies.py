"""Undocumented replies: no run ends, and all valid items are loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, LoggedRequest, Reply, make_album

from spotify_source.models import Resolution
from tests.spotify_source.discovery.conftest import LISTED, Discover
from tests.support.clock import DAY, FakeClock
from tests.support.warehouse import Warehouse

Item = dict[str, Any]
Change = Callable[[Item], Any]


def with_(**more: Any) -> Change:
    return lambda item: {**item, **more}


def credited_as(name: Any) -> Change:
    return lambda item: {**item, "artists": [{**item["artists"][0], "name": name}]}


def beside_credits(*artists: Any) -> Change:
    return lambda item: {**item, "artists": [*artists, *item["artists"]]}


NAMES: list[Any] = [None, [], {}, 7, "", "\ud800half", "\x00", 'a"b\\c:d*', "x" * 70_000, "夜" * 5000, "\u202e\u0345"]
CHANGES: list[Change] = [
    lambda _: None,
    lambda _: 7,
    lambda item: [item],
    lambda _: {},
    lambda item: {key: value for key, value in item.items() if key != "id"},
    *(with_(id=value) for value in (None, 7, "", [], {}, ["x"], "../me", "\ud800", "x" * 9999)),
    *(with_(artists=value) for value in (None, "x", 7, {}, [None], [[]])),
    beside_credits(None, 7, "x", [], {}, {"id": []}, {"id": {}}, {"id": None, "name": {}}),
    *(with_(name=value) for value in NAMES),
    *map(credited_as, NAMES),
    *(with_(total_tracks=value) for value in (None, -1, 10**30, 1e300, "x", [])),
    *(with_(release_date=value) for value in (None, 7, [], {}, "", "9999-99-99")),
    *(with_(album_type=value) for value in (None, 7, [], {}, "mixtape")),
    with_(available_markets=[None, 7, [], {}, "US"]),
    with_(query="x", run_id=7, market=[], position="x", _dlt_id=7),
]


def by(artist: str, title: str) -> Album:
    return make_album(f"{title} of {artist}", 1, artist=artist)


GOOD = by("Mono", "Good")
BAD = [by("Mono", f"Bad {number}") for number in range(len(CHANGES))]
MONO = GOOD["artists"][0]["id"]
LISTED_ARTIST = LISTED["artists"][0]["id"]


def changed(change: Callable[[Any], None]) -> Callable[[LoggedRequest, Reply], Reply]:
    """Return a fault that changes a copy of the parsed body."""

    def fault(_: LoggedRequest, reply: Reply) -> Reply:
        body = json.loads(json.dumps(reply.body))
        change(body)
        return Reply(200, json.dumps(body).encode())

    return fault


def is_beyond(request: LoggedRequest) -> bool:
    return "tag:new" not in (request.query.get("q"), request.query.get("query"))


@pytest.mark.slow
def test_no_item_beyond_the_plain_listing_ends_a_run(discover: Discover, warehouse: Warehouse) -> None:
    api = discover(GOOD, *BAD).api

    def send_all(body: Any) -> None:
        page = body.get("albums", body)
        if not page["items"]:
            return
        template = page["items"][0]
        bad = ({**template, "id": album["id"], "name": album["name"]} for album in BAD)
        items = [change(item) for change, item in zip(CHANGES, bad, strict=True)]
        page.update(items=[*items, {**template, "id": GOOD["id"]}], next=None)

    for bucket in ("search", "artist_albums"):
        api.always(bucket, changed(send_all), match=is_beyond)
    for _ in range(2):
        # The second run reads back the rows of the first.
        loaded = warehouse.load(api, artists=[MONO], artist_sweeps=5, reach=20)
        result = loaded.run.result()
        assert (result.failure, result.listing.is_complete) == (None, True)
    found = "SELECT count(*) FROM release_sightings WHERE album_id = ? AND discovered_via = ?"
    assert warehouse.one(found, GOOD["id"], "search") >= 2
    assert warehouse.one(found, GOOD["id"], "artist_albums") == 2
    assert warehouse.one("SELECT count(*) FROM new_releases WHERE id = ?", GOOD["id"]) == 1
    assert warehouse.one("SELECT count(*) FROM albums WHERE id = ?", GOOD["id"]) == 1
    assert warehouse.sql("SELECT failures, last_error FROM watched_artists") == [(0, None)]


@pytest.mark.parametrize("value", [None, -1, 10**30, 1e300, "x", [], {}], ids=repr)
def test_numbers_of_a_page_are_not_trusted(discover: Discover, value: Any) -> None:
    discovery = discover(GOOD, by("Mono", "Other"))

    def spoil(body: Any) -> None:
        page = body.get("albums") or body.get("artists") or body
        page.update(total=value, limit=value, offset=value, href=value)

    for bucket in ("search", "artist_albums"):
        discovery.api.always(bucket, changed(spoil))
    found = discovery.run(artists=["Mono"], artist_sweeps=5, reach=14)
    assert len(found.listing.albums) == 3
    assert [(one.key, one.albums_found, one.failures) for one in found.artists.values()] == [(MONO, 2, 0)]


@pytest.mark.parametrize(
    ("name", "searches"), [("", 0), ('""" \\', 0), ("\x00", 1), ("tag:hipster", 1), ("x" * 5000, 1)]
)
def test_unsearchable_names_make_no_call(discover: Discover, clock: FakeClock, name: str, searches: int) -> None:
    discovery = discover(GOOD)
    discovery.api.always("artist", changed(lambda body: body.update(name=name)))
    for _ in range(2):
        found = discovery.run(artists=[MONO])
        assert found.calls["search"] == 1 + searches
        assert set(found.artists) == {MONO}
        clock.move(DAY)


def test_an_artist_without_a_name_fails_alone(discover: Discover) -> None:
    discovery = discover(GOOD)
    discovery.api.always("artist", Reply(200, {"id": MONO}), match=lambda request: MONO in request.path)
    found = discovery.run(artists=[MONO, LISTED_ARTIST])
    assert {key: artist.failures for key, artist in found.artists.items()} == {LISTED_ARTIST: 0, MONO: 1}


def test_a_name_is_resolved_beside_malformed_artists(discover: Discover) -> None:
    discovery, zeros = discover(GOOD), "0" * 22
    odd: list[Any] = [None, 7, {"id": MONO}, {"id": [], "name": "Mono"}, {"id": "\ud800" * 22, "name": "Mono"}]
    odd += [{"id": zeros, "name": name} for name in ("\ud800", "x" * 70_000, {"a": 1})]

    def spoil(body: Any) -> None:
        body["artists"]["items"] = [*odd, *body["artists"]["items"], *odd]

    discovery.api.always("search", changed(spoil), match=lambda request: request.query.get("type") == "artist")
    for _ in range(2):
        found = discovery.run(artists=["Mono", "Unknown"])
        assert {key: artist.resolved for key, artist in found.artists.items()} == {
            MONO: Resolution.BY_NAME,
            "name:Unknown": Resolution.NOT_FOUND,
        }
