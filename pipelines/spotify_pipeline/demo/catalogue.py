"""What there is to serve: the albums and the lists they are on. A test may change all of it while it is served."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from datetime import date
from functools import partial
from itertools import chain
from threading import Lock

from .markets import MARKETS
from .releases import release
from .wire import Album
from .world import lately, ranking

# An album stays in the catalogue long after it left the list: a loader may be days behind.
KEPT_DAYS = 42


class LazyAlbums(MutableMapping[str, Album]):
    """Albums by id, each made when it is first looked at: a world of 20,000 costs no more than what is read of it."""

    def __init__(self, recipes: dict[str, Callable[[], Album]]) -> None:
        """Know how to make every album, and make none."""
        self._recipes = recipes
        self._made: dict[str, Album] = {}
        self._lock = Lock()

    def __getitem__(self, album_id: str) -> Album:
        """The album, always the same object."""
        made = self._made.get(album_id)
        if made is not None:
            return made
        with self._lock:
            if album_id not in self._made:
                self._made[album_id] = self._recipes[album_id]()
            return self._made[album_id]

    def __setitem__(self, album_id: str, album: Album) -> None:
        """Put an album in."""
        self._recipes[album_id] = lambda: album
        self._made[album_id] = album

    def __delitem__(self, album_id: str) -> None:
        """Take an album out."""
        del self._recipes[album_id]
        self._made.pop(album_id, None)

    def __contains__(self, album_id: object) -> bool:
        """Whether it is there; which makes nothing."""
        return album_id in self._recipes

    def __iter__(self) -> Iterator[str]:
        """The ids, in order; which makes nothing."""
        return iter(self._recipes)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._recipes)


class Catalogue:
    """Albums and lists.

    Attributes:
        albums: The master copies by id, listed or not.
        listing: The ids as browse and search list them. They may repeat; None is served as a null item.
        listing_by_market: What search lists in a market instead.
        regional: Ids that search lists in their own markets only, and browse not at all.
        gone: Ids that answer 404 although they are listed.
    """

    def __init__(
        self,
        albums: MutableMapping[str, Album],
        listing: Iterable[str | None],
        regional: Iterable[str] = (),
        gone: Iterable[str] = (),
    ) -> None:
        """Hold what is given; `generate` and `of` are the usual ways."""
        self.albums = albums
        self.listing = list(listing)
        self.listing_by_market: dict[str, list[str | None]] = {}
        self.regional = list(regional)
        self.gone = set(gone)

    @classmethod
    def of(cls, albums: Iterable[Album]) -> Catalogue:
        """A catalogue of these albums, listed in this order."""
        by_id = {album["id"]: album for album in albums}
        return cls(by_id, by_id)

    @classmethod
    def generate(cls, seed: int, listed: int, day: date) -> Catalogue:
        """The catalogue of an invented world as it is on a day.

        Args:
            seed: Which world.
            listed: How many albums its list holds.
            day: The day; another day lists other albums, and a few have changed.
        """
        listing, regional = ranking(seed, listed, day)
        known = {slot.album_id: slot for slot in [*listing, *regional, *lately(seed, listed, day, KEPT_DAYS)]}
        return cls(
            albums=LazyAlbums({album_id: partial(release, slot, day) for album_id, slot in known.items()}),
            listing=[slot.album_id for slot in listing],
            regional=[slot.album_id for slot in regional],
            gone=[album_id for album_id, slot in known.items() if slot.taken_down(day)],
        )

    def find(self, album_id: str) -> Album | None:
        """The album, unless there is none or it is gone."""
        return None if album_id in self.gone else self.albums.get(album_id)

    def listed_in(self, market: str | None) -> Iterator[str | None]:
        """What search lists: everything without a market, else what is out there. A market it doesn't know is none."""
        if market in self.listing_by_market:
            return iter(self.listing_by_market[market])
        if market not in MARKETS:
            return iter(self.listing)
        # Late, and one by one: most requests want the first few of many.
        return (
            album_id
            for album_id in chain(self.listing, self.regional)
            if album_id is None or market in self.albums[album_id]["available_markets"]
        )

    def listed_albums(self) -> list[Album]:
        """The albums that are listed and can be read, each once."""
        ids = dict.fromkeys(album_id for album_id in self.listing if album_id is not None)
        return [self.albums[album_id] for album_id in ids if album_id not in self.gone]

    def named(self, text: str) -> list[str]:
        """The ids of the albums that have this in their name."""
        return [album_id for album_id, album in self.albums.items() if text.casefold() in album["name"].casefold()]
