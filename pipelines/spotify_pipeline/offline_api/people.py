"""The artists of a catalogue: who there is, who is found by a name, and on which albums each stands; not the albums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from .finding import stands_in
from .folding import words
from .ids import fraction
from .query import Query
from .store import Recipe
from .wire import Artist


class Works(NamedTuple):
    """The ids of an artist's albums.

    Attributes:
        own: Those with the artist in their credits.
        guest: Those with the artist on some track alone.
    """

    own: list[str]
    guest: list[str]


class People:
    """The artists of some albums."""

    def __init__(self, albums: Iterable[tuple[str, Recipe]], others: Iterable[Artist] = ()) -> None:
        """Read who is on each album.

        Args:
            albums: The albums by their ids.
            others: Artists who may have no album.
        """
        self._artists: dict[str, Artist] = {artist["id"]: artist for artist in others}
        self._works: dict[str, Works] = {}
        for album_id, recipe in albums:
            credited, guests = recipe.people()
            for artist in credited:
                self._of(artist).own.append(album_id)
            for artist in guests:
                self._of(artist).guest.append(album_id)

    def __iter__(self) -> Iterator[Artist]:
        """Every artist, once."""
        return iter(self._artists.values())

    def get(self, artist_id: str) -> Artist | None:
        """The artist, if there is one of that id."""
        return self._artists.get(artist_id)

    def works(self, artist_id: str) -> Works:
        """The albums of the artist."""
        return self._works.get(artist_id) or Works([], [])

    def _of(self, artist: Artist) -> Works:
        self._artists.setdefault(artist["id"], artist)
        return self._works.setdefault(artist["id"], Works([], []))


def found(query: Query, artists: Iterable[Artist]) -> list[Artist]:
    """The artists that a query finds: those called just so, then the rest; the best known first."""
    if query.nothing or query.new or query.hipster or any(term.field == "album" for term in query.terms):
        return []
    asked = tuple(chain.from_iterable(term.words for term in query.terms))
    matching = [artist for artist in artists if all(stands_in(term, words(artist["name"])) for term in query.terms)]
    return sorted(matching, key=lambda artist: (words(artist["name"]) == asked, popularity(artist)), reverse=True)


def popularity(artist: Artist) -> int:
    """How well known an artist is, from 0 to 100."""
    return int(90 * fraction("fame", artist["id"]) ** 2)
