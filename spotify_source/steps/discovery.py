"""How new releases are found: browse/new-releases, or search tag:new. Knows listings, not what is fetched for them."""

from __future__ import annotations

from collections.abc import Iterator
from sys import intern

from ..api.client import SpotifyClient
from ..errors import (
    ApiUnavailableError,
    AppRefusedError,
    BucketClosedError,
    CallFailedError,
    ConfigurationError,
    ForbiddenError,
    NotFoundError,
    SpotifySourceError,
)
from ..limits.clock import Clock
from ..limits.source_state import SourceState
from ..model.ids import is_id
from ..model.numbers import whole_number
from ..model.oddities import Finding, Oddity
from ..model.result import ListingCounts
from ..model.shapes import SimplifiedAlbum
from ..model.values import ANY_MARKET, Listing, ListingEnd, Sighting
from ..options import Options
from ..schema import NEW_RELEASES
from .oddity_log import OddityLog
from .safe_values import safe_text


class Discoverer:
    """Reads the listings of one run.

    Args:
        client: The door to the API.
        state: Remembers whether the app may browse.
        clock: Where the time comes from.
        options: Which path, how browse is paged, where search looks, and how much to list. Browse takes no market:
            several markets mean search.
        oddities: Where it is noted what came otherwise than documented.

    Attributes:
        cut_by: What ended the listing before its end, though something was read.
        failure: What keeps the run from being good, whatever was read.
    """

    def __init__(
        self, client: SpotifyClient, state: SourceState, clock: Clock, options: Options, oddities: OddityLog
    ) -> None:
        self._client = client
        self._state = state
        self._clock = clock
        self._options = options
        self._oddities = oddities
        self._albums: dict[str, SimplifiedAlbum] = {}
        self._totals: dict[str, dict[str, int | None]] = {}
        self._sightings: list[Sighting] = []
        self._items_dropped = 0
        self._discovered_via: str | None = None
        self._end: ListingEnd | None = None
        self.cut_by: SpotifySourceError | None = None
        self.failure: SpotifySourceError | None = None

    def discover(self) -> Listing:
        """Read the whole listing, as far as it can be read.

        Raises:
            ConfigurationError: The credentials are refused.
            AppRefusedError: The app may take no path.
        """
        try:
            if not self._browse():
                self._search()
            self._end = ListingEnd.LIMIT if self._is_full() else ListingEnd.COMPLETE
        except BucketClosedError as closed:
            self._end = ListingEnd.CLOSED
            if self._sightings:
                self.cut_by = closed
        except SpotifySourceError as error:
            self._end = ListingEnd.FAILED
            if not self._sightings and not isinstance(error, (ApiUnavailableError, CallFailedError)):
                raise
            self._end_early(error)
        return Listing(
            self._albums, self._totals, self._sightings, self._discovered_via, self._end, self._items_dropped
        )

    def counts(self, albums_new: int) -> ListingCounts:
        """What was found so far.

        Args:
            albums_new: How many of the albums are new, which is not known here.
        """
        return ListingCounts(
            markets=self._options.markets,
            discovered_via=self._discovered_via,
            albums_listed=len(self._albums),
            albums_new=albums_new,
            items_dropped=self._items_dropped,
            end=self._end,
            cut_by=self.cut_by,
        )

    def _end_early(self, error: SpotifySourceError) -> None:
        if self._sightings:
            self.cut_by = error
        if not self._sightings or isinstance(error, (AppRefusedError, ConfigurationError)):
            self.failure = error

    def _browse(self) -> bool:
        """Read browse/new-releases; False where search has to do it."""
        discovery = self._options.discovery
        if discovery == "search" or (discovery == "auto" and len(self._options.markets) > 1):
            return False
        if discovery == "auto" and self._state.allowed("browse", self._clock.now()) is False:
            return False
        try:
            self._read(self._client.browse_new_releases(self._options.paging), ANY_MARKET, "browse")
        except (ForbiddenError, NotFoundError) as refusal:
            self._note_browse(False)
            if discovery == "browse":
                raise ForbiddenError(
                    "This app may not call browse/new-releases.",
                    guidance="Choose discovery 'auto' or 'search': apps made since 2026-02-11 need it.",
                ) from refusal
            return False
        return True

    def _search(self) -> None:
        for market in self._options.markets:
            if not self._is_full():
                self._read(self._client.search_new_releases(market), market, "search")

    def _read(self, pages: Iterator[list[SimplifiedAlbum | None]], market: str, via: str) -> None:
        position = 0
        for page in pages:
            if via == "browse":
                self._note_browse(True)
            self._discovered_via = via
            for album in page:
                position += 1
                self._enter(album, market, position, via)
                if self._is_full():
                    return

    def _is_full(self) -> bool:
        return self._options.limit is not None and len(self._albums) >= self._options.limit

    def _enter(self, album: SimplifiedAlbum | None, market: str, position: int, via: str) -> None:
        # Null items are real: https://github.com/spotify/web-api/issues/1547
        found = album.get("id") if isinstance(album, dict) else None
        if not isinstance(album, dict) or not isinstance(found, str) or not found:
            self._items_dropped += 1
            self._note(Oddity.WITHOUT_ID if isinstance(album, dict) else Oddity.EMPTY, None)
            return
        album_id = safe_text(found)
        self._sightings.append(Sighting(market, position, album_id, via))
        self._totals.setdefault(album_id, {}).setdefault(market, whole_number(album.get("total_tracks")))
        if album_id not in self._albums:
            if not is_id(album_id):
                self._note(Oddity.MALFORMED_ID, album_id)
            _share_market_codes(album)
            self._albums[album_id] = album

    def _note(self, what: Oddity, album_id: str | None) -> None:
        self._oddities.note([Finding(what, NEW_RELEASES.name)], album_id)

    def _note_browse(self, allowed: bool) -> None:
        self._state.remember_allowed("browse", allowed, self._clock.now())


def _share_market_codes(album: SimplifiedAlbum) -> None:
    """Keep each code in memory once: without a market, an album comes with some 180 of them, 10 KB."""
    codes: object = album.get("available_markets")
    if isinstance(codes, list):
        album["available_markets"] = [intern(code) if isinstance(code, str) else code for code in codes]
