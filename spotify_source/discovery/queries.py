"""Extra queries: searches beyond the plain listing, read while they yield."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from .. import settings
from ..api.client import PAGE_SIZE, AlbumPage, SpotifyClient
from ..errors import ApiUnavailableError, BucketClosedError, CallFailedError
from ..limits.call_budget import CallBudget, CallBudgetSpentError
from ..models import QueryYield
from ..run import Run
from .listing import WORKERS, ListingBuilder, map_concurrently
from .query_planner import Vocabulary, plan_queries

# A query lists as many albums as the plain listing.
_MAX_PAGES: Final = settings.SEARCH_LISTING_CALLS
# A query ends early if its last two pages returned less than this part of the new albums expected of another one. The
# first page alone says little: popular albums come first and are known.
_MIN_YIELD: Final = 0.6
# The report states the yield of this number of calls at the end.
_LAST_CALLS: Final = 50


@dataclass
class _Query:
    """A query while its pages are read."""

    result: QueryYield
    # New albums on each page.
    pages: list[int] = field(default_factory=list)
    has_more: bool = True
    has_failed: bool = False

    def is_worth_reading(self, best: float) -> bool:
        """Return whether to read the next page rather than the best other query."""
        if not self.has_more or len(self.pages) >= _MAX_PAGES:
            return False
        return len(self.pages) < 2 or sum(self.pages[-2:]) / 2 >= _MIN_YIELD * best


class ExtraQueries:
    """Extra queries of one run.

    Args:
        client: The client.
        run: The run.
        markets: Markets to search, which share the budget evenly.
        history: Rows of `search_yields`, oldest first.
        budget: Budget of all extra queries.
        builder: Receives the albums.
    """

    def __init__(
        self,
        client: SpotifyClient,
        run: Run,
        markets: Sequence[str],
        history: Sequence[QueryYield],
        budget: CallBudget,
        builder: ListingBuilder,
    ) -> None:
        self._client = client
        self._run = run
        self._markets = markets
        self._history = list(history)
        self._budget = budget
        self._builder = builder
        self._path = builder.start_path("shards")
        self._failed: set[str] = set()
        self._last_new: deque[int] = deque(maxlen=_LAST_CALLS)

    def read(self) -> None:
        """Read the planned queries of each market, within the call budget.

        Raises:
            AppRefusedError: Spotify refuses the app.
            ConfigurationError: Spotify refuses the credentials.
        """
        for number, market in enumerate(self._markets):
            share = self._budget.take(self._budget.left // (len(self._markets) - number))
            of_market = CallBudget(self._budget.bucket, share)
            self._read_market(market, of_market)
            self._budget.give_back(of_market.left)

    def _read_market(self, market: str, budget: CallBudget) -> None:
        vocabulary, learned, failed_in_a_row = Vocabulary(), 0, 0
        reading: list[_Query] = []
        while not self._builder.is_full and failed_in_a_row < settings.MAX_FAILED_CALLS:
            albums = list(self._builder.listing.albums.values())
            vocabulary.learn(albums[learned:])
            learned = len(albums)
            reading = self._next_round(reading, vocabulary, market)[: budget.left]
            if not reading:
                return
            pages = list(map_concurrently(lambda query: self._fetch(query, budget), reading))
            for query, page in zip(reading, pages, strict=True):
                self._enter(query, page)
                failed_in_a_row = failed_in_a_row + 1 if query.has_failed else 0
            if any(page is None and not query.has_failed for query, page in zip(reading, pages, strict=True)):
                # The bucket is closed, or the budget is spent.
                return

    def _next_round(self, reading: Sequence[_Query], vocabulary: Vocabulary, market: str) -> list[_Query]:
        """Return the queries to read a page of: those worth continuing, then new ones."""
        now = self._run.clock.now()
        history = [*self._history, *self._builder.listing.yields]
        taken = self._failed | {query.result.query for query in reading}
        best = plan_queries(history, vocabulary, market, now, WORKERS + len(taken))
        planned = [one for one in best if one.query not in taken]
        expected = planned[0].expected_yield if planned else 0.0
        kept = [query for query in reading if query.is_worth_reading(expected)]
        new = planned[: WORKERS - len(kept)]
        return [*kept, *(_Query(QueryYield(self._run.run_id, market, one.query, now)) for one in new)]

    def _fetch(self, query: _Query, budget: CallBudget) -> AlbumPage | None:
        """Return the next page of a query; None if the call failed or was not made."""
        result = query.result
        try:
            return self._client.search_albums(result.query, result.market, PAGE_SIZE * result.calls, budget)
        except (BucketClosedError, CallBudgetSpentError):
            return None
        except (ApiUnavailableError, CallFailedError):
            query.has_failed = True
            return None

    def _enter(self, query: _Query, page: AlbumPage | None) -> None:
        """Enter a page in the listing, the yield of its query and the counts."""
        path, result = self._path, query.result
        if page is None:
            query.has_more = False
            if query.has_failed:
                self._failed.add(result.query)
                path.calls += 1
                path.failed += 1
            return
        if not result.calls:
            path.asked += 1
            self._builder.listing.yields.append(result)
        listed, new = self._builder.add_page(page.albums, path, market=result.market, via="search", query=result.query)
        query.pages.append(new)
        query.has_more = page.has_more
        result.calls += 1
        result.albums_listed += listed
        result.albums_new += new
        result.is_whole = not page.has_more and result.calls < _MAX_PAGES
        path.calls += 1
        self._last_new.append(new)
        path.last_calls, path.last_new = len(self._last_new), sum(self._last_new)
