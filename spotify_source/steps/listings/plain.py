"""The plain listing: browse/new-releases, or search tag:new in each market. The only listing that has ranks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ... import settings
from ...api.client import PAGE_SIZE, AlbumPage, SpotifyClient
from ...api.responses import BROWSE, SEARCH
from ...config import SourceOptions
from ...errors import ForbiddenError, NotFoundError, SpotifySourceError
from ...models import ANY_MARKET, PathCost, PathCounts, SimplifiedAlbum
from ...run import Run
from .calls import side_by_side
from .path import Gathering


class PlainListing:
    """What is new, as one listing shows it: by browse where the app may and is to, else by search.

    Args:
        client: The door to the API.
        run: Remembers whether the app may browse, and collects the counts.
        options: Which way, how browse is paged, and where search looks. Browse takes no market: several mean search.
    """

    def __init__(self, client: SpotifyClient, run: Run, options: SourceOptions) -> None:
        self._client = client
        self._run = run
        self._options = options
        self._counts = PathCounts("search")
        self._depths: Mapping[str, int] = {}

    def expect(self, depths: Mapping[str, int]) -> None:
        """Know how many places each market's listing had the last time: so many are asked for side by side."""
        self._depths = depths

    def cost(self) -> PathCost:
        """Two pages of browse, or ten of search for each market, which is what Spotify lists."""
        if self._may_browse():
            return PathCost("browse", BROWSE.bucket, 2)
        return PathCost("search", SEARCH.bucket, settings.SEARCH_LISTING_CALLS * len(self._options.markets))

    def counts(self) -> PathCounts:
        """What it brought so far."""
        return self._counts

    def read(self, gathered: Gathering) -> None:
        """Read the whole listing, as far as it can be read.

        Raises:
            SpotifySourceError: What ends it.
        """
        if not self._may_browse() or not self._browse(gathered):
            for market in self._options.markets:
                if not gathered.is_full:
                    self._read(self._search(market), market, "search", gathered)

    def _search(self, market: str) -> Iterator[Sequence[SimplifiedAlbum | None]]:
        """The pages of a search: those that were there the last time side by side, what follows one after the other."""
        expected = 0 if self._options.limit is not None else self._depths.get(market, 0) // PAGE_SIZE
        for page in side_by_side(lambda number: self._page(market, number), range(expected)):
            if isinstance(page, SpotifySourceError):
                raise page
            yield page.albums
            if not page.has_more:
                return
        yield from self._client.search_new_releases(market, PAGE_SIZE * expected)

    def _page(self, market: str, number: int) -> AlbumPage | SpotifySourceError:
        try:
            return self._client.search_albums(settings.NEW_QUERY, market, PAGE_SIZE * number)
        except SpotifySourceError as error:
            return error

    def _may_browse(self) -> bool:
        """Whether browse is to be asked; False where search has to do it."""
        discovery = self._options.discovery
        if discovery == "search" or (discovery == "auto" and len(self._options.markets) > 1):
            return False
        return not (discovery == "auto" and self._run.state.allowed("browse", self._run.clock.now()) is False)

    def _browse(self, gathered: Gathering) -> bool:
        try:
            self._read(self._client.browse_new_releases(self._options.paging), ANY_MARKET, "browse", gathered)
        except (ForbiddenError, NotFoundError) as refusal:
            self._note_browse(False)
            if self._options.discovery == "browse":
                raise ForbiddenError(
                    "This app may not call browse/new-releases.",
                    guidance="Choose discovery 'auto' or 'search': apps made since 2026-02-11 need it.",
                ) from refusal
            return False
        return True

    def _read(
        self, pages: Iterator[Sequence[SimplifiedAlbum | None]], market: str, via: str, gathered: Gathering
    ) -> None:
        for page in pages:
            if via == "browse":
                self._note_browse(True)
            self._run.listing.discovered_via = via
            listed, new = gathered.enter(page, market, via)
            before = self._counts
            self._counts = PathCounts(
                via,
                asked=len(self._options.markets) if via == "search" else 1,
                calls=before.calls + 1,
                albums_listed=before.albums_listed + listed,
                albums_new=before.albums_new + new,
            )
            if gathered.is_full:
                return

    def _note_browse(self, allowed: bool) -> None:
        self._run.state.remember_allowed("browse", allowed, self._run.clock.now())
