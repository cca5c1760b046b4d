"""The time on another day: what the demo runs by, so that its days are days. Knows clocks alone."""

from __future__ import annotations

import threading
from datetime import date, datetime, timezone

from spotify_source.limits.governor import Clock


class ClockOfDay:
    """A clock that is as late in the day as another one, on a day of its own.

    Args:
        clock: The other one.
        day: The day (UTC) on which it is now.
    """

    def __init__(self, clock: Clock, day: date) -> None:
        self._clock = clock
        today = datetime.fromtimestamp(clock.now(), timezone.utc).date()
        self._ahead = float((day - today).days * 86_400)

    def now(self) -> float:
        """Unix time in seconds."""
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._clock.monotonic()

    def wait(self, seconds: float, wake: threading.Event) -> None:
        """Wait, but not past the moment at which `wake` is set."""
        self._clock.wait(seconds, wake)

    def jitter(self) -> float:
        """A random number, 0 to 1."""
        return self._clock.jitter()
