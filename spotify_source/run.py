"""What happened in one run, and the wish to stop it. Knows no HTTP and no table."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from . import settings
from .errors import BucketClosedError, SpotifySourceError
from .limits.clock import Clock, SystemClock
from .limits.source_state import Memory


@dataclass
class Run:
    """One run of the source: hand in your own to read it afterwards, or to stop it.

    All counts are of this run alone.

    Attributes:
        clock: Where the time comes from.
        memory: What earlier runs left for this one, and this one for later ones.
        max_attempts: How often a call is made in all while it fails.
        resources: What to plan for, where that is not what dlt is about to load.
        requests_per_second: The pace that is set; 0 is unlimited.
        daily_calls: The budget of each bucket that is set; None where there is none.
        run_id: Start time and a random tail; the key of `release_sightings` and `load_runs`.
        started_at: UTC, the `seen_at` of all sightings of the run.
        stopping: Set by `stop`: no more calls are made, what was fetched loads.
        browse_allowed: Whether the app may call browse/new-releases; None where it was not found out.
        batch_allowed: Whether the app may fetch albums in batches; None where it was not found out.
        discovered_via: 'browse' or 'search'.
        calls: API calls by bucket, repeated ones included.
        blocked_until: Buckets that take no calls, and until when (Unix time).
        closed: Buckets that took no more calls in this run, and why.
        paused_until: When the last pause for all threads is over, on the clock's monotonic time.
        albums_wanted: Albums that this run sets out to fetch.
        albums_pending: Albums that still need a call after the run.
        albums_over_limit: Those of them that `limit` kept back.
        failure: What ended the run early, where it was not a closed bucket.
        listing_cut: What ended the listing before its end, though something was read.
    """

    clock: Clock = field(default_factory=SystemClock)
    memory: Memory = field(default_factory=Memory)
    max_attempts: int = settings.MAX_ATTEMPTS
    resources: Collection[str] = ()
    requests_per_second: float = settings.REQUESTS_PER_SECOND
    daily_calls: int | None = None
    run_id: str = ""
    started_at: datetime = field(init=False)
    stopping: threading.Event = field(default_factory=threading.Event)

    browse_allowed: bool | None = None
    batch_allowed: bool | None = None
    discovered_via: str | None = None
    markets: Sequence[str] = ()
    calls: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    seconds_waited: float = 0.0
    blocked_until: dict[str, float] = field(default_factory=dict)
    closed: dict[str, BucketClosedError] = field(default_factory=dict)
    paused_until: float = 0.0

    albums_listed: int = 0
    albums_new: int = 0
    albums_wanted: int = 0
    albums_fetched: int = 0
    albums_gone: int = 0
    albums_short: int = 0
    albums_failed: dict[str, str] = field(default_factory=dict)
    albums_pending: int = 0
    albums_over_limit: int = 0
    tracks_loaded: int = 0
    items_dropped: int = 0

    failure: SpotifySourceError | None = None
    listing_cut: SpotifySourceError | None = None

    def __post_init__(self) -> None:
        """Take the time and draw an id."""
        self.started_at = datetime.fromtimestamp(self.clock.now(), timezone.utc)
        if not self.run_id:
            self.run_id = f"{self.started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"

    def stop(self) -> None:
        """Ask the run to make no more calls and to load what it has."""
        self.stopping.set()

    @property
    def is_complete(self) -> bool:
        """Whether everything that was wanted is there."""
        left = self.albums_pending - self.albums_over_limit
        return not (left or self.closed or self.failure or self.listing_cut)
