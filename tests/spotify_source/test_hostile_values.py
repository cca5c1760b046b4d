"""No value stops a load: what can't be stored is named, and everything else about its album is there."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, OfflineApi, Reply, make_album

from spotify_source.models import DataIssueKind
from tests.support.albums import places_of
from tests.support.apis import Serve
from tests.support.warehouse import Loaded, Warehouse

pytestmark = pytest.mark.slow

Change = Callable[[dict[str, Any]], dict[str, Any]]


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


def with_(**more: Any) -> Change:
    return lambda body: {**body, **more}


def on_first_track(**more: Any) -> Change:
    def change(body: dict[str, Any]) -> dict[str, Any]:
        first, *others = body["tracks"]["items"]
        return {**body, "tracks": {**body["tracks"], "items": [{**first, **more}, *others]}}

    return change


def on_first(field: str, **more: Any) -> Change:
    def change(body: dict[str, Any]) -> dict[str, Any]:
        first, *others = body[field]
        return {**body, field: [{**first, **more}, *others]}

    return change


# Stands for a number of 5,000 digits, which Python makes neither from text nor into one.
HUGE = "5,000 digits"
DEEP_KEYS: dict[str, Any] = {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}
CHANGES: dict[str, Change] = {
    **{
        f"{name} {value}": with_(**{name: value})
        for name in ("total_tracks", "popularity", "mood", "label", "genres", "external_ids", "artists", "images")
        for value in (2**63, 2**64 - 1, 2**64, 10**30, HUGE, -(2**63) - 1, 1e300, 0.5, True)
    },
    **{
        f"field {name}": with_(**{name: 7})
        for name in (
            "_dlt_id",
            "_dlt_load_id",
            "_dlt_parent_id",
            "_dlt_root_id",
            "_dlt_list_idx",
            "_DLT_ID",
            "_dltId",
            "-dlt-id",
            "",
            " ",
            "___",
            "*",
            "é",
            "夜",
            "\ud800",
            "\x00",
            "x" * 70_000,
            "albumType",
            "Album_Type",
            "Artists",
            "external_urls__spotify",
            "popularity__v_text",
            "select",
            "value",
            "SpotifyMarket",
        )
    },
    "keys that become one": with_(**{"new-one": 1, "newOne": 2, "new_one": 3, "new one": 4}),
    "a thousand fields": with_(**{f"more_{number}": number for number in range(1000)}),
    **{f"nested {depth} deep": with_(whatever=nested(depth)) for depth in (3, 6, 50, 500, 5000, 50_000)},
    "deep keys": with_(whatever=DEEP_KEYS),
    "nested in genres": with_(genres=nested(500)),
    "nested in artists": on_first("artists", whatever=nested(50)),
    "half a character": with_(name="half \ud800 a character"),
    "half a character in a label": with_(label="\udfff"),
    "half a character in a market": with_(genres=["\ud800", "pop"]),
    **{
        f"a mark of dlt's, {number}": with_(
            name=f"{chr(0xF026 + number)}12", mood=f"{chr(0xF026 + number)}12", genres=[f"{chr(0xF026 + number)}12"]
        )
        for number in range(10)
    },
    "a number first": with_(calm=7, quiet=7.5, at="2026-01-01T00:00:00Z", yes=True),
    "long digits as text": with_(calm="9" * 30, quiet="9" * 400, at="9" * 30, yes="9" * 30),
    "longer digits as text": with_(calm="9" * 5000, quiet="-inf", at="2026-13-13", yes="nan"),
    "hexadecimal digits": with_(calm="0x" + "f" * 40, quiet="0x" + "f" * 400, at=2**62, yes=[1]),
    "large numbers": with_(calm=2**64, quiet=2**63, at=-1e300, yes=2**70),
    "a zero byte": with_(name="a\x00b", mood="a\x00b"),
    "nan": with_(popularity=float("nan"), mood=float("nan")),
    "infinity": with_(popularity=float("-inf"), mood=float("inf")),
    "texts that look like times": with_(mood="0001-01-01T00:00:00+14:00", seen="9999-12-31T23:59:59-14:00"),
    "an impossible time": with_(mood="2026-13-45T99:99:99Z"),
    "an object of lists": with_(mood={"a": [1, "x", None, {"b": [2]}, [3, [4]]]}),
    "lists of everything": with_(mood=[1, "x", None, 2.5, True, {"b": 2**70}, [2**65]]),
    "empty things": with_(mood={}, seen=[], heard=None, felt="", **{"": None}),
    "track: long": on_first_track(duration_ms=1e300),
    "track: longer": on_first_track(duration_ms=2**63),
    "track: half a millisecond": on_first_track(duration_ms=207959.5),
    "track: removed": on_first_track(is_removed=True),
    "track: of another album": on_first_track(album_id="other"),
    "track: _dlt_id": on_first_track(_dlt_id="x", _dlt_load_id=7),
    "track: artists": on_first_track(artists=[None, 7, "me", {"id": 2**63, "name": ["x"], "_dlt_list_idx": "x"}]),
    "track: link": on_first_track(linked_from="x", restrictions=7, external_urls=[1]),
    "track: id": on_first_track(id={"x": 1}, name=None, explicit="yes", is_playable=2),
    "artist: _dlt": on_first("artists", _dlt_parent_id="x", _dlt_root_id=1, _dlt_list_idx=2**70, _dlt_id=None),
    "artist: id": on_first("artists", id=2**63, external_urls={"spotify": {"x": 1}, "more": 2**64}),
    "image: width": on_first("images", width=2**63, height=0.5, url=None),
    "another id": with_(id="0" * 22),
    "an id that is an object": with_(id={"x": 1}),
    "an id that is a number": with_(id=2**70),
    "no id": with_(id=None),
    "fields of ours": with_(market="SE", released_on="x", tracks_loaded=2**70, content_hash=[1], album_id=1),
    "wrong lists": with_(artists=7, images={"url": "x"}, copyrights="c", genres=7, available_markets=None),
    "wrong objects": with_(external_urls=[{"spotify": 1}], external_ids=7, restrictions=[2**70]),
    "no name": with_(name=2**70, type={}, uri=[[]], href=True),
    "no date": with_(release_date=2**70, release_date_precision=None),
}


def body_of(reply: Reply) -> dict[str, Any]:
    assert isinstance(reply.body, dict)
    return reply.body


def sent(body: object) -> Reply:
    """The body as the wire has it: with half characters, absurd numbers and whatever Python's own parser takes."""
    return Reply(200, _text(body).encode("ascii"), {"content-type": "application/json"})


def _text(value: object) -> str:
    """As JSON, without recursion where it is deep."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_text(one)}" for key, one in value.items()) + "}"
    depth = 0
    while isinstance(value, list) and len(value) == 1:
        value, depth = value[0], depth + 1
    if isinstance(value, list):
        inner = "[" + ",".join(_text(one) for one in value) + "]"
    elif value == HUGE:
        inner = "1" * 5000
    else:
        inner = _text(value) if isinstance(value, dict) else json.dumps(value)
    return "[" * depth + inner + "]" * depth


@dataclasses.dataclass(frozen=True)
class Hostile:
    """A load in which each album has one hostile change, and a quiet one after it."""

    warehouse: Warehouse
    albums: dict[str, Album]
    first: Loaded
    second: Loaded

    def first_with(self, what: DataIssueKind, where: str) -> str:
        """The album that is named for it: whichever of those that have it was fetched first."""
        (found,) = (one for one in self.first.run.result().data_issues if (one.kind, one.where) == (what, where))
        return next(name for name, album in self.albums.items() if album["id"] == found.album_id)

    def album(self, name: str, columns: str) -> tuple[Any, ...]:
        """The row of this album."""
        (row,) = self.warehouse.sql(f"SELECT {columns} FROM albums WHERE id = ?", self.albums[name]["id"])
        return row


def spoil_albums(albums: dict[str, Album]) -> Any:
    by_id = {album["id"]: CHANGES[name] for name, album in albums.items()}

    def step(_: LoggedRequest, normal: Reply) -> Reply:
        body = body_of(normal)
        if "albums" in body:
            return sent({"albums": [by_id[one["id"]](one) for one in body["albums"]]})
        return sent(by_id[body["id"]](body))

    return step


@pytest.fixture(scope="module", params=["development", "extended"])
def hostile(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Hostile]:
    """Both quota modes; the tests only read."""
    warehouse = Warehouse(tmp_path_factory.mktemp(request.param))
    albums = {name: make_album(f"Album {number}", 3) for number, name in enumerate(CHANGES)}
    with OfflineApi(Catalogue.of(albums.values()), request.param, clock=warehouse.clock.now) as api:
        for bucket in ("album", "albums"):
            api.always(bucket, spoil_albums(albums))
        first = warehouse.load(api)
        api.clear_scripts()
        yield Hostile(warehouse, albums, first, warehouse.load(api))


def test_every_album_is_loaded_with_every_track(hostile: Hostile) -> None:
    assert hostile.warehouse.album_ids() == sorted(album["id"] for album in hostile.albums.values())
    assert hostile.warehouse.places() == places_of(list(hostile.albums.values()))
    assert hostile.first.run.result().is_complete


def test_the_run_after_it_is_a_quiet_one(hostile: Hostile) -> None:
    assert hostile.second.run.result().is_complete
    assert not hostile.second.run.result().data_issues


def test_nothing_else_about_the_albums_is_lost(hostile: Hostile) -> None:
    rows = {
        album_id: (uri, artists)
        for album_id, uri, artists in hostile.warehouse.sql(
            "SELECT p.id, any_value(p.uri), list(a.name ORDER BY a._dlt_list_idx) FROM albums p"
            " LEFT JOIN albums__artists a ON a._dlt_parent_id = p._dlt_id GROUP BY ALL"
        )
    }
    for name, album in hostile.albums.items():
        uri, artists = rows[album["id"]]
        assert uri == album["uri"] or name == "no name"
        assert artists == [artist["name"] for artist in album["artists"]] or name.startswith(
            ("artists ", "wrong lists")
        )


def test_what_a_column_can_not_hold_is_null_and_named_with_its_album(hostile: Hostile) -> None:
    # Albums are fetched side by side: whichever came first is named.
    odd = {album["id"] for name, album in hostile.albums.items() if name.startswith("popularity ")}
    (found,) = [
        one
        for one in hostile.first.run.result().data_issues
        if one.where == "albums.popularity" and one.kind is DataIssueKind.INVALID
    ]
    assert found.album_id in odd
    assert found.count == 10
    assert hostile.album("popularity 9223372036854775808", "popularity") == (None,)
    assert hostile.album("popularity 0.5", "popularity") == (0,)
    assert hostile.first_with(DataIssueKind.ROUNDED, "albums.popularity") == "popularity 0.5"


def test_a_total_that_no_column_can_hold_is_that_of_the_list(hostile: Hostile) -> None:
    for value in (2**63, 10**30):
        assert hostile.album(f"total_tracks {value}", "total_tracks, tracks_loaded") == (3, 3)


def test_an_undeclared_number_keeps_all_its_digits_as_text(hostile: Hostile) -> None:
    columns = hostile.warehouse.sql(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = 'albums' AND schema_name = 'spotify_raw'"
        " AND column_name LIKE 'mood%'"
    )
    kept = {value for (name,) in columns for (value,) in hostile.warehouse.sql(f'SELECT "{name}"::TEXT FROM albums')}
    assert {str(2**63), str(2**64), str(10**30)} <= {value.strip('"') for value in kept if value}


def test_a_large_number_after_a_whole_one_keeps_its_digits_too(warehouse: Warehouse, serve: Serve) -> None:
    # In whatever order they come: the first one makes the column one of whole numbers.
    albums = [make_album(f"Album {number}", 1) for number in range(4)]
    api = serve(*albums, quota_mode="development")
    moods = dict(zip((one["id"] for one in albums), (2**62, 1e300, -(2.0**63) * 2, 2.0**70), strict=True))

    def spoil(request: LoggedRequest, normal: Reply) -> Reply:
        body = body_of(normal)
        return sent({**body, "mood": moods[body["id"]]})

    api.always("album", spoil)
    listed, api.catalogue.listing = api.catalogue.listing, [albums[0]["id"]]
    warehouse.load(api)
    api.catalogue.listing = listed
    assert warehouse.load(api).run.result().is_complete
    assert warehouse.album_ids() == sorted(moods)
    kept = warehouse.sql("SELECT coalesce(mood::TEXT, mood__v_text) FROM albums")
    assert {float(value) for (value,) in kept} == {float(mood) for mood in moods.values()}


def test_names_of_dlts_are_kept_under_another(hostile: Hostile) -> None:
    assert hostile.album("field _dlt_id", "spotify_dlt_id") == (7,)
    same = {"field _dlt_id", "field _DLT_ID", "field _dltId", "field -dlt-id"}
    assert hostile.first_with(DataIssueKind.RENAMED, "albums.spotify_dlt_id") in same
    assert hostile.warehouse.one("SELECT count(*) FROM albums WHERE length(_dlt_id) < 10") == 0


def test_text_keeps_all_but_the_half_character(hostile: Hostile) -> None:
    assert hostile.album("half a character", "name") == ("half � a character",)
    assert (DataIssueKind.BROKEN_TEXT, "albums.name") in {
        (one.kind, one.where) for one in hostile.first.run.result().data_issues
    }


def test_a_track_that_says_it_is_removed_is_not(hostile: Hostile) -> None:
    album_id = hostile.albums["track: removed"]["id"]
    removed = "SELECT spotify_is_removed FROM album_tracks WHERE album_id = ? ORDER BY track_number"
    assert hostile.warehouse.sql(removed, album_id) == [(True,), (None,), (None,)]


def test_a_fraction_of_a_millisecond_is_rounded_and_named(hostile: Hostile) -> None:
    album_id = hostile.albums["track: half a millisecond"]["id"]
    first = "SELECT duration_ms FROM album_tracks WHERE album_id = ? AND track_number = 1"
    assert hostile.warehouse.one(first, album_id) == 207960
    assert hostile.first_with(DataIssueKind.ROUNDED, "album_tracks.duration_ms") == "track: half a millisecond"


def test_hostile_values_in_a_listing_stop_nothing_either(warehouse: Warehouse, serve: Serve) -> None:
    names = [name for name in CHANGES if not name.startswith("track: ")]
    listed = {name: make_album(f"Album {number}", 1) for number, name in enumerate(names)}
    api = serve(*listed.values())
    changes = {album["id"]: CHANGES[name] for name, album in listed.items()}

    def spoil(_: LoggedRequest, normal: Reply) -> Reply:
        page = body_of(normal)["albums"]
        return sent({"albums": {**page, "items": [changes[one["id"]](one) for one in page["items"]]}})

    api.always("browse", spoil)
    warehouse.load(api)
    without_their_id = {"no id", "an id that is an object", "an id that is a number", "another id"}
    there = [album for name, album in listed.items() if name not in without_their_id]
    assert {album["id"] for album in there} <= {key for (key,) in warehouse.sql("SELECT id FROM new_releases")}
    assert set(places_of(there)) <= set(warehouse.places())
    api.clear_scripts()
    assert warehouse.load(api).run.result().is_complete
    assert warehouse.places() == places_of(list(listed.values()))
