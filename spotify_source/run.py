"""One run of the source in its caller's hands, and the collector of its counts."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Final

from .errors import SpotifySourceError
from .limits.governor import Clock, Governor, SystemClock
from .limits.state import SourceState
from .models import AlbumCounts, CallCounts, DataIssue, DataIssueCount, DataIssueKind, ListingCounts, RunResult

# A reply can hold any number of undocumented fields; a report and a row of load_runs cannot.
_MAX_PLACES: Final = 100
_ELSEWHERE: Final = "elsewhere"


class DataIssueLog:
    """Thread-safe counter of the data issues of one run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[DataIssueKind, str], DataIssueCount] = {}

    def note(self, issues: Iterable[DataIssue], album_id: str | None) -> None:
        """Count data issues.

        Args:
            issues: The data issues.
            album_id: The album they were found in, if it has an id.
        """
        for issue in issues:
            self._add(issue.kind, issue.where, album_id)

    def counts(self) -> tuple[DataIssueCount, ...]:
        """Return the counts so far, in the order in which the issues first occurred."""
        with self._lock:
            return tuple(self._counts.values())

    def _add(self, kind: DataIssueKind, where: str, album_id: str | None) -> None:
        with self._lock:
            if (kind, where) not in self._counts and len(self._counts) >= _MAX_PLACES:
                where = _ELSEWHERE
            before = self._counts.get((kind, where))
            count, first = (before.count, before.album_id) if before else (0, album_id)
            self._counts[kind, where] = DataIssueCount(kind, where, count + 1, first)


class Run:
    """One run of the source: pass it in, stop it, and read its result.

    The steps of the run update `listing`, `albums`, `data_issues` and `failure` as they go.

    Args:
        clock: Source of the time; the system clock by default.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        # UTC; `seen_at` of all sightings of the run.
        self.started_at = datetime.fromtimestamp(self.clock.now(), timezone.utc)
        # Start time and a random suffix; the key of `release_sightings` and `load_runs`.
        self.run_id = f"{self.started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        self.stopping = threading.Event()
        self.listing = ListingCounts()
        self.albums = AlbumCounts()
        self.data_issues = DataIssueLog()
        # The error that ended a part of the run early, unless a bucket was closed.
        self.failure: SpotifySourceError | None = None
        self.state = SourceState()
        # Set by `connect`.
        self.governor: Governor | None = None

    def stop(self) -> None:
        """Make no more calls, and load what was fetched."""
        self.stopping.set()

    def result(self) -> RunResult:
        """Return the result so far; after the run, the final one."""
        now = self.clock.now()
        return RunResult(
            listing=replace(self.listing, paths=[replace(path) for path in self.listing.paths]),
            albums=replace(self.albums, failed=dict(self.albums.failed)),
            calls=self.governor.counts() if self.governor else CallCounts(),
            browse_allowed=self.state.allowed("browse", now),
            batch_allowed=self.state.allowed("batch", now),
            failure=self.failure,
            data_issues=self.data_issues.counts(),
            source_state=self.state.snapshot(),
        )
