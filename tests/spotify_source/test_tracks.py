"""Tests of track positions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_source.models import DataIssueKind
from spotify_source.tracks import position_tracks
from tests.support.checkout import CHECKOUT

RECORDED = CHECKOUT.parent / "shared" / "recorded"


def track(disc: object, number: object, name: object = None, **more: object) -> dict[str, Any]:
    return {"disc_number": disc, "track_number": number, "id": f"{disc}.{number}.{name}", "name": name, **more}


def relinked(disc: object, number: object, name: object = None) -> dict[str, Any]:
    return track(disc, number, name, linked_from={"id": f"original of {name}"})


def positions(items: list[Any]) -> list[tuple[int, int]]:
    return [(one.disc_number, one.track_number) for one in position_tracks(items)[0]]


def on_discs(*sizes: int) -> list[tuple[int, int]]:
    return [(disc, number) for disc, size in enumerate(sizes, 1) for number in range(1, size + 1)]


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded replies are not here")
def test_relinked_tracks_of_a_recorded_album_get_their_original_positions() -> None:
    def items(name: str) -> list[Any]:
        found: list[Any] = json.loads((RECORDED / name).read_text())["albums"][0]["tracks"]["items"]
        return found

    original, with_relinked = items("album_24_tracks_2017.json"), items("album_24_tracks_2017_market_ES.json")
    assert len({(one["disc_number"], one["track_number"]) for one in with_relinked}) == 17
    assert positions(with_relinked) == positions(original) == on_discs(14, 10)


def test_positions_without_repeats_are_those_sent() -> None:
    sent = [(2, 7), (1, 1), (1, 900), (2, 6)]
    found, issues = position_tracks([relinked(*position) for position in sent])
    assert [(one.disc_number, one.track_number) for one in found] == sent
    assert issues == []


def test_numbers_may_be_text_or_floats() -> None:
    assert positions([track("1", 1.0), track(1.0, "2")]) == [(1, 1), (1, 2)]


def test_a_relinked_second_disc_starts_again_at_1() -> None:
    discs = [
        *(track(1, number, number) for number in (1, 2, 3)),
        *(relinked(1, number, number + 9) for number in (1, 2)),
    ]
    assert positions(discs) == on_discs(3, 2)


@pytest.mark.parametrize("number", [None, "x", 2.5, True, 10**30, 1e300, -(2**63) - 1, [], {}])
def test_a_track_without_a_number_keeps_its_place_in_the_order(number: object) -> None:
    items = [track(1, 1), track(1, 2), track(1, number), track(1, 4)]
    found, issues = position_tracks(items)
    assert [(one.disc_number, one.track_number) for one in found] == on_discs(4)
    assert [one.kind for one in issues] == [DataIssueKind.PLACED_BY_ORDER]


def test_a_repeated_position_belongs_to_the_track_in_order() -> None:
    assert positions([track(1, 1), track(1, 2), track(1, 4, "moved"), track(1, 4), track(1, 5)]) == on_discs(5)


def test_a_gap_in_the_list_moves_no_track() -> None:
    items = [relinked(1, 1), relinked(1, 2), track(1, 5), relinked(1, 6), relinked(1, 6, "again")]
    assert positions(items) == [(1, 1), (1, 2), (1, 5), (1, 6), (1, 7)]


def test_items_that_are_no_tracks_and_repeated_ones_are_dropped() -> None:
    items = [None, "x", 7, {}, [], track(1, 1, "one"), track(1, 1, "one"), track(1, 2, "two")]
    found, issues = position_tracks(items)
    assert [one.track["name"] for one in found] == ["one", "two"]
    assert [one.kind for one in issues] == [DataIssueKind.EMPTY] * 5 + [DataIssueKind.REPEATED]


numbers = st.sampled_from([None, 0, 1, 2, 3, "1", "2", 1.0, 2.5, True, "x", 2**63 - 1, 2**63, -1, []])


@given(st.lists(st.tuples(numbers, numbers, st.booleans()), max_size=30))
def test_every_track_gets_a_position_of_its_own(items: list[tuple[object, object, bool]]) -> None:
    tracks = [(relinked if moved else track)(disc, number, name) for name, (disc, number, moved) in enumerate(items)]
    found, _ = position_tracks(tracks)
    assert [one.track["name"] for one in found] == list(range(len(items)))
    assert len(set(positions(tracks))) == len(items)
    assert all(-(2**63) <= number < 2**63 for position in positions(tracks) for number in position)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=3), st.data())
def test_tracks_that_were_not_relinked_keep_their_positions(sizes: list[int], data: st.DataObject) -> None:
    original = on_discs(*sizes)
    moved = data.draw(st.lists(st.booleans(), min_size=len(original), max_size=len(original)))
    substitutes = data.draw(
        st.lists(st.tuples(st.integers(1, 2), st.integers(1, 5)), min_size=len(original), max_size=len(original))
    )
    items = [
        relinked(*substitute, index) if is_moved else track(*position, index)
        for index, (position, is_moved, substitute) in enumerate(zip(original, moved, substitutes, strict=True))
    ]
    for position, is_moved, found in zip(original, moved, positions(items), strict=True):
        assert is_moved or found == position
