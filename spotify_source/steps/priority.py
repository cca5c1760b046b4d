"""Which album gets the next call, where calls are scarce: the policy, in one place. Pure; makes no call."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Final

from ..limits.state import SourceState
from ..models import AlbumRequest, Listing, LoadedState
from ..rows import released_on
from .credits import credits_of

# One call in so many goes to the album that has waited the longest, whatever else is wanted: so nothing waits for ever.
_TURN_OF_THE_OLDEST: Final = 4
# Later than any load: what is new has waited for nothing yet.
_NOT_LOADED: Final = "~"


def is_chosen(album_id: str, listing: Listing, loaded: LoadedState, only_types: Collection[str]) -> bool:
    """Whether an album is of a type that was chosen. One that is not is listed, and costs no call.

    Args:
        album_id: The album.
        listing: What is listed now.
        loaded: What was listed before.
        only_types: The types that were chosen; empty for all.
    """
    if not only_types:
        return True
    album, release = listing.albums.get(album_id), loaded.releases.get(album_id)
    kind = (album or {}).get("album_type") or (release.album_type if release else None)
    # An album that does not say its type is fetched: better a call too many than an album too few.
    return kind is None or str(kind).lower() in only_types


def in_order(
    requests: Sequence[AlbumRequest], listing: Listing, loaded: LoadedState, state: SourceState
) -> list[AlbumRequest]:
    """The requests in the order in which to make the calls.

    Watched artists come first, then the newest release date, then what has been pending for longest; one call in four
    goes to what has been pending for longest of all. What failed last time comes behind everything else; its age alone
    counts in that fourth call, so that it does not wait for ever.

    Args:
        requests: What needs a call.
        listing: What is listed now, and who is watched.
        loaded: What was listed before.
        state: Albums that failed.
    """
    watched = set(listing.watched)

    def age(request: AlbumRequest) -> str:
        release = loaded.releases.get(request.album_id)
        return release.load_id if release else _NOT_LOADED

    def rank(request: AlbumRequest) -> tuple[int, bool, int, str]:
        is_watched = bool(watched) and _is_by(request.album_id, watched, listing, loaded)
        newest = -_released(request.album_id, listing, loaded).toordinal()
        return state.failures(request.album_id), not is_watched, newest, age(request)

    ranked = sorted(requests, key=rank)
    pending = [request for request in requests if request.album_id in loaded.releases]
    oldest = sorted(pending, key=lambda request: (age(request), state.failures(request.album_id)))
    return list(_taking_turns(ranked, oldest))


def _taking_turns(ranked: Sequence[AlbumRequest], oldest: Sequence[AlbumRequest]) -> Iterator[AlbumRequest]:
    taken: set[str] = set()
    queues = iter(ranked), iter(oldest)
    for place in range(1, len(ranked) + 1):
        turn = queues[1] if place % _TURN_OF_THE_OLDEST == 0 else queues[0]
        request = _next(turn, taken) or _next(queues[0], taken)
        if request is None:
            return
        taken.add(request.album_id)
        yield request


def _next(queue: Iterator[AlbumRequest], taken: Collection[str]) -> AlbumRequest | None:
    return next((request for request in queue if request.album_id not in taken), None)


def _is_by(album_id: str, watched: set[str], listing: Listing, loaded: LoadedState) -> bool:
    if not watched.isdisjoint(loaded.credits.get(album_id, ())):
        return True
    ids: list[object] = [artist.get("id") for artist in credits_of(listing.albums.get(album_id))]
    return any(isinstance(one, str) and one in watched for one in ids)


def _released(album_id: str, listing: Listing, loaded: LoadedState) -> date:
    release = loaded.releases.get(album_id)
    album = listing.albums.get(album_id)
    sent = album.get("release_date") if album else release.released_on if release else None
    return released_on(sent) or date.min
