"""What the source keeps between runs, in dlt's source state. All of it is harmless when it is stale.

What has been loaded is not kept here: the tables know that.
"""

from __future__ import annotations

import threading
from typing import Any, TypedDict, cast

from .. import settings


class Probe(TypedDict):
    """Whether the app may call something, and when that was found out (Unix time)."""

    allowed: bool
    at: float


class Tries(TypedDict):
    """How often an album was asked for, without its tracks adding up to the number that was listed."""

    listed: int
    got: int
    tries: int


class SourceState(TypedDict, total=False):
    """The state as dlt stores it."""

    probes: dict[str, Probe]
    gone: dict[str, float]
    tries: dict[str, Tries]
    failed: dict[str, int]
    ledger: dict[str, dict[str, int]]
    blocked_until: dict[str, float]


HOUR = 3600


class Memory:
    """Reads and writes the source state. Safe to use from several threads.

    Until `attach` it works on a state of its own that is forgotten with it.
    """

    def __init__(self) -> None:
        """Start with nothing remembered."""
        self._lock = threading.Lock()
        self._state: SourceState = {}

    def attach(self, state: dict[str, Any]) -> None:
        """Go on with `state` (dlt's own, live): what changes here changes there."""
        with self._lock:
            self._state = cast(SourceState, state)

    def carry_over(self, state: dict[str, Any]) -> None:
        """Write what is known here into `state`, which has missed it."""
        with self._lock:
            state.update(self._state)

    # -- what the app may call

    def allowed(self, what: str, now: float) -> bool | None:
        """Whether the app may call `what` ('browse' or 'batch'); None where that is not known, or too long ago."""
        probe = self._state.get("probes", {}).get(what)
        if probe is None or not 0 <= now - probe["at"] < settings.PROBE_SECONDS:
            return None
        return probe["allowed"]

    def remember_allowed(self, what: str, allowed: bool, now: float) -> None:
        """Remember it for a week from now; what is known already keeps its date, so that it is asked again."""
        if self.allowed(what, now) is allowed:
            return
        with self._lock:
            self._state.setdefault("probes", {})[what] = {"allowed": allowed, "at": now}

    # -- albums

    def is_gone(self, album_id: str) -> bool:
        """Whether Spotify answered 404 for it."""
        return album_id in self._state.get("gone", {})

    def note_gone(self, album_id: str, now: float) -> None:
        """Remember that there is no such album any more."""
        with self._lock:
            self._state.setdefault("gone", {})[album_id] = now
            self._forget_trouble(album_id)

    def note_fetched(self, album_id: str, listed: int | None, got: int) -> None:
        """Remember what came of a fetch, if it is not the number of tracks that was listed."""
        with self._lock:
            self._state.get("gone", {}).pop(album_id, None)
            self._state.get("failed", {}).pop(album_id, None)
            tries = self._state.setdefault("tries", {})
            before = tries.pop(album_id, None)
            if listed is not None and listed != got:
                again = before is not None and before["listed"] == listed
                count = before["tries"] + 1 if again and before else 1
                tries[album_id] = {"listed": listed, "got": got, "tries": count}

    def gave_up(self, album_id: str, listed: int, have: int) -> bool:
        """Whether asking again is pointless: three times the API gave just what is there."""
        tries = self._state.get("tries", {}).get(album_id)
        return (
            tries is not None
            and tries["listed"] == listed
            and tries["got"] == have
            and tries["tries"] >= settings.MAX_TRIES
        )

    def note_failed(self, album_id: str) -> None:
        """Remember that a fetch failed, so that the album waits behind others next time, and is asked for alone."""
        with self._lock:
            failed = self._state.setdefault("failed", {})
            failed[album_id] = failed.get(album_id, 0) + 1

    def failures(self, album_id: str) -> int:
        """How many fetches of it failed in a row."""
        return self._state.get("failed", {}).get(album_id, 0)

    def _forget_trouble(self, album_id: str) -> None:
        self._state.get("failed", {}).pop(album_id, None)
        self._state.get("tries", {}).pop(album_id, None)

    # -- the ledger

    def count_call(self, bucket: str, now: float) -> None:
        """Enter one call into the ledger."""
        with self._lock:
            hours = self._state.setdefault("ledger", {}).setdefault(bucket, {})
            hour = str(int(now // HOUR))
            if hour not in hours:
                self._drop_old_hours(hours, now)
            hours[hour] = hours.get(hour, 0) + 1

    def buckets(self) -> list[str]:
        """The buckets that the ledger knows."""
        return sorted(self._state.get("ledger", {}))

    def calls_made(self, bucket: str, now: float) -> int:
        """Calls to `bucket` in the last 24 hours, in whole hours: never too few."""
        hours = self._state.get("ledger", {}).get(bucket, {})
        first = _first_hour(now)
        return sum(count for hour, count in list(hours.items()) if int(hour) >= first)

    def budget_returns(self, bucket: str, now: float) -> float:
        """When the oldest hour of `bucket` in the ledger has left the 24 hours (Unix time)."""
        hours = [int(hour) for hour in self._state.get("ledger", {}).get(bucket, {}) if int(hour) >= _first_hour(now)]
        return float((min(hours) + settings.LEDGER_HOURS + 1) * HOUR) if hours else now

    @staticmethod
    def _drop_old_hours(hours: dict[str, int], now: float) -> None:
        for hour in [hour for hour in hours if int(hour) < _first_hour(now)]:
            del hours[hour]

    # -- blocks

    def block(self, bucket: str, until: float) -> None:
        """Let no call to `bucket` out before `until` (Unix time)."""
        with self._lock:
            self._state.setdefault("blocked_until", {})[bucket] = until

    def blocked_until(self, bucket: str, now: float) -> float | None:
        """Until when `bucket` takes no calls; None where it takes them."""
        until = self._state.get("blocked_until", {}).get(bucket)
        # A block that lies too far ahead was written under a wrong clock.
        if until is None or not 0 < until - now <= settings.MAX_BLOCK_SECONDS:
            return None
        return until

    def blocks(self, now: float) -> dict[str, float]:
        """All buckets that take no calls now, and until when."""
        found = {bucket: self.blocked_until(bucket, now) for bucket in list(self._state.get("blocked_until", {}))}
        return {bucket: until for bucket, until in found.items() if until is not None}


def _first_hour(now: float) -> int:
    return int((now - settings.LEDGER_HOURS * HOUR) // HOUR)
