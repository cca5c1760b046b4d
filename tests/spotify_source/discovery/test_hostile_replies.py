"""What the replies to searches and discographies may hold: nothing ends a run, and what is sound beside it is loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, OfflineApi, Reply, make_album

from tests.support.apis import Serve
from tests.support.clock import DAY, FakeClock
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.slow

LISTED = ("new_releases", "release_sightings", "watched_artists", "search_yields")
Item = dict[str, Any]
Change = Callable[[Item], Any]


def with_(**more: Any) -> Change:
    return lambda item: {**item, **more}


def beside_credits(*artists: Any) -> Change:
    return lambda item: {**item, "artists": [*artists, *item["artists"]]}


ITEMS: dict[str, Change] = {
    "null": lambda _: None,
    "a number": lambda _: 7,
    "a list": lambda item: [item],
    "empty": lambda _: {},
    "without an id": lambda item: {key: value for key, value in item.items() if key != "id"},
    **{f"id {value!r}"[:40]: with_(id=value) for value in (None, 7, "", [], {}, ["x"], "../me", "\ud800", "x" * 9999)},
    **{f"artists {value!r}": with_(artists=value) for value in (None, "x", 7, {}, [None], [[]])},
    "credits": beside_credits(None, 7, "x", [], {}, {"id": []}, {"id": {}}, {"id": None, "name": {}}),
    **{
        f"name {value!r}"[:40]: with_(name=value)
        for value in (None, [], {}, 7, "", "\ud800half", "\x00", 'a"b\\c:d*', "x" * 70_000, "夜" * 5000, "\u202e\u0345")
    },
    **{
        f"credited as {value!r}"[:40]: lambda item, value=value: {  # type: ignore[misc]
            **item,
            "artists": [{**item["artists"][0], "name": value}],
        }
        for value in (None, [], {}, 7, "", "\ud800half", "\x00", 'a"b\\c:d*', '"', "x" * 70_000)
    },
    **{f"total_tracks {value!r}"[:40]: with_(total_tracks=value) for value in (None, -1, 10**30, 1e300, "x", [])},
    **{f"release_date {value!r}": with_(release_date=value) for value in (None, 7, [], {}, "", "9999-99-99")},
    **{f"album_type {value!r}": with_(album_type=value) for value in (None, 7, [], {}, "mixtape")},
    "markets": with_(available_markets=[None, 7, [], {}, "US"]),
    "fields of ours": with_(query="x", run_id=7, market=[], position="x", _dlt_id=7),
}
PAGES: dict[str, Any] = {
    f"{name} {value!r}"[:40]: {name: value}
    for name in ("total", "limit", "offset", "href")
    for value in (None, -1, 10**30, 1e300, "x", [], {})
}


def by(artist: str, title: str, **more: Any) -> Album:
    return make_album(f"{title} of {artist}", 1, artist=artist, **more)


GOOD, BAD = by("Mono", "Good"), by("Mono", "Bad")
MONO = GOOD["artists"][0]["id"]


@pytest.fixture
def api(serve: Serve) -> OfflineApi:
    """An API whose list shows one album, and whose searches show two more, of one artist."""
    found = serve(quota_mode="development")
    found.catalogue = Catalogue.of([by("Somebody Listed", "New")], beyond=[GOOD, BAD])
    return found


def is_beyond(request: LoggedRequest) -> bool:
    return request.query.get("q") != "tag:new" and request.query.get("query") != "tag:new"


def spoil_items(api: OfflineApi, change: Change) -> None:
    """Change one of the two albums wherever anything but the plain listing shows it."""

    def spoilt(_: LoggedRequest, reply: Reply) -> Reply:
        body = json.loads(json.dumps(reply.body))
        page = body.get("albums", body)
        page["items"] = [change(item) if item["id"] == BAD["id"] else item for item in page["items"]]
        return Reply(200, json.dumps(body).encode())

    for bucket in ("search", "artist_albums"):
        api.always(bucket, spoilt, match=is_beyond)


@pytest.mark.slow
@pytest.mark.parametrize("change", ITEMS.values(), ids=ITEMS)
def test_no_album_beyond_the_listing_ends_a_run(api: OfflineApi, warehouse: Warehouse, change: Change) -> None:
    spoil_items(api, change)
    warehouse.load(api, artists=[MONO], artist_sweeps=5, reach=14)
    found = "SELECT count(*) FROM release_sightings WHERE album_id = ? AND discovered_via = ?"
    assert warehouse.one(found, GOOD["id"], "search") >= 2
    assert warehouse.one(found, GOOD["id"], "artist_albums") == 1
    assert warehouse.one("SELECT count(*) FROM new_releases WHERE id = ?", GOOD["id"]) == 1
    assert warehouse.sql("SELECT failures, last_error FROM watched_artists") == [(0, None)]
    assert warehouse.one("SELECT count(*) FROM albums WHERE id = ?", GOOD["id"]) == 1
    # What was stored is read again.
    warehouse.load(api, artists=[MONO], artist_sweeps=5, reach=14)


@pytest.mark.slow
@pytest.mark.parametrize("more", PAGES.values(), ids=PAGES)
def test_no_number_of_a_page_is_believed(api: OfflineApi, warehouse: Warehouse, more: Any) -> None:
    def spoilt(_: LoggedRequest, reply: Reply) -> Reply:
        body = json.loads(json.dumps(reply.body))
        key = next((one for one in ("albums", "artists") if one in body), None)
        if key:
            body[key].update(more)
        else:
            body.update(more)
        return Reply(200, json.dumps(body).encode())

    for bucket in ("search", "artist_albums"):
        api.always(bucket, spoilt)
    warehouse.load(api, only=LISTED, artists=["Mono"], artist_sweeps=5, reach=14)
    assert warehouse.count("new_releases") == 3
    assert warehouse.sql("SELECT artist_id, albums_found, failures FROM watched_artists") == [(MONO, 2, 0)]


@pytest.mark.parametrize(
    "name", ["", " ", '"', '""" \\', "\ud800", "\x00", 'a"b\\c:d*', "tag:hipster", "x" * 5000, "夜" * 300, "a\nb"]
)
def test_whatever_an_artist_is_called_one_search_does_and_none_where_it_would_show_everything(
    api: OfflineApi, warehouse: Warehouse, clock: FakeClock, name: str
) -> None:
    most = 1 if name.strip('"\\ ') else 0
    api.always("artist", lambda _, reply: Reply(200, json.dumps({**reply.body, "name": name}).encode()))
    for run in range(2):
        loaded = warehouse.load(api, only=LISTED, artists=[MONO])
        assert loaded.calls["search"] - 1 <= most, run
        clock.move(DAY)
    assert warehouse.one("SELECT count(*) FROM watched_artists WHERE artist_id = ?", MONO) == 1


@pytest.mark.parametrize("reply", [{}, [], {"id": MONO}, {"id": MONO, "name": None}, {"id": MONO, "name": []}])
def test_an_artist_without_a_name_fails_alone(api: OfflineApi, warehouse: Warehouse, reply: Any) -> None:
    api.always("artist", Reply(200, reply), match=lambda request: MONO in request.path)
    listed = by("Somebody Listed", "New")["artists"][0]["id"]
    warehouse.load(api, only=LISTED, artists=[MONO, listed])
    assert warehouse.sql("SELECT artist_id, failures FROM watched_artists ORDER BY failures") == [
        (listed, 0),
        (MONO, 1),
    ]


@pytest.mark.parametrize(
    "item",
    [
        None,
        7,
        {"id": MONO},
        {"id": [], "name": "Mono"},
        {"id": "\ud800" * 22, "name": "Mono"},
        {"id": "0" * 22, "name": "\ud800"},
        {"id": "0" * 22, "name": "x" * 70_000},
        {"id": "0" * 22, "name": {"a": 1}},
    ],
)
def test_whoever_is_found_beside_an_artist_the_name_is_resolved(
    api: OfflineApi, warehouse: Warehouse, item: Any
) -> None:
    def spoilt(_: LoggedRequest, reply: Reply) -> Reply:
        body = json.loads(json.dumps(reply.body))
        body["artists"]["items"] = [item, *body["artists"]["items"], item]
        return Reply(200, json.dumps(body).encode())

    api.always("search", spoilt, match=lambda request: request.query.get("type") == "artist")
    warehouse.load(api, only=LISTED, artists=["Mono", "Nobody"])
    assert warehouse.sql("SELECT artist_id, resolved FROM watched_artists ORDER BY resolved") == [
        (MONO, "name"),
        ("name:Nobody", "not found"),
    ]
    warehouse.load(api, only=LISTED, artists=["Mono", "Nobody"])
