"""How fast calls follow each other: a token bucket of one token, whose rate falls and rises. Knows no time of its own."""

from __future__ import annotations

from .. import settings


class Pace:
    """Spaces calls evenly at a rate. Not locked: its owner is.

    Args:
        per_second: The rate that is never exceeded; 0 is unlimited.
    """

    def __init__(self, per_second: float) -> None:
        self._ceiling = per_second
        self._rate = per_second
        self._next = 0.0

    def seconds_until_next(self, now: float) -> float:
        """How long from `now` (monotonic seconds) until the next call may go."""
        return self._next - now if self._rate else 0.0

    def take(self, now: float) -> None:
        """A call goes out at `now`."""
        if self._rate:
            self._next = max(self._next, now) + 1 / self._rate

    def halve(self) -> None:
        """Go on at half the rate."""
        self._rate = (self._rate or settings.UNLIMITED_PACE_AFTER_LIMIT) / 2

    def rise(self) -> None:
        """Come back a little: a twentieth of the full rate for each call that went well."""
        if self._rate == self._ceiling:
            return
        full = self._ceiling or settings.UNLIMITED_PACE_AFTER_LIMIT
        self._rate = min(self._rate + full / 20, full)
        if self._rate >= full:
            self._rate = self._ceiling
