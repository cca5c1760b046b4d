"""How fast calls follow each other after a rate limit: spaced evenly, at a rate that falls and rises. Knows no time.

Until there is one, calls go out as soon as they are wanted; only their number in a window of 30 s is limited, which the
ledger counts.
"""

from __future__ import annotations

from .. import settings


class Pace:
    """Spaces calls evenly once a rate limit was met. Not locked: its owner is.

    Args:
        per_second: The rate at which calls are no longer spaced; 0 is unlimited.
    """

    def __init__(self, per_second: float) -> None:
        self._ceiling = per_second or settings.UNLIMITED_PACE_AFTER_LIMIT
        self._rate: float | None = None
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
        self._rate = (self._rate or self._ceiling) / 2

    def rise(self) -> None:
        """Come back a little: a twentieth of the full rate for each call that went well."""
        if self._rate is None:
            return
        self._rate += self._ceiling / 20
        if self._rate >= self._ceiling:
            self._rate = None
