"""How claimed albums are fetched whole, in as few calls as the app may make. Knows calls, not tables.

The calls are handed out as functions that dlt runs on its worker pool. None of them raises what a run can survive:
an album that can't be fetched now stays pending, and the run notes why.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import dlt

from .. import settings
from ..api.client import SpotifyClient
from ..api.endpoints import ALBUM, ALBUM_TRACKS, ALBUMS
from ..api.shapes import Album, Track
from ..errors import (
    ApiUnavailableError,
    BadRequestError,
    BucketClosedError,
    CallFailedError,
    ForbiddenError,
    NotFoundError,
    SpotifySourceError,
    UnreadableReplyError,
)
from ..limits.governor import ALL_BUCKETS, Governor
from ..run import Run
from .backlog import Claim
from .rows import placed_tracks, whole_number

T = TypeVar("T")
R = TypeVar("R")
Deferred = Callable[[], list[R]]

# "Invalid base62 id", "invalid id": the only 400 that is about the album and not about the call.
_BAD_ID = re.compile(r"invalid (base62 )?id", re.IGNORECASE)


@dataclass(frozen=True)
class FetchedAlbum:
    """An album as it came, with its first tracks."""

    claim: Claim
    album: Album


@dataclass(frozen=True)
class WholeAlbum:
    """An album with all its tracks.

    Attributes:
        claim: What it was fetched for; its id and market are those that the tables keep.
        album: The album object.
        tracks: Every track that has a place; only the first page's where tracks were not asked for.
        tracks_loaded: How many they are; None where tracks were not asked for.
    """

    claim: Claim
    album: Album
    tracks: list[Track]
    tracks_loaded: int | None


class AlbumFetcher:
    """Fetches the claimed albums of one run.

    Args:
        client: The door to the API.
        governor: Says which buckets are open, and sets calls for further tracks aside.
        run: Where fetched, gone, short and failed albums are counted, and what the app may call is remembered.
        with_tracks: Whether all tracks are wanted, or the albums alone.
    """

    def __init__(self, client: SpotifyClient, governor: Governor, run: Run, *, with_tracks: bool) -> None:
        self._client = client
        self._governor = governor
        self._memory = run.memory
        self._run = run
        self._with_tracks = with_tracks
        self._lock = threading.Lock()
        self._failed_in_a_row = 0

    def fetch(self, claims: Sequence[Claim]) -> Iterator[list[FetchedAlbum] | Deferred[FetchedAlbum]]:
        """Hand out the calls that fetch the albums, in order, until their bucket closes.

        Yields:
            What was fetched while finding out what the app may call; then functions for the worker pool.
        """
        queue = deque(claims)
        self._run.batch_allowed = self._batch_allowed()
        if self._memory.allowed("browse", self._run.clock.now()) is False:
            yield from self._look_at_first(queue)
        if queue and self._batch_allowed() is None:
            # Alone, before others are on their way: one refused call tells enough.
            yield self._fetch(self._next_group(queue))
        while queue and not self._is_closed():
            yield _deferred(self._fetch, self._next_group(queue))

    def complete(self, fetched: Sequence[FetchedAlbum]) -> Iterator[list[WholeAlbum] | Deferred[WholeAlbum]]:
        """Make fetched albums whole.

        Yields:
            The albums that are whole already; then a function for the worker pool for each of the others.
        """
        yield [self._whole(one, one.album["tracks"]["items"]) for one in fetched if not self._has_further(one)]
        for one in filter(self._has_further, fetched):
            yield _deferred(self._read_further_tracks, one)

    def _has_further(self, fetched: FetchedAlbum) -> bool:
        return self._with_tracks and fetched.album["tracks"]["next"] is not None

    # -- which call is next

    def _look_at_first(self, queue: deque[Claim]) -> Iterator[list[FetchedAlbum]]:
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

    def _next_group(self, queue: deque[Claim]) -> list[Claim]:
        """Take the albums of the next call off the queue."""
        first = queue.popleft()
        group = [first]
        # One bad album can fail a whole batch: what failed before is asked for alone.
        if self._batch_allowed() is not False and not self._memory.failures(first.album_id):
            while queue and len(group) < settings.ALBUM_BATCH_SIZE and self._fits(queue[0], first):
                group.append(queue.popleft())
        return self._affordable(group)

    def _affordable(self, group: Sequence[Claim]) -> list[Claim]:
        """Those whose further pages the budget allows, which are set aside: half an album is worth nothing."""
        return [
            claim
            for claim in group
            if not self._with_tracks or self._governor.plan(ALBUM_TRACKS.bucket, claim.further_pages)
        ]

    def _fits(self, claim: Claim, first: Claim) -> bool:
        return claim.market == first.market and not self._memory.failures(claim.album_id)

    def _is_closed(self) -> bool:
        try:
            self._governor.check(ALBUM.bucket if self._batch_allowed() is False else ALBUMS.bucket)
        except BucketClosedError:
            return True
        return False

    def _batch_allowed(self) -> bool | None:
        return self._memory.allowed("batch", self._run.clock.now())

    def _note_batch(self, allowed: bool) -> None:
        self._run.batch_allowed = allowed
        self._memory.remember_allowed("batch", allowed, self._run.clock.now())

    # -- the calls, on the worker pool

    def _fetch(self, group: Sequence[Claim]) -> list[FetchedAlbum]:
        allowed = self._batch_allowed()
        if allowed is False or (allowed is None and len(group) == 1):
            return self._one_by_one(group)
        return self._batch(group) if group else []

    def _one_by_one(self, group: Sequence[Claim]) -> list[FetchedAlbum]:
        return [fetched for claim in group for fetched in self._album_alone(claim)]

    def _album_alone(self, claim: Claim) -> list[FetchedAlbum]:
        try:
            album = self._client.album(claim.album_id, claim.market)
        except (NotFoundError, BadRequestError) as error:
            if isinstance(error, BadRequestError) and not _BAD_ID.search(error.what):
                return self._survive(error, [claim])
            self._note_gone(claim)
            return []
        except SpotifySourceError as error:
            return self._survive(error, [claim])
        return self._answered([FetchedAlbum(claim, album)])

    def _batch(self, group: Sequence[Claim]) -> list[FetchedAlbum]:
        try:
            albums = self._client.albums([claim.album_id for claim in group], group[0].market)
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
        for claim, album in zip(group, albums, strict=True):
            if album is None:
                self._note_gone(claim)
        found = zip(group, albums, strict=True)
        return self._answered([FetchedAlbum(claim, album) for claim, album in found if album is not None])

    def _read_further_tracks(self, fetched: FetchedAlbum) -> list[WholeAlbum]:
        tracks = list(fetched.album["tracks"]["items"])
        calls = 0
        try:
            for page in self._client.further_tracks(fetched.album, fetched.claim.market):
                calls += 1
                tracks += page
        except SpotifySourceError as error:
            return self._survive(error, [fetched.claim], calls + 1)
        self._end_row_of_failures()
        return [self._whole(fetched, tracks, calls)]

    # -- what became of them

    def _answered(self, fetched: list[FetchedAlbum]) -> list[FetchedAlbum]:
        """Note at once that calls succeed, not when their albums get on: others may have failed by then."""
        if not all(self._has_further(one) for one in fetched):
            self._end_row_of_failures()
        return fetched

    def _end_row_of_failures(self) -> None:
        with self._lock:
            self._failed_in_a_row = 0

    def _whole(self, fetched: FetchedAlbum, items: Sequence[Any], calls: int = 0) -> WholeAlbum:
        claim, album = fetched.claim, fetched.album
        self._give_back(claim, calls)
        tracks = placed_tracks(items)
        total = whole_number(album.get("total_tracks"))
        with self._lock:
            self._run.albums_pending -= 1
            self._run.albums_fetched += 1
            if self._with_tracks:
                self._run.tracks_loaded += len(tracks)
                self._run.items_dropped += len(items) - len(tracks)
                self._run.albums_short += total is not None and len(tracks) < total
        got = len(tracks) if self._with_tracks else total
        if got is not None:
            self._memory.note_fetched(claim.album_id, claim.listed_tracks, got)
        return WholeAlbum(claim, album, tracks, len(tracks) if self._with_tracks else None)

    def _give_back(self, claim: Claim, calls: int) -> None:
        """Return what was set aside for further pages, less the calls that were made."""
        if self._with_tracks and claim.further_pages > calls:
            self._governor.give_back(ALBUM_TRACKS.bucket, claim.further_pages - calls)

    def _note_gone(self, claim: Claim) -> None:
        self._give_back(claim, 0)
        self._end_row_of_failures()
        with self._lock:
            self._run.albums_pending -= 1
            self._run.albums_gone += 1
        self._memory.note_gone(claim.album_id, self._run.clock.now())

    def _survive(self, error: SpotifySourceError, group: Sequence[Claim], calls: int = 0) -> list[Any]:
        """Leave the albums pending, and see to it that a hopeless run ends."""
        for claim in group:
            self._give_back(claim, calls)
        if isinstance(error, BucketClosedError):
            return []
        if not isinstance(error, (ApiUnavailableError, CallFailedError)):
            # The app or its credentials are refused: no call will do any better.
            self._run.failure = self._run.failure or error
            self._governor.close(ALL_BUCKETS, "refused")
            return []
        for claim in group:
            self._memory.note_failed(claim.album_id)
        with self._lock:
            self._run.albums_failed.update({claim.album_id: error.what for claim in group})
            self._failed_in_a_row += len(group)
            hopeless = self._failed_in_a_row >= settings.MAX_FAILED_ALBUMS
        if hopeless:
            self._governor.close(ALL_BUCKETS, "trouble")
        return []


def _are_in_order(albums: Sequence[Album | None], group: Sequence[Claim]) -> bool:
    """Whether each album of a batch stands where it was asked for. It may have come under another id."""
    asked = {claim.album_id for claim in group}
    return len(albums) == len(group) and all(
        album is None or album["id"] == claim.album_id or album["id"] not in asked
        for album, claim in zip(albums, group, strict=True)
    )


def _deferred(function: Callable[[T], list[R]], argument: T) -> Deferred[R]:
    """The call, for dlt's worker pool."""
    deferred: Deferred[R] = dlt.defer(function)(argument)
    return deferred
