"""Time that tests move. Knows what a clock must answer, not who asks."""

from __future__ import annotations

import threading
from datetime import date, datetime, timezone

HOUR = 3600.0
DAY = 24 * HOUR


class FakeClock:
    """Time that passes only where it is waited for, or where a test moves it."""

    def __init__(self, start: float = 1_795_000_000.0) -> None:
        self.waits: list[float] = []
        self._start = start
        # Counted apart from Unix time, in which the smallest wait would be lost in rounding.
        self._elapsed = 0.0
        self._lock = threading.Lock()

    @property
    def time(self) -> float:
        """Unix time."""
        return self._start + self._elapsed

    def now(self) -> float:
        """Unix time."""
        return self.time

    def today(self) -> date:
        """The day, UTC."""
        return datetime.fromtimestamp(self.time, timezone.utc).date()

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._elapsed

    def wait(self, seconds: float, wake: threading.Event) -> None:
        """Let the time pass at once, unless it is woken already."""
        if not wake.is_set():
            self.waits.append(seconds)
            self.move(seconds)

    def jitter(self) -> float:
        """No chance: always the middle."""
        return 0.5

    def move(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._elapsed += max(0.0, seconds)
