"""Requests for complete albums, in as few calls as the app may make.

The calls run on dlt's worker pool. An album that cannot be fetched stays pending, and stops no other album. Only
failures in a row end the run: see `_Outcomes`.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar, cast

import dlt

from . import settings
from .api.responses import ALBUM, ALBUM_TRACKS, ALBUMS, is_album
from .config import Connection
from .errors import (
    ApiUnavailableError,
    AppRefusedError,
    BadRequestError,
    BucketClosedError,
    CallFailedError,
    ClosedReason,
    ForbiddenError,
    NotFoundError,
    PremiumRequiredError,
    SpotifySourceError,
    TokenRejectedError,
    UnreadableReplyError,
)
from .limits.governor import ALL_BUCKETS, Governor
from .models import Album, AlbumRequest, CompleteAlbum, FetchedAlbum, whole_number
from .run import Run
from .tracks import position_tracks

T = TypeVar("T")
R = TypeVar("R")
# A call for dlt's worker pool.
Deferred = Callable[[], list[R]]

# "Invalid base62 id", "invalid id": the only 400 that concerns the album and not the call.
_INVALID_ID: Final = re.compile(r"invalid (base62 )?id", re.IGNORECASE)


class AlbumFetcher:
    """Fetcher of the planned albums of one run.

    Args:
        connection: Client, governor, source state, and the run, which collects the counts.
    """

    def __init__(self, connection: Connection) -> None:
        self._client = connection.client
        self._governor = connection.governor
        self._state = connection.run.state
        self._run = connection.run
        self._outcomes = _Outcomes(connection.run, connection.governor)
        self._batches_refused = 0

    def fetch(self, requests: Sequence[AlbumRequest]) -> Iterator[list[FetchedAlbum] | Deferred[FetchedAlbum]]:
        """Yield albums with their first tracks, and calls for more, in order, until the bucket closes.

        Albums that show what the app may call are fetched first, one at a time; then come calls for the worker pool.
        """
        queue = deque(requests)
        if self._state.allowed("browse", self._run.clock.now()) is False:
            yield from self._fetch_until_app_is_known(queue)
        if queue and self._may_batch() is None:
            # Alone: if batches are refused, one refused call is enough to know.
            yield self._fetch(self._next_group(queue))
        while queue and not self._is_closed():
            yield _deferred(self._fetch, self._next_group(queue))

    def complete(self, fetched: Sequence[FetchedAlbum]) -> Iterator[list[CompleteAlbum] | Deferred[CompleteAlbum]]:
        """Yield the albums that have all their tracks, and calls that read the further tracks of the others."""
        yield [self._complete(one, one.album["tracks"]["items"]) for one in fetched if not _has_further_tracks(one)]
        for one in filter(_has_further_tracks, fetched):
            yield _deferred(self._read_further_tracks, one)

    # -- the next call

    def _fetch_until_app_is_known(self, queue: deque[AlbumRequest]) -> Iterator[list[FetchedAlbum]]:
        """Fetch single albums until one shows whether the app is in Development Mode, which has no batches.

        In an app that may not browse, an album without label and popularity shows it.
        https://developer.spotify.com/documentation/web-api/references/changes/february-2026
        """
        while queue and self._may_batch() is None and not self._is_closed():
            fetched = self._fetch_singly(self._reserve([queue.popleft()]))
            yield fetched
            if fetched and {"label", "popularity"} & fetched[0].album.keys():
                return
            if fetched:
                self._remember_batches(allowed=False)

    def _next_group(self, queue: deque[AlbumRequest]) -> list[AlbumRequest]:
        """Take the albums of the next call off the queue."""
        first = queue.popleft()
        group = [first]
        # One bad album can fail a whole batch, so an album that failed before is requested alone.
        if self._may_batch() is not False and not self._state.failures(first.album_id):
            while queue and len(group) < settings.ALBUM_BATCH_SIZE:
                if queue[0].market != first.market or self._state.failures(queue[0].album_id):
                    break
                group.append(queue.popleft())
        return self._reserve(group)

    def _reserve(self, group: Sequence[AlbumRequest]) -> list[AlbumRequest]:
        """Return the albums whose further tracks the call budget allows, and reserve the calls for these."""
        return [one for one in group if self._governor.reserve(ALBUM_TRACKS.bucket, one.further_pages)]

    def _release(self, request: AlbumRequest, calls_made: int = 0) -> None:
        """Release the calls that were reserved for further tracks and will not be made."""
        self._governor.release(ALBUM_TRACKS.bucket, max(0, request.further_pages - calls_made))

    def _is_closed(self) -> bool:
        try:
            self._governor.check(ALBUM.bucket if self._may_batch() is False else ALBUMS.bucket)
        except BucketClosedError:
            return True
        return False

    # -- batches

    def _may_batch(self) -> bool | None:
        if self._batches_refused >= settings.SURE_AFTER_REFUSALS:
            return False
        return self._state.allowed("batch", self._run.clock.now())

    def _remember_batches(self, *, allowed: bool) -> None:
        self._batches_refused = 0
        self._state.record_allowed("batch", allowed, self._run.clock.now())

    def _record_refused_batch(self) -> None:
        """Record a refused batch: two of them end the batches of the run, and two such runs those of a week."""
        if not self._batches_refused:
            self._state.record_refusal("batch", self._run.clock.now())
        self._batches_refused += 1

    # -- calls on the worker pool

    def _fetch(self, group: Sequence[AlbumRequest]) -> list[FetchedAlbum]:
        may_batch = self._may_batch()
        if may_batch is False or (may_batch is None and len(group) == 1):
            return self._fetch_singly(group)
        return self._fetch_batch(group) if group else []

    def _fetch_singly(self, group: Sequence[AlbumRequest]) -> list[FetchedAlbum]:
        return [fetched for request in group for fetched in self._fetch_album(request)]

    def _fetch_album(self, request: AlbumRequest) -> list[FetchedAlbum]:
        try:
            fetched = [FetchedAlbum(request, self._client.album(request.album_id, request.market))]
        except NotFoundError:
            self._record_gone(request)
            return []
        except SpotifySourceError as error:
            if isinstance(error, BadRequestError) and _INVALID_ID.search(error.summary):
                self._record_gone(request)
            else:
                self._record_failure(error, [request])
            return []
        self._record_success(fetched)
        return fetched

    def _fetch_batch(self, group: Sequence[AlbumRequest]) -> list[FetchedAlbum]:
        try:
            albums = self._client.albums([request.album_id for request in group], group[0].market)
        except (ForbiddenError, NotFoundError):
            self._record_refused_batch()
            return self._fetch_singly(group)
        except (BadRequestError, UnreadableReplyError):
            # A single album that the API cannot read or render is enough for this.
            return self._fetch_singly(group)
        except SpotifySourceError as error:
            self._record_failure(error, group)
            return []
        self._remember_batches(allowed=True)
        fetched, gone, unmatched = _match(albums, group)
        for request in gone:
            self._record_gone(request)
        self._record_success(fetched)
        return fetched + self._fetch_singly(unmatched)

    def _read_further_tracks(self, fetched: FetchedAlbum) -> list[CompleteAlbum]:
        request, first_page = fetched.request, fetched.album["tracks"]
        items: list[Any] = list(first_page["items"])
        calls = 0
        try:
            for page in self._client.further_tracks(request.album_id, first_page, request.market):
                calls += 1
                items += page
        except SpotifySourceError as error:
            self._record_failure(error, [request], calls + 1)
            return []
        self._outcomes.success()
        return [self._complete(fetched, items, calls)]

    # -- results of the calls

    def _complete(self, fetched: FetchedAlbum, items: Sequence[Any], calls_made: int = 0) -> CompleteAlbum:
        request, album = fetched.request, fetched.album
        self._release(request, calls_made)
        tracks, issues = position_tracks(items)
        self._run.data_issues.note(issues, request.album_id)
        totals = (whole_number(album.get("total_tracks")), whole_number(album["tracks"].get("total")))
        complete = CompleteAlbum(
            request,
            album,
            tracks,
            total=next((total for total in totals if total is not None), request.listed_tracks),
            tracks_loaded=len(tracks) if request.with_tracks else None,
        )
        self._outcomes.complete(complete, items=len(items))
        return complete

    def _record_success(self, fetched: Sequence[FetchedAlbum]) -> None:
        # An album with further tracks is a success only with them. Otherwise failures to read them would never be in a
        # row.
        if not all(map(_has_further_tracks, fetched)):
            self._outcomes.success()

    def _record_gone(self, request: AlbumRequest) -> None:
        self._release(request)
        self._outcomes.gone(request)

    def _record_failure(self, error: SpotifySourceError, group: Sequence[AlbumRequest], calls_made: int = 0) -> None:
        for request in group:
            self._release(request, calls_made)
        self._outcomes.failure(error, [request.album_id for request in group])


class _Outcomes:
    """Outcomes of the album requests of one run: its counts, the source state, and the end of a hopeless run.

    A success ends a row of failures.

    - A refusal (403, or 401 with a new token) concerns its album. Refusals of MAX_FAILED_CALLS different albums in a row
      end the run. So do those of MAX_REFUSED_CALLS albums that failed in no earlier run, if no call of the run has
      succeeded or if Spotify demands Premium.
    - Another failure concerns its call. MAX_FAILED_CALLS of them in a row end the run: the API is unavailable.

    No album is given up for failures in a run in which no call succeeded.

    Args:
        run: The run. Its counts, failure and source state are updated.
        governor: Rate limiter. All its buckets are closed at the end of a hopeless run.
    """

    def __init__(self, run: Run, governor: Governor) -> None:
        self._run = run
        self._state = run.state
        self._counts = run.albums
        self._governor = governor
        self._lock = threading.Lock()
        self._has_succeeded = False
        # Since the last success.
        self._failures_in_a_row = 0
        self._refused_in_a_row: set[str] = set()
        # Albums whose calls had no usable reply.
        self._without_reply: set[str] = set()

    def success(self) -> None:
        """Record that a call succeeded."""
        with self._lock:
            self._has_succeeded = True
            self._failures_in_a_row = 0
            self._refused_in_a_row.clear()

    def complete(self, complete: CompleteAlbum, items: int) -> None:
        """Record a complete album.

        Args:
            complete: The album.
            items: Number of items in its list of tracks, tracks or not.
        """
        request, loaded = complete.request, complete.tracks_loaded
        with self._lock:
            self._counts.fetched += 1
            self._counts.failed.pop(request.album_id, None)
            if loaded is not None:
                self._counts.tracks_loaded += loaded
                self._counts.tracks_dropped += items - loaded
                self._counts.short += loaded < (items if complete.total is None else complete.total)
        tracks = complete.total if loaded is None else loaded
        if tracks is not None:
            self._state.record_fetched(request.album_id, request.listed_tracks, tracks)

    def gone(self, request: AlbumRequest) -> None:
        """Record that an album does not exist any more."""
        self.success()
        with self._lock:
            self._counts.gone += 1
        self._state.record_gone(request.album_id, self._run.clock.now())

    def failure(self, error: SpotifySourceError, album_ids: Sequence[str]) -> None:
        """Record a failed call.

        Args:
            error: The error.
            album_ids: The albums that the call was for.
        """
        if isinstance(error, BucketClosedError):
            return
        if isinstance(error, (AppRefusedError, TokenRejectedError)):
            self._record_failed(error, album_ids)
            self._judge_refusal(error, album_ids[0])
        elif isinstance(error, (ApiUnavailableError, CallFailedError)):
            self._record_failed(error, album_ids)
            self._judge_failure(error, album_ids)
        else:
            # The token endpoint refuses the credentials, or the ledger cannot be written: no further call can succeed.
            self._end_refused(error)

    def _record_failed(self, error: SpotifySourceError, album_ids: Sequence[str]) -> None:
        with self._lock:
            first_time = [album_id for album_id in album_ids if album_id not in self._counts.failed]
            self._counts.failed.update(dict.fromkeys(album_ids, error.summary))
        for album_id in first_time:
            self._state.record_failure(album_id)

    def _judge_refusal(self, error: SpotifySourceError, album_id: str) -> None:
        with self._lock:
            self._refused_in_a_row.add(album_id)
            refused = sorted(self._refused_in_a_row)
            may_be_app = isinstance(error, PremiumRequiredError) or not self._has_succeeded
        # The albums that failed in earlier runs are requested last, one after the other: they prove nothing new.
        new = [refused_id for refused_id in refused if self._state.failures(refused_id) <= 1]
        if len(refused) >= settings.MAX_FAILED_CALLS or (may_be_app and len(new) >= settings.MAX_REFUSED_CALLS):
            if may_be_app:
                self._forgive(refused)
            self._end_refused(error)

    def _judge_failure(self, error: SpotifySourceError, album_ids: Sequence[str]) -> None:
        with self._lock:
            self._failures_in_a_row += 1
            if isinstance(error, ApiUnavailableError):
                self._without_reply.update(album_ids)
            is_unavailable = self._failures_in_a_row >= settings.MAX_FAILED_CALLS
            forgiven = sorted(self._without_reply) if is_unavailable and not self._has_succeeded else []
            self._without_reply.difference_update(forgiven)
        self._forgive(forgiven)
        if is_unavailable:
            self._governor.close(ALL_BUCKETS, ClosedReason.TROUBLE)

    def _forgive(self, album_ids: Sequence[str]) -> None:
        for album_id in album_ids:
            self._state.remove_strike(album_id)

    def _end_refused(self, error: SpotifySourceError) -> None:
        with self._lock:
            self._run.failure = self._run.failure or error
        self._governor.close(ALL_BUCKETS, ClosedReason.REFUSED)


def _has_further_tracks(fetched: FetchedAlbum) -> bool:
    return fetched.request.with_tracks and fetched.album["tracks"]["next"] is not None


def _match(
    albums: Sequence[object], group: Sequence[AlbumRequest]
) -> tuple[list[FetchedAlbum], list[AlbumRequest], list[AlbumRequest]]:
    """Match the albums of a batch with their requests: found, gone, and unmatched ones.

    A batch has the albums in the requested order, with null for one that is gone, and possibly another id for one that
    was replaced. If it is not in order, only the id shows which album it is.
    """
    if _is_in_order(albums, group):
        pairs = list(zip(group, albums, strict=True))
        gone = [request for request, album in pairs if album is None]
    else:
        by_id = {_id_of(album): album for album in albums}
        pairs = [(request, by_id.get(request.album_id)) for request in group]
        gone = []
    found = [FetchedAlbum(request, cast(Album, album)) for request, album in pairs if is_album(album)]
    matched = {one.request for one in found}.union(gone)
    return found, gone, [request for request in group if request not in matched]


def _is_in_order(albums: Sequence[object], group: Sequence[AlbumRequest]) -> bool:
    requested = {request.album_id for request in group}
    return len(albums) == len(group) and all(
        _id_of(album) == request.album_id or _id_of(album) not in requested
        for album, request in zip(albums, group, strict=True)
    )


def _id_of(album: object) -> str | None:
    found = album.get("id") if isinstance(album, dict) else None
    return found if isinstance(found, str) else None


def _deferred(function: Callable[[T], list[R]], argument: T) -> Deferred[R]:
    deferred: Deferred[R] = dlt.defer(function)(argument)
    return deferred
