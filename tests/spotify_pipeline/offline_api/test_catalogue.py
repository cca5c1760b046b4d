"""The generated catalogue: reproducible, plausible, and different on each day."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, timedelta
from hashlib import blake2b
from itertools import pairwise

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, Track, artists_with_news, make_album

from spotify_source.api.markets import MARKETS

DAY = date(2026, 11, 20)
BASE62 = re.compile(r"[0-9A-Za-z]{22}")


@pytest.fixture(scope="module")
def large() -> Catalogue:
    return Catalogue.generate(seed=2, listed=600, day=DAY)


@pytest.fixture(scope="module")
def albums(large: Catalogue) -> list[Album]:
    return large.listed_albums()


@pytest.fixture(scope="module")
def days() -> list[Catalogue]:
    """Return the catalogues of 21 days in a row."""
    return [Catalogue.generate(1, 100, DAY + timedelta(number), current=120) for number in range(21)]


def tracks_of(albums: list[Album]) -> list[Track]:
    return [track for album in albums for track in album["tracks"]]


def test_the_same_arguments_give_the_same_catalogue(world: Catalogue) -> None:
    again = Catalogue.generate(1, 100, DAY)
    assert (again.albums, again.listing, again.beyond) == (world.albums, world.listing, world.beyond)
    assert Catalogue.generate(2, 100, DAY).listing != world.listing


@pytest.mark.parametrize(("day", "digest"), [(DAY, "eef6e3bf10e55d36"), (DAY + timedelta(1), "4167fd8d86218201")])
def test_the_demo_is_the_same_on_every_version_of_python(day: date, digest: str) -> None:
    # The README and many tests show its content.
    catalogue = Catalogue.generate(1, 100, day)
    content = [catalogue.listing, catalogue.regional, catalogue.beyond, sorted(catalogue.gone), catalogue.albums]
    assert blake2b(json.dumps(content).encode(), digest_size=8).hexdigest() == digest


@pytest.mark.parametrize("listed", [0, 1, 2, 10, 999])
def test_any_number_of_albums_is_listed_exactly(listed: int) -> None:
    catalogue = Catalogue.generate(1, listed, DAY, current=0)
    assert len(catalogue.listing) == len(set(catalogue.listing)) == listed


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_have_a_catalogue(day: date) -> None:
    assert Catalogue.generate(1, 100, day).listed_albums()


def test_more_current_albums_keep_the_listing(world: Catalogue) -> None:
    larger = Catalogue.generate(1, 100, DAY, current=1000)
    assert (larger.listing, larger.regional, larger.gone) == (world.listing, world.regional, world.gone)
    assert 450 < len(world.new_ids()) <= 510
    assert 950 < len(larger.new_ids()) <= 1010
    assert set(world.beyond) < set(larger.beyond)


def test_kinds_and_dates_are_distributed_plausibly(albums: list[Album]) -> None:
    kinds = Counter(album["album_type"] for album in albums)
    assert 0.45 < kinds["single"] / len(albums) < 0.65
    assert 0.2 < kinds["album"] / len(albums) < 0.42
    assert 0.05 < kinds["compilation"] / len(albums) < 0.2
    assert 0 < kinds["ep"] / len(albums) < 0.1
    assert 9 < len(tracks_of(albums)) / len(albums) < 14
    fresh = [album for album in albums if album["release_date"] > (DAY - timedelta(14)).isoformat()]
    assert len(fresh) / len(albums) > 0.95
    released = Counter(album["release_date"] for album in albums)
    assert 3 <= released["2026-11-13"] / released["2026-11-12"] <= 4.5


def test_ids_are_well_formed_and_unique(large: Catalogue) -> None:
    ids = [track["id"] for track in tracks_of(list(large.albums.values()))] + [*large.albums]
    assert all(BASE62.fullmatch(str(each)) for each in ids)
    assert len(set(ids)) == len(ids)


def test_tracks_are_numbered_from_one_on_each_disc(large: Catalogue) -> None:
    for album in large.albums.values():
        positions = [(track["disc_number"], track["track_number"]) for track in album["tracks"]]
        sizes = Counter(disc for disc, _ in positions)
        assert positions == [(disc, number) for disc in sorted(sizes) for number in range(1, sizes[disc] + 1)]
        assert album["total_tracks"] == len(positions)


def test_a_hundred_albums_hold_every_special_case(world: Catalogue) -> None:
    albums = world.listed_albums()
    boxes = [album for album in albums if album["total_tracks"] == 131]
    assert [len({track["disc_number"] for track in box["tracks"]}) for box in boxes] == [3]
    dates = {album["release_date"]: album["release_date_precision"] for album in albums}
    assert {**dates, "1967": "year", "2007-03": "month", "0000": "year"} == dates
    assert any(len(text) == 10 and text < "2026-10" for text in dates)
    assert max(dates) <= DAY.isoformat()
    assert [] in [album["images"] for album in albums]
    assert any(image["width"] is None for album in albums for image in album["images"])
    assert any(album["available_markets"] == ["US", "CA"] for album in albums)
    assert any("🌙" in album["name"] for album in albums)
    assert max(len(album["name"]) for album in albums) > 200
    assert max(track["duration_ms"] for track in tracks_of(albums)) > 3_600_000
    assert any("linked_from" in track for track in tracks_of(albums))
    assert any("US" not in track["available_markets"] for track in tracks_of(albums))


def test_upcs_and_copyrights_come_in_every_notation(albums: list[Album]) -> None:
    upcs = [album["external_ids"]["upc"] for album in albums]
    assert {len(upc) for upc in upcs if upc.isdecimal()} == {12, 13, 14}
    assert any(upc.startswith("00") for upc in upcs)
    lines = [line for album in albums for line in album["copyrights"]]
    assert {line["type"] for line in lines} == {"C", "P"}
    assert {line["text"][0] in "©℗" for line in lines} == {True, False}


def test_names_are_in_many_scripts(large: Catalogue) -> None:
    text = "".join(artist["name"] for artist in large.artists())
    scripts = ["À-ž", "\u0410-\u044f", "\u0391-\u03c9", "א-ת", "ء-ي", "ऀ-ॿ", "ก-๛", "가-힣", "ァ-ヶ", "一-鿿", "🦊"]
    assert [script for script in scripts if not re.search(f"[{script}]", text)] == []


def test_an_explicit_release_may_have_a_clean_twin(albums: list[Album]) -> None:
    twins: dict[tuple[str, str, str], list[Album]] = {}
    for album in albums:
        twins.setdefault((album["name"], album["artists"][0]["id"], album["release_date"]), []).append(album)
    pairs = [
        pair
        for pair in twins.values()
        if {any(track["explicit"] for track in album["tracks"]) for album in pair} == {True, False}
        and len({len(album["tracks"]) for album in pair}) == 1
    ]
    assert {pair[0]["external_ids"] == pair[1]["external_ids"] for pair in pairs} == {True, False}


def test_markets_differ_between_albums(world: Catalogue, albums: list[Album]) -> None:
    assert max(len(album["available_markets"]) for album in albums) == len(MARKETS)
    assert all("US" in album["available_markets"] for album in albums)
    assert world.listed_in(None) == world.listed_in("US") == world.listing
    here, there = set(world.listed_in("US")), set(world.listed_in("JP"))
    assert len(here & there) > 80
    assert here - there
    assert there - here


def test_each_day_lists_some_new_albums_in_another_order(days: list[Catalogue]) -> None:
    new, left = [], []
    for today, tomorrow in pairwise(days):
        new.append(len(set(tomorrow.listing) - set(today.albums)))
        left.append(len(set(today.listing) - set(tomorrow.listing)))
        common = set(today.listing) & set(tomorrow.listing)
        order = [album_id for album_id in today.listing if album_id in common]
        assert order != [album_id for album_id in tomorrow.listing if album_id in common]
        assert len(tomorrow.listing) == 100
    assert all(2 <= count <= 25 for count in new + left)
    assert 4 <= sum(new) / len(new) <= 10


def test_only_few_albums_change_from_day_to_day(days: list[Catalogue]) -> None:
    before, after = days[0], days[3]
    common = before.albums.keys() & after.albums.keys()
    changed = [each for each in common if before.albums[each] != after.albums[each]]
    assert 0.005 < len(changed) / len(common) < 0.2
    keys: set[str] = set()
    for earlier, later in pairwise(days):
        for each in earlier.albums.keys() & later.albums.keys():
            old, new = earlier.albums[each], later.albums[each]
            keys |= {key for key, value in new.items() if value != old.get(key)}
            assert new["tracks"][: len(old["tracks"])] == old["tracks"]
    assert keys == {"tracks", "total_tracks", "label", "popularity"}


def test_an_album_can_be_read_after_it_left_the_listing(days: list[Catalogue]) -> None:
    listed, week_later = set(days[0].listing), days[6]
    assert listed - set(week_later.listing)
    assert all(album_id in week_later.gone or week_later.album(str(album_id)) for album_id in listed)


def test_a_listed_album_is_gone_now_and_then(days: list[Catalogue]) -> None:
    assert {len(day.gone & set(day.listing)) for day in days} == {0, 1}


def test_artists_release_alone_together_and_as_guests(world: Catalogue) -> None:
    together = Counter(len(world.albums[album_id]["artists"]) for album_id in world.beyond)
    assert together[1] > together[2] > together[3] > 0
    artists = list(world.artists())
    groups = [{group for group, _ in world.artist_albums(artist["id"])} for artist in artists[:50]]
    assert sum("appears_on" in each for each in groups) > 15
    shared = [name for name, count in Counter(artist["name"] for artist in artists).items() if count > 1]
    assert 0.02 < len(shared) / len(artists) < 0.2


def test_discographies_go_back_years(world: Catalogue) -> None:
    for artist in artists_with_news(world, 5):
        albums = [album for group, album in world.artist_albums(artist["id"]) if group != "appears_on"]
        assert all(artist in album["artists"] for album in albums)
        assert set(world.new_ids()) & {album["id"] for album in albums}
    older = [album for album in world.albums.values() if album["release_date"] < "2026-10"]
    assert len(older) > 200
    assert len({album["id"] for album in older} & set(world.new_ids())) < 10


def test_a_made_album_follows_from_its_name() -> None:
    album = make_album("Plain", tracks=5, discs=2)
    assert album == make_album("Plain", tracks=5, discs=2)
    assert album["id"] != make_album("Other")["id"]
    positions = [(track["disc_number"], track["track_number"]) for track in album["tracks"]]
    assert positions == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]
    assert (album["album_type"], album["total_tracks"]) == ("single", 5)


def test_a_made_album_takes_any_key() -> None:
    album = make_album("Mine", id="A" * 22, artist="Me", label="Own", release_date="0000", total_tracks=20)
    assert album["uri"] == "spotify:album:" + "A" * 22
    assert (album["label"], album["release_date"], album["total_tracks"]) == ("Own", "0000", 20)
    assert album["artists"][0]["name"] == album["tracks"][0]["artists"][0]["name"] == "Me"
