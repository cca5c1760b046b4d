"""What came of a run, to be read and not to be changed. Knows values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import BucketClosedError, SpotifySourceError
from .oddities import OddityCount
from .reach import PathCounts, WatchedArtist
from .values import ListingEnd


@dataclass(frozen=True)
class CallCounts:
    """The calls of a run, and what held them up.

    Attributes:
        by_bucket: API calls by bucket, repeated ones included.
        retries: Calls that had to be repeated.
        seconds_waited: Seconds spent in pauses and before repetitions.
        paused_until: When the last pause for all threads is over, on the clock's monotonic time.
        closed: Buckets that took no more calls, and why.
        blocked_until: Buckets that take no calls after the run either, and until when (Unix time).
    """

    by_bucket: Mapping[str, int] = field(default_factory=dict)
    retries: int = 0
    seconds_waited: float = 0.0
    paused_until: float = 0.0
    closed: Mapping[str, BucketClosedError] = field(default_factory=dict)
    blocked_until: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ListingCounts:
    """What was found.

    Attributes:
        markets: The markets that were asked for.
        discovered_via: 'browse' or 'search'; None where no listing could be read.
        albums_listed: Different albums in the listing.
        albums_new: Those of them that were never listed before.
        items_dropped: Places in the listing that held nothing, or nothing with an id.
        end: Why the reading ended; None where no listing was asked for, or not yet.
        cut_by: What ended it before its end, though something was read.
        paths: What each way to find albums brought, in the order in which they were taken.
        unresolved: Names of the watchlist for which no artist is known.
    """

    markets: Sequence[str] = ()
    discovered_via: str | None = None
    albums_listed: int = 0
    albums_new: int = 0
    items_dropped: int = 0
    end: ListingEnd | None = None
    cut_by: SpotifySourceError | None = None
    paths: Sequence[PathCounts] = ()
    unresolved: Sequence[WatchedArtist] = ()

    @property
    def is_complete(self) -> bool | None:
        """Whether it was read to its end, or as far as `limit` wanted; None where none was asked for."""
        return None if self.end is None else self.end in (ListingEnd.COMPLETE, ListingEnd.LIMIT)


@dataclass(frozen=True)
class AlbumCounts:
    """What was fetched.

    Attributes:
        wanted: Albums that the run set out to fetch.
        fetched: Albums that were fetched complete.
        gone: Albums for which Spotify answered 404 for the first time.
        short: Fetched albums with fewer tracks than total_tracks.
        failed: Albums that could not be fetched, and why.
        given_up: Albums that are not asked for any more: all calls for them failed, run after run.
        over_limit: Albums that need a call, and were kept back by `limit`.
        tracks_loaded: Tracks of the fetched albums.
        tracks_dropped: Items of their lists that were no track, or one that was there before.
    """

    wanted: int = 0
    fetched: int = 0
    gone: int = 0
    short: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)
    given_up: Sequence[str] = ()
    over_limit: int = 0
    tracks_loaded: int = 0
    tracks_dropped: int = 0

    @property
    def pending(self) -> int:
        """Albums that still need a call after the run."""
        return self.wanted + self.over_limit - self.fetched - self.gone


@dataclass(frozen=True)
class RunResult:
    """What came of a run, or has come of it so far.

    Attributes:
        listing: What was found.
        albums: What was fetched.
        calls: What it cost.
        browse_allowed: Whether the app may call browse/new-releases; None where that is not known.
        batch_allowed: Whether the app may fetch albums in batches; None where that is not known.
        failure: What ended the run early, where it was not a closed bucket.
        oddities: What came otherwise than documented, and was changed or left out.
        source_state: What later runs are to know, as dlt's source state has it.
    """

    listing: ListingCounts = field(default_factory=ListingCounts)
    albums: AlbumCounts = field(default_factory=AlbumCounts)
    calls: CallCounts = field(default_factory=CallCounts)
    browse_allowed: bool | None = None
    batch_allowed: bool | None = None
    failure: SpotifySourceError | None = None
    oddities: Sequence[OddityCount] = ()
    source_state: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether everything that was wanted is there."""
        left = self.albums.pending - self.albums.over_limit
        return not (left or self.calls.closed or self.failure or self.listing.cut_by)
