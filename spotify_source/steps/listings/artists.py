"""The watchlist as ways to find albums: the search for each artist's news, and the sweeps through discographies.

Knows whose turn it is and what is kept of it, not how an artist is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ... import settings
from ...api.responses import ARTIST_ALBUMS, SEARCH
from ...models import ArtistCheck, PathCost, PathCounts, Resolution, WatchedArtist
from . import watching
from .calls import AT_ONCE, side_by_side
from .checks import Checker, sure_calls
from .journal import Journal
from .path import Gathering


class Watchlist:
    """The artists of the watchlist as this run knows them, and what has come of asking for them.

    Args:
        artists: As they were known before.
        unloaded: What an earlier run read and did not load.
        journal: Where what is read is written down at once.
        run_id: The run.
    """

    def __init__(
        self, artists: Sequence[WatchedArtist], unloaded: Sequence[ArtistCheck], journal: Journal, run_id: str
    ) -> None:
        self._artists = {artist.key: artist for artist in artists}
        self._unloaded = list(unloaded)
        self._taken_up = {
            (check.artist.key, check.via) for check in unloaded if not (check.has_failed or check.is_unfinished)
        }
        self._journal = journal
        self._run_id = run_id

    @property
    def artists(self) -> list[WatchedArtist]:
        """As they are known now."""
        return list(self._artists.values())

    def still_to_ask(self, via: str) -> list[WatchedArtist]:
        """All but those of whom it is known from a run that could not load it."""
        return [artist for artist in self.artists if (artist.key, via) not in self._taken_up]

    def searched_in_turn(self, now: float) -> list[WatchedArtist]:
        """The artists in the order in which they are to be searched for."""
        return watching.in_turn(self.still_to_ask("search"), now)

    def enter_unloaded(self, gathered: Gathering) -> None:
        """Take in what an earlier run read and did not load."""
        while self._unloaded:
            self.enter(self._unloaded.pop(0), gathered)

    def keep(self, check: ArtistCheck) -> ArtistCheck:
        """Write down what came of a check, in the thread that made it: a kill loses no more than what is on its way."""
        if not check.is_closed:
            self._journal.write(check, self._run_id)
        return check

    def enter(self, check: ArtistCheck, gathered: Gathering) -> tuple[int, int]:
        """Take a check in: the artist, and the albums.

        Returns:
            How many albums were listed, and how many of them are new.
        """
        artist = check.artist
        if not check.is_closed or check.became:
            if check.became:
                self._artists.pop(check.became, None)
                gathered.artists[check.became] = replace(artist, key=check.became, is_obsolete=True)
            self._artists[artist.key] = artist
            gathered.artists[artist.key] = artist
        counts = [gathered.enter(albums, market, check.via, check.query) for market, albums in check.albums.items()]
        return sum(listed for listed, _ in counts), sum(new for _, new in counts)


class _WatchlistPath:
    """What searches and sweeps share: artists in their turn, side by side, until the calls are spent."""

    name: str
    bucket: str
    at_once: int = AT_ONCE

    def __init__(self, watchlist: Watchlist, checker: Checker) -> None:
        self._watchlist = watchlist
        self._checker = checker
        self._counts = PathCounts(self.name)

    def cost(self) -> PathCost:
        """At least what each artist is sure to cost whose turn it is, and no more than the allowance."""
        sure = sum(map(self._sure_calls, self._queue()))
        return PathCost(self.name, self.bucket, min(sure, self._checker.allowance.left))

    def counts(self) -> PathCounts:
        """What it brought so far."""
        return self._counts

    def read(self, gathered: Gathering) -> None:
        """Ask for the artists whose turn it is.

        Raises:
            SpotifySourceError: The app or its credentials are refused.
        """
        self._watchlist.enter_unloaded(gathered)
        queue = self._queue()
        stopped = False
        in_a_row = 0

        def turns() -> Iterator[tuple[WatchedArtist, int]]:
            for artist in queue:
                # In turn, not as the calls come to be made: who is first has the last call.
                held = 0 if stopped or gathered.is_full else self._checker.allowance.take(self._sure_calls(artist))
                if not held:
                    return
                yield artist, held

        for check in side_by_side(lambda turn: self._watchlist.keep(self._ask(*turn)), turns(), self.at_once):
            in_a_row = in_a_row + 1 if check.has_failed else 0
            stopped = stopped or check.is_closed or in_a_row >= settings.MAX_FAILED_CALLS
            self._count(check, *self._watchlist.enter(check, gathered))
        self._counts = replace(self._counts, left=len(queue) - self._counts.asked)

    def _count(self, check: ArtistCheck, listed: int, new: int) -> None:
        before = self._counts
        self._counts = replace(
            before,
            asked=before.asked + (not check.is_closed and not check.is_unfinished),
            calls=before.calls + check.calls,
            albums_listed=before.albums_listed + listed,
            albums_new=before.albums_new + new,
            failed=before.failed + check.has_failed,
        )

    def _sure_calls(self, artist: WatchedArtist) -> int:
        return sure_calls(artist, self._checker.markets)

    def _queue(self) -> list[WatchedArtist]:
        raise NotImplementedError

    @property
    def _ask(self) -> Callable[[WatchedArtist, int], ArtistCheck]:
        raise NotImplementedError


class ArtistSearches(_WatchlistPath):
    """`tag:new artist:"NAME"` for each artist, kept by id: one call for an artist, as a rule."""

    name = "artists"
    bucket = SEARCH.bucket

    def _queue(self) -> list[WatchedArtist]:
        return self._watchlist.searched_in_turn(self._checker.clock.now())

    @property
    def _ask(self) -> Callable[[WatchedArtist, int], ArtistCheck]:
        return self._checker.search


class ArtistSweeps(_WatchlistPath):
    """artists/{id}/albums: what search does not show, from a bucket of about a hundred calls a day."""

    name = "sweeps"
    bucket = ARTIST_ALBUMS.bucket
    # One after the other, so that few calls read some discographies to the end, and not the beginnings of many.
    at_once = 1

    def _queue(self) -> list[WatchedArtist]:
        return watching.in_turn_for_a_sweep(self._watchlist.still_to_ask("artist_albums"))

    @property
    def _ask(self) -> Callable[[WatchedArtist, int], ArtistCheck]:
        return self._checker.sweep


def unresolved(artists: Sequence[WatchedArtist]) -> list[WatchedArtist]:
    """The names and ids for which no artist is known, though they were looked up."""
    return [artist for artist in artists if artist.resolved in (Resolution.AMBIGUOUS, Resolution.NOT_FOUND)]
