"""From the API's objects to rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spotify_pipeline.offline_api import make_album

from spotify_source.models import AlbumRequest, CompleteAlbum, PositionedTrack
from spotify_source.rows import album_row, new_release_row, released_on, track_row


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


def complete(album: Any, asked_for: str = "asked for", **more: Any) -> CompleteAlbum:
    made: dict[str, Any] = {"tracks": [], "total": 12, "tracks_loaded": 12, **more}
    return CompleteAlbum(AlbumRequest(asked_for, "GB", 12), album, **made)


def test_album_row_has_the_requested_id_and_keeps_the_sent_one() -> None:
    album: Any = make_album("Dozen")
    row = album_row(complete(album)).values
    assert (row["id"], row["spotify_id"]) == ("asked for", album["id"])
    assert (row["market"], row["tracks_loaded"]) == ("GB", 12)
    assert not {"tracks", "available_markets"} & row.keys()
    assert "spotify_id" not in album_row(complete(album, album["id"])).values


@pytest.mark.parametrize("total", [None, 2**63, "many", {}])
def test_a_total_that_is_missing_is_that_of_the_list(total: object) -> None:
    album: Any = {**make_album("Dozen"), "total_tracks": total}
    assert album_row(complete(album, total=13)).values["total_tracks"] == 13


def test_fields_named_like_own_columns_are_renamed() -> None:
    theirs = {"market": "SE", "released_on": "today", "tracks_loaded": 7}
    album: Any = {**make_album("Dozen"), **theirs}
    row = album_row(complete(album)).values
    assert (row["market"], row["tracks_loaded"]) == ("GB", 12)
    assert {name: row[f"spotify_{name}"] for name in theirs} == theirs

    listed = new_release_row({**album, "content_hash": "theirs"}, "*").values
    assert (listed["market"], listed["spotify_market"], listed["spotify_content_hash"]) == ("*", "SE", "theirs")
    assert listed["content_hash"] != "theirs"

    track: Any = {"id": "t", "album_id": "other", "is_removed": True, "disc_number": 9, "track_number": 9}
    placed = track_row(PositionedTrack(track, 1, 2), "asked for").values
    assert "is_removed" not in placed
    assert placed == {
        "id": "t",
        "album_id": "asked for",
        "disc_number": 1,
        "track_number": 2,
        "spotify_album_id": "other",
        "spotify_is_removed": True,
    }


def test_rows_are_made_without_touching_the_objects() -> None:
    album: Any = make_album("Dozen")
    before = dict(album)
    new_release_row(album, "*")
    album_row(complete(album))
    track_row(PositionedTrack(album["tracks"][0], 1, 1), "x")
    assert album == before
