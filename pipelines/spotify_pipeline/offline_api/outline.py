"""What is known of an album without making it: what a search matches, and who is on it."""

from __future__ import annotations

from typing import NamedTuple

from .wire import Album, Artist


class Outline(NamedTuple):
    """An album as an index holds it.

    Attributes:
        title: Its name.
        artists: Its credits, in order; not the guests of single tracks.
        release_date: As the API sends it: '2026-11-20', '2007-03', '1967', '0000'.
        popularity: From 0 to 100.
        markets: Where it is available.
    """

    title: str
    artists: tuple[Artist, ...]
    release_date: str
    popularity: int
    markets: frozenset[str]


class Cast(NamedTuple):
    """Who is on an album.

    Attributes:
        credited: The artists of the album.
        guests: The artists of single tracks alone.
    """

    credited: list[Artist]
    guests: list[Artist]


def cast_of(album: Album) -> Cast:
    """Who is on an album that is made."""
    credited = {artist["id"] for artist in album["artists"]}
    on_tracks = {artist["id"]: artist for track in album["tracks"] for artist in track["artists"]}
    return Cast(album["artists"], [artist for artist in on_tracks.values() if artist["id"] not in credited])


def outline_of(album: Album) -> Outline:
    """The outline of an album that is made."""
    return Outline(
        album["name"],
        tuple(album["artists"]),
        album["release_date"],
        album["popularity"],
        frozenset(album.get("available_markets", ())),
    )
