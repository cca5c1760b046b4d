"""How albums are fetched complete, in as few calls as the app may make. Knows calls, not tables.

The calls are handed out as functions that dlt runs on its worker pool. None of them raises what a run can survive:
an album that can't be fetched now stays pending, and it is noted why.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import dlt

from .. import settings
from ..api.client import SpotifyClient
from ..api.endpoints import ALBUM, ALBUM_TRACKS, ALBUMS
from ..errors import (
    ApiUnavailableError,
    BadRequestError,
    BucketClosedError,
    CallFailedError,
    ClosedReason,
    ForbiddenError,
    NotFoundError,
    SpotifySourceError,
    UnreadableReplyError,
)
from ..limits.clock import Clock
from ..limits.governor import ALL_BUCKETS, Governor
from ..limits.source_state import SourceState
from ..model.result import AlbumCounts
from ..model.shapes import Album
from ..model.values import AlbumRequest, CompleteAlbum, FetchedAlbum
from .rows import placed_tracks, whole_number

T = TypeVar("T")
R = TypeVar("R")
Deferred = Callable[[], list[R]]

_PAGES = ALBUM_TRACKS.bucket

# "Invalid base62 id", "invalid id": the only 400 that is about the album and not about the call.
_BAD_ID = re.compile(r"invalid (base62 )?id", re.IGNORECASE)


class AlbumFetcher:
    """Fetches the requested albums of one run, and counts what came of them.

    Args:
        client: The door to the API.
        governor: Says which buckets are open, and reserves calls for further tracks.
        state: Remembers what the app may call, and which albums are gone, short or failed.
        clock: Where the time comes from.
    """

    def __init__(self, client: SpotifyClient, governor: Governor, state: SourceState, clock: Clock) -> None:
        self._client = client
        self._governor = governor
        self._state = state
        self._clock = clock
        self._lock = threading.Lock()
        self._failed_in_a_row = 0
        self._fetched = 0
        self._gone = 0
        self._short = 0
        self._tracks_loaded = 0
        self._tracks_dropped = 0
        self._failed: dict[str, str] = {}
        self._failure: SpotifySourceError | None = None

    @property
    def failure(self) -> SpotifySourceError | None:
        """What showed that no call will do any better: a refusal of the app or its credentials."""
        return self._failure

    def counts(self, *, wanted: int, over_limit: int) -> AlbumCounts:
        """What came of the requests so far.

        Args:
            wanted: How many albums there are to fetch.
            over_limit: How many more need a call.
        """
        with self._lock:
            return AlbumCounts(
                wanted=wanted,
                fetched=self._fetched,
                gone=self._gone,
                short=self._short,
                failed=dict(self._failed),
                over_limit=over_limit,
                tracks_loaded=self._tracks_loaded,
                tracks_dropped=self._tracks_dropped,
            )

    def fetch(self, requests: Sequence[AlbumRequest]) -> Iterator[list[FetchedAlbum] | Deferred[FetchedAlbum]]:
        """Hand out the calls that fetch the albums, in order, until their bucket closes.

        Yields:
            What was fetched while finding out what the app may call; then functions for the worker pool.
        """
        queue = deque(requests)
        if self._state.allowed("browse", self._clock.now()) is False:
            yield from self._look_at_first(queue)
        if queue and self._batch_allowed() is None:
            # Alone, before others are on their way: one refused call tells enough.
            yield self._fetch(self._next_group(queue))
        while queue and not self._is_closed():
            yield _deferred(self._fetch, self._next_group(queue))

    def complete(self, fetched: Sequence[FetchedAlbum]) -> Iterator[list[CompleteAlbum] | Deferred[CompleteAlbum]]:
        """Make fetched albums complete.

        Yields:
            The albums that are complete already; then a function for the worker pool for each of the others.
        """
        yield [self._complete(one, one.album["tracks"]["items"]) for one in fetched if not self._has_further(one)]
        for one in filter(self._has_further, fetched):
            yield _deferred(self._read_further_tracks, one)

    def _has_further(self, fetched: FetchedAlbum) -> bool:
        return fetched.request.with_tracks and fetched.album["tracks"]["next"] is not None

    # -- which call is next

    def _look_at_first(self, queue: deque[AlbumRequest]) -> Iterator[list[FetchedAlbum]]:
        """Tell from an album whether the app may fetch batches, without a call for that alone.

        An app that may not browse is in Development Mode if its albums lack label and popularity, and has no batches.
        https://developer.spotify.com/documentation/web-api/references/changes/february-2026
        """
        while queue and self._batch_allowed() is None and not self._is_closed():
            fetched = self._one_by_one(self._affordable([queue.popleft()]))
            yield fetched
            if fetched and {"label", "popularity"} & fetched[0].album.keys():
                return
            if fetched:
                self._note_batch(False)

    def _next_group(self, queue: deque[AlbumRequest]) -> list[AlbumRequest]:
        """Take the albums of the next call off the queue."""
        first = queue.popleft()
        group = [first]
        # One bad album can fail a whole batch: what failed before is asked for alone.
        if self._batch_allowed() is not False and not self._state.failures(first.album_id):
            while queue and len(group) < settings.ALBUM_BATCH_SIZE and self._fits(queue[0], first):
                group.append(queue.popleft())
        return self._affordable(group)

    def _affordable(self, group: Sequence[AlbumRequest]) -> list[AlbumRequest]:
        """Those whose further pages the budget allows, which are reserved: half an album is worth nothing."""
        return [one for one in group if self._governor.reserve(_PAGES, one.further_pages)]

    def _fits(self, request: AlbumRequest, first: AlbumRequest) -> bool:
        return request.market == first.market and not self._state.failures(request.album_id)

    def _is_closed(self) -> bool:
        try:
            self._governor.check(ALBUM.bucket if self._batch_allowed() is False else ALBUMS.bucket)
        except BucketClosedError:
            return True
        return False

    def _batch_allowed(self) -> bool | None:
        return self._state.allowed("batch", self._clock.now())

    def _note_batch(self, allowed: bool) -> None:
        self._state.remember_allowed("batch", allowed, self._clock.now())

    # -- the calls, on the worker pool

    def _fetch(self, group: Sequence[AlbumRequest]) -> list[FetchedAlbum]:
        allowed = self._batch_allowed()
        if allowed is False or (allowed is None and len(group) == 1):
            return self._one_by_one(group)
        return self._batch(group) if group else []

    def _one_by_one(self, group: Sequence[AlbumRequest]) -> list[FetchedAlbum]:
        return [fetched for request in group for fetched in self._album_alone(request)]

    def _album_alone(self, request: AlbumRequest) -> list[FetchedAlbum]:
        try:
            album = self._client.album(request.album_id, request.market)
        except (NotFoundError, BadRequestError) as error:
            if isinstance(error, BadRequestError) and not _BAD_ID.search(error.what):
                return self._survive(error, [request])
            self._note_gone(request)
            return []
        except SpotifySourceError as error:
            return self._survive(error, [request])
        return self._answered([FetchedAlbum(request, album)])

    def _batch(self, group: Sequence[AlbumRequest]) -> list[FetchedAlbum]:
        try:
            albums = self._client.albums([request.album_id for request in group], group[0].market)
        except (ForbiddenError, NotFoundError):
            self._note_batch(False)
            return self._one_by_one(group)
        except BadRequestError:
            # One id that the API does not understand is enough.
            return self._one_by_one(group)
        except SpotifySourceError as error:
            return self._survive(error, group)
        self._note_batch(True)
        if not _are_in_order(albums, group):
            return self._survive(
                UnreadableReplyError("The albums of a batch are not those that were asked for."), group
            )
        for request, album in zip(group, albums, strict=True):
            if album is None:
                self._note_gone(request)
        found = zip(group, albums, strict=True)
        return self._answered([FetchedAlbum(request, album) for request, album in found if album is not None])

    def _read_further_tracks(self, fetched: FetchedAlbum) -> list[CompleteAlbum]:
        tracks = list(fetched.album["tracks"]["items"])
        calls = 0
        try:
            for page in self._client.further_tracks(fetched.album, fetched.request.market):
                calls += 1
                tracks += page
        except SpotifySourceError as error:
            return self._survive(error, [fetched.request], calls + 1)
        self._end_row_of_failures()
        return [self._complete(fetched, tracks, calls)]

    # -- what became of them

    def _answered(self, fetched: list[FetchedAlbum]) -> list[FetchedAlbum]:
        """Note at once that calls succeed, not when their albums get on: others may have failed by then."""
        if not all(self._has_further(one) for one in fetched):
            self._end_row_of_failures()
        return fetched

    def _end_row_of_failures(self) -> None:
        with self._lock:
            self._failed_in_a_row = 0

    def _complete(self, fetched: FetchedAlbum, items: Sequence[Any], calls: int = 0) -> CompleteAlbum:
        request, album = fetched.request, fetched.album
        self._release(request, calls)
        tracks = placed_tracks(items)
        total = whole_number(album.get("total_tracks"))
        with self._lock:
            self._fetched += 1
            if request.with_tracks:
                self._tracks_loaded += len(tracks)
                self._tracks_dropped += len(items) - len(tracks)
                self._short += total is not None and len(tracks) < total
        got = len(tracks) if request.with_tracks else total
        if got is not None:
            self._state.note_fetched(request.album_id, request.listed_tracks, got)
        return CompleteAlbum(request, album, tracks, len(tracks) if request.with_tracks else None)

    def _release(self, request: AlbumRequest, calls: int) -> None:
        """Return what was reserved for further pages, less the calls that were made."""
        if request.further_pages > calls:
            self._governor.release(_PAGES, request.further_pages - calls)

    def _note_gone(self, request: AlbumRequest) -> None:
        self._release(request, 0)
        self._end_row_of_failures()
        with self._lock:
            self._gone += 1
        self._state.note_gone(request.album_id, self._clock.now())

    def _survive(self, error: SpotifySourceError, group: Sequence[AlbumRequest], calls: int = 0) -> list[Any]:
        """Leave the albums pending, and see to it that a hopeless run ends."""
        for request in group:
            self._release(request, calls)
        if isinstance(error, BucketClosedError):
            return []
        if not isinstance(error, (ApiUnavailableError, CallFailedError)):
            # The app or its credentials are refused: no call will do any better.
            with self._lock:
                self._failure = self._failure or error
            self._governor.close(ALL_BUCKETS, ClosedReason.REFUSED)
            return []
        for request in group:
            self._state.note_failed(request.album_id)
        with self._lock:
            self._failed.update({request.album_id: error.what for request in group})
            self._failed_in_a_row += len(group)
            hopeless = self._failed_in_a_row >= settings.MAX_FAILED_ALBUMS
        if hopeless:
            self._governor.close(ALL_BUCKETS, ClosedReason.TROUBLE)
        return []


def _are_in_order(albums: Sequence[Album | None], group: Sequence[AlbumRequest]) -> bool:
    """Whether each album of a batch stands where it was asked for. It may have come under another id."""
    asked = {request.album_id for request in group}
    return len(albums) == len(group) and all(
        album is None or album["id"] == request.album_id or album["id"] not in asked
        for album, request in zip(albums, group, strict=True)
    )


def _deferred(function: Callable[[T], list[R]], argument: T) -> Deferred[R]:
    """The call, for dlt's worker pool."""
    deferred: Deferred[R] = dlt.defer(function)(argument)
    return deferred
