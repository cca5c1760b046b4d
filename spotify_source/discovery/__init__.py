"""Discovery: the listing of one run, read through one path after the other."""

from __future__ import annotations

from collections.abc import Collection

from ..api.responses import SEARCH
from ..config import Connection
from ..errors import (
    ApiUnavailableError,
    AppRefusedError,
    BucketClosedError,
    CallFailedError,
    ConfigurationError,
    SpotifySourceError,
)
from ..limits.call_budget import CallBudget
from ..models import Listing, ListingEnd, LoadedState, PathCost
from .listing import ListingBuilder, read_plain_listing
from .queries import ExtraQueries
from .watchlist import Watchlist

__all__ = ["discover", "path_costs"]


def discover(connection: Connection, loaded: LoadedState, tables: Collection[str]) -> Listing:
    """List albums through every discovery path that the options and tables ask for.

    The plain listing comes first; it alone has ranks. An error in a later path leaves the plain listing complete.

    Args:
        connection: The connection. Its run collects the counts, and the failure if there is one.
        loaded: Loaded state.
        tables: Names of the tables to load; empty for the plain listing alone, as in a dry run.

    Raises:
        ConfigurationError: Spotify refuses the credentials.
        AppRefusedError: Spotify refuses the app on every path to a plain listing.
    """
    run, options = connection.run, connection.options
    builder = ListingBuilder(run, loaded.releases, options.limit)
    watchlist = Watchlist(connection, loaded.artists, builder) if options.wants_watchlist(tables) else None
    _read_plain_listing(connection, loaded, builder)
    if run.failure is not None:
        return builder.listing
    try:
        if watchlist is not None and not builder.is_full:
            watchlist.search()
        if watchlist is not None and options.artist_sweeps and not builder.is_full:
            watchlist.sweep()
        if options.wants_extra_queries(tables) and not builder.is_full:
            budget = _extra_query_budget(connection)
            ExtraQueries(connection.client, run, options.markets, loaded.yields, budget, builder).read()
    except (AppRefusedError, ConfigurationError) as error:
        run.failure = error
    return builder.listing


def path_costs(connection: Connection, loaded: LoadedState, tables: Collection[str]) -> list[PathCost]:
    """Return the calls that each discovery path beyond the plain listing may take."""
    options, costs = connection.options, list[PathCost]()
    if options.wants_watchlist(tables):
        builder = ListingBuilder(connection.run, loaded.releases, options.limit)
        costs += Watchlist(connection, loaded.artists, builder).costs()
    if options.wants_extra_queries(tables):
        costs.append(PathCost("shards", SEARCH.bucket, _extra_query_budget(connection).left))
    return costs


def _extra_query_budget(connection: Connection) -> CallBudget:
    """Return the searches that `reach` leaves in this run; retries count."""
    made = connection.governor.counts().by_bucket.get(SEARCH.bucket, 0)
    calls = connection.options.reach - max(connection.options.plain_searches, made)
    return CallBudget(SEARCH.bucket, connection.governor.calls_left(SEARCH.bucket, calls))


def _read_plain_listing(connection: Connection, loaded: LoadedState, builder: ListingBuilder) -> None:
    """Read the plain listing as far as possible, and enter in the counts how it ended."""
    run, counts = connection.run, connection.run.listing
    try:
        read_plain_listing(connection, builder, loaded.depths)
        counts.end = ListingEnd.LIMIT if builder.is_full else ListingEnd.COMPLETE
    except SpotifySourceError as error:
        is_closed, is_empty = isinstance(error, BucketClosedError), not builder.listing.sightings
        counts.end = ListingEnd.CLOSED if is_closed else ListingEnd.FAILED
        if not is_empty:
            counts.cut_by = error
        elif not is_closed and not isinstance(error, (ApiUnavailableError, CallFailedError)):
            raise
        if not is_closed and (is_empty or isinstance(error, (AppRefusedError, ConfigurationError))):
            run.failure = error
