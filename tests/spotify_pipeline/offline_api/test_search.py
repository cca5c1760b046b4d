"""Search of the catalogue: filters, folding of names, order and paging."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, make_album, make_artist
from spotify_pipeline.offline_api.search import find_albums, find_artists, fold, parse

from tests.support.caller import Caller

DAY = date(2026, 11, 20)


def names(catalogue: Catalogue, query: str, market: str | None = None) -> list[str]:
    return [catalogue.albums[album_id or ""]["name"] for album_id in find_albums(catalogue, parse(query), market)]


def album(name: str, artist: str = "Someone", **more: object) -> Album:
    return make_album(name, 1, artist=artist, **{"popularity": 50, **more})


@pytest.fixture(scope="module")
def shelf() -> Catalogue:
    listed = [album("Ashen Lantern", "Zoë Núñez"), album("Blue Lantern Nights", "The Beach")]
    beyond = [
        album("Ästhetik", "Bram Halloway", popularity=3),
        album("Later", "Zoë Núñez Trio", popularity=2),
        album("Reissue", "Bram Halloway", release_date="2007-03", release_date_precision="month", popularity=1),
        album("月光旧城", "霧島野ミナモ", available_markets=["JP"], popularity=1),
        album("सफ़र रौशनी", "AC/DC", popularity=0),
    ]
    return Catalogue.of(listed, beyond=beyond, older=[album("Ashen Past", "Zoë Núñez", release_date="2019-01-01")])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tag:new a", ["Ashen Lantern", "Ästhetik", "सफ़र रौशनी"]),
        ("tag:new album:a", ["Ashen Lantern", "Ästhetik"]),
        ("tag:new artist:b", ["Blue Lantern Nights", "Ästhetik", "Reissue"]),
        ("tag:new LANTERN nights", ["Blue Lantern Nights"]),
        ('tag:new "blue lantern"', ["Blue Lantern Nights"]),
        ('tag:new "lantern blue"', []),
        ('tag:new "blue lan"', []),
        ('tag:new artist:"ZOE NUNEZ"', ["Ashen Lantern", "Later"]),
        ('tag:new album:"zoe"', []),
        ('artist:"bram halloway" tag:new year:2026', ["Ästhetik"]),
        ("tag:new year:2000-2010", ["Reissue"]),
        ("tag:new year:1999-2006", []),
        ("tag:new year:soon", []),
        ("tag:new 月光", ["月光旧城"]),
        ("tag:new 光月", []),
        ('tag:new artist:"霧島野ミナモ"', ["月光旧城"]),
        ("tag:new सफ", ["सफ़र रौशनी"]),
        ("tag:new ac/dc", ["सफ़र रौशनी"]),
        ("tag:new genre:rock", []),
        ("tag:new tag:old", []),
        ("ashen", ["Ashen Lantern", "Ashen Past"]),
        ("ashen year:2019", ["Ashen Past"]),
    ],
)
def test_a_query_finds_albums_that_meet_all_conditions(shelf: Catalogue, query: str, found: list[str]) -> None:
    assert sorted(names(shelf, query)) == sorted(found)


def test_a_market_hides_albums_that_are_not_available(shelf: Catalogue) -> None:
    assert names(shelf, "tag:new 月", "US") == []
    assert names(shelf, "tag:new 月", "JP") == names(shelf, "tag:new 月", "XX") == ["月光旧城"]


def test_popular_albums_come_first_and_hipsters_are_a_tenth() -> None:
    catalogue = Catalogue.of([album(f"Step {number}", popularity=number) for number in range(100)])
    assert {f"Step {number}" for number in range(92, 100)} <= set(names(catalogue, "tag:new step")[:16])
    assert sorted(names(catalogue, "tag:new tag:hipster")) == [f"Step {number}" for number in range(10)]


def test_each_query_shows_another_hundred_new_albums() -> None:
    catalogue = Catalogue.generate(1, 100, DAY, current=2000)
    year, letter, hipster = (
        find_albums(catalogue, parse(f"tag:new {filter_}")) for filter_ in ("year:2026", "s", "tag:hipster")
    )
    assert len(year) == len(letter) == len(hipster) == 100
    assert len({*year, *letter, *hipster}) > 200

    def popularity(ids: list[str | None]) -> int:
        return sum(catalogue.albums[album_id or ""]["popularity"] for album_id in ids)

    assert popularity(year) > popularity(letter) > popularity(hipster)


def test_new_albums_are_found_by_artist_and_by_title(world: Catalogue) -> None:
    for album_id in world.beyond[::5]:
        wanted = world.albums[album_id]
        found = find_albums(world, parse(f'tag:new artist:"{wanted["artists"][0]["name"]}" album:"{wanted["name"]}"'))
        assert album_id in found


@pytest.mark.parametrize("query", ["tag:new", " tag:new ", "TAG:NEW", 'tag:"new"'])
def test_tag_new_alone_is_the_listing(world: Catalogue, query: str) -> None:
    assert find_albums(world, parse(query)) == world.listing


def test_a_search_finds_what_a_test_has_changed() -> None:
    catalogue = Catalogue.of([album("One"), album("Two")], beyond=[album("Three")])
    first, third = catalogue.listing[0] or "", catalogue.beyond[0]
    catalogue.albums[first]["artists"] = [make_artist("Quaggaducks")]
    catalogue.albums[third]["name"] = "Quaggaduck"
    assert len(names(catalogue, "tag:new quaggaduck")) == 2
    del catalogue.albums[third]
    assert len(names(catalogue, "tag:new quaggaduck")) == 1
    assert [artist["name"] for artist in find_artists(catalogue, parse("quaggaducks"))] == ["Quaggaducks"]


def test_artists_with_an_equal_name_come_first() -> None:
    twins = [make_artist("Zoë Rook"), make_artist("ZOË ROOK", "another"), make_artist("Zoe Rook Trio")]
    catalogue = Catalogue.of([album(artist["name"], artists=[artist]) for artist in twins])
    found = find_artists(catalogue, parse('artist:"zoe rook"'))
    assert {artist["id"] for artist in found[:2]} == {artist["id"] for artist in twins[:2]}
    assert [artist["name"] for artist in found[2:]] == ["Zoe Rook Trio"]
    assert find_artists(catalogue, parse("album:rook")) == []
    assert find_artists(catalogue, parse("tag:new rook")) == []


@pytest.mark.parametrize(("query", "total"), [("tag:new later", 100), ("tag:new nowhere", 0), ("ashen", 2), ("zoe", 3)])
def test_the_total_of_new_albums_is_100_or_0(shelf: Catalogue, query: str, total: int) -> None:
    with OfflineApi(shelf) as api:
        assert Caller(api).log_in().get("search", q=query, type="album").json["albums"]["total"] == total


@pytest.mark.parametrize("query", ["tag:new", "tag:new a", "tag:new tag:hipster", "lan"])
@pytest.mark.parametrize("market", [None, "JP"])
@pytest.mark.parametrize("limit", [7, 50])
def test_paging_shows_each_album_once(world: Catalogue, query: str, market: str | None, limit: int) -> None:
    with OfflineApi(world) as api:
        caller = Caller(api).log_in()
        more = {"market": market} if market else {}
        page = caller.get("search", q=query, type="album", limit=limit, **more).json["albums"]
        seen = [item["id"] for item in page["items"]]
        while page["next"]:
            assert len(page["items"]) == limit
            page = caller.get(page["next"]).json["albums"]
            seen += [item["id"] for item in page["items"]]
    assert seen == find_albums(world, parse(query), market)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Ŧhe Ħumming", "the humming"),
        ("O'Dwyrr\u2019s 9½ Lives", "odwyrrs 91 2 lives"),
        ("Ёлкин-Дольный", "елкин дольныи"),
        ("Ανθούλα", "ανθουλα"),
        ("ミナモ", "ミ ナ モ"),
        ("🦊Foxglovve🦊", "foxglovve"),
        ("!!!", "!!!"),
        ("☔️", "☔"),
        ("  ", ""),
    ],
)
def test_names_are_folded_to_words(name: str, folded: str) -> None:
    assert fold(name) == f" {folded} "


@given(st.text(max_size=40))
def test_any_text_is_a_query(shelf: Catalogue, text: str) -> None:
    find_albums(shelf, parse(text))
    assert fold(fold(text)) == fold(text)
