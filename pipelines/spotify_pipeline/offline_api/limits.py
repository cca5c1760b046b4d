"""How many calls an app may make: within a window, and in all by bucket."""

from __future__ import annotations

import math
from collections import Counter, UserDict, deque
from collections.abc import Callable, Iterable, Mapping
from threading import Lock

from . import errors
from .replies import Reply

# What an ordinary app's day holds, as far as it was measured in public; of albums no number is known, and 600 is what the
# buckets beside them hold. https://developer.spotify.com/documentation/web-api/concepts/quota-modes publishes none.
ORDINARY_QUOTAS: Mapping[str, int] = {
    "search": 700,
    "album": 600,
    "album_tracks": 600,
    "artist": 600,
    "artist_albums": 100,
}


def window_max(times: Iterable[float], seconds: float) -> int:
    """The highest number of times within any so many seconds; of two just so far apart, one counts."""
    window: deque[float] = deque()
    highest = 0
    for at in sorted(times):
        window.append(at)
        while window[0] <= at - seconds:
            window.popleft()
        highest = max(highest, len(window))
    return highest


class RateLimit:
    """A sliding window over the calls that were served."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start with an empty window; time is the clock's."""
        self._clock = clock
        self._served: deque[float] = deque()
        self._lock = Lock()

    def refusal(self, limit: tuple[int, float] | None, retry_after: int | None) -> Reply | None:
        """What a call hears that is over the limit; None for one that is served, and then counts."""
        if limit is None:
            return None
        calls, window = limit
        with self._lock:
            now = self._clock()
            while self._served and self._served[0] <= now - window:
                self._served.popleft()
            if len(self._served) >= calls:
                return errors.rate_limited(retry_after)
            self._served.append(now)
        return None


class Quotas(UserDict[str, int]):
    """Calls by bucket that are served before the bucket closes, counted from when the number is set."""

    def __init__(self) -> None:
        """Begin without any quota."""
        self._used: Counter[str] = Counter()
        self._closed_until: dict[str, float] = {}
        self._lock = Lock()
        super().__init__()

    def __setitem__(self, bucket: str, calls: int) -> None:
        """Serve that many calls from now on, whatever was served or refused before."""
        self._used[bucket] = 0
        self._closed_until.pop(bucket, None)
        super().__setitem__(bucket, calls)

    def refusal(self, bucket: str, now: float, retry_after: int | None) -> Reply | None:
        """What a call hears whose bucket is spent; None for one that is served, and then counts.

        The bucket opens again as a whole, ``retry_after`` seconds after the first call that was refused.
        """
        with self._lock:
            if bucket not in self:
                return None
            if now >= self._closed_until.get(bucket, math.inf):
                self[bucket] = self[bucket]
            if self._used[bucket] < self[bucket]:
                self._used[bucket] += 1
                return None
            if retry_after is None:
                return errors.quota_exceeded(None)
            end = self._closed_until.setdefault(bucket, now + retry_after)
            return errors.quota_exceeded(math.ceil(end - now))
