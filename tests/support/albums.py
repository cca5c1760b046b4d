"""Invented albums by the number, and what they come to once they are loaded. Knows no API and no database."""

from __future__ import annotations

from collections.abc import Sequence

from spotify_pipeline.offline_api import Album, make_album


def albums_of(number: int, tracks: int = 1) -> list[Album]:
    """That many albums of so many tracks each."""
    return [make_album(f"Album {index}", tracks) for index in range(number)]


def places_of(albums: Sequence[Album]) -> list[tuple[str, int, int]]:
    """Every place on these albums, as `Database.places` has them."""
    return sorted(
        (album["id"], track["disc_number"], track["track_number"]) for album in albums for track in album["tracks"]
    )


def further_pages(albums: Sequence[Album]) -> int:
    """The calls that tracks beyond the first 50 cost."""
    return sum(max(0, (len(album["tracks"]) - 1) // 50) for album in albums)
