"""What a search finds: filters beside ``tag:new``, words of any script, and no more than a hundred at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, make_album, make_artist
from spotify_pipeline.offline_api.folding import fold, words
from spotify_pipeline.offline_api.query import parse

from tests.support.caller import Caller

DAY = date(2026, 11, 20)


def names(catalogue: Catalogue, query: str, market: str | None = None) -> list[str]:
    return [catalogue.albums[album_id]["name"] for album_id in catalogue.search(parse(query), market)]


def album(name: str, artist: str = "Someone", **more: object) -> Album:
    return make_album(name, 1, artist=artist, **{"popularity": 50, **more})


@pytest.fixture
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
        ("tag:new lant", ["Ashen Lantern", "Blue Lantern Nights"]),
        ("tag:new LANTERN nights", ["Blue Lantern Nights"]),
        ('tag:new "blue lantern"', ["Blue Lantern Nights"]),
        ('tag:new "lantern blue"', []),
        ('tag:new "blue lan"', []),
        ('tag:new artist:"ZOE NUNEZ"', ["Ashen Lantern", "Later"]),
        ("tag:new artist:nunez", ["Ashen Lantern", "Later"]),
        ('tag:new album:"zoe"', []),
        ('artist:"bram halloway" tag:new year:2026', ["Ästhetik"]),
        ("tag:new year:2007", ["Reissue"]),
        ("tag:new year:2000-2010", ["Reissue"]),
        ("tag:new year:1999-2006", []),
        ("tag:new year:soon", []),
        ("tag:new 旧", ["月光旧城"]),
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
def test_a_query_finds_what_it_names(shelf: Catalogue, query: str, found: list[str]) -> None:
    assert sorted(names(shelf, query)) == sorted(found)


def test_what_is_popular_comes_first_and_hipsters_are_the_least_popular_tenth() -> None:
    albums = [album(f"Step {number}", popularity=number) for number in range(100)]
    catalogue = Catalogue.of(albums)
    found = names(catalogue, "tag:new step")
    assert {f"Step {number}" for number in range(92, 100)} <= set(found[:16])
    assert sorted(names(catalogue, "tag:new tag:hipster")) == [f"Step {number}" for number in range(10)]


def test_each_narrower_search_shows_a_hundred_at_most_and_another_shows_others() -> None:
    everyone = Catalogue.generate(1, 100, DAY, current=3000)
    year = list(everyone.search(parse("tag:new year:2026")))
    letter = list(everyone.search(parse("tag:new s")))
    hipster = list(everyone.search(parse("tag:new tag:hipster")))
    assert len(year) == len(letter) == len(hipster) == 100
    assert len({*year, *letter, *hipster}) > 200

    def popularity(ids: list[str]) -> float:
        return sum(everyone.albums[album_id]["popularity"] for album_id in ids) / len(ids)

    assert popularity(year) > popularity(letter) > popularity(hipster)


def test_a_search_in_a_market_finds_what_is_out_there(shelf: Catalogue) -> None:
    assert names(shelf, "tag:new 月", "US") == []
    assert names(shelf, "tag:new 月", "JP") == names(shelf, "tag:new 月", "XX") == ["月光旧城"]


def test_a_search_sees_what_a_test_has_changed(shelf: Catalogue) -> None:
    generated = Catalogue.generate(1, 100, DAY)
    assert names(generated, "tag:new quaggaduck") == []
    generated.albums[generated.beyond[0]]["name"] = "Quaggaduck"
    generated.albums[generated.listing[0] or ""]["artists"] = [make_artist("Quaggaducks")]
    assert len(names(generated, "tag:new quaggaduck")) == 2
    added = album("A Quaggaduck")
    generated.albums[added["id"]] = added
    assert len(names(generated, "tag:new quaggaduck")) == 2
    generated.beyond.append(added["id"])
    assert len(names(generated, "tag:new quaggaduck")) == 3
    del generated.albums[generated.beyond[0]]
    assert len(names(generated, "tag:new quaggaduck")) == 2


@pytest.mark.parametrize("query", ["tag:new", " tag:new ", "TAG:NEW", 'tag:"new"'])
def test_new_albums_alone_are_the_listing(query: str) -> None:
    catalogue = Catalogue.generate(1, 10, DAY)
    with OfflineApi(catalogue) as api:
        page = Caller(api).log_in().get("search", q=query, type="album", limit=50).json["albums"]
    assert [each["id"] for each in page["items"]] == catalogue.listing


def test_the_total_of_new_albums_is_a_hundred_or_nothing(shelf: Catalogue) -> None:
    with OfflineApi(shelf) as api:
        caller = Caller(api).log_in()
        assert caller.get("search", q="tag:new later", type="album").json["albums"]["total"] == 100
        assert caller.get("search", q="tag:new nowhere", type="album").json["albums"]["total"] == 0
        assert caller.get("search", q="ashen", type="album").json["albums"]["total"] == 2


def test_a_search_of_several_types_answers_each(shelf: Catalogue) -> None:
    with OfflineApi(shelf, "development") as api:
        caller = Caller(api).log_in()
        pages = caller.get("search", q="zoe", type="album,artist,track,playlist,show,episode,audiobook", limit=1).json
        assert list(pages) == ["albums", "artists", "tracks", "playlists", "shows", "episodes", "audiobooks"]
        assert [len(page["items"]) for page in pages.values()] == [1, 1, 0, 0, 0, 0, 0]
        assert [page["total"] for page in pages.values()] == [3, 2, 0, 0, 0, 0, 0]
        assert "type=artist" in pages["artists"]["next"]
        assert list(caller.get(pages["artists"]["next"]).json) == ["artists"]
        new = caller.get("search", q="tag:new zoe", type="artist,album").json
        assert [len(page["items"]) for page in new.values()] == [0, 2]
        assert caller.get("search", q="zoe", type="album,spoon").status == 400


def test_artists_are_found_by_name_those_called_just_so_first() -> None:
    twins = [make_artist("Zoë Rook"), make_artist("ZOË ROOK", "another"), make_artist("Zoe Rook Trio")]
    catalogue = Catalogue.of([album(artist["name"], artists=[artist]) for artist in twins])
    with OfflineApi(catalogue) as api:
        caller = Caller(api).log_in()
        found = caller.get("search", q='artist:"zoe rook"', type="artist").json["artists"]["items"]
        assert {artist["id"] for artist in found[:2]} == {artist["id"] for artist in twins[:2]}
        assert [artist["name"] for artist in found[2:]] == ["Zoe Rook Trio"]
        assert caller.get("search", q="album:rook", type="artist").json["artists"]["items"] == []


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Ŧhe Ħumming", ("the", "humming")),
        ("O'Dwyrr\u2019s 9½ Lives", ("odwyrrs", "91", "2", "lives")),
        ("Ёлкин-Дольный", ("елкин", "дольныи")),
        ("Ανθούλα", ("ανθουλα",)),
        ("ミナモ", ("ミ", "ナ", "モ")),
        ("🦊Foxglovve🦊", ("foxglovve",)),
        ("!!!", ("!!!",)),
        ("☔️", ("☔",)),
        ("  ", ()),
    ],
)
def test_words_are_folded(name: str, folded: tuple[str, ...]) -> None:
    assert words(name) == folded


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing_and_any_text_is_a_query(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert words(text.upper()) == words(text.upper().lower())
    assert list(Catalogue.of([album("Any")]).search(parse(text))) is not None


WORLD = Catalogue.generate(1, 100, DAY, current=1500)
SOME = st.sampled_from([*WORLD.listing, *WORLD.beyond])


@given(SOME)
def test_every_new_album_is_found_by_its_artist_and_title(album_id: str) -> None:
    wanted = WORLD.sketch(album_id)
    for artist in wanted["artists"]:
        name = artist["name"].replace('"', "")
        title = wanted["name"].split(" ")[0].replace('"', "")
        assert album_id in list(WORLD.search(parse(f'tag:new artist:"{name}" album:"{title}"')))


QUERIES = st.sampled_from(
    ["tag:new", "tag:new a", "tag:new year:2026", "tag:new tag:hipster", "tag:new album:o", "lan"]
)


@pytest.mark.slow
@given(QUERIES, st.sampled_from([None, "US", "JP"]), st.integers(1, 50))
def test_paging_shows_each_album_once(paged: Caller, query: str, market: str | None, limit: int) -> None:
    more = {"market": market} if market else {}
    page = paged.get("search", q=query, type="album", limit=limit, **more).json["albums"]
    seen = [item["id"] for item in page["items"]]
    while page["next"]:
        assert len(page["items"]) == limit
        page = paged.get(page["next"]).json["albums"]
        seen += [item["id"] for item in page["items"]]
    parsed = parse(query)
    whole = WORLD.listed_in(market) if parsed.plain else WORLD.search(parsed, market)
    expected = list(whole)
    # Nothing is shown behind the thousandth, nor a page that would reach beyond it.
    assert seen == expected[: len(seen)]
    assert len(seen) == len(expected) or len(seen) > 1000 - limit
    assert len(seen) == len(set(seen))


@pytest.fixture(scope="module")
def paged() -> Iterator[Caller]:
    with OfflineApi(WORLD) as api:
        yield Caller(api).log_in()


def test_a_new_day_brings_new_ones_and_lets_old_ones_go() -> None:
    today, tomorrow = (set(Catalogue.generate(1, 100, DAY + timedelta(days)).new_ids()) for days in (0, 1))
    assert 0.03 < len(tomorrow - today) / len(today) < 0.35
    assert 0.03 < len(today - tomorrow) / len(today) < 0.35
