"""What a run asks beyond the plain listing, and how many calls each way may make. Asks nothing itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from ... import settings
from ...api.client import SpotifyClient
from ...api.responses import ARTIST_ALBUMS, SEARCH
from ...config import SourceOptions
from ...limits.allowance import Allowance
from ...limits.governor import Clock, Governor
from ...models import LoadedState
from ...schema import SEARCH_YIELDS, WATCHED_ARTISTS
from .artists import ArtistSearches, ArtistSweeps, Watchlist
from .checks import Checker, sure_calls
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
    options: SourceOptions
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

    def paths(self, requested: Collection[str], loaded: LoadedState, watchlist: Watchlist | None) -> list[ListingPath]:
        """The ways, in the order in which they are taken; asked for once the plain listing is read.

        Args:
            requested: The tables to load.
            loaded: What they hold.
            watchlist: The artists, where they are wanted.
        """
        found: list[ListingPath] = []
        if watchlist is not None:
            found.append(ArtistSearches(watchlist, self._searcher(watchlist)))
            if self.options.artist_sweeps:
                found.append(ArtistSweeps(watchlist, self._sweeper()))
        if self.wants_shards(requested):
            markets = self.options.markets
            # Repetitions count: they were searches too.
            made = self.governor.counts().by_bucket.get(SEARCH.bucket, 0)
            wanted = self.options.reach - max(settings.SEARCH_LISTING_CALLS * len(markets), made)
            left = partial(self.governor.calls_left, SEARCH.bucket, wanted)
            found.append(Shards(self.client, self.clock, self.run_id, markets, loaded.yields, left))
        return found

    def _searcher(self, watchlist: Watchlist) -> Checker:
        """What an artist needs beyond the sure calls takes no other artist's turn: so many are asked for as there are calls."""
        artists = watchlist.searched_in_turn(self.clock.now())
        sure = sum(sure_calls(artist, self.options.markets) for artist in artists)
        calls = min(self.options.artist_calls, sure)
        most = max(self.options.artist_calls, calls + _beyond(calls)) if calls else 0
        allowed = self.governor.calls_left(SEARCH.bucket, calls)
        further = self.governor.calls_left(SEARCH.bucket, most) - allowed
        return self._checker(Allowance(allowed), Allowance(further))

    def _sweeper(self) -> Checker:
        allowance = Allowance(self.governor.calls_left(ARTIST_ALBUMS.bucket, self.options.artist_sweeps))
        return self._checker(allowance, allowance)

    def _checker(self, allowance: Allowance, further: Allowance) -> Checker:
        return Checker(self.client, self.clock, self.options.markets, allowance, further)


def _beyond(calls: int) -> int:
    """How many repetitions and pages behind the first may come on top of so many calls, where these are all needed.

    A quarter, and the pages of one artist at the least.
    """
    return calls // 4 + settings.SEARCH_LISTING_CALLS
