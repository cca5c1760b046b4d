"""Watchlist of one run: searches for its artists, and discography sweeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from .. import settings
from ..api.client import PAGE_SIZE, AlbumPage
from ..api.responses import ARTIST_ALBUMS, SEARCH
from ..config import Connection
from ..errors import ApiUnavailableError, BucketClosedError, CallFailedError, NotFoundError
from ..limits.call_budget import CallBudget, CallBudgetShare, CallBudgetSpentError
from ..models import Artist, PathCost, PathCounts, Resolution, SimplifiedAlbum, WatchedArtist
from . import artists
from .listing import ListingBuilder, map_concurrently

# Pages of a search for a name. A name that fills more is ambiguous anyway.
_NAME_PAGES: Final = 5
# A longer discography is read group by group, the newest page of each.
_SWEEP_PAGES: Final = 4
_GROUPS: Final = ("album", "single", "appears_on", "compilation")
# Older albums in a discography are the back catalogue.
_SWEEP_SECONDS: Final = 60 * artists.DAY


class CheckEnd(Enum):
    """Reason why the check of an artist ended."""

    COMPLETE = "complete"
    FAILED = "failed"
    # The call budget was spent.
    UNFINISHED = "unfinished"
    # The bucket takes no more calls.
    CLOSED = "closed"


@dataclass
class ArtistCheck:
    """One search for an artist or one sweep, updated page by page."""

    listed: WatchedArtist
    # As known after the check.
    artist: WatchedArtist
    end: CheckEnd = CheckEnd.COMPLETE
    # Pages requested, failed ones included.
    pages: int = 0
    # By market and id: pages may overlap.
    albums: dict[str, dict[str, SimplifiedAlbum]] = field(default_factory=dict)

    def add(self, market: str, albums: Iterable[SimplifiedAlbum]) -> None:
        """Add albums of a page."""
        self.albums.setdefault(market, {}).update({str(album.get("id")): album for album in albums})

    @property
    def distinct_albums(self) -> list[SimplifiedAlbum]:
        """Return the albums of all markets, each once."""
        return list({key: album for found in self.albums.values() for key, album in found.items()}.values())


class Watchlist:
    """The watched artists of one run.

    Args:
        connection: The connection.
        known: Rows of `watched_artists` by key.
        builder: Receives the albums.
    """

    def __init__(self, connection: Connection, known: Mapping[str, WatchedArtist], builder: ListingBuilder) -> None:
        self._client = connection.client
        self._governor = connection.governor
        self._options = connection.options
        self._markets = connection.options.markets
        self._run = connection.run
        self._builder = builder
        self._artists = {one.key: one for one in artists.watched_artists(self._options.artists, known)}
        # Reset when a path starts.
        self._is_stopped, self._failed_in_a_row = False, 0
        self._publish()

    def costs(self) -> list[PathCost]:
        """Return the calls of searches and sweeps, without retries and further pages."""
        budget, _ = self._search_budgets(self._search_queue())
        costs = [PathCost("artists", SEARCH.bucket, budget.left)]
        if self._options.artist_sweeps:
            sure = len(artists.sweep_queue(self._artists.values())) * len(self._markets)
            costs.append(PathCost("sweeps", ARTIST_ALBUMS.bucket, min(sure, self._sweep_budget().left)))
        return costs

    def search(self) -> None:
        """Search for new albums of the artists, the longest due first.

        Raises:
            AppRefusedError: Spotify refuses the app.
            ConfigurationError: Spotify refuses the credentials.
        """
        queue = self._search_queue()
        budget, extra = self._search_budgets(queue)
        path = self._start_path("artists")
        for check in map_concurrently(self._search, self._turns(queue, budget, extra)):
            self._record(check, path, "search")
        path.left = len(queue) - path.asked

    def sweep(self) -> None:
        """Read new albums in the discographies, the least recently swept first.

        One after the other: the few calls of a day read some discographies completely, not the start of many.

        Raises:
            AppRefusedError: Spotify refuses the app.
            ConfigurationError: Spotify refuses the credentials.
        """
        queue = artists.sweep_queue(self._artists.values())
        budget = self._sweep_budget()
        calls = budget.left
        path = self._start_path("sweeps")
        for artist in queue:
            if self._is_over(budget):
                break
            self._record(self._sweep(artist, budget, calls), path, "artist_albums")
        path.left = len(queue) - path.asked

    def _start_path(self, name: str) -> PathCounts:
        self._is_stopped, self._failed_in_a_row = False, 0
        return self._builder.start_path(name)

    def _is_over(self, budget: CallBudget) -> bool:
        return self._is_stopped or self._builder.is_full or not budget.left

    # -- turns and call budgets

    def _search_queue(self) -> list[WatchedArtist]:
        return artists.search_queue(self._artists.values(), self._run.clock.now())

    def _turns(
        self, queue: Sequence[WatchedArtist], budget: CallBudget, extra: CallBudget
    ) -> Iterator[tuple[WatchedArtist, CallBudgetShare]]:
        """Yield the artists in order, each with the calls that its search is sure to need."""
        for artist in queue:
            if self._is_over(budget):
                return
            yield artist, budget.share(self._sure_calls(artist), extra)

    def _sure_calls(self, artist: WatchedArtist) -> int:
        """Return one call for each market, and one to look up a name."""
        return len(self._markets) + (not artist.is_identified)

    def _search_budgets(self, queue: Sequence[WatchedArtist]) -> tuple[CallBudget, CallBudget]:
        """Return the budget for sure calls, and one for retries and further pages.

        The extra budget is what `artist_calls` leaves, but at least a quarter of the sure calls and one full listing:
        failures and long listings cost no other artist its turn.
        """
        sure = min(self._options.artist_calls, sum(map(self._sure_calls, queue)))
        most = max(self._options.artist_calls, sure + sure // 4 + settings.SEARCH_LISTING_CALLS) if sure else 0
        calls = self._governor.calls_left(SEARCH.bucket, sure)
        extra = self._governor.calls_left(SEARCH.bucket, most) - calls
        return CallBudget(SEARCH.bucket, calls), CallBudget(SEARCH.bucket, extra)

    def _sweep_budget(self) -> CallBudget:
        calls = self._governor.calls_left(ARTIST_ALBUMS.bucket, self._options.artist_sweeps)
        return CallBudget(ARTIST_ALBUMS.bucket, calls)

    # -- one search, on a worker thread

    def _search(self, turn: tuple[WatchedArtist, CallBudgetShare]) -> ArtistCheck:
        artist, budget = turn
        check, now = ArtistCheck(artist, artist), self._run.clock.now()
        try:
            with closing(budget):
                self._read_new_albums(check, budget)
        except BucketClosedError:
            check.end = CheckEnd.CLOSED
        except CallBudgetSpentError:
            check.artist, check.end = artists.unfinished(check.artist, now), CheckEnd.UNFINISHED
        except NotFoundError as error:
            check.artist = artists.not_found(artist, error, now)
        except (ApiUnavailableError, CallFailedError) as error:
            check.artist, check.end = artists.failed(check.artist, error, now), CheckEnd.FAILED
        return check

    def _read_new_albums(self, check: ArtistCheck, budget: CallBudget) -> None:
        artist, now = check.artist, self._run.clock.now()
        if not artist.is_identified:
            artist = check.artist = artists.resolved(artist, self._namesakes(check, budget), now)
        elif artist.name is None:
            name = self._client.artist(artist.key, budget)["name"]
            artist = check.artist = replace(artist, name=name, resolved=Resolution.GIVEN)
        if not artist.is_identified:
            return
        query = artists.query_for(artist.name or "")
        if query is None:
            check.artist = artists.unsearchable(artist, now)
            return
        for market in self._markets:
            for number in range(settings.SEARCH_LISTING_CALLS):
                check.pages += 1
                page = self._client.search_albums(query, market, PAGE_SIZE * number, budget)
                check.add(market, artists.albums_by(page.albums, artist.key))
                if not page.has_more:
                    break
        check.artist = artists.checked(artist, check.distinct_albums, now)

    def _namesakes(self, check: ArtistCheck, budget: CallBudget) -> list[Artist]:
        """Return the artists with the name, or one like it."""
        query = (artists.query_for(check.artist.listed_as) or "").removeprefix(f"{settings.NEW_QUERY} ")
        found: list[Artist] = []
        for number in range(_NAME_PAGES):
            check.pages += 1
            page = self._client.search_artists(query, self._markets[0], PAGE_SIZE * number, budget)
            found += page.artists
            if not page.has_more:
                break
        return found

    # -- one sweep

    def _sweep(self, artist: WatchedArtist, budget: CallBudget, calls: int) -> ArtistCheck:
        """Read the new albums in the discography of an artist.

        Args:
            artist: The artist.
            budget: The budget of all sweeps.
            calls: The calls that it had for all sweeps of the run.
        """
        check, now = ArtistCheck(artist, artist), self._run.clock.now()
        try:
            for market in self._markets:
                self._read_discography(check, market, budget)
            check.artist = replace(artist, swept_at=now, name=artists.name_in(check.distinct_albums, artist))
        except BucketClosedError:
            check.end = CheckEnd.CLOSED
        except CallBudgetSpentError:
            check.end = CheckEnd.UNFINISHED
            if check.pages > calls:
                # A whole budget is not enough: without an end here, no other artist would have its turn.
                check.artist = replace(artist, swept_at=now)
        except (ApiUnavailableError, CallFailedError) as error:
            # Not first in the queue again: the bucket is small, and searches cover the artist too.
            check.artist = replace(artist, swept_at=now, last_error=error.summary)
            check.end = CheckEnd.FAILED
        return check

    def _read_discography(self, check: ArtistCheck, market: str, budget: CallBudget) -> None:
        everything = ",".join(_GROUPS)
        page = self._discography_page(check, everything, market, 0, budget)
        if page.has_more and page.total > _SWEEP_PAGES * PAGE_SIZE:
            for group in _GROUPS:
                self._discography_page(check, group, market, 0, budget)
            return
        number = 0
        while page.has_more:
            number += 1
            page = self._discography_page(check, everything, market, number, budget)

    def _discography_page(
        self, check: ArtistCheck, groups: str, market: str, number: int, budget: CallBudget
    ) -> AlbumPage:
        check.pages += 1
        page = self._client.artist_albums(check.listed.key, groups, market, PAGE_SIZE * number, budget)
        check.add(market, artists.released_since(self._run.clock.now() - _SWEEP_SECONDS, page.albums))
        return page

    # -- outcome of a check

    def _record(self, check: ArtistCheck, path: PathCounts, via: str) -> None:
        """Enter a check in the listing and its counts."""
        artist, is_resolved = check.artist, check.artist.key != check.listed.key
        if is_resolved:
            del self._artists[check.listed.key]
            self._builder.listing.artists[check.listed.key] = replace(artist, key=check.listed.key, is_obsolete=True)
        if is_resolved or check.end is not CheckEnd.CLOSED:
            self._artists[artist.key] = artist
            self._builder.listing.artists[artist.key] = artist
        for market, albums in check.albums.items():
            self._builder.add_page(albums.values(), path, market=market, via=via, query=f"artist:{artist.key}")
        path.asked += check.end in (CheckEnd.COMPLETE, CheckEnd.FAILED)
        path.calls += check.pages
        path.failed += check.end is CheckEnd.FAILED
        self._failed_in_a_row = self._failed_in_a_row + 1 if check.end is CheckEnd.FAILED else 0
        self._is_stopped |= check.end is CheckEnd.CLOSED or self._failed_in_a_row >= settings.MAX_FAILED_CALLS
        self._publish()

    def _publish(self) -> None:
        self._run.listing.unresolved = artists.unresolved(self._artists.values())
        self._builder.listing.watched = {one.key for one in self._artists.values() if one.is_identified}
