"""Clock that tests control."""

from __future__ import annotations

import threading
from datetime import date, datetime, timezone

HOUR = 3600.0
DAY = 24 * HOUR


class FakeClock:
    """Clock that only waiting and `move` advance."""

    def __init__(self, start: float = 1_795_000_000.0) -> None:
        self.waits: list[float] = []
        self._start = start
        # Separate from Unix time, in which rounding would lose the smallest wait.
        self._elapsed = 0.0
        self._lock = threading.Lock()

    @property
    def time(self) -> float:
        """Return Unix time."""
        return self._start + self._elapsed

    def now(self) -> float:
        """Return Unix time."""
        return self.time

    def today(self) -> date:
        """Return the date in UTC."""
        return datetime.fromtimestamp(self.time, timezone.utc).date()

    def monotonic(self) -> float:
        """Return the seconds since the start."""
        return self._elapsed

    def wait(self, seconds: float, wake: threading.Event) -> None:
        """Advance the time, unless `wake` is set."""
        if not wake.is_set():
            self.waits.append(seconds)
            self.move(seconds)

    def jitter(self) -> float:
        """Return the middle of the range, without randomness."""
        return 0.5

    def move(self, seconds: float) -> None:
        """Advance the time."""
        with self._lock:
            self._elapsed += max(0.0, seconds)
