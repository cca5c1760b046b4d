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
from ..models import Listing, ListingCounts, ListingEnd, WatchedArtist
from .data_issue_log import DataIssueLog
from .listings.artists import unresolved
from .listings.path import Gathering, ListingPath


class Discoverer:
    """Reads the listings of one run: the plain one first, which alone has ranks, then whatever else is wanted.

    Args:
        options: Which markets, and how much to list.
        plain: The plain listing.
        data_issues: Where it is noted what came otherwise than documented.

    Attributes:
        cut_by: What ended the plain listing before its end, though something was read.
        failure: What keeps the run from being good, whatever was read.
    """

    def __init__(self, options: SourceOptions, plain: ListingPath, data_issues: DataIssueLog) -> None:
        self._options = options
        self._oddities = data_issues
        self._paths = [plain]
        self._gathered = Gathering((), options.limit, data_issues)
        self._end: ListingEnd | None = None
        self._artists: Callable[[], Sequence[WatchedArtist]] = tuple
        self.cut_by: SpotifySourceError | None = None
        self.failure: SpotifySourceError | None = None

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
        self._gathered = Gathering(known, self._options.limit, self._oddities)
        self._artists = artists
        plain = self._paths[0]
        try:
            plain.read(self._gathered)
            self._end = ListingEnd.LIMIT if self._gathered.is_full else ListingEnd.COMPLETE
        except BucketClosedError as closed:
            self._end = ListingEnd.CLOSED
            if self._gathered.sightings:
                self.cut_by = closed
        except SpotifySourceError as error:
            self._end = ListingEnd.FAILED
            if not self._gathered.sightings and not isinstance(error, (ApiUnavailableError, CallFailedError)):
                raise
            self._end_early(error)
        for path in further() if self.failure is None else ():
            self._read_further(path)
        watched = [artist.key for artist in artists() if artist.is_known]
        return self._gathered.listing(self._end, watched)

    def counts(self, albums_new: int) -> ListingCounts:
        """What was found so far.

        Args:
            albums_new: How many of the albums are new, which is not known here.
        """
        return ListingCounts(
            markets=self._options.markets,
            discovered_via=self._gathered.discovered_via,
            albums_listed=len(self._gathered.albums),
            albums_new=albums_new,
            items_dropped=self._gathered.items_dropped,
            end=self._end,
            cut_by=self.cut_by,
            paths=[path.counts() for path in self._paths],
            unresolved=unresolved(self._artists()),
        )

    def _read_further(self, path: ListingPath) -> None:
        """Take one more way, unless nothing goes any more. What ends it is no matter of the plain listing."""
        if self.failure is not None or self._gathered.is_full:
            return
        self._paths.append(path)
        try:
            path.read(self._gathered)
        except BucketClosedError:
            # The governor knows, and tells.
            return
        except (AppRefusedError, ConfigurationError) as error:
            self.failure = error

    def _end_early(self, error: SpotifySourceError) -> None:
        if self._gathered.sightings:
            self.cut_by = error
        if not self._gathered.sightings or isinstance(error, (AppRefusedError, ConfigurationError)):
            self.failure = error
