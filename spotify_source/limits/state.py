"""Source state, which runs remember for later runs; harmless when stale.

What has been loaded is read from the tables instead.
"""

from __future__ import annotations

import threading
from copy import deepcopy
from typing import Any, TypedDict, cast

from .. import settings


class Probe(TypedDict):
    """Result of a probe of the app's permissions."""

    allowed: bool
    # Unix time.
    at: float


class Tries(TypedDict):
    """Fetches of an album that did not return the listed number of tracks."""

    listed: int
    got: int
    tries: int


class StoredState(TypedDict, total=False):
    """State as dlt stores it, by album id except for `probes` and `refused`."""

    probes: dict[str, Probe]
    # Refusals since the last success, by permission.
    refused: dict[str, int]
    # Unix time of the 404.
    gone: dict[str, float]
    tries: dict[str, Tries]
    # Fetches that failed in a row.
    failed: dict[str, int]
    # Runs in which a fetch failed because of the album.
    strikes: dict[str, int]


class SourceState:
    """Thread-safe access to the source state.

    Until `attach` is called, changes are kept in memory only.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: StoredState = {}

    def attach(self, state: dict[str, Any]) -> None:
        """Use dlt's live source state, which dlt stores after the run."""
        with self._lock:
            self._state = cast(StoredState, state)

    def snapshot(self) -> dict[str, Any]:
        """Return a copy of the state."""
        with self._lock:
            return deepcopy(dict(self._state))

    # -- permissions of the app

    def allowed(self, permission: str, now: float) -> bool | None:
        """Return whether the app may do something; None if that is unknown or outdated.

        Args:
            permission: 'browse' or 'batch'.
            now: Unix time.
        """
        probe = self._state.get("probes", {}).get(permission)
        if probe is None or not 0 <= now - probe["at"] < settings.PROBE_SECONDS:
            return None
        return probe["allowed"]

    def record_allowed(self, permission: str, allowed: bool, now: float) -> None:
        """Remember for a week whether the app may do something.

        A confirmed result keeps its date, so that it is probed again.
        """
        if allowed and self._state.get("refused"):
            with self._lock:
                self._state["refused"].pop(permission, None)
        if self.allowed(permission, now) is not allowed:
            with self._lock:
                self._state.setdefault("probes", {})[permission] = {"allowed": allowed, "at": now}

    def record_refusal(self, permission: str, now: float) -> None:
        """Record a refusal, once a run.

        The second one without a success between them is remembered for a week.
        """
        with self._lock:
            refused = self._state.setdefault("refused", {})
            refused[permission] = refused.get(permission, 0) + 1
            is_certain = refused[permission] >= settings.SURE_AFTER_REFUSALS
            if is_certain:
                del refused[permission]
        if is_certain:
            self.record_allowed(permission, False, now)

    # -- albums

    def is_gone(self, album_id: str) -> bool:
        """Return whether Spotify answered 404 for an album."""
        return album_id in self._state.get("gone", {})

    def record_gone(self, album_id: str, now: float) -> None:
        """Record that an album no longer exists."""
        with self._lock:
            self._state.setdefault("gone", {})[album_id] = now
            self._state.get("failed", {}).pop(album_id, None)
            self._state.get("strikes", {}).pop(album_id, None)
            self._state.get("tries", {}).pop(album_id, None)

    def record_fetched(self, album_id: str, listed: int | None, got: int) -> None:
        """Record a complete fetch, and whether it returned the listed tracks."""
        with self._lock:
            self._state.get("gone", {}).pop(album_id, None)
            self._state.get("failed", {}).pop(album_id, None)
            self._state.get("strikes", {}).pop(album_id, None)
            tries = self._state.setdefault("tries", {})
            before = tries.pop(album_id, None)
            if listed is not None and listed != got:
                count = before["tries"] + 1 if before is not None and before["listed"] == listed else 1
                tries[album_id] = {"listed": listed, "got": got, "tries": count}

    def tries_exhausted(self, album_id: str, listed: int, loaded: int) -> bool:
        """Return whether fetches returned the loaded tracks too often to try again.

        Args:
            album_id: The album.
            listed: Listed number of tracks.
            loaded: Loaded number of tracks.
        """
        tries = self._state.get("tries", {}).get(album_id)
        return (
            tries is not None
            and tries["listed"] == listed
            and tries["got"] == loaded
            and tries["tries"] >= settings.MAX_TRIES
        )

    def record_failure(self, album_id: str) -> None:
        """Record a failed fetch, once a run.

        The album is fetched after others and alone in the next run, and given up after several runs.
        """
        with self._lock:
            for counter in (self._state.setdefault("failed", {}), self._state.setdefault("strikes", {})):
                counter[album_id] = counter.get(album_id, 0) + 1

    def remove_strike(self, album_id: str) -> None:
        """Take back the last strike against an album that did not cause its failure."""
        with self._lock:
            strikes = self._state.get("strikes", {})
            left = strikes.pop(album_id, 0) - 1
            if left > 0:
                strikes[album_id] = left

    def is_given_up(self, album_id: str) -> bool:
        """Return whether an album failed in too many runs to be fetched again."""
        return self._state.get("strikes", {}).get(album_id, 0) >= settings.MAX_FAILED_RUNS

    def given_up(self) -> list[str]:
        """Return the albums that are given up."""
        return [album_id for album_id in self._state.get("strikes", {}) if self.is_given_up(album_id)]

    def failures(self, album_id: str) -> int:
        """Return the number of fetches of an album that failed in a row."""
        return self._state.get("failed", {}).get(album_id, 0)
