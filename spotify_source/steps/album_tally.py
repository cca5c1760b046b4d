"""What became of the albums of one run: the counts, and what failures say of an album, of the API and of the app.

Knows no call. One album that fails is that album's matter; the run ends only when different calls fail in a row.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from .. import settings
from ..errors import (
    ApiUnavailableError,
    AppRefusedError,
    BucketClosedError,
    CallFailedError,
    ClosedReason,
    PremiumRequiredError,
    SpotifySourceError,
    TokenRejectedError,
)
from ..limits.governor import ALL_BUCKETS, Governor
from ..models import AlbumRequest, CompleteAlbum
from ..run import Run


class AlbumTally:
    """Counts what came of the requests, remembers it for later runs, and ends a run that is hopeless.

    Args:
        run: The run, which collects the counts and remembers which albums are gone, short or failed.
        governor: Closed where no call will do any better.
    """

    def __init__(self, run: Run, governor: Governor) -> None:
        self._run = run
        self._governor = governor
        self._state = run.state
        self._counts = run.albums
        self._lock = threading.Lock()
        self._calls_failed_in_a_row = 0
        self._refused_in_a_row: list[str] = []
        self._down: set[str] = set()
        self._has_succeeded = False

    def succeeded(self) -> None:
        """A call was answered well: what failed before it was not the app's fault, nor the API's."""
        with self._lock:
            self._calls_failed_in_a_row = 0
            self._refused_in_a_row.clear()
            self._has_succeeded = True

    def completed(self, complete: CompleteAlbum, came: int) -> None:
        """An album is there.

        Args:
            complete: The album.
            came: How many items its list of tracks had, whatever they were.
        """
        request, loaded = complete.request, complete.tracks_loaded
        with self._lock:
            self._counts.fetched += 1
            self._counts.failed.pop(request.album_id, None)
            if loaded is not None:
                expected = came if complete.total is None else complete.total
                self._counts.tracks_loaded += loaded
                self._counts.tracks_dropped += came - loaded
                self._counts.short += loaded < expected
        got = complete.total if loaded is None else loaded
        if got is not None:
            self._state.note_fetched(request.album_id, request.listed_tracks, got)

    def gone(self, request: AlbumRequest) -> None:
        """There is no such album any more."""
        self.succeeded()
        with self._lock:
            self._counts.gone += 1
        self._state.note_gone(request.album_id, self._run.clock.now())

    def failed(self, error: SpotifySourceError, group: Sequence[AlbumRequest]) -> None:
        """One call failed, and with it the albums that it was for: they stay pending."""
        if isinstance(error, BucketClosedError):
            return
        if isinstance(error, (AppRefusedError, TokenRejectedError)):
            self._note_failed(error, group)
            self._refused(error, group)
        elif isinstance(error, (ApiUnavailableError, CallFailedError)):
            self._note_failed(error, group)
            self._in_trouble(error, group)
        else:
            # The credentials are refused by the token endpoint, or calls can't be counted: nothing will do any better.
            self._end(error)

    def _note_failed(self, error: SpotifySourceError, group: Sequence[AlbumRequest]) -> None:
        for request in group:
            if request.album_id not in self._counts.failed:
                self._state.note_failed(request.album_id)
        with self._lock:
            self._counts.failed.update({request.album_id: error.summary for request in group})

    def _refused(self, error: SpotifySourceError, group: Sequence[AlbumRequest]) -> None:
        """A refusal is the album's, until different calls have met one with no success between them."""
        with self._lock:
            self._refused_in_a_row.append(group[0].album_id)
            row = set(self._refused_in_a_row)
            of_the_app = isinstance(error, PremiumRequiredError) or not self._has_succeeded
        # Albums that an earlier run saw fail stand side by side at the end of the queue: they show nothing new.
        first_time = sum(self._state.failures(album_id) <= 1 for album_id in row)
        if len(row) < settings.MAX_FAILED_CALLS and not (of_the_app and first_time >= settings.MAX_REFUSED_CALLS):
            return
        for album_id in row if of_the_app else ():
            self._state.forgive(album_id)
        self._end(error)

    def _in_trouble(self, error: SpotifySourceError, group: Sequence[AlbumRequest]) -> None:
        with self._lock:
            self._calls_failed_in_a_row += 1
            if isinstance(error, ApiUnavailableError):
                self._down.update(request.album_id for request in group)
            hopeless = self._calls_failed_in_a_row >= settings.MAX_FAILED_CALLS
            forgiven = [] if self._has_succeeded or not hopeless else sorted(self._down)
            self._down.difference_update(forgiven)
        # Nothing succeeded: then the API is down, and no album is to be given up for that.
        for album_id in forgiven:
            self._state.forgive(album_id)
        if hopeless:
            self._governor.close(ALL_BUCKETS, ClosedReason.TROUBLE)

    def _end(self, error: SpotifySourceError) -> None:
        with self._lock:
            self._run.failure = self._run.failure or error
        self._governor.close(ALL_BUCKETS, ClosedReason.REFUSED)
