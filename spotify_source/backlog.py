"""Backlog: albums that still need a call, in the order to fetch them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Final

from . import settings
from .limits.state import SourceState
from .models import ANY_MARKET, AlbumRequest, Listing, LoadedState, credits_of
from .rows import released_on
from .schema import ALBUM_TRACKS, ALBUMS

# Every fourth call fetches the album that has been pending longest, so that each is fetched at some time.
_OLDEST_EVERY: Final = 4
# Sorts after every load id.
_NOT_LOADED: Final = "~"


def album_requests(
    listing: Listing,
    loaded: LoadedState,
    state: SourceState,
    *,
    tables: Collection[str],
    default_market: str,
    full_refresh: bool = False,
    only_types: Collection[str] = (),
) -> list[AlbumRequest]:
    """Return a request for every album that needs a call, in the order to make them.

    Args:
        listing: The listing of this run.
        loaded: Loaded state.
        state: Source state: albums that are gone, failed, or never had the listed number of tracks.
        tables: Names of the tables to load.
        default_market: Market for albums from a listing without one.
        full_refresh: Request every album, even if it is loaded, gone or given up.
        only_types: Album types to request; empty for all.
    """
    requests = []
    for album_id in {**loaded.releases, **listing.albums}:
        if not _has_chosen_type(album_id, listing, loaded, only_types):
            continue
        request = _request(album_id, listing, loaded, default_market, with_tracks=ALBUM_TRACKS.name in tables)
        is_over = state.is_gone(album_id) or state.is_given_up(album_id)
        if full_refresh or (not is_over and _is_needed(request, loaded, state, tables)):
            requests.append(request)
    if full_refresh:
        # Least recently fetched first: refreshes that the quota cuts short add up to a complete one.
        age = {album_id: index for index, album_id in enumerate(loaded.albums)}
        return sorted(requests, key=lambda one: (state.failures(one.album_id), age.get(one.album_id, -1)))
    return _in_order(requests, listing, loaded, state)


def given_up_albums(
    listing: Listing, loaded: LoadedState, state: SourceState, *, tables: Collection[str], default_market: str
) -> list[str]:
    """Return the albums that need a call and get none.

    Fetching them failed in too many runs. The arguments are those of `album_requests`.
    """
    known = [album_id for album_id in state.given_up() if album_id in listing.albums or album_id in loaded.releases]
    requests = (_request(album_id, listing, loaded, default_market, with_tracks=True) for album_id in known)
    return [request.album_id for request in requests if _is_needed(request, loaded, state, tables)]


# -- need


def _has_chosen_type(album_id: str, listing: Listing, loaded: LoadedState, only_types: Collection[str]) -> bool:
    """Return whether the type of an album is one of `only_types`; an unknown type is."""
    if not only_types:
        return True
    album, release = listing.albums.get(album_id), loaded.releases.get(album_id)
    kind = (album or {}).get("album_type") or (release.album_type if release else None)
    return kind is None or str(kind).lower() in only_types


def _request(
    album_id: str, listing: Listing, loaded: LoadedState, default_market: str, *, with_tracks: bool
) -> AlbumRequest:
    """Return a request, with the number of tracks listed in its market.

    The market is the one the album was fetched in before, else the first one that listed it.
    """
    totals = listing.totals.get(album_id)
    if totals is None:
        release = loaded.releases[album_id]
        totals = {release.market: release.total_tracks}
    album = loaded.albums.get(album_id)
    market = album.market if album else next(iter(totals))
    total = totals.get(market, totals.get(ANY_MARKET))
    return AlbumRequest(
        album_id,
        market=default_market if market == ANY_MARKET else market,
        listed_tracks=total if total is not None and 0 <= total <= settings.MAX_TRACKS else None,
        loaded_tracks=loaded.track_counts.get(album_id, 0),
        with_tracks=with_tracks,
    )


def _is_needed(request: AlbumRequest, loaded: LoadedState, state: SourceState, tables: Collection[str]) -> bool:
    """Return whether a table lacks the album or has another number of tracks."""
    album, listed = loaded.albums.get(request.album_id), request.listed_tracks
    if ALBUMS.name in tables and (album is None or _differs(request, listed, album.tracks, state)):
        return True
    if ALBUM_TRACKS.name not in tables:
        return False
    expected = album.tracks if listed is None and album else listed
    return request.loaded_tracks == 0 if expected is None else _differs(request, expected, request.loaded_tracks, state)


def _differs(request: AlbumRequest, expected: int | None, actual: int | None, state: SourceState) -> bool:
    if expected is None or actual is None or expected == actual:
        return False
    return not state.tries_exhausted(request.album_id, expected, actual)


# -- order


def _in_order(
    requests: Sequence[AlbumRequest], listing: Listing, loaded: LoadedState, state: SourceState
) -> list[AlbumRequest]:
    """Return the requests in the order in which to make the calls.

    Albums that failed come last. Among the others watched artists come first, then the newest release date, then the
    longest pending. Every fourth call goes to the longest pending album, whether it failed or not.

    Args:
        requests: Album requests.
        listing: The listing of this run, with the watched artists.
        loaded: Loaded state.
        state: Source state with the albums that failed.
    """
    watched = set(listing.watched)

    def age(request: AlbumRequest) -> str:
        release = loaded.releases.get(request.album_id)
        return release.load_id if release else _NOT_LOADED

    def rank(request: AlbumRequest) -> tuple[int, bool, int, str]:
        is_watched = bool(watched) and _is_by(request.album_id, watched, listing, loaded)
        newest = -_released(request.album_id, listing, loaded).toordinal()
        return state.failures(request.album_id), not is_watched, newest, age(request)

    pending = [request for request in requests if request.album_id in loaded.releases]
    oldest = sorted(pending, key=lambda request: (age(request), state.failures(request.album_id)))
    return list(_interleaved(sorted(requests, key=rank), oldest))


def _interleaved(ranked: Sequence[AlbumRequest], oldest: Sequence[AlbumRequest]) -> Iterator[AlbumRequest]:
    """Yield the ranked requests, every fourth time the next of the oldest."""
    taken: set[str] = set()
    by_rank, by_age = iter(ranked), iter(oldest)
    for turn in range(1, len(ranked) + 1):
        request = _next(by_age, taken) if turn % _OLDEST_EVERY == 0 else None
        request = request or _next(by_rank, taken)
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
