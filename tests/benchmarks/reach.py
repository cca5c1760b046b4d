"""Albums found by extra queries, the plain listing and a greedy planner.

Run `python tests/benchmarks/reach.py --help`. It searches the offline API's catalogue without HTTP, because it measures
albums per call. The greedy planner sees all results in advance, and always reads the pages with the most new albums.
"""

from __future__ import annotations

import argparse
import heapq
from collections.abc import Sequence
from datetime import date

from spotify_pipeline.offline_api import Catalogue
from spotify_pipeline.offline_api.query import parse

from spotify_source import Run
from spotify_source.api.client import AlbumPage
from spotify_source.api.responses import SEARCH
from spotify_source.discovery.listing import ListingBuilder
from spotify_source.discovery.queries import ExtraQueries
from spotify_source.discovery.query_planner import Vocabulary, letters_of
from spotify_source.limits.call_budget import CallBudget
from spotify_source.limits.governor import SystemClock

PAGE = 10
PLAIN_CALLS = 10


class Search:
    """Search in a catalogue, with the client's method."""

    def __init__(self, catalogue: Catalogue, market: str) -> None:
        self.catalogue = catalogue
        self.market = market
        self._found: dict[str, list[str]] = {}

    def shows(self, query: str) -> list[str]:
        if query not in self._found:
            parsed = parse(query)
            found = (
                self.catalogue.listed_in(self.market) if parsed.plain else self.catalogue.search(parsed, self.market)
            )
            self._found[query] = [album_id for album_id in found if album_id][:100]
        return self._found[query]

    def search_albums(self, query: str, _market: str, offset: int, budget: CallBudget) -> AlbumPage:
        """Return a page, as the client does."""
        budget.charge(SEARCH.bucket)
        found = self.shows(query)
        albums = [self.catalogue.sketch(album_id) for album_id in found[offset : offset + PAGE]]
        return AlbumPage(albums, len(found) > offset + PAGE, 100)


class FixedClock(SystemClock):
    """Clock that stands still: the same calls in every run."""

    def now(self) -> float:
        """Return a fixed Unix time."""
        return 1_795_000_000.0


def planned(search: Search, reach: int) -> int:
    """Return the number of albums that the source lists."""
    run = Run(clock=FixedClock())
    builder = ListingBuilder(run, (), None)
    plain = builder.start_path("search")
    for offset in range(0, 100, PAGE):
        page = search.search_albums("tag:new", search.market, offset, CallBudget(SEARCH.bucket, 1))
        builder.add_page(page.albums, plain, market=search.market, via="search")
    budget = CallBudget(SEARCH.bucket, reach - PLAIN_CALLS)
    ExtraQueries(search, run, [search.market], (), budget, builder).read()  # type: ignore[arg-type]
    return len(builder.listing.albums)


def greedy(search: Search, reach: int) -> int:
    """Return the albums that a planner finds that sees all results in advance."""
    everything = Vocabulary()
    everything.learn(search.catalogue.sketch(album_id) for album_id in search.catalogue.new_ids())
    letters = letters_of(search.market)
    queries = [f"tag:new{filters}" for filters in _filters(everything, letters)]
    known = set(search.shows("tag:new"))
    calls = reach - PLAIN_CALLS
    heap = [(-10.0, query) for query in queries]
    heapq.heapify(heap)
    while calls > 0 and heap:
        _, query = heapq.heappop(heap)
        worth, pages = _best_beginning(search.shows(query), known, calls)
        if heap and worth < -heap[0][0]:
            if worth > 0:
                heapq.heappush(heap, (-worth, query))
            continue
        known.update(search.shows(query)[: pages * PAGE])
        calls -= pages
    return len(known)


def _filters(words: Vocabulary, letters: Sequence[str]) -> list[str]:
    found = [f" artist:{word}" for word in words.names] + [f" album:{word}" for word in words.titles]
    found += [f" {field}{letter}" for field in ("", "artist:", "album:") for letter in letters]
    return ["", *found, " tag:hipster", *(f" tag:hipster{one}" for one in found)]


def _best_beginning(shown: Sequence[str], known: set[str], calls: int) -> tuple[float, int]:
    """Return the most new albums per call of any number of first pages, and it."""
    best, new = (0.0, 1), 0
    for pages in range(1, min(calls, -(-len(shown) // PAGE)) + 1):
        new += sum(album_id not in known for album_id in shown[(pages - 1) * PAGE : pages * PAGE])
        best = max(best, (new / pages, pages))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reach", type=int, default=300)
    parser.add_argument("--current", type=int, default=20_000, help="new albums in the catalogue (default: 20000)")
    parser.add_argument("--market", default="US")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    options = parser.parse_args()
    print("| seed | plain listing | extra queries | greedy | extra / plain | extra / greedy |")
    print("| --- | --- | --- | --- | --- | --- |")
    for seed in options.seeds:
        search = Search(Catalogue.generate(seed, 100, date(2026, 11, 20), current=options.current), options.market)
        plain = len(search.shows("tag:new"))
        ours, best = planned(search, options.reach), greedy(search, options.reach)
        print(f"| {seed} | {plain} | {ours} | {best} | {ours / plain:.1f} | {ours / best:.2f} |")


if __name__ == "__main__":
    main()
