"""From the API's objects to rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spotify_pipeline.demo import make_album

from spotify_source.steps.rows import album_row, new_release_row, placed_tracks, released_on, track_row, whole_number


@pytest.mark.parametrize(
    ("release_date", "day"),
    [
        ("1967", date(1967, 1, 1)),
        ("2007-03", date(2007, 3, 1)),
        ("2026-11-20", date(2026, 11, 20)),
        ("0000", None),
        ("0000-00-00", None),
        ("2026-02-30", None),
        ("2026-13", None),
        ("20261120", None),
        ("2026-11-20T00:00:00Z", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_a_release_date_names_the_first_day_of_its_period(release_date: object, day: date | None) -> None:
    assert released_on(release_date) == day


@given(st.text(max_size=12) | st.integers() | st.none())
def test_no_release_date_stops_a_load(release_date: object) -> None:
    assert released_on(release_date) is None or isinstance(released_on(release_date), date)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12, 12),
        (12.0, 12),
        ("12", 12),
        (0, 0),
        (12.5, None),
        ("12.5", None),
        ("", None),
        ("-1", None),
        (True, None),
        (None, None),
        ([], None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_a_whole_number_is_seen_in_every_form(value: object, number: int | None) -> None:
    assert whole_number(value) == number


def track(disc: object, number: object, **more: object) -> Any:
    return {"disc_number": disc, "track_number": number, **more}


def test_tracks_without_a_place_are_dropped() -> None:
    kept = track(1, 1)
    assert placed_tracks([None, track(None, 1), track(1, None), {}, "x", kept]) == [kept]  # type: ignore[list-item]


def test_of_two_tracks_in_one_place_the_later_is_kept() -> None:
    assert placed_tracks([track(1, 1, name="old"), track(1, 1, name="new")]) == [track(1, 1, name="new")]


def test_a_place_is_the_same_as_number_and_as_text() -> None:
    assert len(placed_tracks([track(1, 1), track("1", 1.0)])) == 1


numbers = st.sampled_from([None, 0, 1, 2, "1", "2", 1.0, 2.5, True, "x"])


@given(st.lists(st.none() | st.builds(track, numbers, numbers), max_size=12))
def test_every_place_is_there_once(tracks: list[Any]) -> None:
    placed = placed_tracks(tracks)
    places = [(whole_number(one["disc_number"]), whole_number(one["track_number"])) for one in placed]
    assert len(set(places)) == len(places)
    assert all(disc is not None and number is not None for disc, number in places)
    wanted = {(whole_number(t["disc_number"]), whole_number(t["track_number"])) for t in tracks if t is not None}
    assert set(places) == {place for place in wanted if None not in place}


def test_a_duration_that_comes_as_a_float_is_rounded() -> None:
    assert track_row(track(1, 1, duration_ms=180123.6), "album")["duration_ms"] == 180124


def test_an_album_row_has_the_id_that_was_asked_for() -> None:
    album: Any = make_album("Dozen")
    row = album_row(album, "asked for", "GB", 12)
    assert (row["id"], row["market"], row["tracks_loaded"]) == ("asked for", "GB", 12)
    assert not {"tracks", "available_markets"} & row.keys()


def test_rows_are_made_without_touching_the_objects() -> None:
    album: Any = make_album("Dozen")
    before = dict(album)
    new_release_row(album, "*")
    album_row(album, "x", "US", None)
    track_row(album["tracks"][0], "x")
    assert album == before
