"""What was listed, what is loaded, what is asked for, and what came of it. Knows no HTTP, no table and no limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal

from .. import settings
from .shapes import Album, SimplifiedAlbum, Track

Discovery = Literal["auto", "browse", "search"]
Paging = Literal["next", "offset"]

# The market of a listing that has none.
ANY_MARKET: Final = "*"


class ListingEnd(str, Enum):
    """Why the reading of a listing ended."""

    COMPLETE = "complete"
    LIMIT = "limit"
    CLOSED = "closed"
    FAILED = "failed"


@dataclass(frozen=True)
class Sighting:
    """One place in a listing."""

    market: str
    position: int
    album_id: str
    via: str


@dataclass(frozen=True)
class Listing:
    """What was listed as new, as it was served.

    Attributes:
        albums: Each album once, as it was seen first, by id.
        totals: By id, `total_tracks` in each market that listed it, first the one where it was seen first;
            the market is ANY_MARKET where the path has none.
        sightings: Every place that held an album.
        discovered_via: 'browse' or 'search'; None where no page could be read.
        end: Why the reading ended.
        items_dropped: Places that held nothing, or nothing with an id; they make no sighting.
    """

    albums: Mapping[str, SimplifiedAlbum] = field(default_factory=dict)
    totals: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    sightings: Sequence[Sighting] = ()
    discovered_via: str | None = None
    end: ListingEnd = ListingEnd.COMPLETE
    items_dropped: int = 0


@dataclass(frozen=True)
class LoadedRelease:
    """A row of `new_releases`: in which market an album was listed last, with how many tracks, and its hash."""

    market: str
    total_tracks: int | None
    content_hash: str | None = None


@dataclass(frozen=True)
class LoadedAlbum:
    """A row of `albums`: in which market it was fetched, and how many tracks it has there."""

    market: str
    tracks: int | None


@dataclass(frozen=True)
class LoadedState:
    """What the destination's tables hold.

    Attributes:
        releases: Every album that was ever listed, by id.
        albums: Every album that was fetched, by id, the longest ago first.
        track_counts: Rows of `album_tracks`, by album id.
    """

    releases: Mapping[str, LoadedRelease] = field(default_factory=dict)
    albums: Mapping[str, LoadedAlbum] = field(default_factory=dict)
    track_counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class AlbumRequest:
    """An album that needs a call.

    Attributes:
        album_id: Its Spotify id.
        market: The market to ask for it in.
        listed_tracks: How many tracks the listing says it has, if it says so.
        loaded_tracks: How many of its tracks are loaded.
        with_tracks: Whether all its tracks are wanted, or the album alone.
    """

    album_id: str
    market: str
    listed_tracks: int | None
    loaded_tracks: int = 0
    with_tracks: bool = True

    @property
    def further_pages(self) -> int:
        """Calls for the tracks that do not come with the album."""
        if not self.with_tracks:
            return 0
        return max(0, ((self.listed_tracks or 0) - 1) // settings.TRACKS_PAGE_SIZE)


@dataclass(frozen=True)
class Plan:
    """What a run sets out to do.

    Attributes:
        listing: What was listed.
        loaded: What was loaded before.
        requests: The albums to fetch, in order.
        over_limit: How many more need a call, and are kept back by `limit`.
        given_up: Which need one, and are not asked for any more: all calls for them failed, run after run.
    """

    listing: Listing
    loaded: LoadedState
    requests: Sequence[AlbumRequest]
    over_limit: int = 0
    given_up: Sequence[str] = ()

    @property
    def albums_new(self) -> int:
        """Listed albums that were never listed before."""
        return len(self.listing.albums.keys() - self.loaded.releases.keys())


@dataclass(frozen=True)
class FetchedAlbum:
    """An album as it came, with its first tracks."""

    request: AlbumRequest
    album: Album


@dataclass(frozen=True)
class PlacedTrack:
    """A track, and the place that it holds on its album."""

    track: Track
    disc_number: int
    track_number: int


@dataclass(frozen=True)
class CompleteAlbum:
    """An album with all its tracks.

    Attributes:
        request: What it was fetched for; its id and market are those that the tables keep.
        album: The album object.
        tracks: Every track; only the first page's where tracks were not asked for.
        total: How many it should have: what is said of the album, else of its list, else in the listing.
        tracks_loaded: How many they are; None where tracks were not asked for.
    """

    request: AlbumRequest
    album: Album
    tracks: Sequence[PlacedTrack]
    total: int | None
    tracks_loaded: int | None
