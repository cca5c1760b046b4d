"""What a run asks beyond the plain listing, and how many calls each way may make. Asks nothing itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ... import settings
from ...api.client import SpotifyClient
from ...api.endpoints import ARTIST_ALBUMS, SEARCH
from ...limits.clock import Clock
from ...limits.governor import Governor
from ...model.values import LoadedState
from ...options import Options
from ...schema import SEARCH_YIELDS, WATCHED_ARTISTS
from .artists import ArtistSearches, ArtistSweeps, Watchlist
from .calls import Allowance
from .checks import Checker
from .journal import Journal
from .path import ListingPath
from .shards import Shards
from .watching import watched_artists


@dataclass(frozen=True)
class FurtherReach:
    """The ways beyond the plain listing of one run.

    Attributes:
        client: The door to the API.
        governor: Says how many calls are left.
        clock: Where the time comes from.
        options: The watchlist, and how many calls each way may make.
        run_id: The run.
    """

    client: SpotifyClient
    governor: Governor
    clock: Clock
    options: Options
    run_id: str

    def wants_artists(self, requested: Collection[str]) -> bool:
        """Whether artists are to be asked for: what is known of them has to be loaded."""
        return bool(self.options.artists) and WATCHED_ARTISTS.name in requested

    def wants_shards(self, requested: Collection[str]) -> bool:
        """Whether further queries are to be asked: what they brought has to be loaded."""
        plain = settings.SEARCH_LISTING_CALLS * len(self.options.markets)
        return self.options.reach > plain and SEARCH_YIELDS.name in requested

    def watchlist(self, loaded: LoadedState, journal: Journal) -> Watchlist:
        """The watchlist, as the tables know it, and what a run read that could not load it."""
        known = dict(loaded.artists)
        unloaded = journal.take_up(self.run_id, loaded.artist_runs)
        for check in unloaded:
            known[check.artist.key] = check.artist
        return Watchlist(watched_artists(self.options.artists, known), unloaded, journal, self.run_id)

    def paths(
        self, requested: Collection[str], loaded: LoadedState, watchlist: Watchlist | None, plain_calls: int
    ) -> list[ListingPath]:
        """The ways, in the order in which they are taken.

        Args:
            requested: The tables to load.
            loaded: What they hold.
            watchlist: The artists, where they are wanted.
            plain_calls: Calls that the plain listing has cost.
        """
        found: list[ListingPath] = []
        if watchlist is not None:
            found.append(ArtistSearches(watchlist, self._searcher()))
            if self.options.artist_sweeps:
                found.append(ArtistSweeps(watchlist, self._sweeper()))
        if self.wants_shards(requested):
            plain = max(settings.SEARCH_LISTING_CALLS * len(self.options.markets), plain_calls)
            budget = SearchBudget(self.governor, self.options.reach - plain)
            markets = self.options.markets
            found.append(Shards(self.client, self.clock, self.run_id, markets, loaded.yields, budget.left))
        return found

    def _searcher(self) -> Checker:
        """Pages behind the first take no artist's turn: so many artists are asked for as there are calls."""
        calls = self.options.artist_calls
        allowed = self.governor.calls_left(SEARCH.bucket, calls)
        further = self.governor.calls_left(SEARCH.bucket, calls + _further_pages(calls)) - allowed
        return self._checker(Allowance(allowed), Allowance(further))

    def _sweeper(self) -> Checker:
        allowance = Allowance(self.governor.calls_left(ARTIST_ALBUMS.bucket, self.options.artist_sweeps))
        return self._checker(allowance, allowance)

    def _checker(self, allowance: Allowance, further: Allowance) -> Checker:
        return Checker(self.client, self.clock, self.options.markets[0], allowance, further)


def _further_pages(calls: int) -> int:
    """How many pages behind the first may come on top of so many calls: a quarter, and those of one artist at the least."""
    return calls // 4 + settings.SEARCH_LISTING_CALLS if calls else 0


class SearchBudget:
    """Searches that may still be made, repetitions counted, from the moment at which it is first asked.

    Args:
        governor: Counts them.
        calls: How many in all.
    """

    def __init__(self, governor: Governor, calls: int) -> None:
        self._governor = governor
        self._calls = calls
        self._start: int | None = None

    def left(self) -> int:
        """How many may still be made."""
        made = self._governor.counts().by_bucket.get(SEARCH.bucket, 0)
        if self._start is None:
            self._start = made
        return self._governor.calls_left(SEARCH.bucket, self._calls - (made - self._start))
