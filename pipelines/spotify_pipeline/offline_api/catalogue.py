"""Catalogue of albums that the offline API serves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from spotify_source.api.markets import MARKETS
from spotify_source.models import Artist

from .generator import Generator
from .names import VARIOUS_ARTISTS
from .objects import CatalogueAlbum

ALBUM_GROUPS = ("album", "single", "compilation", "appears_on")
# New albums for each that is listed, and the highest number beyond the listing, unless `current` is given.
NEW_FOR_EACH_LISTED = 5
MOST_BEYOND = 2000


class Catalogue:
    """Albums by id, and the lists they are on.

    Tests may change all of it while it is served.
    """

    def __init__(
        self,
        albums: dict[str, CatalogueAlbum],
        listing: Iterable[str | None],
        regional: Iterable[str] = (),
        gone: Iterable[str] = (),
        beyond: Iterable[str] = (),
    ) -> None:
        """Hold what `of` or `generate` made.

        Args:
            albums: The albums, listed or not.
            listing: The ids in the order of the plain listing. None is served as a null item.
            regional: The ids that only a search with a market lists, each in its own markets.
            gone: The ids that answer 404 although they are listed.
            beyond: The ids of new albums that only a narrower search lists.
        """
        self.albums = albums
        self.listing = list(listing)
        # Plain listings of single markets, in place of `listing`.
        self.listing_by_market: dict[str, list[str | None]] = {}
        self.regional = list(regional)
        self.gone = set(gone)
        self.beyond = list(beyond)

    @classmethod
    def of(
        cls,
        albums: Iterable[CatalogueAlbum],
        beyond: Iterable[CatalogueAlbum] = (),
        older: Iterable[CatalogueAlbum] = (),
    ) -> Catalogue:
        """Make a catalogue of albums: listed, new but not listed, no longer new."""
        listed, hidden, rest = ({album["id"]: album for album in group} for group in (albums, beyond, older))
        return cls({**listed, **hidden, **rest}, listed, beyond=hidden)

    @classmethod
    def generate(cls, seed: int, listed: int, day: date, current: int | None = None) -> Catalogue:
        """Invent the catalogue of a day. The same arguments always give the same one.

        Args:
            seed: Another number gives other albums.
            listed: The number of albums in the plain listing.
            day: The day. From one day to the next, albums come and go, and a few change.
            current: The approximate number of new albums, listed or not.
        """
        if current is None:
            current = min(NEW_FOR_EACH_LISTED * listed, listed + MOST_BEYOND)
        world = Generator(seed, listed, current, day.toordinal())
        return cls(world.albums, world.listing, world.regional, world.gone, world.beyond)

    def album(self, album_id: str) -> CatalogueAlbum | None:
        """Return an album that can be read."""
        return None if album_id in self.gone else self.albums.get(album_id)

    def listed_albums(self) -> list[CatalogueAlbum]:
        """Return the albums that are listed and can be read, each once."""
        ids = dict.fromkeys(album_id for album_id in self.listing if album_id is not None)
        return [self.albums[album_id] for album_id in ids if album_id not in self.gone]

    def listed_in(self, market: str | None) -> list[str | None]:
        """Return the ids of the plain listing in a market; an unknown one is ignored."""
        if market in self.listing_by_market:
            return self.listing_by_market[market]
        if market not in MARKETS:
            return self.listing
        candidates = [*self.listing, *self.regional]
        return [each for each in candidates if each is None or market in self.albums[each]["available_markets"]]

    def new_ids(self) -> list[str]:
        """Return the ids of all new albums, listed or not, each once."""
        return list(
            dict.fromkeys(each for each in (*self.listing, *self.regional, *self.beyond) if each in self.albums)
        )

    def artists(self) -> Iterator[Artist]:
        """Return the artists of all albums and tracks, each once."""
        seen: set[str] = set()
        for album in self.albums.values():
            for credits_ in (album["artists"], *(track["artists"] for track in album["tracks"])):
                for artist in credits_:
                    if artist["id"] not in seen:
                        seen.add(artist["id"])
                        yield artist

    def artist(self, artist_id: str) -> Artist | None:
        """Return the artist with an id."""
        return next((artist for artist in self.artists() if artist["id"] == artist_id), None)

    def artist_albums(self, artist_id: str) -> list[tuple[str, CatalogueAlbum]]:
        """Return an artist's albums with their groups.

        All albums of a group come first, the newest first, then those of the next group.
        """
        found: dict[str, list[CatalogueAlbum]] = {group: [] for group in ALBUM_GROUPS}
        for album in self.albums.values():
            if album["id"] in self.gone:
                continue
            if _has(album["artists"], artist_id):
                found["single" if album["album_type"] == "ep" else album["album_type"]].append(album)
            elif any(_has(track["artists"], artist_id) for track in album["tracks"]):
                found["appears_on"].append(album)
        for albums in found.values():
            albums.sort(key=lambda album: (album["release_date"], album["id"]), reverse=True)
        return [(group, album) for group, albums in found.items() for album in albums]


def artists_with_news(catalogue: Catalogue, artists: int = 12) -> list[Artist]:
    """Return the artists with the most new albums, those beyond the listing first."""
    news: Counter[str] = Counter()
    by_id: dict[str, Artist] = {}
    hidden = set(catalogue.beyond)
    for album_id in sorted(catalogue.new_ids(), key=lambda album_id: album_id not in hidden):
        for artist in catalogue.albums[album_id]["artists"]:
            if artist["name"] != VARIOUS_ARTISTS:
                by_id.setdefault(artist["id"], artist)
                news[artist["id"]] += 1
    return [by_id[artist_id] for artist_id, _ in news.most_common(artists)]


def _has(artists: Iterable[Artist], artist_id: str) -> bool:
    return any(artist["id"] == artist_id for artist in artists)
