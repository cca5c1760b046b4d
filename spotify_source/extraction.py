"""One run of the source: which steps it takes, and what came of them. Knows no dlt resource and no table's form."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from .config import Connection
from .models import FetchedAlbum, Listing, LoadedState, PathCost, Plan, is_id
from .rows import Row
from .schema import RESOURCES
from .steps.albums import AlbumFetcher
from .steps.backlog import album_requests, given_up_albums
from .steps.discovery import Discoverer
from .steps.listings.artists import Watchlist
from .steps.listings.further import FurtherReach
from .steps.listings.journal import Journal
from .steps.listings.plain import PlainListing
from .steps.loaded_state import read_loaded_state
from .steps.target import target_of_run


class Extraction:
    """The steps of a run, and what each has counted.

    Args:
        connection: The client, what limits it, and what is wanted. Its run is begun, and reads its result here.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        client, clock = connection.client, connection.run.clock
        self._plain = PlainListing(client, connection.run, connection.options)
        self._discoverer = Discoverer(connection.run, connection.options, self._plain)
        self._reach = FurtherReach(client, connection.governor, clock, connection.options, connection.run.run_id)
        self._fetcher = AlbumFetcher(connection)

    def plan(self, requested: Collection[str]) -> Plan:
        """Read the listing, compare it with what is loaded, and say which albums to fetch.

        Args:
            requested: The tables to load; only `albums` and `album_tracks` need albums.

        Raises:
            ConfigurationError: A resource was given hints with which every run would fetch everything again.
            SpotifySourceError: No listing could be read, and nothing is pending from earlier runs.
        """
        loaded = self._loaded(requested)
        watchlist = self._watchlist(requested, loaded, Journal.of_pipeline())
        listing = self._discoverer.discover(
            loaded.releases,
            lambda: self._reach.paths(requested, loaded, watchlist),
            lambda: watchlist.artists if watchlist else (),
        )
        return self._planned(requested, listing, loaded)

    def rehearse(self, requested: Collection[str]) -> tuple[Plan, list[PathCost]]:
        """Read the plain listing alone, and say what else a run would ask. Writes nothing down.

        Args:
            requested: The tables to load.

        Returns:
            The albums to fetch, as far as they are known, and what each way beyond the plain listing may cost.

        Raises:
            SpotifySourceError: No listing could be read, and nothing is pending from earlier runs.
        """
        loaded = self._loaded(requested)
        listing = self._discoverer.discover(loaded.releases)
        watchlist = self._watchlist(requested, loaded, Journal(None))
        further = self._reach.paths(requested, loaded, watchlist)
        return self._planned(requested, listing, loaded), [path.cost() for path in further]

    def _loaded(self, requested: Collection[str]) -> LoadedState:
        loaded = read_loaded_state(
            target_of_run(), artists=self._reach.wants_artists(requested), yields=self._reach.wants_shards(requested)
        )
        self._plain.expect(loaded.depths)
        return loaded

    def _watchlist(self, requested: Collection[str], loaded: LoadedState, journal: Journal) -> Watchlist | None:
        return self._reach.watchlist(loaded, journal) if self._reach.wants_artists(requested) else None

    def _planned(self, requested: Collection[str], listing: Listing, loaded: LoadedState) -> Plan:
        options = self._connection.options
        wanted = {table.name for table in RESOURCES if table.origin == "album_request"}.intersection(requested)
        found = album_requests(
            listing,
            loaded,
            self._connection.state,
            requested=wanted,
            default_market=options.markets[0],
            full_refresh=options.full_refresh,
            only_types=options.only_types,
        )
        # Listed and reported, but nothing that can be asked for.
        requests = [one for one in found if is_id(one.album_id)]
        if self._connection.run.failure is not None and not requests:
            raise self._connection.run.failure
        now = requests[: options.limit]
        given_up = given_up_albums(
            listing, loaded, self._connection.state, requested=wanted, default_market=options.markets[0]
        )
        counts = self._connection.run.albums
        counts.wanted, counts.over_limit = len(now), len(requests) - len(now)
        counts.given_up = () if options.full_refresh else given_up
        return Plan(listing, loaded, now)

    def fetch(self, plan: Plan) -> Iterator[Any]:
        """The calls for the albums of the plan; see `AlbumFetcher.fetch`."""
        return self._fetcher.fetch(plan.requests)

    def complete(self, fetched: Sequence[FetchedAlbum]) -> Iterator[Any]:
        """The calls for their further tracks; see `AlbumFetcher.complete`."""
        return self._fetcher.complete(fetched)

    def noted(self, row: Row, album_id: str) -> dict[str, Any]:
        """The values of a row, once it is noted what was odd about them.

        Args:
            row: The row.
            album_id: The album that it belongs to.
        """
        if row.issues:
            self._connection.run.data_issues.note(row.issues, album_id)
        return row.values
