"""Artists, their albums, and the world behind the listing that they live in."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spotify_pipeline.offline_api import (
    Catalogue,
    OfflineApi,
    artists_with_news,
    make_album,
    make_artist,
    sample_watchlist,
)
from spotify_pipeline.offline_api.folding import words
from spotify_pipeline.offline_api.query import parse

from tests.support.caller import Caller

DAY = date(2026, 11, 20)
ME, GUEST, UNKNOWN = make_artist("Me"), make_artist("Guest"), make_artist("Unknown")


@pytest.fixture
def shelf() -> Catalogue:
    album = make_album("Album", 12, artists=[ME], release_date="2026-11-20")
    album["tracks"][3]["artists"] = [ME, GUEST]
    return Catalogue.of(
        [
            album,
            make_album("Old Album", 12, artists=[ME], release_date="2001-01-01"),
            make_album("Single", 1, artists=[GUEST, ME], release_date="2026-11-19"),
            make_album("Short", 4, artists=[ME], release_date="2025-05-05", album_type="ep"),
            make_album("Best", 24, artists=[ME], album_type="compilation", available_markets=["JP"]),
        ]
    )


def listed(caller: Caller, **query: object) -> list[str]:
    items = caller.get(f"artists/{ME['id']}/albums", **query).json["items"]
    return [item["name"] for item in items]


def test_an_artist_is_read_by_the_id(shelf: Catalogue) -> None:
    with OfflineApi(shelf) as api:
        caller = Caller(api).log_in()
        artist = caller.get(f"artists/{ME['id']}").json
        assert set(artist) == {*ME, "followers", "genres", "images", "popularity"}
        assert (artist["name"], artist["followers"]["href"], artist["genres"]) == ("Me", None, [])
        api.quota_mode = "development"
        assert set(caller.get(f"artists/{ME['id']}").json) == {*ME, "images"}
        assert caller.get(f"artists/{GUEST['id']}").json["name"] == "Guest"
        assert caller.get(f"artists/{UNKNOWN['id']}").status == 404
        assert caller.get("artists/short").status == 400
        assert api.calls["artist"] == 5


def test_several_artists_are_not_for_development_mode(shelf: Catalogue) -> None:
    with OfflineApi(shelf) as api:
        caller = Caller(api).log_in()
        ids = ",".join(artist["id"] for artist in (GUEST, UNKNOWN, ME))
        artists = caller.get("artists", ids=ids).json["artists"]
        assert [artist and artist["name"] for artist in artists] == ["Guest", None, "Me"]
        assert caller.get("artists", ids=",".join([ME["id"]] * 51)).status == 400
        api.quota_mode = "development"
        assert caller.get("artists", ids=ids).status == 403


def test_an_artists_albums_come_group_by_group(shelf: Catalogue) -> None:
    with OfflineApi(shelf) as api:
        caller = Caller(api).log_in()
        assert listed(caller) == ["Album", "Old Album", "Single", "Short", "Best"]
        assert listed(caller, include_groups="single,album") == ["Album", "Old Album", "Single", "Short"]
        assert listed(caller, include_groups="appears_on") == []
        assert listed(caller, market="US") == ["Album", "Old Album", "Single", "Short"]
        guest = caller.get(f"artists/{GUEST['id']}/albums").json["items"]
        assert [(item["name"], item["album_group"]) for item in guest] == [
            ("Single", "single"),
            ("Album", "appears_on"),
        ]
        assert caller.get(f"artists/{ME['id']}/albums", include_groups="best").status == 400
        assert caller.get(f"artists/{UNKNOWN['id']}/albums").status == 404
        shelf.gone.add(next(iter(shelf.albums)))
        assert listed(caller) == ["Old Album", "Single", "Short", "Best"]


def test_development_mode_shows_ten_of_them_and_no_group(shelf: Catalogue) -> None:
    with OfflineApi(shelf, "development") as api:
        caller = Caller(api).log_in()
        path = f"artists/{ME['id']}/albums"
        for limit in (0, 11, 50):
            answer = caller.get(path, limit=limit)
            assert (answer.status, answer.json["error"]["message"]) == (400, "Invalid limit")
        page = caller.get(path, limit=2, include_groups="album,single").json
        assert "album_group" not in page["items"][0]
        assert "include_groups=album%2Csingle" in page["next"]
        assert caller.get(page["next"]).json["next"] is None
        assert len(caller.get(path).json["items"]) == 5
        assert api.calls == {"token": 1, "artist_albums": 6}


def test_an_artist_that_a_test_changes_is_another_one(shelf: Catalogue) -> None:
    assert shelf.artist(UNKNOWN["id"]) is None
    generated = Catalogue.generate(1, 10, DAY)
    assert generated.artist(UNKNOWN["id"]) is None
    for catalogue in (shelf, generated):
        album_id = next(iter(catalogue.albums))
        before = catalogue.albums[album_id]["artists"][0]
        catalogue.albums[album_id]["artists"] = [UNKNOWN]
        assert catalogue.artist(UNKNOWN["id"]) == UNKNOWN
        assert catalogue.works(UNKNOWN["id"]).own == [album_id]
        assert album_id not in catalogue.works(before["id"]).own
        assert catalogue.search_artists(parse("unknown")) == [UNKNOWN]


WORLD = Catalogue.generate(1, 100, DAY, current=2000)


def test_the_world_behind_the_listing_is_as_large_as_it_was_asked_for() -> None:
    assert 1950 < len(WORLD.new_ids()) <= 2005
    assert 0.25 < len(WORLD.artists) / 2000 < 0.35
    assert len(Catalogue.generate(1, 100, DAY, current=0).new_ids()) < 140
    assert 450 < len(Catalogue.generate(1, 100, DAY).new_ids()) <= 510


@given(st.sampled_from(WORLD.beyond))
def test_what_lists_show_of_an_album_is_what_it_is(album_id: str) -> None:
    sketch, whole = dict(WORLD.sketch(album_id)), dict(WORLD.read(album_id) or {})
    tracks = whole.pop("tracks")
    sketch.pop("tracks")
    assert sketch == whole
    assert isinstance(tracks, list)
    assert len(tracks) == whole["total_tracks"]


def test_names_are_shared_now_and_then_some_but_for_case_and_accents() -> None:
    names = [artist["name"] for artist in WORLD.artists]
    assert len({artist["id"] for artist in WORLD.artists}) == len(names)
    exact = sum(count for count in Counter(names).values() if count > 1)
    folded = sum(count for count in Counter(map(words, names)).values() if count > 1)
    assert 0.04 < exact / len(names) < folded / len(names) < 0.35


def test_artists_release_alone_together_and_as_guests() -> None:
    together = Counter(len(WORLD.sketch(album_id)["artists"]) for album_id in WORLD.beyond)
    assert together[1] > together[2] > together[3] > 0
    works = [WORLD.works(artist["id"]) for artist in WORLD.artists]
    assert sum(bool(each.guest) for each in works) / len(works) > 0.3


def test_artists_have_older_albums_that_no_search_for_new_ones_shows() -> None:
    own = {album_id for artist in WORLD.artists for album_id in WORLD.works(artist["id"]).own}
    older = {album_id for album_id in own if WORLD.sketch(album_id)["release_date"] < "2026-10"}
    assert len(older) > len(WORLD.artists)
    assert not older & set(WORLD.beyond)


def test_a_guest_is_on_a_track_and_an_artist_in_the_credits() -> None:
    for artist in WORLD.artists[:30]:
        own, guest = WORLD.works(artist["id"])
        assert all(artist in WORLD.sketch(album_id)["artists"] for album_id in own)
        for album_id in guest[:3]:
            album = WORLD.read(album_id)
            assert album
            assert artist not in album["artists"]
            assert any(artist in track["artists"] for track in album["tracks"])


def test_a_larger_world_changes_nothing_about_the_listing() -> None:
    small = Catalogue.generate(1, 100, DAY, current=0)
    assert WORLD.listing == small.listing
    assert WORLD.regional == small.regional
    assert WORLD.gone == small.gone
    assert WORLD.listed_albums() == small.listed_albums()


def test_a_sample_watchlist_names_artists_with_news_in_every_way() -> None:
    catalogue = Catalogue.generate(1, 100, DAY)
    artists = artists_with_news(catalogue, 8)
    for artist in artists:
        assert list(catalogue.search(parse(f'tag:new artist:"{artist["name"]}"')))
    lines = [line for line in sample_watchlist(catalogue, 8).splitlines() if not line.startswith("#")]
    assert len(lines) == 9
    assert lines[0] == artists[0]["id"]
    assert lines[1] == artists[1]["uri"]
    assert lines[2] == artists[2]["external_urls"]["spotify"]
    assert len(catalogue.search_artists(parse(f'artist:"{lines[-1]}"'))) > 1
    assert {line for line in lines if line in {artist["name"] for artist in artists}}
    assert (
        sample_watchlist(Catalogue.of([make_album("One", artist="Solo")])).splitlines()[-1] == make_artist("Solo")["id"]
    )
