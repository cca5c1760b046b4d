"""What the source keeps between runs, in dlt's source state. All of it is harmless when it is stale.

What has been loaded is not kept here: the tables know that.
"""

from __future__ import annotations

import threading
from copy import deepcopy
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


class StoredState(TypedDict, total=False):
    """The state as dlt stores it."""

    probes: dict[str, Probe]
    gone: dict[str, float]
    tries: dict[str, Tries]
    failed: dict[str, int]
    strikes: dict[str, int]
    refused: dict[str, int]


class SourceState:
    """Reads and writes the source state. Safe to use from several threads.

    Until `attach` it works on a state of its own that is forgotten with it.
    """

    def __init__(self) -> None:
        """Start with nothing remembered."""
        self._lock = threading.Lock()
        self._state: StoredState = {}

    def attach(self, state: dict[str, Any]) -> None:
        """Go on with `state` (dlt's own, live): what changes here changes there."""
        with self._lock:
            self._state = cast(StoredState, state)

    def snapshot(self) -> dict[str, Any]:
        """A copy of the state as it is now."""
        with self._lock:
            return deepcopy(dict(self._state))

    # -- what the app may call

    def allowed(self, what: str, now: float) -> bool | None:
        """Whether the app may call `what` ('browse' or 'batch'); None where that is not known, or too long ago."""
        probe = self._state.get("probes", {}).get(what)
        if probe is None or not 0 <= now - probe["at"] < settings.PROBE_SECONDS:
            return None
        return probe["allowed"]

    def remember_allowed(self, what: str, allowed: bool, now: float) -> None:
        """Remember it for a week from now; what is known already keeps its date, so that it is asked again."""
        if allowed and self._state.get("refused"):
            with self._lock:
                self._state["refused"].pop(what, None)
        if self.allowed(what, now) is allowed:
            return
        with self._lock:
            self._state.setdefault("probes", {})[what] = {"allowed": allowed, "at": now}

    def note_refused(self, what: str, now: float) -> None:
        """Remember that the app may not call it, once that was noted twice with no success in between.

        Note it once a run: a single refusal may pass, and would be believed for a week.
        """
        with self._lock:
            refused = self._state.setdefault("refused", {})
            refused[what] = refused.get(what, 0) + 1
            is_sure = refused[what] >= settings.SURE_AFTER_REFUSALS
            if is_sure:
                del refused[what]
        if is_sure:
            self.remember_allowed(what, False, now)

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
            self._state.get("strikes", {}).pop(album_id, None)
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
        """Remember that a fetch failed, so that the album waits behind others next time, and is asked for alone.

        Note it once a run: after some runs the album is given up.
        """
        with self._lock:
            for counter in (self._state.setdefault("failed", {}), self._state.setdefault("strikes", {})):
                counter[album_id] = counter.get(album_id, 0) + 1

    def forgive(self, album_id: str) -> None:
        """Let the last failure not count towards giving the album up: it was not the album's fault."""
        with self._lock:
            strikes = self._state.get("strikes", {})
            left = strikes.pop(album_id, 0) - 1
            if left > 0:
                strikes[album_id] = left

    def is_given_up(self, album_id: str) -> bool:
        """Whether fetching it failed in so many runs that it is not tried any more."""
        return self._state.get("strikes", {}).get(album_id, 0) >= settings.MAX_FAILED_RUNS

    def given_up(self) -> list[str]:
        """The albums for which that is so."""
        return [album_id for album_id in self._state.get("strikes", {}) if self.is_given_up(album_id)]

    def failures(self, album_id: str) -> int:
        """How many fetches of it failed in a row."""
        return self._state.get("failed", {}).get(album_id, 0)

    def _forget_trouble(self, album_id: str) -> None:
        self._state.get("failed", {}).pop(album_id, None)
        self._state.get("strikes", {}).pop(album_id, None)
        self._state.get("tries", {}).pop(album_id, None)
