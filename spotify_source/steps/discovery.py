"""Which ways to find albums a run takes, in which order, and what ends that. Knows no endpoint and no page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from ..config import SourceOptions
from ..errors import (
    ApiUnavailableError,
    AppRefusedError,
    BucketClosedError,
    CallFailedError,
    ConfigurationError,
    SpotifySourceError,
)
from ..models import Listing, ListingEnd, WatchedArtist
from ..run import Run
from .listings.artists import unresolved
from .listings.path import Gathering, ListingPath


class Discoverer:
    """Reads the listings of one run: the plain one first, which alone has ranks, then whatever else is wanted.

    Args:
        run: The run, which collects the counts.
        options: Which markets, and how much to list.
        plain: The plain listing.
    """

    def __init__(self, run: Run, options: SourceOptions, plain: ListingPath) -> None:
        self._run = run
        self._counts = run.listing
        self._options = options
        self._paths = [plain]
        self._gathered = Gathering((), options.limit, run)

    def discover(
        self,
        known: Collection[str],
        further: Callable[[], Sequence[ListingPath]] = tuple,
        artists: Callable[[], Sequence[WatchedArtist]] = tuple,
    ) -> Listing:
        """Read all listings, as far as they can be read.

        Args:
            known: Ids of the albums that earlier runs listed.
            further: The ways beyond the plain listing, in the order in which they are taken; asked for once that is read.
            artists: The watchlist as it is known when it is asked for.

        Raises:
            ConfigurationError: The credentials are refused.
            AppRefusedError: The app may take no path.
        """
        self._gathered = Gathering(known, self._options.limit, self._run)
        try:
            self._read(further)
        finally:
            self._counts.paths = [path.counts() for path in self._paths]
            self._counts.unresolved = unresolved(artists())
        watched = [artist.key for artist in artists() if artist.is_known]
        return self._gathered.listing(self._counts.end or ListingEnd.COMPLETE, watched)

    def _read(self, further: Callable[[], Sequence[ListingPath]]) -> None:
        plain = self._paths[0]
        try:
            plain.read(self._gathered)
            self._counts.end = ListingEnd.LIMIT if self._gathered.is_full else ListingEnd.COMPLETE
        except BucketClosedError as closed:
            self._counts.end = ListingEnd.CLOSED
            if self._gathered.sightings:
                self._counts.cut_by = closed
        except SpotifySourceError as error:
            self._counts.end = ListingEnd.FAILED
            if not self._gathered.sightings and not isinstance(error, (ApiUnavailableError, CallFailedError)):
                raise
            self._end_early(error)
        for path in further() if self._run.failure is None else ():
            self._read_further(path)

    def _read_further(self, path: ListingPath) -> None:
        """Take one more way, unless nothing goes any more. What ends it is no matter of the plain listing."""
        if self._run.failure is not None or self._gathered.is_full:
            return
        self._paths.append(path)
        try:
            path.read(self._gathered)
        except BucketClosedError:
            # The governor knows, and tells.
            return
        except (AppRefusedError, ConfigurationError) as error:
            self._run.failure = error

    def _end_early(self, error: SpotifySourceError) -> None:
        if self._gathered.sightings:
            self._counts.cut_by = error
        if not self._gathered.sightings or isinstance(error, (AppRefusedError, ConfigurationError)):
            self._run.failure = error
