"""Watchlist: identity, turns, call budgets, and outcome of checks."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from spotify_pipeline.offline_api import (
    Album,
    LoggedRequest,
    OfflineApi,
    Reply,
    errors,
    make_album,
    make_artist,
)

from spotify_source.errors import ForbiddenError
from spotify_source.models import Resolution
from tests.spotify_source.discovery.conftest import LISTED, Discover
from tests.support.clock import DAY, FakeClock
from tests.support.warehouse import Warehouse


def by(artist: str, title: str = "New", **more: Any) -> Album:
    return make_album(f"{title} of {artist}", 1, artist=artist, **more)


def many(number: int) -> list[Album]:
    return [by(f"Artist Number {index:03}") for index in range(number)]


def id_of(album: Album) -> str:
    return album["artists"][0]["id"]


def searched(api: OfflineApi) -> Counter[str]:
    """Return the number of searches for each artist."""
    queries = (request.query.get("q") or "" for request in api.requests if request.bucket == "search")
    names = (re.fullmatch(r'tag:new artist:"(.*)"', query) for query in queries)
    return Counter(match[1] for match in names if match)


def mentions(text: str) -> Any:
    return lambda request: text in str(request.query.get("q"))


# -- identity


def test_albums_are_matched_by_artist_id_not_by_name(discover: Discover) -> None:
    mine, twin, guest = by("Mono"), by("Mono", "Also", id="T" * 22), by("Host")
    twin["artists"] = [make_artist("Mono", "another")]
    guest["artists"] = [make_artist("Host"), mine["artists"][0]]
    discovery = discover(mine, twin, guest)

    first = discovery.run(artists=[id_of(mine)])
    second = discovery.run(artists=[id_of(mine)])

    assert [one.position for one in first.listing.sightings] == [1, 2, 3]
    assert {one.album_id for one in first.listing.sightings} == {LISTED["id"], mine["id"], guest["id"]}
    assert {one.query for one in first.listing.sightings} == {None, f"artist:{id_of(mine)}"}
    artist = first.artists[id_of(mine)]
    assert (artist.name, artist.resolved, artist.albums_found, artist.failures) == ("Mono", Resolution.GIVEN, 2, 0)
    # The name of an id is requested once.
    assert first.calls == {"browse": 1, "search": 2, "artist": 1}
    assert second.calls == {"search": 2}


def test_a_name_is_resolved_once_by_its_exact_spelling(discover: Discover) -> None:
    discovery = discover(by("Zoë"), by("ZOE", "Loud"), by("Zoë Two"))
    first, second = (discovery.run(artists=["Zoë"]) for _ in range(2))
    assert (first.calls["search"], second.calls["search"]) == (3, 2)
    ((key, artist),) = second.artists.items()
    assert (key, artist.name, artist.listed_as, artist.resolved) == (
        id_of(by("Zoë")),
        "Zoë",
        "Zoë",
        Resolution.BY_NAME,
    )
    assert first.listing.artists["name:Zoë"].is_obsolete
    assert len(first.listing.albums) == 2


def test_an_ambiguous_name_is_reported_with_its_candidates(discover: Discover) -> None:
    twin = by("Mono", "Also", id="T" * 22)
    twin["artists"] = [make_artist("Mono", "another")]
    discovery = discover(by("Mono"), twin)
    first, second = (discovery.run(artists=["Mono"]) for _ in range(2))
    assert second.calls == {"search": 1}
    assert first.artists["name:Mono"].resolved is Resolution.AMBIGUOUS
    (unresolved,) = first.run.listing.unresolved
    assert [one.name for one in unresolved.candidates] == ["Mono", "Mono"]
    assert set(first.listing.albums) == {LISTED["id"]}


def test_a_name_without_an_artist_is_looked_up_again_after_a_week(discover: Discover, clock: FakeClock) -> None:
    discovery = discover(by("Zoë"))
    (artist,) = discovery.run(artists=["zoe"]).artists.values()
    assert (artist.resolved, artist.candidates[0].name) == (Resolution.NOT_FOUND, "Zoë")
    discovery.api.catalogue = discover(by("Zoë"), by("zoe")).api.catalogue
    clock.move(8 * DAY)
    assert set(discovery.run(artists=["zoe"]).artists) == {id_of(by("zoe"))}


def test_an_unknown_id_is_requested_again_after_a_day(discover: Discover, clock: FakeClock) -> None:
    discovery, nobody = discover(by("Mono")), "0" * 22
    for _ in range(2):
        found = discovery.run(artists=[nobody, id_of(by("Mono"))])
        assert found.artists[nobody].resolved is Resolution.NOT_FOUND
        assert [one.key for one in found.run.listing.unresolved] == [nobody]
    assert searched(discovery.api)["Mono"] == 2
    assert sum(request.path.endswith(nobody) for request in discovery.api.requests) == 1
    clock.move(2 * DAY)
    discovery.api.always("artist", Reply(200, {**make_artist("Late"), "id": nobody}))
    assert discovery.run(artists=[nobody]).artists[nobody].resolved is Resolution.GIVEN


def test_each_market_is_searched_and_swept(discover: Discover) -> None:
    abroad, everywhere = by("Mono", "Abroad", available_markets=["GB"]), by("Mono")
    hidden = by("Mono", "Hidden", available_markets=["GB"], release_date="2026-10-30")
    found = discover(abroad, everywhere, older=(hidden,)).run(artists=[id_of(abroad)], market="US,GB", artist_sweeps=10)
    assert (found.calls["search"], found.calls["artist_albums"]) == (2 + 2, 2)
    assert [one.market for one in found.sightings(abroad["id"], "search")] == ["GB"]
    assert {one.market for one in found.sightings(everywhere["id"], "search")} == {"US", "GB"}
    assert [one.market for one in found.sightings(hidden["id"], "artist_albums")] == ["GB"]
    assert found.artists[id_of(abroad)].albums_found == 2


def test_without_the_table_of_artists_no_artist_costs_a_call(discover: Discover) -> None:
    found = discover(by("Mono")).run(tables=["new_releases"], artists=["Mono"])
    assert found.calls == {"browse": 1, "search": 1}


@pytest.mark.slow
def test_watched_artists_are_stored_and_read_back(discover: Discover, warehouse: Warehouse) -> None:
    album = by("Mono")

    def broken(_: LoggedRequest, reply: Reply) -> Reply:
        return Reply(200, json.dumps(reply.body).replace('"name": "Mono"', r'"name": "Mo\ud800no"').encode())

    api = discover(album).api
    api.always("search", broken, match=mentions("artist"))
    loads = [warehouse.load(api, artists=[id_of(album), "Unknown", "Mono"]) for _ in range(2)]
    assert loads[0].calls["artist"] == 1
    assert loads[1].calls == {"search": 2}
    rows = "SELECT artist_id, name, listed_as, resolved, albums_found, due_at - checked_at FROM watched_artists"
    found = warehouse.sql(f"{rows} ORDER BY artist_id")
    assert found[0][:2] == (id_of(album), "Mo\N{REPLACEMENT CHARACTER}no")
    assert [row[2:4] for row in found[1:]] == [("Mono", "not found"), ("Unknown", "not found")]
    assert {str(query) for (query,) in warehouse.sql("SELECT DISTINCT query FROM release_sightings")} == {
        "None",
        f"artist:{id_of(album)}",
    }


# -- turns and call budgets of searches


def test_half_the_calls_check_every_artist_in_two_runs(discover: Discover, clock: FakeClock) -> None:
    albums = many(100)
    discovery = discover(*albums)
    before: set[str] = set()
    for run in range(5):
        discovery.api.chaos(run, 0.1)
        start = searched(discovery.api)
        discovery.run(artists=[id_of(album) for album in albums], artist_calls=50)
        now = set(searched(discovery.api) - start)
        assert not run or len(before | now) == 100
        before = now
        clock.move(DAY)
    assert len(discovery.loaded.releases) == 101


def test_long_listings_are_completed_one_after_the_other(discover: Discover, clock: FakeClock) -> None:
    twins = [by("Mono", f"Number {number}") for number in range(60)]
    for number, album in enumerate(twins):
        album["artists"] = [make_artist("Mono", f"twin {number % 4}")]
    albums = [*twins, *many(16)]
    discovery = discover(*albums)
    for checked in (8, 18, 20):
        found = discovery.run(artists=list(dict.fromkeys(map(id_of, albums))), artist_calls=10)
        assert found.calls["search"] <= 1 + 10 + 12
        assert sum(artist.checked_at is not None for artist in found.artists.values()) == checked
        clock.move(60)
    assert len(discovery.loaded.releases) == 1 + 60 + 16


def test_pages_after_the_first_take_no_turn_from_another_artist(discover: Discover) -> None:
    prolific = [by("Prolific", f"Number {number}") for number in range(25)]
    artists = [id_of(album) for album in (prolific[0], *many(3))]
    found = discover(*prolific, *many(3)).run(artists=artists, artist_calls=4)
    assert found.calls["search"] == 1 + 4 + 2
    assert [found.artists[key].albums_found for key in artists] == [25, 1, 1, 1]


def test_failed_and_new_artists_come_first(discover: Discover, clock: FakeClock) -> None:
    discovery = discover(*many(6))
    artists = [id_of(album) for album in many(6)]
    discovery.run(artists=artists[:4])
    clock.move(DAY)
    discovery.api.always("search", errors.server_error, match=mentions("Number 000"))
    discovery.run(artists=artists[:4], artist_calls=2)
    discovery.api.clear_scripts()
    start = searched(discovery.api)
    discovery.run(artists=artists, artist_calls=3)
    assert set(searched(discovery.api) - start) == {"Artist Number 000", "Artist Number 004", "Artist Number 005"}


def test_an_artist_that_always_fails_delays_no_other(discover: Discover, clock: FakeClock) -> None:
    discovery = discover(*many(4))
    discovery.api.always("search", errors.server_error, match=mentions("Number 000"))
    for _ in range(6):
        discovery.run(artists=[id_of(album) for album in many(4)], artist_calls=1)
        clock.move(60)
    assert set(searched(discovery.api)) == {f"Artist Number {number:03}" for number in range(4)}


def test_searches_keep_within_daily_calls_and_close_no_bucket(discover: Discover) -> None:
    found = discover(*many(30)).run(artists=[id_of(album) for album in many(30)], daily_calls=12)
    assert found.calls["search"] == 12
    assert not found.run.result().calls.closed
    assert (found.path("artists").asked, found.path("artists").left) == (11, 19)


@pytest.mark.parametrize(("artists", "most"), [(60, 20 + 5 + 10), (8, 20)])
def test_retries_and_further_pages_keep_within_the_extra_budget(discover: Discover, artists: int, most: int) -> None:
    albums = [by(f"Artist Number {index:03}", f"Number {number}") for index in range(artists) for number in range(12)]
    discovery = discover(*albums)
    discovery.run()
    discovery.api.chaos(7, 0.5)
    found = discovery.run(artists=list(dict.fromkeys(map(id_of, albums))), artist_calls=20)
    assert found.run.result().calls.retries
    assert 10 < sum(searched(discovery.api).values()) <= most


def test_a_refused_app_is_a_failure_of_the_run(discover: Discover) -> None:
    discovery = discover(by("Mono"))
    forbidden = Reply(403, {"error": {"status": 403, "message": "Forbidden"}})
    discovery.api.always("search", forbidden, match=mentions("artist"))
    found = discovery.run(artists=[id_of(by("Mono"))])
    assert isinstance(found.run.failure, ForbiddenError)
    assert found.run.listing.is_complete


# -- sweeps


def test_a_sweep_lists_recent_albums_that_search_omits(discover: Discover) -> None:
    late, ancient = by("Mono", "Late"), by("Mono", "Ancient", release_date="1999-01-01")
    late["release_date"] = "2026-10-30"
    found = discover(by("Mono"), older=(late, ancient)).run(artists=[id_of(late)], artist_sweeps=10)
    assert found.calls["artist_albums"] == 1
    assert found.sightings(late["id"], "artist_albums")
    assert ancient["id"] not in found.listing.albums


def test_sweeps_continue_with_the_least_recently_swept(discover: Discover, clock: FakeClock) -> None:
    prolific = [by("Prolific", f"Number {number}") for number in range(75)]
    discovery = discover(*prolific, *many(4))
    artists = [id_of(album) for album in (prolific[0], *many(4))]
    swept = []
    for _ in range(3):
        found = discovery.run(artists=artists, artist_sweeps=2)
        assert found.calls["artist_albums"] == 2
        swept.append(sum(artist.swept_at is not None for artist in found.artists.values()))
        clock.move(60)
    # The longest discography takes more than all calls of a run.
    assert swept == [1, 3, 5]


# -- undocumented replies


def test_candidates_have_a_valid_id_and_a_name(discover: Discover) -> None:
    discovery = discover(by("Mono"))
    items = [None, {"id": "../me", "name": "Mono"}, {"id": "0" * 22, "name": None}, {"name": "Mono"}]
    page = {"artists": {"items": items, "next": None, "total": "4", "limit": 10, "offset": 0}}
    discovery.api.script("search", Reply(200, page), match=lambda request: request.query.get("type") == "artist")
    (artist,) = discovery.run(artists=["Mono"]).artists.values()
    assert (artist.key, artist.resolved, artist.candidates) == ("name:Mono", Resolution.NOT_FOUND, ())
