"""How new releases are found: browse/new-releases, or search tag:new. Knows listings, not what is fetched for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from sys import intern
from typing import Literal

from ..api.client import Paging, SpotifyClient
from ..api.endpoints import BROWSE, SEARCH
from ..api.shapes import SimplifiedAlbum
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
from ..run import Run
from .rows import whole_number

Discovery = Literal["auto", "browse", "search"]
ANY_MARKET = "*"


@dataclass(frozen=True)
class Sighting:
    """One place in a listing."""

    market: str
    position: int
    album_id: str
    via: str


@dataclass
class Listing:
    """What was listed as new, as it was served.

    Attributes:
        albums: Each album once, as it was seen first, by id.
        totals: By id, `total_tracks` in each market that listed it, first the one where it was seen first;
            the market is ANY_MARKET where the path has none.
        sightings: Every place that held an album.
    """

    albums: dict[str, SimplifiedAlbum] = field(default_factory=dict)
    totals: dict[str, dict[str, int | None]] = field(default_factory=dict)
    sightings: list[Sighting] = field(default_factory=list)

    def add(self, album: SimplifiedAlbum, market: str, position: int, via: str) -> None:
        """Enter an album that stands at `position` in the listing of `market`."""
        album_id = str(album["id"])
        self.sightings.append(Sighting(market, position, album_id, via))
        self.totals.setdefault(album_id, {}).setdefault(market, whole_number(album.get("total_tracks")))
        if album_id not in self.albums:
            _share_market_codes(album)
            self.albums[album_id] = album


def _share_market_codes(album: SimplifiedAlbum) -> None:
    """Keep each code in memory once: without a market, an album comes with some 180 of them, 10 KB."""
    codes: object = album.get("available_markets")
    if isinstance(codes, list):
        album["available_markets"] = [intern(code) if isinstance(code, str) else code for code in codes]


class Discoverer:
    """Reads the listings of one run.

    Args:
        client: The door to the API.
        run: Where what is found is counted, and where it is noted why a listing ends early; it remembers whether the
            app may browse.
        discovery: Which path; 'auto' finds out which one the app may take.
        paging: How browse is paged.
        markets: Where search looks. Browse takes no market: several markets mean search.
        limit: The most albums to list.
    """

    def __init__(
        self,
        client: SpotifyClient,
        run: Run,
        *,
        discovery: Discovery,
        paging: Paging,
        markets: Sequence[str],
        limit: int | None,
    ) -> None:
        self._client = client
        self._memory = run.memory
        self._run = run
        self._discovery = discovery
        self._paging = paging
        self._markets = markets
        self._limit = limit
        self._listing = Listing()

    def discover(self) -> Listing:
        """Read the whole listing, as far as it can be read.

        What ends it early is noted in the run: as `listing_cut` where something was read, else as `failure`.

        Raises:
            ConfigurationError: The credentials are refused.
            AppRefusedError: The app may take no path.
        """
        try:
            if not self._browse():
                self._search()
        except BucketClosedError as closed:
            if self._listing.sightings:
                self._run.listing_cut = closed
        except SpotifySourceError as error:
            if not self._listing.sightings and not isinstance(error, (ApiUnavailableError, CallFailedError)):
                raise
            self._end_early(error)
        return self._listing

    def _end_early(self, error: SpotifySourceError) -> None:
        if self._listing.sightings:
            self._run.listing_cut = error
        if not self._listing.sightings or isinstance(error, (AppRefusedError, ConfigurationError)):
            self._run.failure = error

    def _browse(self) -> bool:
        """Read browse/new-releases; False where search has to do it."""
        if self._discovery == "search" or (self._discovery == "auto" and len(self._markets) > 1):
            return False
        now = self._run.clock.now()
        if self._discovery == "auto" and self._memory.allowed("browse", now) is False:
            self._run.browse_allowed = False
            return False
        try:
            self._read(self._client.browse_new_releases(self._paging), ANY_MARKET, "browse")
        except (ForbiddenError, NotFoundError) as refusal:
            self._note_browse(False)
            if self._discovery == "browse":
                raise ForbiddenError(
                    "This app may not call browse/new-releases.",
                    guidance="Choose discovery 'auto' or 'search': apps made since 2026-02-11 need it.",
                ) from refusal
            return False
        return True

    def _search(self) -> None:
        for market in self._markets:
            self._read(self._client.search_new_releases(market), market, "search")

    def _read(self, pages: Iterator[list[SimplifiedAlbum | None]], market: str, via: str) -> None:
        position = 0
        for page in pages:
            if via == "browse":
                self._note_browse(True)
            self._run.discovered_via = via
            for album in page:
                position += 1
                self._enter(album, market, position, via)
                if self._limit is not None and len(self._listing.albums) >= self._limit:
                    return

    def _enter(self, album: SimplifiedAlbum | None, market: str, position: int, via: str) -> None:
        # Null items are real: https://github.com/spotify/web-api/issues/1547
        if not isinstance(album, dict) or not album.get("id"):
            self._run.items_dropped += 1
            return
        self._listing.add(album, market, position, via)
        self._run.albums_listed = len(self._listing.albums)

    def _note_browse(self, allowed: bool) -> None:
        self._run.browse_allowed = allowed
        self._memory.remember_allowed("browse", allowed, self._run.clock.now())


def probe(client: SpotifyClient, run: Run, market: str) -> dict[str, SpotifySourceError | None]:
    """Find out which paths the app may take, with one call each, or none for browse where that is known already.

    Returns:
        By bucket, what is wrong with it; None where nothing is. `run.browse_allowed` says what was found out.
    """
    found: dict[str, SpotifySourceError | None] = {}
    if run.browse_allowed is None:
        found[BROWSE.bucket] = _trouble_with(client.ask_browse)
        if found[BROWSE.bucket] is None or isinstance(found[BROWSE.bucket], ForbiddenError):
            run.browse_allowed = found[BROWSE.bucket] is None
    found[SEARCH.bucket] = _trouble_with(lambda: client.ask_search(market))
    return found


def _trouble_with(call: Callable[[], None]) -> SpotifySourceError | None:
    try:
        call()
    except SpotifySourceError as error:
        return error
    return None
