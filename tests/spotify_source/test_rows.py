"""Tests of rows made of API objects."""

from __future__ import annotations

from copy import deepcopy
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
def test_released_on_is_the_first_day_of_the_release_date(release_date: object, day: date | None) -> None:
    assert released_on(release_date) == day


@given(st.text(max_size=12) | st.integers() | st.none())
def test_released_on_accepts_any_value(release_date: object) -> None:
    assert released_on(release_date) is None or isinstance(released_on(release_date), date)


def complete(album: Any, album_id: str = "requested", **more: Any) -> CompleteAlbum:
    fields: dict[str, Any] = {"tracks": [], "total": 12, "tracks_loaded": 12, **more}
    return CompleteAlbum(AlbumRequest(album_id, "GB", 12), album, **fields)


def test_an_album_row_has_the_requested_id_and_market() -> None:
    album: Any = make_album("Dozen")
    row = album_row(complete(album)).values
    assert (row["id"], row["spotify_id"]) == ("requested", album["id"])
    assert (row["market"], row["tracks_loaded"]) == ("GB", 12)
    assert not {"tracks", "available_markets"} & row.keys()
    assert "spotify_id" not in album_row(complete(album, album["id"])).values


@pytest.mark.parametrize(("sent", "stored"), [(2**70, f'"{2**70}"'), ("9" * 22, f'"{"9" * 22}"'), ("x", "x")])
def test_another_id_in_the_reply_is_stored_as_text(sent: object, stored: str) -> None:
    album: Any = {**make_album("Dozen"), "id": sent}
    assert album_row(complete(album)).values["spotify_id"] == stored


@pytest.mark.parametrize("total", [None, 2**63, "many", {}])
def test_a_missing_total_is_that_of_the_complete_album(total: object) -> None:
    album: Any = {**make_album("Dozen"), "total_tracks": total}
    assert album_row(complete(album, total=13)).values["total_tracks"] == 13


def test_fields_named_like_added_columns_are_kept_beside_them() -> None:
    sent = {"market": "SE", "released_on": "today", "tracks_loaded": 7}
    album: Any = {**make_album("Dozen"), **sent}
    row = album_row(complete(album)).values
    assert (row["market"], row["tracks_loaded"]) == ("GB", 12)
    assert {name: row[f"spotify_{name}"] for name in sent} == sent

    listed = new_release_row({**album, "content_hash": "sent"}, "*").values
    assert (listed["market"], listed["spotify_market"], listed["spotify_content_hash"]) == ("*", "SE", "sent")
    assert listed["content_hash"] != "sent"


def test_a_track_row_has_the_key_of_its_position() -> None:
    track: Any = {"id": "t", "album_id": "other", "is_removed": True, "disc_number": 9, "track_number": 9}
    assert track_row(PositionedTrack(track, 1, 2), "requested").values == {
        "id": "t",
        "album_id": "requested",
        "disc_number": 1,
        "track_number": 2,
        "spotify_album_id": "other",
        "spotify_is_removed": True,
    }


def test_the_content_hash_changes_with_any_listed_value() -> None:
    album: Any = make_album("Dozen")
    content_hash = new_release_row(album, "*").values["content_hash"]
    assert new_release_row(deepcopy(album), "*").values["content_hash"] == content_hash
    assert new_release_row(album, "US").values["content_hash"] != content_hash
    album["artists"][0]["name"] += "!"
    assert new_release_row(album, "*").values["content_hash"] != content_hash


def test_objects_of_the_api_are_not_changed() -> None:
    album: Any = make_album("Dozen")
    before = deepcopy(album)
    new_release_row(album, "*")
    album_row(complete(album))
    track_row(PositionedTrack(album["tracks"][0], 1, 1), "x")
    assert album == before
