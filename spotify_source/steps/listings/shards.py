"""The shards: further queries beside the plain listing, a few at a time, each read as long as it brings something new.

Knows how shards are read. Which are asked is the planner's matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Final

from ... import settings
from ...api.client import PAGE_SIZE, AlbumPage, SpotifyClient
from ...api.responses import SEARCH
from ...errors import ApiUnavailableError, BucketClosedError, CallFailedError
from ...limits.allowance import Allowance, AllowanceSpentError, Pool, paid_by
from ...limits.governor import Clock
from ...models import PathCost, PathCounts, QueryYield
from .calls import AT_ONCE, side_by_side
from .path import Gathering
from .planner import Choice, Vocabulary, choices

# Albums behind the hundredth are what the API itself no longer shows.
_MOST_PAGES: Final = 10
# A shard is left when its last two pages brought less than this part of what another one should.
_LEFT_BELOW: Final = 0.6
# How many calls "the last ones" are, of which the report says what they were worth.
_LAST_CALLS: Final = 50


@dataclass
class _Shard:
    """A query while it is read.

    Attributes:
        market: Where it is asked.
        query: As it is sent.
        pages: How many new albums each page brought.
        listed: The albums that it listed.
        has_more: Whether a page follows.
        has_failed: Whether the last page failed.
    """

    market: str
    query: str
    pages: list[int] = field(default_factory=list)
    listed: int = 0
    has_more: bool = True
    has_failed: bool = False

    def is_worth_reading_on(self, best: float) -> bool:
        """Whether the next page should bring enough, beside what another shard should."""
        if not self.has_more or self.has_failed or len(self.pages) >= _MOST_PAGES:
            return False
        # A first page that is known says little: the popular albums come first.
        recent = self.pages[-2:]
        return len(recent) < 2 or sum(recent) / 2 >= _LEFT_BELOW * best


class Shards:
    """Searches beyond the plain listing, up to a number of calls.

    Args:
        client: The door to the API.
        clock: Where the time comes from.
        run_id: The run.
        markets: Where to search; each gets its share of the calls.
        history: The rows of `search_yields`.
        calls_left: How many calls may still be made.
    """

    def __init__(
        self,
        client: SpotifyClient,
        clock: Clock,
        run_id: str,
        markets: Sequence[str],
        history: Sequence[QueryYield],
        calls_left: Callable[[], int],
    ) -> None:
        self._client = client
        self._clock = clock
        self._run_id = run_id
        self._markets = markets
        self._history = list(history)
        self._calls_left = calls_left
        self._failed: set[str] = set()
        self._counts = PathCounts("shards")
        self._worth: list[int] = []

    def cost(self) -> PathCost:
        """What may be spent is spent, unless everything runs dry."""
        return PathCost("shards", SEARCH.bucket, max(0, self._calls_left()))

    def counts(self) -> PathCounts:
        """What it brought so far."""
        last = self._worth[-_LAST_CALLS:]
        return replace(self._counts, last_calls=len(last), last_new=sum(last))

    def read(self, gathered: Gathering) -> None:
        """Ask what the planner plans.

        Raises:
            SpotifySourceError: The app or its credentials are refused.
        """
        left = Allowance(self._calls_left())
        for number, market in enumerate(self._markets):
            of_market = Allowance(left.take(left.left // (len(self._markets) - number)))
            self._read(market, of_market, gathered)
            left.give_back(of_market.left)

    def _read(self, market: str, allowance: Allowance, gathered: Gathering) -> None:
        """Read one market, for so many calls, repetitions among them."""
        vocabulary, learnt, failed_in_a_row = Vocabulary(), 0, 0
        reading: list[_Shard] = []
        while not gathered.is_full and failed_in_a_row < settings.MAX_FAILED_CALLS:
            albums = list(gathered.albums.values())
            vocabulary.learn(albums[learnt:])
            learnt = len(albums)
            reading = self._next_round(reading, vocabulary, market, allowance.left, gathered)
            pages = list(side_by_side(lambda shard: self._ask(shard, allowance), reading))
            for shard, page in zip(reading, pages, strict=True):
                self._enter(shard, page, gathered)
                failed_in_a_row = failed_in_a_row + 1 if shard.has_failed else 0
            if any(page is None and not shard.has_failed for shard, page in zip(reading, pages, strict=True)):
                break
            if not reading:
                break
        self._finish(reading, gathered)

    def _next_round(
        self, reading: Sequence[_Shard], vocabulary: Vocabulary, market: str, left: int, gathered: Gathering
    ) -> list[_Shard]:
        """The shards of which a page is asked for next: those that are worth reading on, then others."""
        planned = self._planned(reading, vocabulary, market, left)
        best = planned[0].worth if planned else 0.0
        going = [shard for shard in reading if left > 0 and shard.is_worth_reading_on(best)]
        self._finish([shard for shard in reading if shard not in going], gathered)
        fresh = [_Shard(market, choice.query) for choice in planned[: AT_ONCE - len(going)]]
        following = [*going, *fresh]
        self._finish(following[left:], gathered)
        return following[:left]

    def _planned(self, reading: Sequence[_Shard], vocabulary: Vocabulary, market: str, left: int) -> list[Choice]:
        now = self._clock.now()
        year = datetime.fromtimestamp(now, timezone.utc).year
        history = [*self._history, *(self._yield_of(shard) for shard in reading if shard.pages)]
        taken = self._failed | {shard.query for shard in reading}
        planned = choices(history, vocabulary, market, now, year, left + len(taken) if left > 0 else 0)
        return [choice for choice in planned if choice.query not in taken]

    def _ask(self, shard: _Shard, allowance: Allowance) -> AlbumPage | None:
        """The next page of a shard; None where none came."""
        try:
            with paid_by(Pool(SEARCH.bucket, allowance)):
                return self._client.search_albums(shard.query, shard.market, PAGE_SIZE * len(shard.pages))
        except (BucketClosedError, AllowanceSpentError):
            return None
        except (ApiUnavailableError, CallFailedError):
            shard.has_failed = True
            return None

    def _enter(self, shard: _Shard, page: AlbumPage | None, gathered: Gathering) -> None:
        if page is None:
            shard.has_more = False
            if shard.has_failed:
                self._failed.add(shard.query)
                self._counts = replace(self._counts, calls=self._counts.calls + 1, failed=self._counts.failed + 1)
            return
        listed, new = gathered.enter(page.albums, shard.market, "search", shard.query)
        shard.pages.append(new)
        shard.listed += listed
        shard.has_more = page.has_more
        self._worth.append(new)
        before = self._counts
        self._counts = replace(
            before,
            asked=before.asked + (len(shard.pages) == 1),
            calls=before.calls + 1,
            albums_listed=before.albums_listed + listed,
            albums_new=before.albums_new + new,
        )

    def _finish(self, shards: Sequence[_Shard], gathered: Gathering) -> None:
        """Note what shards brought that are read no further."""
        for shard in shards:
            if shard.pages:
                brought = self._yield_of(shard)
                self._history.append(brought)
                gathered.yields.append(brought)

    def _yield_of(self, shard: _Shard) -> QueryYield:
        return QueryYield(
            self._run_id,
            shard.market,
            shard.query,
            self._clock.now(),
            calls=len(shard.pages),
            albums_listed=shard.listed,
            albums_new=sum(shard.pages),
            is_whole=not shard.has_more and not shard.has_failed and len(shard.pages) < _MOST_PAGES,
        )
