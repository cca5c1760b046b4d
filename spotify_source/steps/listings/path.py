"""What all ways to find albums have in common: what they cost, and where they enter what they see. Knows no endpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from sys import intern
from typing import Protocol

from ...cleaning import clean_text
from ...models import (
    DataIssue,
    DataIssueKind,
    Listing,
    ListingEnd,
    PathCost,
    PathCounts,
    QueryYield,
    Sighting,
    SimplifiedAlbum,
    WatchedArtist,
    is_id,
    whole_number,
)
from ...run import Run
from ...schema import NEW_RELEASES


class ListingPath(Protocol):
    """One way to find albums."""

    def cost(self) -> PathCost:
        """What reading it may cost; asked before it is read."""
        ...

    def read(self, gathered: Gathering) -> None:
        """Read it, and enter what is seen, up to `gathered.is_full`.

        Raises:
            SpotifySourceError: What ends it. What was read until then is entered.
        """
        ...

    def counts(self) -> PathCounts:
        """What it brought so far."""
        ...


class Gathering:
    """What is seen on all ways together, as it comes in: of it the listing is made.

    Args:
        known: Ids of the albums that earlier runs listed.
        limit: The most albums to list; None is no limit.
        run: The run, which collects the counts.

    Attributes:
        albums: Each album once, as it was seen first, by id.
        sightings: Every place that held an album.
        yields: What queries beyond it brought.
        artists: Artists of the watchlist that were checked, by the key of their row.
    """

    def __init__(self, known: Collection[str], limit: int | None, run: Run) -> None:
        self._data_issues = run.data_issues
        self._counts = run.listing
        self._known = known
        self._limit = limit
        self._totals: dict[str, dict[str, int | None]] = {}
        self._positions: Counter[str] = Counter()
        self.albums: dict[str, SimplifiedAlbum] = {}
        self.sightings: list[Sighting] = []
        self.yields: list[QueryYield] = []
        self.artists: dict[str, WatchedArtist] = {}

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return self._limit is not None and len(self.albums) >= self._limit

    def is_known(self, album_id: str) -> bool:
        """Whether it was listed before, in this run or another."""
        return album_id in self._known or album_id in self.albums

    def enter(
        self, page: Sequence[SimplifiedAlbum | None], market: str, via: str, query: str | None = None
    ) -> tuple[int, int]:
        """Enter the items of a page, up to the limit.

        Args:
            page: The items, in order.
            market: Where they were listed.
            via: By which endpoint.
            query: What was asked, beyond the plain listing.

        Returns:
            How many albums they are, and how many of these were never listed before.
        """
        listed = new = 0
        for album in page:
            if self.is_full:
                break
            self._positions[market] += 1
            # Null items are real: https://github.com/spotify/web-api/issues/1547
            found = album.get("id") if isinstance(album, dict) else None
            if not isinstance(album, dict) or not isinstance(found, str) or not found:
                self._counts.items_dropped += 1
                self._note(DataIssueKind.WITHOUT_ID if isinstance(album, dict) else DataIssueKind.EMPTY, None)
                continue
            album_id = clean_text(found)
            listed += 1
            new += not self.is_known(album_id)
            self.sightings.append(Sighting(market, self._positions[market], album_id, via, query))
            self._totals.setdefault(album_id, {}).setdefault(market, whole_number(album.get("total_tracks")))
            if album_id not in self.albums:
                if not is_id(album_id):
                    self._note(DataIssueKind.MALFORMED_ID, album_id)
                _share_market_codes(album)
                self.albums[album_id] = album
                self._counts.albums_listed += 1
                self._counts.albums_new += album_id not in self._known
        return listed, new

    def _note(self, what: DataIssueKind, album_id: str | None) -> None:
        self._data_issues.note([DataIssue(what, NEW_RELEASES.name)], album_id)

    def listing(self, end: ListingEnd, watched: Collection[str]) -> Listing:
        """What was listed.

        Args:
            end: Why the reading of the plain listing ended.
            watched: Ids of the artists of the watchlist.
        """
        return Listing(
            self.albums,
            self._totals,
            self.sightings,
            self._counts.discovered_via,
            end,
            self._counts.items_dropped,
            self.yields,
            list(self.artists.values()),
            watched,
        )


def _share_market_codes(album: SimplifiedAlbum) -> None:
    """Keep each code in memory once: without a market, an album comes with some 180 of them, 10 KB."""
    codes: object = album.get("available_markets")
    if isinstance(codes, list):
        album["available_markets"] = [intern(code) if isinstance(code, str) else code for code in codes]
