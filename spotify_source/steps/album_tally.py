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
    TokenRefusedError,
)
from ..limits.governor import ALL_BUCKETS, Clock, Governor
from ..limits.state import SourceState
from ..models import AlbumCounts, AlbumRequest, CompleteAlbum


class AlbumTally:
    """Counts what came of the requests, remembers it for later runs, and ends a run that is hopeless.

    Args:
        governor: Closed where no call will do any better.
        state: Remembers which albums are gone, short or failed.
        clock: Where the time comes from.
    """

    def __init__(self, governor: Governor, state: SourceState, clock: Clock) -> None:
        self._governor = governor
        self._state = state
        self._clock = clock
        self._lock = threading.Lock()
        self._fetched = 0
        self._gone = 0
        self._short = 0
        self._tracks_loaded = 0
        self._tracks_dropped = 0
        self._failed: dict[str, str] = {}
        self._calls_failed_in_a_row = 0
        self._refused_in_a_row: list[str] = []
        self._down: set[str] = set()
        self._has_succeeded = False
        self.failure: SpotifySourceError | None = None

    def counts(self, *, wanted: int, over_limit: int, given_up: Sequence[str]) -> AlbumCounts:
        """What came of the requests so far; the arguments are what is not known here."""
        with self._lock:
            return AlbumCounts(
                wanted=wanted,
                fetched=self._fetched,
                gone=self._gone,
                short=self._short,
                failed=dict(self._failed),
                given_up=tuple(given_up),
                over_limit=over_limit,
                tracks_loaded=self._tracks_loaded,
                tracks_dropped=self._tracks_dropped,
            )

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
            self._fetched += 1
            self._failed.pop(request.album_id, None)
            if loaded is not None:
                expected = came if complete.total is None else complete.total
                self._tracks_loaded += loaded
                self._tracks_dropped += came - loaded
                self._short += loaded < expected
        got = complete.total if loaded is None else loaded
        if got is not None:
            self._state.note_fetched(request.album_id, request.listed_tracks, got)

    def gone(self, request: AlbumRequest) -> None:
        """There is no such album any more."""
        self.succeeded()
        with self._lock:
            self._gone += 1
        self._state.note_gone(request.album_id, self._clock.now())

    def failed(self, error: SpotifySourceError, group: Sequence[AlbumRequest]) -> None:
        """One call failed, and with it the albums that it was for: they stay pending."""
        if isinstance(error, BucketClosedError):
            return
        if isinstance(error, (AppRefusedError, TokenRefusedError)):
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
            if request.album_id not in self._failed:
                self._state.note_failed(request.album_id)
        with self._lock:
            self._failed.update({request.album_id: error.what for request in group})

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
            self.failure = self.failure or error
        self._governor.close(ALL_BUCKETS, ClosedReason.REFUSED)
