"""What there is to serve: the albums and the lists they are on. A test may change all of it while it is served."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from datetime import date
from itertools import chain, islice
from threading import Lock

from . import people
from .finding import Card, Index
from .further import FurtherWorld
from .markets import MARKETS
from .outline import outline_of
from .people import People, Works
from .query import Query
from .store import Finished, LazyAlbums, Listed, Recipe
from .wire import Album, Artist
from .world import SURPLUS, WINDOW_DAYS, lately, ranking

# An album stays in the catalogue long after it left the list: a loader may be days behind.
KEPT_DAYS = 42
# Unless told otherwise, so many are new for each that is listed, and no more than so many beyond the listing.
NEW_FOR_EACH_LISTED = 5
MOST_BEYOND = 2000


class Catalogue:
    """Albums and lists.

    Attributes:
        albums: The master copies by id, listed or not.
        listing: The ids as browse and a plain search for new albums list them. They may repeat; None is served as a
            null item.
        listing_by_market: What a plain search lists in a market instead.
        regional: Ids that search lists in their own markets only, and browse not at all.
        beyond: Ids of new albums that only a narrower search shows.
        gone: Ids that answer 404 although they are listed.
        artists: Artists beside those of the albums.
        most_found: How many new albums one narrower search shows at most.
    """

    def __init__(
        self,
        albums: MutableMapping[str, Album],
        listing: Iterable[str | None],
        regional: Iterable[str] = (),
        gone: Iterable[str] = (),
        beyond: Iterable[str] = (),
        artists: Iterable[Artist] = (),
    ) -> None:
        """Hold what is given; `generate` and `of` are the usual ways."""
        self.albums = albums
        self.listing = list(listing)
        self.listing_by_market: dict[str, list[str | None]] = {}
        self.regional = list(regional)
        self.beyond = list(beyond)
        self.gone = set(gone)
        self.artists = list(artists)
        self.most_found = 100
        self._indexes: dict[str, tuple[object, Index]] = {}
        self._people: People | None = None
        self._lock = Lock()

    @classmethod
    def of(cls, albums: Iterable[Album], beyond: Iterable[Album] = (), older: Iterable[Album] = ()) -> Catalogue:
        """A catalogue of these albums.

        Args:
            albums: Those that are listed, in this order.
            beyond: New ones that are not listed: only a narrower search shows them.
            older: Those that are new no more: neither list shows them.
        """
        listed, hidden, rest = ({album["id"]: album for album in group} for group in (albums, beyond, older))
        return cls({**listed, **hidden, **rest}, listed, beyond=hidden)

    @classmethod
    def generate(cls, seed: int, listed: int, day: date, current: int | None = None) -> Catalogue:
        """The catalogue of an invented world as it is on a day.

        Args:
            seed: Which world.
            listed: How many albums its list holds.
            day: The day; another day lists other albums, and a few have changed.
            current: About how many albums are new, listed or not. By default five times as many as are listed, but
                no more than 2,000 beyond them. It changes nothing about the list, nor about what is on it.
        """
        listing, regional = ranking(seed, listed, day)
        fortnight = lately(seed, listed, day, WINDOW_DAYS)
        known = {slot.album_id: slot for slot in [*listing, *regional, *lately(seed, listed, day, KEPT_DAYS)]}
        if current is None:
            current = min(NEW_FOR_EACH_LISTED * listed, listed + MOST_BEYOND)
        world = FurtherWorld(seed, max(0, current - int(SURPLUS * listed + 4)), day)
        recipes: dict[str, Recipe | Listed] = {album_id: Listed(slot, day) for album_id, slot in known.items()}
        recipes |= {release.album_id: release for release in chain(world.new, world.older())}
        shown = {slot.album_id for slot in [*listing, *regional]}
        unlisted = [slot.album_id for slot in fortnight if slot.listed(day) and slot.album_id not in shown]
        return cls(
            albums=LazyAlbums(recipes),
            listing=[slot.album_id for slot in listing],
            regional=[slot.album_id for slot in regional],
            gone=[album_id for album_id, slot in known.items() if slot.taken_down(day)],
            beyond=[*unlisted, *(release.album_id for release in world.new if not release.late)],
            artists=world.roster.artists if len(world.new) else (),
        )

    # -- albums

    def find(self, album_id: str) -> Album | None:
        """The album, unless there is none or it is gone."""
        return None if album_id in self.gone else self.albums.get(album_id)

    def read(self, album_id: str) -> Album | None:
        """The same, not to be changed."""
        if album_id in self.gone or album_id not in self.albums:
            return None
        return self.albums.read(album_id) if isinstance(self.albums, LazyAlbums) else self.albums[album_id]

    def sketch(self, album_id: str) -> Album:
        """The album as lists show it, not to be changed: its tracks may be missing."""
        return self._recipe(album_id).sketch()

    def listed_albums(self) -> list[Album]:
        """The albums that are listed and can be read, each once."""
        ids = dict.fromkeys(album_id for album_id in self.listing if album_id is not None)
        return [self.albums[album_id] for album_id in ids if album_id not in self.gone]

    # -- lists

    def listed_in(self, market: str | None) -> Iterator[str | None]:
        """What a plain search for new albums lists: everything without a market, else what is out there.

        A market it doesn't know is none.
        """
        if market in self.listing_by_market:
            return iter(self.listing_by_market[market])
        if market not in MARKETS:
            return iter(self.listing)
        # Late, and one by one: most requests want the first few of many.
        return (
            album_id
            for album_id in chain(self.listing, self.regional)
            if album_id is None or market in self._recipe(album_id).outline().markets
        )

    def new_ids(self) -> tuple[str, ...]:
        """The ids of all albums that are new, listed or not, each once."""
        return tuple(dict.fromkeys(filter(None, chain(self.listing, self.regional, self.beyond))))

    def search(self, query: Query, market: str | None = None) -> Iterator[str]:
        """The ids of the albums that a query finds in a market, the first first; at most `most_found` new ones."""
        index = self._new_index() if query.new else self._whole_index()
        taken = self._taken()
        changed = {each: Card(each, outline_of(album)) for each, album in list(taken.items()) if each in index.ids}
        found = (album_id for album_id in index.find(query, market, changed) if album_id in self.albums)
        return islice(found, self.most_found) if query.new else found

    # -- artists

    def artist(self, artist_id: str) -> Artist | None:
        """The artist, if there is one of that id."""
        return next(filter(None, (each.get(artist_id) for each in self._everyone())), None)

    def works(self, artist_id: str) -> Works:
        """The ids of the albums that the artist is on."""
        made, others = (each.works(artist_id) for each in self._everyone())
        taken = self._taken()

        def merged(mine: list[str], theirs: list[str]) -> list[str]:
            return [*mine, *(album_id for album_id in theirs if album_id not in taken and album_id in self.albums)]

        return Works(merged(made.own, others.own), merged(made.guest, others.guest))

    def search_artists(self, query: Query) -> list[Artist]:
        """The artists that a query finds, the first first."""
        everyone = {artist["id"]: artist for each in self._everyone() for artist in each}
        return people.found(query, everyone.values())

    # -- what is made once

    def _recipe(self, album_id: str) -> Recipe:
        if isinstance(self.albums, LazyAlbums):
            return self.albums.recipe(album_id)
        return Finished(self.albums[album_id])

    def _taken(self) -> Mapping[str, Album]:
        """The albums that may have changed since yesterday's look at them."""
        return self.albums.taken if isinstance(self.albums, LazyAlbums) else self.albums

    def _new_index(self) -> Index:
        version = (tuple(self.listing), tuple(self.regional), tuple(self.beyond))
        return self._index("new", version, self.new_ids)

    def _whole_index(self) -> Index:
        ids = tuple(self.albums)
        return self._index("whole", ids, lambda: ids)

    def _index(self, name: str, version: object, ids: Callable[[], tuple[str, ...]]) -> Index:
        """The index of that name, made anew where its version is another one than last time."""
        with self._lock:
            known, index = self._indexes.get(name, (None, None))
            if index is None or known != version:
                index = Index(ids(), self._card)
                self._indexes[name] = version, index
            return index

    def _card(self, album_id: str) -> Card | None:
        if album_id in self._taken() or album_id not in self.albums:
            return None
        return Card(album_id, self._recipe(album_id).outline())

    def _everyone(self) -> tuple[People, People]:
        """The artists of the albums that may have changed, and those of all the others."""
        taken = self._taken()
        with self._lock:
            if self._people is None:
                others = ((album_id, self._recipe(album_id)) for album_id in self.albums if album_id not in taken)
                self._people = People(others, self.artists)
        return People((album_id, Finished(album)) for album_id, album in list(taken.items())), self._people
