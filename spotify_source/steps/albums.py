"""How albums are fetched complete, in as few calls as the app may make. Knows calls, not tables.

The calls are handed out as functions that dlt runs on its worker pool. None of them raises what a run can survive:
an album that can't be fetched now stays pending, and it is noted why.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

import dlt

from .. import settings
from ..api.responses import ALBUM, ALBUM_TRACKS, ALBUMS, is_album
from ..config import Connection
from ..errors import (
    BadRequestError,
    BucketClosedError,
    ForbiddenError,
    NotFoundError,
    SpotifySourceError,
    UnreadableReplyError,
)
from ..models import Album, AlbumRequest, CompleteAlbum, FetchedAlbum, whole_number
from ..tracks import position_tracks
from .album_tally import AlbumTally

T = TypeVar("T")
R = TypeVar("R")
Deferred = Callable[[], list[R]]

_PAGES = ALBUM_TRACKS.bucket

# "Invalid base62 id", "invalid id": the only 400 that is about the album and not about the call.
_BAD_ID = re.compile(r"invalid (base62 )?id", re.IGNORECASE)


class AlbumFetcher:
    """Fetches the requested albums of one run.

    Args:
        connection: The client, the governor, the state and the run, which collects the counts.
    """

    def __init__(self, connection: Connection) -> None:
        self._client = connection.client
        self._governor = connection.governor
        self._state = connection.run.state
        self._clock = connection.run.clock
        self._data_issues = connection.run.data_issues
        self._tally = AlbumTally(connection.run, connection.governor)
        self._batches_refused = 0

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
        if self._batches_refused >= settings.SURE_AFTER_REFUSALS:
            return False
        return self._state.allowed("batch", self._clock.now())

    def _note_batch(self, allowed: bool) -> None:
        self._batches_refused = 0
        self._state.remember_allowed("batch", allowed, self._clock.now())

    def _note_batch_refused(self) -> None:
        """Go on one by one once that has happened twice; how it is for a week, two runs have to find."""
        if not self._batches_refused:
            self._state.note_refused("batch", self._clock.now())
        self._batches_refused += 1

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
            if isinstance(error, BadRequestError) and not _BAD_ID.search(error.summary):
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
            self._note_batch_refused()
            return self._one_by_one(group)
        except (BadRequestError, UnreadableReplyError):
            # One album that the API does not understand, or that it answers with nonsense, is enough.
            return self._one_by_one(group)
        except SpotifySourceError as error:
            return self._survive(error, group)
        self._note_batch(True)
        found, gone = _told_apart(albums, group)
        for request in gone:
            self._note_gone(request)
        told = {one.request for one in found}.union(gone)
        answered = self._answered(found)
        return answered + self._one_by_one([request for request in group if request not in told])

    def _read_further_tracks(self, fetched: FetchedAlbum) -> list[CompleteAlbum]:
        request, first = fetched.request, fetched.album["tracks"]
        tracks = list(first["items"])
        calls = 0
        try:
            for page in self._client.further_tracks(request.album_id, first, request.market):
                calls += 1
                tracks += page
        except SpotifySourceError as error:
            return self._survive(error, [fetched.request], calls + 1)
        self._tally.succeeded()
        return [self._complete(fetched, tracks, calls)]

    # -- what became of them

    def _answered(self, fetched: list[FetchedAlbum]) -> list[FetchedAlbum]:
        """Note at once that calls succeed, not when their albums get on: others may have failed by then."""
        if fetched and not all(self._has_further(one) for one in fetched):
            self._tally.succeeded()
        return fetched

    def _complete(self, fetched: FetchedAlbum, items: Sequence[Any], calls: int = 0) -> CompleteAlbum:
        request, album = fetched.request, fetched.album
        self._release(request, calls)
        tracks, findings = position_tracks(items)
        self._data_issues.note(findings, request.album_id)
        total = whole_number(album.get("total_tracks"))
        if total is None:
            total = whole_number(album["tracks"].get("total"))
        complete = CompleteAlbum(
            request,
            album,
            tracks,
            total=request.listed_tracks if total is None else total,
            tracks_loaded=len(tracks) if request.with_tracks else None,
        )
        self._tally.completed(complete, came=len(items))
        return complete

    def _release(self, request: AlbumRequest, calls: int) -> None:
        """Return what was reserved for further pages, less the calls that were made."""
        if request.further_pages > calls:
            self._governor.release(_PAGES, request.further_pages - calls)

    def _note_gone(self, request: AlbumRequest) -> None:
        self._release(request, 0)
        self._tally.gone(request)

    def _survive(self, error: SpotifySourceError, group: Sequence[AlbumRequest], calls: int = 0) -> list[Any]:
        for request in group:
            self._release(request, calls)
        self._tally.failed(error, group)
        return []


def _told_apart(
    albums: Sequence[object], group: Sequence[AlbumRequest]
) -> tuple[list[FetchedAlbum], list[AlbumRequest]]:
    """Of a batch, the albums that came, and the requests for those that are gone. The others are not told.

    In the order in which they were asked for, an album may have come under another id, and null is one that is gone.
    Where the order is lost, only its id says which album it is.
    """
    if _are_in_order(albums, group):
        pairs = list(zip(group, albums, strict=True))
        gone = [request for request, album in pairs if album is None]
    else:
        by_id = {_id_of(album): album for album in albums}
        pairs = [(request, by_id.get(request.album_id)) for request in group]
        gone = []
    return [FetchedAlbum(request, cast(Album, album)) for request, album in pairs if is_album(album)], gone


def _are_in_order(albums: Sequence[object], group: Sequence[AlbumRequest]) -> bool:
    asked = {request.album_id for request in group}
    return len(albums) == len(group) and all(
        _id_of(album) == request.album_id or _id_of(album) not in asked
        for album, request in zip(albums, group, strict=True)
    )


def _id_of(album: object) -> str | None:
    found = album.get("id") if isinstance(album, dict) else None
    return found if isinstance(found, str) else None


def _deferred(function: Callable[[T], list[R]], argument: T) -> Deferred[R]:
    """The call, for dlt's worker pool."""
    deferred: Deferred[R] = dlt.defer(function)(argument)
    return deferred
