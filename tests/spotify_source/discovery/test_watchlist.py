"""The watchlist: whose turn it is, whose albums are kept, and what is known afterwards, through a real pipeline."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from spotify_pipeline.offline_api import (
    Album,
    Catalogue,
    LoggedRequest,
    OfflineApi,
    Reply,
    errors,
    make_album,
    make_artist,
)

from spotify_source.discovery.artists import query_for
from spotify_source.errors import ForbiddenError
from tests.support.apis import Serve
from tests.support.clock import DAY, FakeClock
from tests.support.source import extract
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.slow

LISTED = ("new_releases", "release_sightings", "watched_artists")


def by(artist: str, title: str = "New", **more: Any) -> Album:
    return make_album(f"{title} of {artist}", 1, artist=artist, **more)


def id_of(album: Album) -> str:
    return album["artists"][0]["id"]


@pytest.fixture
def plain() -> Album:
    return by("Somebody Listed")


def world_of(*beyond: Album, plain: Album, older: tuple[Album, ...] = ()) -> Catalogue:
    """An API in Development Mode whose list shows one album, and searches the others."""
    return Catalogue.of([plain], beyond=beyond, older=older)


def serving(serve: Serve, *beyond: Album, plain: Album, older: tuple[Album, ...] = ()) -> OfflineApi:
    api = serve(quota_mode="development")
    api.catalogue = world_of(*beyond, plain=plain, older=older)
    return api


def asked(api: OfflineApi) -> Counter[str]:
    """How often each artist was searched for."""
    queries = (request.query.get("q") or "" for request in api.requests if request.bucket == "search")
    names = (re.fullmatch(r'tag:new artist:"(.*)"', query) for query in queries)
    return Counter(match[1] for match in names if match)


def test_the_new_albums_of_an_artist_are_found_by_id_and_those_of_namesakes_are_not(
    serve: Serve, warehouse: Warehouse, plain: Album
) -> None:
    mine, twin, guest = by("Mono"), by("Mono", "Also", id="T" * 22), by("Host")
    twin["artists"] = [make_artist("Mono", "another")]
    guest["artists"] = [make_artist("Host"), mine["artists"][0]]
    api = serving(serve, mine, twin, guest, plain=plain)

    warehouse.load(api, only=LISTED, artists=[id_of(mine)])

    seen = warehouse.sql("SELECT album_id, query, discovered_via, position FROM release_sightings ORDER BY position")
    assert seen[0] == (plain["id"], None, "search", 1)
    assert {row[0] for row in seen[1:]} == {mine["id"], guest["id"]}
    assert {row[1:3] for row in seen[1:]} == {(f"artist:{id_of(mine)}", "search")}
    assert [row[3] for row in seen] == [1, 2, 3]
    assert warehouse.sql("SELECT artist_id, name, resolved, albums_found, failures FROM watched_artists") == [
        (id_of(mine), "Mono", "id", 2, 0)
    ]


def test_an_artist_given_by_id_costs_one_call_for_the_name_and_then_none(
    serve: Serve, warehouse: Warehouse, plain: Album
) -> None:
    api = serving(serve, by("Mono"), plain=plain)
    first, second = (warehouse.load(api, only=LISTED, artists=[id_of(by("Mono"))]) for _ in range(2))
    assert first.calls == {"browse": 1, "search": 2, "artist": 1}
    assert second.calls == {"search": 2}


def test_a_name_is_resolved_once_exactly_as_spotify_has_it(serve: Serve, warehouse: Warehouse, plain: Album) -> None:
    api = serving(serve, by("Zoë"), by("ZOE", "Loud"), by("Zoë Two"), plain=plain)
    first, second = (warehouse.load(api, only=LISTED, artists=["Zoë"]) for _ in range(2))
    assert (first.calls["search"], second.calls["search"]) == (3, 2)
    assert warehouse.sql("SELECT artist_id, name, listed_as, resolved FROM watched_artists") == [
        (id_of(by("Zoë")), "Zoë", "Zoë", "name")
    ]
    assert warehouse.one("SELECT count(*) FROM new_releases") == 2


def test_a_name_that_several_have_is_listed_for_the_person_and_never_guessed(
    serve: Serve, warehouse: Warehouse, plain: Album
) -> None:
    twin = by("Mono", "Also", id="T" * 22)
    twin["artists"] = [make_artist("Mono", "another")]
    api = serving(serve, by("Mono"), twin, plain=plain)

    run = warehouse.load(api, only=LISTED, artists=["Mono"]).run
    again = warehouse.load(api, only=LISTED, artists=["Mono"])

    assert again.calls == {"search": 1}, "nobody becomes unambiguous by being asked for again"
    (row,) = warehouse.sql("SELECT artist_id, resolved, json_array_length(candidates) FROM watched_artists")
    assert row == ("name:Mono", "ambiguous", 2)
    (unresolved,) = run.result().listing.unresolved
    assert {one.name for one in unresolved.candidates} == {"Mono"}
    assert warehouse.one("SELECT count(*) FROM new_releases") == 1


def test_a_name_that_nobody_has_is_said_with_those_who_are_called_alike_and_looked_up_again_after_a_week(
    serve: Serve, warehouse: Warehouse, clock: FakeClock, plain: Album
) -> None:
    api = serving(serve, by("Zoë"), plain=plain)
    warehouse.load(api, only=LISTED, artists=["zoe"])
    assert warehouse.sql("SELECT artist_id, resolved, candidates->>'$[0].name' FROM watched_artists") == [
        ("name:zoe", "not found", "Zoë")
    ]
    api.catalogue = world_of(by("Zoë"), by("zoe"), plain=plain)
    clock.move(8 * DAY)
    warehouse.load(api, only=LISTED, artists=["zoe"])
    assert warehouse.sql("SELECT artist_id, resolved FROM watched_artists") == [(id_of(by("zoe")), "name")]


def test_a_name_with_quotes_is_searched_without_them(serve: Serve, warehouse: Warehouse, plain: Album) -> None:
    name = 'The "Quotation" Marques'
    assert query_for("Mo\ud800no") == 'tag:new artist:"Mono"'
    assert query_for(name) == 'tag:new artist:"The Quotation Marques"'
    warehouse.load(serving(serve, by(name), plain=plain), only=LISTED, artists=[name])
    assert warehouse.one("SELECT albums_found FROM watched_artists") == 1


def test_a_release_that_is_out_in_one_market_alone_is_found_there(
    serve: Serve, warehouse: Warehouse, plain: Album
) -> None:
    abroad, everywhere = by("Mono", "Abroad", available_markets=["GB"]), by("Mono")
    hidden = by("Mono", "Hidden", available_markets=["GB"], release_date="2026-10-30")
    api = serving(serve, abroad, everywhere, plain=plain, older=(hidden,))
    loaded = warehouse.load(api, only=LISTED, artists=[id_of(abroad)], market="US,GB", artist_sweeps=10)
    assert loaded.calls["search"] == 2 + 2
    assert loaded.calls["artist_albums"] == 2
    seen = "SELECT market FROM release_sightings WHERE album_id = ? AND discovered_via = ?"
    assert warehouse.sql(seen, abroad["id"], "search") == [("GB",)]
    assert {market for (market,) in warehouse.sql(seen, everywhere["id"], "search")} == {"US", "GB"}
    assert warehouse.sql(seen, hidden["id"], "artist_albums") == [("GB",)]
    assert warehouse.one("SELECT albums_found FROM watched_artists") == 2


def test_a_full_page_is_read_on(serve: Serve, warehouse: Warehouse, plain: Album) -> None:
    twins = []
    for number in range(23):
        album = by("Mono", f"Number {number}")
        album["artists"] = [make_artist("Mono", f"twin {number}")]
        twins.append(album)
    api = serving(serve, *twins, plain=plain)
    loaded = warehouse.load(api, only=LISTED, artists=[id_of(album) for album in twins[:2]])
    assert loaded.calls["search"] == 1 + 2 * 3
    assert warehouse.sql("SELECT albums_found FROM watched_artists") == [(1,), (1,)]


def test_an_id_that_nobody_has_is_said_and_asked_for_again_a_day_later(
    serve: Serve, warehouse: Warehouse, clock: FakeClock, plain: Album
) -> None:
    api = serving(serve, by("Mono"), plain=plain)
    nobody = "SELECT resolved FROM watched_artists WHERE artist_id = ?"
    for _ in range(2):
        loaded = warehouse.load(api, only=LISTED, artists=["0" * 22, id_of(by("Mono"))])
        assert warehouse.one(nobody, "0" * 22) == "not found"
        assert [one.key for one in loaded.run.result().listing.unresolved] == ["0" * 22]
    assert asked(api)["Mono"] == 2
    assert sum(request.path.endswith("0" * 22) for request in api.requests) == 1
    clock.move(2 * DAY)
    api.always("artist", Reply(200, {**make_artist("Late"), "id": "0" * 22}))
    warehouse.load(api, only=LISTED, artists=["0" * 22])
    assert warehouse.one(nobody, "0" * 22) == "id"


def test_without_the_table_of_artists_no_artist_costs_a_call(serve: Serve, warehouse: Warehouse, plain: Album) -> None:
    api = serving(serve, by("Mono"), plain=plain)
    assert warehouse.load(api, only=["new_releases"], artists=["Mono"]).calls == {"browse": 1, "search": 1}


# -- whose turn it is


def many(number: int) -> list[Album]:
    return [by(f"Artist Number {index:03}") for index in range(number)]


def test_every_artist_has_a_turn_in_every_second_run_whatever_fails_in_between(
    serve: Serve, warehouse: Warehouse, clock: FakeClock, plain: Album
) -> None:
    albums = many(100)
    api = serving(serve, *albums, plain=plain)
    artists = [id_of(album) for album in albums]
    before: set[str] = set()
    for run in range(5):
        api.chaos(run, 0.1)
        start = asked(api)
        warehouse.load(api, only=LISTED, artists=artists, artist_calls=50)
        now = set(asked(api) - start)
        assert not run or len(before | now) == 100
        before = now
        clock.move(DAY)
    assert warehouse.one("SELECT count(*) FROM new_releases") == 101


def test_names_that_many_have_end_no_other_artists_turn(
    serve: Serve, warehouse: Warehouse, clock: FakeClock, plain: Album
) -> None:
    twins = [by("Mono", f"Number {number}") for number in range(60)]
    for number, album in enumerate(twins):
        album["artists"] = [make_artist("Mono", f"twin {number % 4}")]
    albums = [*twins, *many(16)]
    api = serving(serve, *albums, plain=plain)
    artists = list(dict.fromkeys(map(id_of, albums)))
    for checked in (8, 18, 20):
        loaded = warehouse.load(api, only=LISTED, artists=artists, artist_calls=10)
        assert loaded.calls["search"] <= 1 + 10 + 12
        assert warehouse.one("SELECT count(*) FROM watched_artists WHERE checked_at IS NOT NULL") == checked
        clock.move(60)
    assert warehouse.count("new_releases") == 1 + 60 + 16


def test_an_artist_that_erred_and_one_added_today_come_first(
    serve: Serve, warehouse: Warehouse, clock: FakeClock, plain: Album
) -> None:
    albums = many(6)
    api = serving(serve, *albums, plain=plain)
    artists = [id_of(album) for album in albums]
    warehouse.load(api, only=LISTED, artists=artists[:4])
    clock.move(DAY)
    api.always("search", errors.server_error, match=lambda request: "Number 000" in str(request.query.get("q")))
    warehouse.load(api, only=LISTED, artists=artists[:4], artist_calls=2)
    api.clear_scripts()
    start = asked(api)
    warehouse.load(api, only=LISTED, artists=artists, artist_calls=3)
    assert set(asked(api) - start) == {"Artist Number 000", "Artist Number 004", "Artist Number 005"}


def test_one_that_always_errs_holds_up_nobody(
    serve: Serve, warehouse: Warehouse, clock: FakeClock, plain: Album
) -> None:
    albums = many(4)
    api = serving(serve, *albums, plain=plain)
    api.always("search", errors.server_error, match=lambda request: "Number 000" in str(request.query.get("q")))
    for _ in range(6):
        warehouse.load(api, only=LISTED, artists=[id_of(album) for album in albums], artist_calls=1)
        clock.move(60)
    assert set(asked(api)) == {f"Artist Number {number:03}" for number in range(4)}


def test_the_budget_of_the_day_is_never_passed_and_ends_no_run_as_incomplete(
    serve: Serve, warehouse: Warehouse, plain: Album
) -> None:
    albums = many(30)
    api = serving(serve, *albums, plain=plain)
    loaded = warehouse.load(api, only=LISTED, artists=[id_of(album) for album in albums], daily_calls=12)
    assert loaded.calls["search"] == 12
    assert not loaded.run.result().calls.closed
    (artists,) = [path for path in loaded.run.result().listing.paths if path.path == "artists"]
    assert (artists.asked, artists.left) == (11, 19)


@pytest.mark.parametrize(("share", "artists", "most"), [(0.5, 60, 20 + 5 + 10), (0.5, 8, 20)])
def test_repetitions_and_further_pages_have_an_end_whatever_fails(
    serve: Serve, warehouse: Warehouse, plain: Album, share: float, artists: int, most: int
) -> None:
    albums = [by(f"Artist Number {index:03}", f"Number {number}") for index in range(artists) for number in range(12)]
    api = serving(serve, *albums, plain=plain)
    warehouse.load(api, only=LISTED)
    api.chaos(7, share)
    names = [id_of(album) for album in albums]
    loaded = warehouse.load(api, only=LISTED, artists=names, artist_calls=20)
    assert loaded.run.result().calls.retries
    asked_for = sum("artist" in str(request.query.get("q")) for request in api.requests if request.bucket == "search")
    assert 10 < asked_for <= most


def test_a_refused_app_ends_the_run_as_such(serve: Serve, run: Any, plain: Album) -> None:
    api = serving(serve, by("Mono"), plain=plain)
    forbidden = Reply(403, {"error": {"status": 403, "message": "Forbidden"}})
    api.always("search", forbidden, match=lambda request: "artist" in str(request.query.get("q")))
    extract(api, run, artists=[id_of(by("Mono"))])
    assert isinstance(run.result().failure, ForbiddenError)


# -- sweeps


def test_a_sweep_finds_what_search_does_not_show_and_leaves_the_back_catalogue(
    serve: Serve, warehouse: Warehouse, plain: Album
) -> None:
    late, ancient = by("Mono", "Late"), by("Mono", "Ancient", release_date="1999-01-01")
    late["release_date"] = "2026-10-30"
    api = serving(serve, by("Mono"), plain=plain, older=(late, ancient))
    loaded = warehouse.load(api, only=LISTED, artists=[id_of(late)], artist_sweeps=10)
    assert loaded.calls["artist_albums"] == 1
    seen = dict(
        warehouse.sql("SELECT album_id, discovered_via FROM release_sightings WHERE album_id <> ?", plain["id"])
    )
    assert seen[late["id"]] == "artist_albums"
    assert ancient["id"] not in seen


def test_sweeps_keep_to_their_calls_and_go_on_with_those_not_swept(
    serve: Serve, warehouse: Warehouse, clock: FakeClock, plain: Album
) -> None:
    albums = many(5)
    api = serving(serve, *albums, plain=plain)
    for _ in range(3):
        loaded = warehouse.load(api, only=LISTED, artists=[id_of(album) for album in albums], artist_sweeps=2)
        assert loaded.calls["artist_albums"] == 2
        clock.move(60)
    assert warehouse.one("SELECT count(*) FROM watched_artists WHERE swept_at IS NOT NULL") == 5


def test_a_discography_that_takes_more_than_all_calls_holds_up_no_other(
    serve: Serve, warehouse: Warehouse, clock: FakeClock, plain: Album
) -> None:
    prolific = [by("Prolific", f"Number {number}") for number in range(75)]
    others = many(2)
    api = serving(serve, *prolific, *others, plain=plain)
    artists = [id_of(album) for album in (prolific[0], *others)]
    for _ in range(3):
        assert warehouse.load(api, only=LISTED, artists=artists, artist_sweeps=2).calls["artist_albums"] == 2
        clock.move(60)
    assert warehouse.one("SELECT count(*) FROM watched_artists WHERE swept_at IS NOT NULL") == 3


# -- what can be odd about replies


def test_a_name_that_can_not_be_stored_as_it_is_is_stored_as_far_as_it_can(
    serve: Serve, warehouse: Warehouse, plain: Album
) -> None:
    album = by("Mono")

    def broken(_: LoggedRequest, reply: Reply) -> Reply:
        return Reply(200, json.dumps(reply.body).replace('"name": "Mono"', r'"name": "Mo\ud800no"').encode())

    api = serving(serve, album, plain=plain)
    api.always("search", broken, match=lambda request: "artist" in str(request.query.get("q")))
    warehouse.load(api, only=LISTED, artists=[id_of(album)])
    assert warehouse.sql("SELECT name FROM watched_artists") == [("Mo\N{REPLACEMENT CHARACTER}no",)]
    assert asked(api) == {"Mono": 1}


def test_an_artist_without_a_right_id_or_name_is_nobodys_candidate(
    serve: Serve, warehouse: Warehouse, plain: Album
) -> None:
    api = serving(serve, by("Mono"), plain=plain)
    items = [None, {"id": "../me", "name": "Mono"}, {"id": "0" * 22, "name": None}, {"name": "Mono"}]
    page = {"artists": {"items": items, "next": None, "total": "4", "limit": 10, "offset": 0}}
    api.script("search", Reply(200, page), match=lambda request: request.query.get("type") == "artist")
    warehouse.load(api, only=LISTED, artists=["Mono"])
    assert warehouse.sql("SELECT artist_id, resolved FROM watched_artists") == [("name:Mono", "not found")]


def test_pages_behind_the_first_take_no_other_artists_turn(serve: Serve, warehouse: Warehouse, plain: Album) -> None:
    prolific = [by("Prolific", f"Number {number}") for number in range(25)]
    others = many(3)
    api = serving(serve, *prolific, *others, plain=plain)
    loaded = warehouse.load(
        api, only=LISTED, artists=[id_of(album) for album in (prolific[0], *others)], artist_calls=4
    )
    assert loaded.calls["search"] == 1 + 4 + 2
    assert set(asked(api)) == {"Prolific", *(album["artists"][0]["name"] for album in others)}
    assert warehouse.one("SELECT count(*) FROM watched_artists WHERE checked_at IS NOT NULL") == 4
