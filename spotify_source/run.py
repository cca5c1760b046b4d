"""A run of the source in its caller's hands: to stop it, and to read what came of it. Knows no HTTP and no table."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timezone

from .limits.governor import Clock, SystemClock
from .models import RunResult


class Run:
    """One run of the source: hand it in, stop it, read what came of it.

    Args:
        clock: Where the time comes from; the machine's by default.

    Attributes:
        clock: Where the time comes from.
        run_id: Start time and a random tail; the key of `release_sightings` and `load_runs`.
        started_at: UTC, the `seen_at` of all sightings of the run.
        stopping: Set by `stop`.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.started_at = datetime.fromtimestamp(self.clock.now(), timezone.utc)
        self.run_id = f"{self.started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        self.stopping = threading.Event()
        self._read: Callable[[], RunResult] = RunResult

    def stop(self) -> None:
        """Ask the run to make no more calls and to load what it has."""
        self.stopping.set()

    def result(self) -> RunResult:
        """What came of it, as a snapshot: that of the end once it has ended, that of now while it lasts."""
        return self._read()

    def begin(self, read: Callable[[], RunResult]) -> None:
        """Let `result` read from the extraction that the run has become.

        Args:
            read: Takes the snapshot.
        """
        self._read = read
