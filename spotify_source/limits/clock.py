"""Time and chance as the source uses them, so that tests can pass their own. Knows nothing of Spotify."""

from __future__ import annotations

import random
import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from, and how it is waited for."""

    def now(self) -> float:
        """Unix time in seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    def wait(self, seconds: float, wake: threading.Event) -> None:
        """Wait, but not past the moment at which `wake` is set."""
        ...

    def jitter(self) -> float:
        """A random number, 0 to 1."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Unix time in seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def wait(self, seconds: float, wake: threading.Event) -> None:
        """Wait, but not past the moment at which `wake` is set."""
        wake.wait(seconds)

    def jitter(self) -> float:
        """A random number, 0 to 1."""
        return random.random()  # noqa: S311 - spreads retries, guards nothing
