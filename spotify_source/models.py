"""Objects of the Web API, and the values that travel between the steps of a run.

https://developer.spotify.com/documentation/web-api/concepts/spotify-uris-ids
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal, TypedDict, cast

from . import settings
from .errors import BadRequestError, BucketClosedError, SpotifySourceError


class ExternalUrls(TypedDict, total=False):
    """Known external URLs."""

    spotify: str


class Artist(TypedDict, total=False):
    """SimplifiedArtistObject."""

    external_urls: ExternalUrls
    href: str
    id: str
    name: str
    type: str
    uri: str


class Image(TypedDict, total=False):
    """ImageObject; height and width in pixels, null where unknown."""

    url: str
    height: int | None
    width: int | None


class Copyright(TypedDict, total=False):
    """CopyrightObject; type is C (the copyright) or P (the sound recording)."""

    text: str
    type: str


class Restrictions(TypedDict, total=False):
    """RestrictionObject; reason is 'market', 'product' or 'explicit'."""

    reason: str


class Track(TypedDict, total=False):
    """SimplifiedTrackObject."""

    artists: list[Artist]
    available_markets: list[str]
    disc_number: int
    duration_ms: float
    explicit: bool
    external_urls: ExternalUrls
    href: str
    id: str | None
    is_local: bool
    is_playable: bool
    linked_from: dict[str, object] | None
    name: str
    preview_url: str | None
    restrictions: Restrictions
    track_number: int
    type: str
    uri: str


class PagingObject(TypedDict, total=False):
    """A page of a list; `next` is an absolute URL or null."""

    href: str
    limit: int
    next: str | None
    offset: int
    previous: str | None
    total: int
    items: list[object]


class SimplifiedAlbum(TypedDict, total=False):
    """SimplifiedAlbumObject, as listings have it."""

    album_type: str
    artists: list[Artist]
    available_markets: list[str]
    external_urls: ExternalUrls
    href: str
    id: str
    images: list[Image]
    is_playable: bool
    name: str
    release_date: str
    release_date_precision: str
    restrictions: Restrictions
    total_tracks: int
    type: str
    uri: str


class Album(SimplifiedAlbum, total=False):
    """AlbumObject, with its first 50 tracks."""

    copyrights: list[Copyright]
    external_ids: dict[str, str]
    genres: list[str]
    label: str
    popularity: int
    tracks: PagingObject


def credits_of(album: SimplifiedAlbum | None) -> list[Artist]:
    """Return the artists of an album, without items of another type."""
    artists: Any = album.get("artists") if isinstance(album, dict) else None
    return [cast(Artist, one) for one in artists if isinstance(one, dict)] if isinstance(artists, list) else []


# Range of an integer column in every destination.
INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1

_DIGITS: Final = re.compile(r"[0-9]{1,19}", re.ASCII)


def whole_number(value: object) -> int | None:
    """Return the value (12, 12.0 or '12') as a 64-bit integer, or None."""
    if type(value) is int:
        return value if INT64_MIN <= value <= INT64_MAX else None
    if isinstance(value, float) and value.is_integer():
        return whole_number(int(value))
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return whole_number(int(value))
    return None


_ID: Final = re.compile(r"[0-9A-Za-z]{22}", re.ASCII)


def is_id(value: object) -> bool:
    """Return whether a value has the form of a Spotify id."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def checked_id(value: str) -> str:
    """Return a Spotify id that is safe in a URL.

    Raises:
        BadRequestError: The value has another form, and could change the path.
    """
    if not is_id(value):
        raise BadRequestError("Malformed Spotify id. It was not requested.")
    return value


class DataIssueKind(str, Enum):
    """Kinds of data issues, as in `load_runs.values_dropped` and the JSON report."""

    # Values: the row is loaded without them, or with them in another form.
    INVALID = "unfit"
    ROUNDED = "rounded"
    BROKEN_TEXT = "broken_text"
    AS_JSON = "as_json"
    RENAMED = "renamed"
    LEFT_OUT = "left_out"

    # Items of a list: they are not loaded, never requested, or loaded at another position.
    EMPTY = "empty"
    WITHOUT_ID = "without_id"
    MALFORMED_ID = "malformed_id"
    REPEATED = "repeated"
    PLACED_BY_ORDER = "placed_by_order"

    @property
    def is_about_items(self) -> bool:
        """Return whether the kind concerns items of a list, not values."""
        return self in (
            DataIssueKind.EMPTY,
            DataIssueKind.WITHOUT_ID,
            DataIssueKind.MALFORMED_ID,
            DataIssueKind.REPEATED,
            DataIssueKind.PLACED_BY_ORDER,
        )


@dataclass(frozen=True)
class DataIssue:
    """Value or item that deviates from the documented shape."""

    kind: DataIssueKind
    # 'table.column', or the table for an item.
    where: str


@dataclass(frozen=True)
class DataIssueCount:
    """Number of data issues of one kind at one place in a run."""

    kind: DataIssueKind
    # 'table.column', or the table for items.
    where: str
    count: int
    # The first album that has it, if any.
    album_id: str | None


# Prefix of the key in `watched_artists` of a name whose artist is not identified.
NAME_KEY: Final = "name:"


class Resolution(str, Enum):
    """Outcome of identifying an artist, as stored in `watched_artists.resolved`."""

    GIVEN = "id"
    BY_NAME = "name"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not found"
    PENDING = "pending"


@dataclass(frozen=True)
class WatchEntry:
    """Entry of the watchlist: the id or the name of an artist."""

    artist_id: str | None = None
    name: str | None = None

    @property
    def listed_as(self) -> str:
        """Return the text of the entry, as stored in `watched_artists.listed_as`."""
        return self.artist_id or self.name or ""


@dataclass(frozen=True)
class ArtistCandidate:
    """Artist that a name of the watchlist may mean."""

    artist_id: str
    name: str


@dataclass(frozen=True)
class WatchedArtist:
    """Row of `watched_artists`; times are Unix times."""

    # Spotify id, or NAME_KEY and the name.
    key: str
    listed_as: str
    # As Spotify spells it.
    name: str | None = None
    resolved: Resolution = Resolution.PENDING
    candidates: tuple[ArtistCandidate, ...] = ()
    # Last time that all new albums were read.
    checked_at: float | None = None
    # The lowest comes first in a run.
    due_at: float = 0.0
    albums_found: int = 0
    # In a row.
    failures: int = 0
    last_error: str | None = None
    swept_at: float | None = None
    # The name was resolved to an artist, and its row is to be deleted.
    is_obsolete: bool = False

    @property
    def is_identified(self) -> bool:
        """Return whether the Spotify id is known."""
        return not self.key.startswith(NAME_KEY)


@dataclass
class QueryYield:
    """Row of `search_yields`, updated while the pages of an extra query are read."""

    run_id: str
    market: str
    query: str
    # Unix time.
    asked_at: float
    calls: int = 0
    albums_listed: int = 0
    # Never listed before, in this run or another.
    albums_new: int = 0
    # Every result of the query was read.
    is_whole: bool = False


Discovery = Literal["auto", "browse", "search"]
Paging = Literal["next", "offset"]

# Market of a listing without one.
ANY_MARKET: Final = "*"


class ListingEnd(str, Enum):
    """Reason why the plain listing ended."""

    COMPLETE = "complete"
    LIMIT = "limit"
    CLOSED = "closed"
    FAILED = "failed"


@dataclass(frozen=True)
class Sighting:
    """One album at one position of one listing; a row of `release_sightings`."""

    market: str
    # From 1, as sent. Beyond the plain listing of the market it only continues the count, and is no rank.
    position: int
    album_id: str
    # Endpoint: 'browse', 'search' or 'artist_albums'.
    via: str
    # Query beyond the plain listing, or 'artist:' and an artist's id; None in the plain listing.
    query: str | None = None


@dataclass
class Listing:
    """Result of reading new releases from one or more discovery paths."""

    # By id, as first seen in the run.
    albums: dict[str, SimplifiedAlbum] = field(default_factory=dict)
    # `total_tracks` by album id and market, the first sighting's market first.
    totals: dict[str, dict[str, int | None]] = field(default_factory=dict)
    sightings: list[Sighting] = field(default_factory=list)
    yields: list[QueryYield] = field(default_factory=list)
    # Artists checked in this run, by the key of their row.
    artists: dict[str, WatchedArtist] = field(default_factory=dict)
    # Ids of all identified artists of the watchlist.
    watched: Collection[str] = ()


@dataclass(frozen=True)
class LoadedRelease:
    """Row of `new_releases`."""

    # Market of the latest listing, with its number of tracks.
    market: str
    total_tracks: int | None
    content_hash: str | None = None
    album_type: str | None = None
    # First day of the release period, ISO 8601.
    released_on: str | None = None
    # Load that wrote the row; load ids sort by time.
    load_id: str = ""


@dataclass(frozen=True)
class LoadedAlbum:
    """Row of `albums`: its market and the number of its tracks there."""

    market: str
    tracks: int | None


@dataclass(frozen=True)
class LoadedState:
    """Contents of the destination's tables when the run starts."""

    # Every album ever listed, by id.
    releases: Mapping[str, LoadedRelease] = field(default_factory=dict)
    # Every fetched album by id, the least recently fetched first.
    albums: Mapping[str, LoadedAlbum] = field(default_factory=dict)
    # Rows of `album_tracks`, by album id.
    track_counts: Mapping[str, int] = field(default_factory=dict)
    # Artist ids by album id; read only if artists are watched.
    credits: Mapping[str, Collection[str]] = field(default_factory=dict)
    # Positions in each market's plain listing in the latest run that searched.
    depths: Mapping[str, int] = field(default_factory=dict)
    # Rows of `watched_artists`, by key.
    artists: Mapping[str, WatchedArtist] = field(default_factory=dict)
    # Rows of `search_yields`, oldest first.
    yields: Sequence[QueryYield] = ()


@dataclass(frozen=True)
class AlbumRequest:
    """One album to fetch."""

    album_id: str
    market: str
    # Number of tracks in the listing, if it has one.
    listed_tracks: int | None
    loaded_tracks: int = 0
    # False to fetch the album without its further tracks.
    with_tracks: bool = True

    @property
    def further_pages(self) -> int:
        """Return the number of calls for tracks that are not sent with the album."""
        if not self.with_tracks:
            return 0
        return max(0, ((self.listed_tracks or 0) - 1) // settings.TRACKS_PAGE_SIZE)


@dataclass(frozen=True)
class Plan:
    """Album requests of one run, in order, with the data they come from."""

    listing: Listing
    loaded: LoadedState
    requests: Sequence[AlbumRequest]


@dataclass(frozen=True)
class FetchedAlbum:
    """Album as sent, with its first tracks."""

    request: AlbumRequest
    album: Album


@dataclass(frozen=True)
class PositionedTrack:
    """Track with its position on the album."""

    track: Track
    disc_number: int
    track_number: int


@dataclass(frozen=True)
class CompleteAlbum:
    """Album with all its tracks, or the first ones if no more were requested."""

    # Its id and market are the ones that are loaded.
    request: AlbumRequest
    album: Album
    tracks: Sequence[PositionedTrack]
    # `total_tracks` of the album, else `total` of its list of tracks, else the listed number.
    total: int | None
    # None if tracks were not requested.
    tracks_loaded: int | None


@dataclass(frozen=True)
class CallCounts:
    """API calls of one run, and the delays and closed buckets they met."""

    # Retries included.
    by_bucket: Mapping[str, int] = field(default_factory=dict)
    retries: int = 0
    # In pauses and before retries.
    seconds_waited: float = 0.0
    # End of the last pause of all threads, in seconds of the monotonic clock.
    paused_until: float = 0.0
    closed: Mapping[str, BucketClosedError] = field(default_factory=dict)
    # Unix time, for buckets that stay closed after the run.
    blocked_until: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class PathCost:
    """Calls that a discovery path may take in a run."""

    path: str
    bucket: str
    calls: int


@dataclass
class PathCounts:
    """Counts of one discovery path, updated while it is read.

    The JSON report has these fields.
    """

    # 'browse', 'search', 'artists', 'sweeps' or 'shards' (extra queries).
    path: str
    # Artists or queries; markets for a search of the plain listing.
    asked: int = 0
    # Pages requested; retries are not counted.
    calls: int = 0
    albums_listed: int = 0
    # Listed by no earlier run and no earlier path.
    albums_new: int = 0
    failed: int = 0
    # Artists left for later runs.
    left: int = 0
    # The last calls, at most 50, and the new albums they returned.
    last_calls: int = 0
    last_new: int = 0


@dataclass
class ListingCounts:
    """Counts of the listing of one run, updated while it is read."""

    markets: Sequence[str] = ()
    # 'browse' or 'search'; None if no page of the plain listing could be read.
    discovered_via: str | None = None
    albums_listed: int = 0
    albums_new: int = 0
    # Items that were null or had no id.
    items_dropped: int = 0
    # Reason why the plain listing ended; None before that, or if none was requested.
    end: ListingEnd | None = None
    # Error that ended the plain listing after its first page.
    cut_by: SpotifySourceError | None = None
    # In the order in which they were read.
    paths: list[PathCounts] = field(default_factory=list)
    # Entries of the watchlist that identify no single artist.
    unresolved: Sequence[WatchedArtist] = ()

    @property
    def is_complete(self) -> bool | None:
        """Return whether the plain listing was read to its end or the limit.

        None if none was requested.
        """
        return None if self.end is None else self.end in (ListingEnd.COMPLETE, ListingEnd.LIMIT)


@dataclass
class AlbumCounts:
    """Counts of the album requests of one run, updated as they are made."""

    # Album requests of the plan.
    wanted: int = 0
    # Complete albums.
    fetched: int = 0
    # Answered with 404 for the first time.
    gone: int = 0
    # Fetched with fewer tracks than `total_tracks`.
    short: int = 0
    # Error messages by album id.
    failed: dict[str, str] = field(default_factory=dict)
    # Not requested any more, because all requests failed in several runs.
    given_up: Sequence[str] = ()
    # Albums that need a call and are beyond `limit`.
    over_limit: int = 0
    tracks_loaded: int = 0
    # Items that were no track, or repeated one.
    tracks_dropped: int = 0

    @property
    def pending(self) -> int:
        """Return the number of albums that still need a call after the run."""
        return self.wanted + self.over_limit - self.fetched - self.gone


@dataclass(frozen=True)
class RunResult:
    """Result of one run of the source, or of a run in progress."""

    listing: ListingCounts = field(default_factory=ListingCounts)
    albums: AlbumCounts = field(default_factory=AlbumCounts)
    calls: CallCounts = field(default_factory=CallCounts)
    # Whether the app may call browse/new-releases and albums?ids=; None if unknown.
    browse_allowed: bool | None = None
    batch_allowed: bool | None = None
    # Error that ended a part of the run early, unless a bucket was closed.
    failure: SpotifySourceError | None = None
    data_issues: Sequence[DataIssueCount] = ()
    # Copy of dlt's source state, for later runs.
    source_state: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Return whether nothing is missing, apart from albums beyond `limit`."""
        left = self.albums.pending - self.albums.over_limit
        return not (left or self.calls.closed or self.failure or self.listing.cut_by)
