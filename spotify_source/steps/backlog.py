"""Which albums still need a call: what is listed against what the tables hold. Makes no call itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from .. import settings
from ..limits.source_state import Memory
from .discovery import ANY_MARKET, Listing


@dataclass(frozen=True)
class Release:
    """A row of `new_releases`: in which market an album was listed last, with how many tracks, and its hash."""

    market: str
    total_tracks: int | None
    content_hash: str | None = None


@dataclass(frozen=True)
class LoadedAlbum:
    """A row of `albums`: in which market it was fetched, and how many tracks it has there."""

    market: str
    tracks: int | None


@dataclass
class Tables:
    """What the destination's tables hold.

    Attributes:
        releases: Every album that was ever listed, by id.
        albums: Every album that was fetched, by id, the longest ago first.
        track_counts: Rows of `album_tracks`, by album id.
    """

    releases: dict[str, Release] = field(default_factory=dict)
    albums: dict[str, LoadedAlbum] = field(default_factory=dict)
    track_counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """An album that needs a call.

    Attributes:
        album_id: Its Spotify id.
        market: The market to ask for it in.
        listed_tracks: How many tracks the listing says it has, if it says so.
        loaded_tracks: How many of its tracks are loaded.
    """

    album_id: str
    market: str
    listed_tracks: int | None
    loaded_tracks: int = 0

    @property
    def further_pages(self) -> int:
        """Calls for the tracks that do not come with the album."""
        return max(0, ((self.listed_tracks or 0) - 1) // settings.TRACKS_PAGE_SIZE)


def claim(
    listing: Listing,
    tables: Tables,
    memory: Memory,
    *,
    requested: Collection[str],
    default_market: str,
    full_refresh: bool = False,
) -> list[Claim]:
    """All albums that need a call for a requested table, in the order in which to make the calls.

    What earlier runs left over comes before what is new, and what failed last time after everything else.

    Args:
        listing: What is listed now.
        tables: What is loaded.
        memory: Albums that are gone, and those that were asked for often enough.
        requested: Which of the tables `albums` and `album_tracks` are to be complete.
        default_market: Where to ask for an album whose listing has no market.
        full_refresh: Claim every album, whatever is loaded or gone.
    """
    claims = []
    for album_id in {**tables.releases, **listing.albums}:
        wanted = _wanted(album_id, listing, tables, default_market)
        if full_refresh or (not memory.is_gone(album_id) and _is_needed(wanted, tables, memory, requested)):
            claims.append(wanted)
    if full_refresh:
        # The longest ago first, so that refreshes that the quota cuts short add up to a whole one.
        age = {album_id: place for place, album_id in enumerate(tables.albums)}
        return sorted(claims, key=lambda wanted: (memory.failures(wanted.album_id), age.get(wanted.album_id, -1)))
    return sorted(claims, key=lambda wanted: (memory.failures(wanted.album_id), wanted.album_id not in tables.releases))


def _wanted(album_id: str, listing: Listing, tables: Tables, default_market: str) -> Claim:
    """The claim to an album, with the number of tracks that is comparable with what is loaded, if one is."""
    totals = listing.totals.get(album_id)
    if totals is None:
        release = tables.releases[album_id]
        totals = {release.market: release.total_tracks}
    loaded = tables.albums.get(album_id)
    market = loaded.market if loaded else next(iter(totals))
    listed = totals.get(market, totals.get(ANY_MARKET))
    have = tables.track_counts.get(album_id, 0)
    return Claim(album_id, default_market if market == ANY_MARKET else market, listed, have)


def _is_needed(wanted: Claim, tables: Tables, memory: Memory, requested: Collection[str]) -> bool:
    return ("albums" in requested and _album_is_needed(wanted, tables, memory)) or (
        "album_tracks" in requested and _tracks_are_needed(wanted, tables, memory)
    )


def _album_is_needed(wanted: Claim, tables: Tables, memory: Memory) -> bool:
    loaded = tables.albums.get(wanted.album_id)
    return loaded is None or _differs(wanted.album_id, wanted.listed_tracks, loaded.tracks, memory)


def _tracks_are_needed(wanted: Claim, tables: Tables, memory: Memory) -> bool:
    loaded = tables.albums.get(wanted.album_id)
    have = wanted.loaded_tracks
    expected = wanted.listed_tracks
    if expected is None:
        expected = loaded.tracks if loaded else None
    return have == 0 if expected is None else _differs(wanted.album_id, expected, have, memory)


def _differs(album_id: str, expected: int | None, have: int | None, memory: Memory) -> bool:
    if expected is None or have is None or expected == have:
        return False
    return not memory.gave_up(album_id, expected, have)
