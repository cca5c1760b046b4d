"""Clock of the demo, which may run on another day."""

from __future__ import annotations

import threading
from datetime import date, datetime, timezone

from spotify_source.limits.governor import Clock


class DemoClock:
    """Clock with the time of day of another one, on a day of its own.

    Args:
        clock: The other clock.
        day: The day (UTC) that it starts on.
    """

    def __init__(self, clock: Clock, day: date) -> None:
        self._clock = clock
        today = datetime.fromtimestamp(clock.now(), timezone.utc).date()
        self._ahead = float((day - today).days * 86_400)

    def now(self) -> float:
        """Return Unix time in seconds."""
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        """Return seconds that never decrease."""
        return self._clock.monotonic()

    def wait(self, seconds: float, wake: threading.Event) -> None:
        """Wait for some seconds, or until `wake` is set."""
        self._clock.wait(seconds, wake)

    def jitter(self) -> float:
        """Return a random number from 0 to 1."""
        return self._clock.jitter()
