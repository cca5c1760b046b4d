"""What was listed, what is loaded, what is asked for, and what came of it. Knows no HTTP, no table and no limit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal

from .. import settings
from .reach import QueryYield, WatchedArtist
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
    """One place in a listing.

    Attributes:
        market: The market of the listing.
        position: From 1, as served; beyond the plain listing of the market it goes on counting, and is no rank.
        album_id: The album that was seen there.
        via: By which endpoint it was seen: 'browse', 'search' or 'artist_albums'.
        query: What was asked beyond the plain listing: a query, or 'artist:' and an artist's id. None for the plain one.
    """

    market: str
    position: int
    album_id: str
    via: str
    query: str | None = None


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
        yields: What each query beyond the plain listing brought.
        artists: The artists of the watchlist that were checked, as they are known now.
        watched: Ids of all artists of the watchlist, as far as they are known.
    """

    albums: Mapping[str, SimplifiedAlbum] = field(default_factory=dict)
    totals: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    sightings: Sequence[Sighting] = ()
    discovered_via: str | None = None
    end: ListingEnd = ListingEnd.COMPLETE
    items_dropped: int = 0
    yields: Sequence[QueryYield] = ()
    artists: Sequence[WatchedArtist] = ()
    watched: Collection[str] = ()


@dataclass(frozen=True)
class LoadedRelease:
    """A row of `new_releases`.

    Attributes:
        market: In which market the album was listed last.
        total_tracks: With how many tracks.
        content_hash: The hash of the row.
        album_type: 'album', 'single', 'compilation' or 'ep'.
        released_on: The first day of the period of its release, ISO 8601.
        load_id: The load that wrote it: the lower, the longer ago.
    """

    market: str
    total_tracks: int | None
    content_hash: str | None = None
    album_type: str | None = None
    released_on: str | None = None
    load_id: str = ""


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
        credits: Ids of the artists of listed albums, by album id; only where artists are watched.
        depths: How many places the plain listing of a search had the last time, by market.
        artists: The rows of `watched_artists`, by their key.
        artist_runs: The runs that wrote them; None where the tables can't be read.
        yields: The rows of `search_yields`, the oldest first.
    """

    releases: Mapping[str, LoadedRelease] = field(default_factory=dict)
    albums: Mapping[str, LoadedAlbum] = field(default_factory=dict)
    track_counts: Mapping[str, int] = field(default_factory=dict)
    credits: Mapping[str, Collection[str]] = field(default_factory=dict)
    depths: Mapping[str, int] = field(default_factory=dict)
    artists: Mapping[str, WatchedArtist] = field(default_factory=dict)
    artist_runs: Collection[str] | None = None
    yields: Sequence[QueryYield] = ()


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
