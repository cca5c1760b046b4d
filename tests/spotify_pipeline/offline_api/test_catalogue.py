"""The invented world: the same for everyone, believable, and different tomorrow."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, timedelta
from hashlib import blake2b

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, Track, make_album

DAY = date(2026, 11, 20)
BASE62 = re.compile(r"[0-9A-Za-z]{22}")


@pytest.fixture(scope="module")
def large() -> Catalogue:
    return Catalogue.generate(seed=2, listed=1500, day=DAY)


@pytest.fixture(scope="module")
def albums(large: Catalogue) -> list[Album]:
    return large.listed_albums()


def tracks_of(albums: list[Album]) -> list[Track]:
    return [track for album in albums for track in album["tracks"]]


def test_the_same_seed_size_and_day_give_the_same_catalogue(world: Catalogue) -> None:
    again = Catalogue.generate(1, 100, DAY)
    assert again.listing == world.listing
    assert again.listed_albums() == world.listed_albums()
    assert Catalogue.generate(2, 100, DAY).listing != world.listing


@pytest.mark.slow
@pytest.mark.parametrize("listed", [0, 1, 2, 10, 100, 999, 20_000])
def test_any_size_is_listed_exactly(listed: int) -> None:
    catalogue = Catalogue.generate(1, listed, DAY)
    assert len(catalogue.listing) == len(set(catalogue.listing)) == listed


@pytest.mark.parametrize(
    ("seed", "listed", "day", "digest"),
    [
        (1, 100, DAY, "d8ba11717a04608f"),
        (1, 100, DAY + timedelta(1), "1bbef673d3c38174"),
        (2, 300, DAY, "da951ab4675c7d9b"),
    ],
)
def test_a_world_stays_as_it_was_in_every_version(seed: int, listed: int, day: date, digest: str) -> None:
    catalogue = Catalogue.generate(seed, listed, day)
    found = blake2b(digest_size=8)
    found.update(json.dumps([catalogue.listing, catalogue.regional, sorted(catalogue.gone)]).encode())
    for album_id in [*catalogue.listing, *catalogue.regional]:
        found.update(json.dumps(catalogue.albums[album_id or ""], ensure_ascii=False).encode())
    # README's tables and many tests show what is in it.
    assert found.hexdigest() == digest


@pytest.mark.parametrize("offset", range(0, 35, 3))
def test_every_day_lists_as_many(offset: int) -> None:
    assert len(Catalogue.generate(1, 100, DAY + timedelta(offset)).listing) == 100


def test_the_default_listing_comes_to_about_twelve_hundred_tracks(world: Catalogue) -> None:
    assert 1100 < len(tracks_of(world.listed_albums())) < 1300


def test_the_shares_are_believable(albums: list[Album]) -> None:
    kinds = Counter(album["album_type"] for album in albums)
    assert 0.48 < kinds["single"] / len(albums) < 0.62
    assert 0.2 < kinds["album"] / len(albums) < 0.42
    assert 0.05 < kinds["compilation"] / len(albums) < 0.2
    assert 0 < kinds["ep"] / len(albums) < 0.1
    assert 10 < len(tracks_of(albums)) / len(albums) < 14


def test_ids_are_well_formed_and_unique(albums: list[Album]) -> None:
    track_ids = [track["id"] for track in tracks_of(albums)]
    assert all(BASE62.fullmatch(each) for each in [*track_ids, *(album["id"] for album in albums)])
    assert len(set(track_ids)) == len(track_ids)


def test_tracks_are_numbered_from_one_on_every_disc(albums: list[Album]) -> None:
    for album in albums:
        places = [(track["disc_number"], track["track_number"]) for track in album["tracks"]]
        sizes = Counter(disc for disc, _ in places)
        assert places == [(disc, number) for disc in sorted(sizes) for number in range(1, sizes[disc] + 1)]
        assert album["total_tracks"] == len(places)


def test_a_hundred_albums_hold_a_box_of_131_tracks_on_three_discs(world: Catalogue) -> None:
    boxes = [album for album in world.listed_albums() if album["total_tracks"] == 131]
    assert [len({track["disc_number"] for track in box["tracks"]}) for box in boxes] == [3]


def test_dates_come_in_every_precision_and_match_it(albums: list[Album], world: Catalogue) -> None:
    lengths = {"day": {10}, "month": {7}, "year": {4}}
    for album in albums:
        assert len(album["release_date"]) in lengths[album["release_date_precision"]]
    for listed in (albums, world.listed_albums()):
        dates = {album["release_date"] for album in listed}
        assert {"1967", "2007-03", "0000"} <= dates
        assert any(len(text) == 10 and text < "2026-10" for text in dates)
        assert max(dates) <= DAY.isoformat()


def test_new_albums_came_out_within_a_fortnight(albums: list[Album]) -> None:
    fresh = [album for album in albums if album["release_date"] > (DAY - timedelta(14)).isoformat()]
    assert len(fresh) / len(albums) > 0.95


def test_fridays_bring_the_most(albums: list[Album]) -> None:
    days = Counter(album["release_date"] for album in albums)
    assert 3 <= days["2026-11-13"] / days["2026-11-12"] <= 4.5


def test_images_may_be_missing_or_unmeasured(world: Catalogue) -> None:
    images = [album["images"] for album in world.listed_albums()]
    assert [] in images
    assert any(image["width"] is None for each in images for image in each)
    assert all(image["width"] in (640, 300, 64, None) for each in images for image in each)


def test_upcs_are_text_of_twelve_to_fourteen_digits(albums: list[Album]) -> None:
    upcs = [album["external_ids"]["upc"] for album in albums]
    assert all(re.fullmatch(r"[0-9]{12,14}", upc) for upc in upcs)
    assert {len(upc) for upc in upcs} == {12, 13, 14}
    assert any(upc.startswith("00") for upc in upcs)


def test_copyrights_come_with_and_without_their_sign(albums: list[Album]) -> None:
    lines = [line for album in albums for line in album["copyrights"]]
    assert {line["type"] for line in lines} == {"C", "P"}
    assert {line["text"][0] in "©℗" for line in lines} == {True, False}


def test_names_are_written_in_many_scripts(albums: list[Album]) -> None:
    text = "".join(artist["name"] for album in albums for artist in album["artists"])
    for script in (
        "[À-ž]",
        "[\u0410-\u044f]",
        "[\u0391-\u03c9]",
        "[א-ת]",
        "[ء-ي]",
        "[ऀ-ॿ]",
        "[ก-๛]",
        "[가-힣]",
        "[ァ-ヶ]",
        "[一-鿿]",
        "🦊",
    ):
        assert re.search(script, text), script


def test_an_explicit_release_may_have_a_clean_twin(albums: list[Album]) -> None:
    twins: dict[tuple[str, str, str], list[Album]] = {}
    for album in albums:
        twins.setdefault((album["name"], album["artists"][0]["name"], album["release_date"]), []).append(album)
    pairs = [
        pair
        for pair in twins.values()
        if {any(track["explicit"] for track in album["tracks"]) for album in pair} == {True, False}
        and len({len(album["tracks"]) for album in pair}) == 1
    ]
    assert pairs
    assert {pair[0]["external_ids"] == pair[1]["external_ids"] for pair in pairs} == {True, False}


def test_lengths_vary_from_intros_to_recordings(albums: list[Album]) -> None:
    lengths = [track["duration_ms"] for track in tracks_of(albums)]
    assert min(lengths) < 60_000
    assert max(lengths) > 3_600_000


def test_markets_vary(albums: list[Album]) -> None:
    sizes = Counter(len(album["available_markets"]) for album in albums)
    assert max(sizes) == 183
    assert sizes[2] >= 1
    assert all("US" in album["available_markets"] for album in albums)
    assert any("US" not in track["available_markets"] for track in tracks_of(albums))
    assert any("linked_from" in track for track in tracks_of(albums))


def test_search_overlaps_between_markets(world: Catalogue) -> None:
    here, there = set(world.listed_in("US")), set(world.listed_in("JP"))
    assert list(world.listed_in(None)) == list(world.listed_in("US")) == world.listing
    assert len(here & there) > 80
    assert here - there
    assert there - here


def test_tomorrow_brings_some_takes_some_and_reorders_the_rest() -> None:
    new, left = [], []
    catalogue = Catalogue.generate(1, 100, DAY)
    for days in range(1, 15):
        tomorrow = Catalogue.generate(1, 100, DAY + timedelta(days))
        new.append(len(set(tomorrow.listing) - set(catalogue.albums)))
        left.append(len(set(catalogue.listing) - set(tomorrow.listing)))
        common = set(catalogue.listing) & set(tomorrow.listing)
        order = [album_id for album_id in catalogue.listing if album_id in common]
        assert order != [album_id for album_id in tomorrow.listing if album_id in common]
        catalogue = tomorrow
    assert all(3 <= count <= 25 for count in new + left)
    assert 5 <= sum(new) / len(new) <= 10


def test_an_album_is_the_same_on_every_day_but_for_the_few_that_change() -> None:
    today, later = (Catalogue.generate(1, 400, DAY + timedelta(days)) for days in (0, 3))
    common = [each for each in today.albums if each in later.albums and each in set(today.listing)]
    changed = [each for each in common if today.albums[each] != later.albums[each]]
    assert 0.005 < len(changed) / len(common) < 0.2
    keys = Counter(
        key for each in changed for key, value in later.albums[each].items() if value != today.albums[each].get(key)
    )
    assert set(keys) <= {"tracks", "total_tracks", "label", "popularity"}
    assert {"tracks", "label", "popularity"} <= set(keys)
    grown = [each for each in changed if later.albums[each]["total_tracks"] > today.albums[each]["total_tracks"]]
    for each in grown:
        before = today.albums[each]["tracks"]
        assert later.albums[each]["tracks"][: len(before)] == before


def test_an_album_that_left_the_list_can_still_be_read() -> None:
    today, later = (Catalogue.generate(1, 100, DAY + timedelta(days)) for days in (0, 20))
    listed = [album_id for album_id in today.listing if album_id]
    assert not set(listed) & set(later.listing)
    assert all(album_id in later.gone or later.find(album_id) for album_id in listed)


def test_a_listed_album_is_gone_now_and_then() -> None:
    gone = []
    for days in range(28):
        catalogue = Catalogue.generate(1, 100, DAY + timedelta(days))
        gone.append(len(catalogue.gone & set(catalogue.listing)))
    assert set(gone) == {0, 1}


def test_a_made_album_is_plain_and_follows_from_its_name() -> None:
    album = make_album("Plain", tracks=5, discs=2)
    assert album == make_album("Plain", tracks=5, discs=2)
    assert album["id"] != make_album("Other")["id"]
    assert [(t["disc_number"], t["track_number"]) for t in album["tracks"]] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]
    assert (album["album_type"], album["total_tracks"]) == ("single", 5)


def test_a_made_album_takes_any_key() -> None:
    album = make_album("Mine", id="A" * 22, artist="Me", label="Own", release_date="0000", total_tracks=20)
    assert album["uri"] == "spotify:album:" + "A" * 22
    assert (album["label"], album["release_date"], album["total_tracks"]) == ("Own", "0000", 20)
    assert album["artists"][0]["name"] == album["tracks"][0]["artists"][0]["name"] == "Me"


def test_albums_can_be_changed_added_and_removed() -> None:
    catalogue = Catalogue.generate(1, 10, DAY)
    first, second = list(catalogue.albums)[:2]
    catalogue.albums[first]["name"] = "Renamed"
    assert catalogue.albums[first]["name"] == "Renamed"
    del catalogue.albums[second]
    assert catalogue.find(second) is None
    added = make_album("Added")
    catalogue.albums[added["id"]] = added
    assert catalogue.find(added["id"]) is added
