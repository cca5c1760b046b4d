"""Which albums still need a call: what is listed against what the tables hold. Makes no call itself."""

from __future__ import annotations

from collections.abc import Collection

from .. import settings
from ..limits.state import SourceState
from ..models import ANY_MARKET, AlbumRequest, Listing, LoadedState
from ..schema import ALBUM_TRACKS, ALBUMS
from .priority import in_order, is_chosen


def album_requests(
    listing: Listing,
    loaded: LoadedState,
    state: SourceState,
    *,
    requested: Collection[str],
    default_market: str,
    full_refresh: bool = False,
    only_types: Collection[str] = (),
) -> list[AlbumRequest]:
    """All albums that need a call for a requested table, in the order in which to make the calls.

    The order is that of `priority`.

    Args:
        listing: What is listed now.
        loaded: What is loaded.
        state: Albums that are gone or given up, and those that were asked for often enough.
        requested: Which of the tables `albums` and `album_tracks` are to be complete.
        default_market: Where to ask for an album whose listing has no market.
        full_refresh: Ask for every album, whatever is loaded, gone or given up.
        only_types: Ask for albums of these types alone; empty for all.
    """
    found = []
    for album_id in {**loaded.releases, **listing.albums}:
        if not is_chosen(album_id, listing, loaded, only_types):
            continue
        wanted = _request(album_id, listing, loaded, default_market, with_tracks=ALBUM_TRACKS.name in requested)
        pointless = state.is_gone(album_id) or state.is_given_up(album_id)
        if full_refresh or (not pointless and _is_needed(wanted, loaded, state, requested)):
            found.append(wanted)
    if full_refresh:
        # The longest ago first, so that refreshes that the quota cuts short add up to a whole one.
        age = {album_id: place for place, album_id in enumerate(loaded.albums)}
        return sorted(found, key=lambda wanted: (state.failures(wanted.album_id), age.get(wanted.album_id, -1)))
    return in_order(found, listing, loaded, state)


def given_up_albums(
    listing: Listing, loaded: LoadedState, state: SourceState, *, requested: Collection[str], default_market: str
) -> list[str]:
    """The albums that need a call and get none, because all before failed. The arguments are those of `album_requests`."""
    known = [album_id for album_id in state.given_up() if album_id in listing.albums or album_id in loaded.releases]
    requests = (_request(album_id, listing, loaded, default_market, with_tracks=True) for album_id in known)
    return [wanted.album_id for wanted in requests if _is_needed(wanted, loaded, state, requested)]


def _request(
    album_id: str, listing: Listing, loaded: LoadedState, default_market: str, *, with_tracks: bool
) -> AlbumRequest:
    """The request for an album, with the number of tracks that is comparable with what is loaded, if one is."""
    totals = listing.totals.get(album_id)
    if totals is None:
        release = loaded.releases[album_id]
        totals = {release.market: release.total_tracks}
    album = loaded.albums.get(album_id)
    market = album.market if album else next(iter(totals))
    return AlbumRequest(
        album_id,
        market=default_market if market == ANY_MARKET else market,
        listed_tracks=_believed(totals.get(market, totals.get(ANY_MARKET))),
        loaded_tracks=loaded.track_counts.get(album_id, 0),
        with_tracks=with_tracks,
    )


def _believed(total: int | None) -> int | None:
    return total if total is not None and 0 <= total <= settings.MAX_TRACKS else None


def _is_needed(wanted: AlbumRequest, loaded: LoadedState, state: SourceState, requested: Collection[str]) -> bool:
    return (ALBUMS.name in requested and _album_is_needed(wanted, loaded, state)) or (
        ALBUM_TRACKS.name in requested and _tracks_are_needed(wanted, loaded, state)
    )


def _album_is_needed(wanted: AlbumRequest, loaded: LoadedState, state: SourceState) -> bool:
    album = loaded.albums.get(wanted.album_id)
    return album is None or _differs(wanted.album_id, wanted.listed_tracks, album.tracks, state)


def _tracks_are_needed(wanted: AlbumRequest, loaded: LoadedState, state: SourceState) -> bool:
    album = loaded.albums.get(wanted.album_id)
    have = wanted.loaded_tracks
    expected = wanted.listed_tracks
    if expected is None:
        expected = album.tracks if album else None
    return have == 0 if expected is None else _differs(wanted.album_id, expected, have, state)


def _differs(album_id: str, expected: int | None, have: int | None, state: SourceState) -> bool:
    if expected is None or have is None or expected == have:
        return False
    return not state.gave_up(album_id, expected, have)
