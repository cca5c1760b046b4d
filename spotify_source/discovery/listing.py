"""Listing of one run: its builder, and the plain listing, which has ranks."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, count
from sys import intern
from typing import Final, TypeVar

from .. import settings
from ..api.client import PAGE_SIZE, AlbumPage, SpotifyClient
from ..cleaning import clean_text
from ..config import Connection
from ..errors import ForbiddenError, NotFoundError, PagingError
from ..models import (
    ANY_MARKET,
    DataIssue,
    DataIssueKind,
    Listing,
    PathCounts,
    Sighting,
    SimplifiedAlbum,
    is_id,
    whole_number,
)
from ..run import Run
from ..schema import NEW_RELEASES

A = TypeVar("A")
R = TypeVar("R")

# The size of dlt's own worker pool, which does not run yet while listings are read.
WORKERS: Final = 5


class ListingBuilder:
    """Listing of one run, built page by page from all discovery paths.

    Args:
        run: Its listing counts and data issues are updated.
        known: Ids of the albums that earlier runs listed.
        limit: Maximum number of albums to list; None for no limit.
    """

    def __init__(self, run: Run, known: Collection[str], limit: int | None) -> None:
        self.listing = Listing()
        self._counts = run.listing
        self._data_issues = run.data_issues
        self._known = known
        self._limit = limit
        self._positions: Counter[str] = Counter()

    @property
    def is_full(self) -> bool:
        """Return whether the limit is reached."""
        return self._limit is not None and len(self.listing.albums) >= self._limit

    def start_path(self, name: str) -> PathCounts:
        """Return the counts of a discovery path that is read from here on."""
        path = PathCounts(name)
        self._counts.paths.append(path)
        return path

    def add_page(
        self,
        page: Iterable[SimplifiedAlbum | None],
        path: PathCounts,
        *,
        market: str,
        via: str,
        query: str | None = None,
    ) -> tuple[int, int]:
        """Add the items of a page in order, up to the limit.

        Args:
            page: Items as sent. Null items occur: https://github.com/spotify/web-api/issues/1547
            path: Counts of the discovery path.
            market: Market of the listing.
            via: Endpoint: 'browse', 'search' or 'artist_albums'.
            query: Query beyond the plain listing.

        Returns:
            The number of albums, and the number of those that were never listed before.
        """
        listed = new = 0
        for item in page:
            if self.is_full:
                break
            self._positions[market] += 1
            album_id = item.get("id") if isinstance(item, dict) else None
            if not isinstance(item, dict) or not isinstance(album_id, str) or not album_id:
                self._counts.items_dropped += 1
                self._note(DataIssueKind.WITHOUT_ID if isinstance(item, dict) else DataIssueKind.EMPTY, None)
                continue
            listed += 1
            new += self._add(item, Sighting(market, self._positions[market], clean_text(album_id), via, query))
        path.albums_listed += listed
        path.albums_new += new
        return listed, new

    def _add(self, album: SimplifiedAlbum, sighting: Sighting) -> bool:
        """Add one album and return whether it was never listed before."""
        listing, album_id = self.listing, sighting.album_id
        listing.sightings.append(sighting)
        totals = listing.totals.setdefault(album_id, {})
        totals.setdefault(sighting.market, whole_number(album.get("total_tracks")))
        if album_id in listing.albums:
            return False
        if not is_id(album_id):
            self._note(DataIssueKind.MALFORMED_ID, album_id)
        _intern_market_codes(album)
        listing.albums[album_id] = album
        is_new = album_id not in self._known
        self._counts.albums_listed += 1
        self._counts.albums_new += is_new
        return is_new

    def _note(self, what: DataIssueKind, album_id: str | None) -> None:
        self._data_issues.note([DataIssue(what, NEW_RELEASES.name)], album_id)


def _intern_market_codes(album: SimplifiedAlbum) -> None:
    """Share the strings: an album listed without a market has 180 codes, 10 KB."""
    codes: object = album.get("available_markets")
    if isinstance(codes, list):
        album["available_markets"] = [intern(code) if isinstance(code, str) else code for code in codes]


def read_plain_listing(connection: Connection, builder: ListingBuilder, depths: Mapping[str, int]) -> None:
    """Read browse/new-releases if the app may, else search tag:new in each market.

    Args:
        connection: The connection.
        builder: Receives the pages.
        depths: Positions in each market's listing in the latest run.

    Raises:
        SpotifySourceError: The listing ended early. The builder has the pages before that.
    """
    path = builder.start_path("search")
    if may_browse(connection) and _browse(connection, builder, path):
        return
    markets, counts = connection.options.markets, connection.run.listing
    for market in markets:
        # With a limit, a page read concurrently may be one too many.
        depth = 0 if connection.options.limit is not None else depths.get(market, 0)
        for page in _search_pages(connection.client, market, depth // PAGE_SIZE):
            counts.discovered_via, path.path, path.asked = "search", "search", len(markets)
            path.calls += 1
            builder.add_page(page, path, market=market, via="search")
            if builder.is_full:
                return


def may_browse(connection: Connection) -> bool:
    """Return whether to read browse/new-releases, which has no market."""
    options, run = connection.options, connection.run
    if options.discovery == "auto":
        return len(options.markets) == 1 and run.state.allowed("browse", run.clock.now()) is not False
    return options.discovery == "browse"


def _browse(connection: Connection, builder: ListingBuilder, path: PathCounts) -> bool:
    """Read browse/new-releases and return whether the app may."""
    run, options = connection.run, connection.options
    try:
        for page in connection.client.browse_new_releases(options.paging):
            run.state.record_allowed("browse", True, run.clock.now())
            run.listing.discovered_via, path.path, path.asked = "browse", "browse", 1
            path.calls += 1
            builder.add_page(page, path, market=ANY_MARKET, via="browse")
            if builder.is_full:
                break
    except (ForbiddenError, NotFoundError) as refusal:
        run.state.record_allowed("browse", False, run.clock.now())
        if options.discovery == "browse":
            raise ForbiddenError(
                "This app may not call browse/new-releases.",
                guidance="Choose discovery 'auto' or 'search': apps made since 2026-02-11 need it.",
            ) from refusal
        return False
    return True


def _search_pages(client: SpotifyClient, market: str, concurrent: int) -> Iterator[Sequence[SimplifiedAlbum | None]]:
    """Yield the pages of tag:new, the first ones read concurrently.

    Raises:
        PagingError: Spotify sends empty pages without end.
    """

    def fetch(number: int) -> AlbumPage:
        return client.search_albums(settings.NEW_QUERY, market, PAGE_SIZE * number)

    empty_pages = 0
    for page in chain(map_concurrently(fetch, range(concurrent)), map(fetch, count(concurrent))):
        yield page.albums
        if not page.has_more:
            return
        empty_pages = 0 if page.albums else empty_pages + 1
        if empty_pages >= settings.MAX_EMPTY_PAGES:
            raise PagingError(f"The list returned {empty_pages} empty pages in a row.")


def map_concurrently(function: Callable[[A], R], arguments: Iterable[A], workers: int = WORKERS) -> Iterator[R]:
    """Yield `function` of each argument, in order, computed by a few threads.

    Unlike `Executor.map`, it draws an argument only when a worker is free: the arguments can end early.
    """
    running: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="listing") as pool:
        for argument in arguments:
            running.append(pool.submit(function, argument))
            if len(running) >= workers:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
