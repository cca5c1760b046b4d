"""Albums that are made when they are looked at: a world of 20,000 costs no more than what is read of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import date
from threading import RLock
from typing import Protocol

from .outline import Cast, Outline, cast_of, outline_of
from .releases import release
from .wire import Album
from .world import Slot

# What is served of the world behind the listing is kept for the next request; beyond so many, it is made again.
_KEPT = 2000


class Recipe(Protocol):
    """How to make an album, and what is known of it without."""

    def people(self) -> Cast:
        """Who is on it."""

    def outline(self) -> Outline:
        """What a search knows of it."""

    def sketch(self) -> Album:
        """The album as lists show it: its tracks may be missing."""

    def make(self) -> Album:
        """The whole album."""


@dataclass(frozen=True)
class Finished:
    """An album that is made already."""

    album: Album

    def people(self) -> Cast:
        """Who is on it."""
        return cast_of(self.album)

    def outline(self) -> Outline:
        """What a search knows of it."""
        return outline_of(self.album)

    def sketch(self) -> Album:
        """The album itself."""
        return self.album

    def make(self) -> Album:
        """The album itself."""
        return self.album


@dataclass(frozen=True)
class Listed:
    """An album of the world that is listed: of it, nothing is known before it is made."""

    slot: Slot
    today: date

    def make(self) -> Album:
        """The whole album."""
        return release(self.slot, self.today)


class LazyAlbums(MutableMapping[str, Album]):
    """Albums by id.

    What is taken out is the caller's to change, always the same object, and kept. What is served is only read.
    """

    def __init__(self, recipes: Mapping[str, Recipe | Listed]) -> None:
        """Know how to make every album, and make none."""
        self._recipes: dict[str, Recipe | Listed] = dict(recipes)
        self._taken: dict[str, Album] = {}
        self._listed: dict[str, Album] = {}
        self._served: OrderedDict[str, Album] = OrderedDict()
        self._lock = RLock()

    @property
    def taken(self) -> Mapping[str, Album]:
        """The albums that were taken out or put in: those that may have been changed."""
        return self._taken

    def read(self, album_id: str) -> Album:
        """The album, not to be changed."""
        with self._lock:
            for made in (self._taken, self._listed, self._served):
                if album_id in made:
                    return made[album_id]
            recipe = self._recipes[album_id]
            album = recipe.make()
            if isinstance(recipe, Listed):
                self._listed[album_id] = album
            else:
                self._served[album_id] = album
                if len(self._served) > _KEPT:
                    self._served.popitem(last=False)
            return album

    def recipe(self, album_id: str) -> Recipe:
        """What is known of the album, which is made for it where nothing else will do."""
        with self._lock:
            recipe = self._recipes[album_id]
            if isinstance(recipe, Listed) or album_id in self._taken or album_id in self._served:
                return Finished(self.read(album_id))
            return recipe

    def __getitem__(self, album_id: str) -> Album:
        """The album, always the same object."""
        with self._lock:
            if album_id not in self._taken:
                self._taken[album_id] = self.read(album_id)
            return self._taken[album_id]

    def __setitem__(self, album_id: str, album: Album) -> None:
        """Put an album in."""
        with self._lock:
            self._recipes[album_id] = Finished(album)
            self._taken[album_id] = album

    def __delitem__(self, album_id: str) -> None:
        """Take an album out for good."""
        with self._lock:
            del self._recipes[album_id]
            for made in (self._taken, self._listed, self._served):
                made.pop(album_id, None)

    def __contains__(self, album_id: object) -> bool:
        """Whether it is there; which makes nothing."""
        return album_id in self._recipes

    def __iter__(self) -> Iterator[str]:
        """The ids, in order; which makes nothing."""
        return iter(self._recipes)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._recipes)
