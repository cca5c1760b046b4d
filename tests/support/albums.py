"""Invented albums in bulk, and the rows that they become."""

from __future__ import annotations

from collections.abc import Sequence

from spotify_pipeline.offline_api import Album, make_album


def albums_of(number: int, tracks: int = 1) -> list[Album]:
    """Return `number` albums with `tracks` tracks each."""
    return [make_album(f"Album {index}", tracks) for index in range(number)]


def places_of(albums: Sequence[Album]) -> list[tuple[str, int, int]]:
    """Return the track positions of the albums, as `Database.places` does."""
    return sorted(
        (album["id"], track["disc_number"], track["track_number"]) for album in albums for track in album["tracks"]
    )


def further_pages(albums: Sequence[Album]) -> int:
    """Return the calls for tracks beyond the first 50."""
    return sum(max(0, (len(album["tracks"]) - 1) // 50) for album in albums)
