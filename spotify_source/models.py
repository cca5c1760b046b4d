"""The Web API's objects, and the values that travel between the steps of a run.

https://developer.spotify.com/documentation/web-api/concepts/spotify-uris-ids
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal, TypedDict

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
    """Why content may not be played: 'market', 'product' or 'explicit'."""

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
    """AlbumObject, with the first 50 tracks in it."""

    copyrights: list[Copyright]
    external_ids: dict[str, str]
    genres: list[str]
    label: str
    popularity: int
    tracks: PagingObject


# What a column of whole numbers holds in every destination.
INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1

_DIGITS: Final = re.compile(r"[0-9]{1,19}", re.ASCII)


def whole_number(value: object) -> int | None:
    """The value as a whole number of 64 bits, also where it comes as 12.0 or '12'; None where it is none."""
    if type(value) is int:
        return value if INT64_MIN <= value <= INT64_MAX else None
    if isinstance(value, float) and value.is_integer():
        return whole_number(int(value))
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return whole_number(int(value))
    return None


_ID: Final = re.compile(r"[0-9A-Za-z]{22}", re.ASCII)


def is_id(value: object) -> bool:
    """Whether it can be an id of Spotify's."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def checked_id(value: str) -> str:
    """The id, for a URL.

    Raises:
        BadRequestError: It is none, and could lead anywhere.
    """
    if not is_id(value):
        raise BadRequestError("Malformed Spotify id: it is not requested.")
    return value


class DataIssueKind(str, Enum):
    """What was odd. `load_runs.values_dropped` holds these values.

    The first group is about values: the row is there, without them or with them in another form. The second is about
    items of a list, which make no row, or one in another place.
    """

    INVALID = "unfit"
    ROUNDED = "rounded"
    BROKEN_TEXT = "broken_text"
    AS_JSON = "as_json"
    RENAMED = "renamed"
    LEFT_OUT = "left_out"

    EMPTY = "empty"
    WITHOUT_ID = "without_id"
    MALFORMED_ID = "malformed_id"
    REPEATED = "repeated"
    PLACED_BY_ORDER = "placed_by_order"

    @property
    def is_about_items(self) -> bool:
        """Whether it is about whole items, not about a value in one."""
        return self in _ABOUT_ITEMS


_ABOUT_ITEMS = frozenset(
    (
        DataIssueKind.EMPTY,
        DataIssueKind.WITHOUT_ID,
        DataIssueKind.MALFORMED_ID,
        DataIssueKind.REPEATED,
        DataIssueKind.PLACED_BY_ORDER,
    )
)


@dataclass(frozen=True)
class DataIssue:
    """One odd value or item.

    Attributes:
        what: What was odd about it.
        where: Its 'table.column', or the table alone where it is an item.
    """

    what: DataIssueKind
    where: str


@dataclass(frozen=True)
class DataIssueCount:
    """What was found in one place in one run.

    Attributes:
        what: What was odd.
        where: Its 'table.column', or the table alone.
        count: How often.
        album_id: The first album that had it; None where it is known of none.
    """

    what: DataIssueKind
    where: str
    count: int
    album_id: str | None


# The key in `watched_artists` of a name for which no artist is known is this and the name.
NAME_KEY: Final = "name:"


class Resolution(str, Enum):
    """How it came to be known which artist an entry of the watchlist means. `watched_artists.resolved` holds these."""

    GIVEN = "id"
    BY_NAME = "name"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not found"
    PENDING = "pending"


@dataclass(frozen=True)
class WatchEntry:
    """An entry of the watchlist: the id of an artist, or the name of one."""

    artist_id: str | None = None
    name: str | None = None

    @property
    def listed_as(self) -> str:
        """How the watchlist names the artist: by the id, or by the name."""
        return self.artist_id or self.name or ""


@dataclass(frozen=True)
class Candidate:
    """An artist whom a name may mean."""

    artist_id: str
    name: str


@dataclass(frozen=True)
class WatchedArtist:
    """A row of `watched_artists`.

    Attributes:
        key: The Spotify id, or NAME_KEY and the name where that is not known.
        listed_as: How the watchlist names the artist.
        name: The name, as Spotify has it.
        resolved: How it came to be known who is meant.
        candidates: Who may be meant, where that is not known.
        checked_at: When the new releases were last read to their end (Unix time); None for never.
        due_at: When they are to be read again: the lower, the earlier in a run.
        albums_found: Albums found by the last check.
        failures: Checks that failed in a row.
        last_error: Why the last one did.
        swept_at: When the discography was last read; None for never.
        is_obsolete: Whether the row is to be taken out: its name has become an artist.
    """

    key: str
    listed_as: str
    name: str | None = None
    resolved: Resolution = Resolution.PENDING
    candidates: tuple[Candidate, ...] = ()
    checked_at: float | None = None
    due_at: float = 0.0
    albums_found: int = 0
    failures: int = 0
    last_error: str | None = None
    swept_at: float | None = None
    is_obsolete: bool = False

    @property
    def is_known(self) -> bool:
        """Whether it is known which artist is meant."""
        return not self.key.startswith(NAME_KEY)


@dataclass(frozen=True)
class QueryYield:
    """A row of `search_yields`: what a query beyond the plain listing brought.

    Attributes:
        run_id: The run that asked.
        market: Where it asked.
        query: What it asked.
        asked_at: When (Unix time).
        calls: Pages that were asked for.
        albums_listed: Different albums on them.
        albums_new: Those of them that were never listed before, and not earlier in the run either.
        is_whole: Whether every result of the query was read.
    """

    run_id: str
    market: str
    query: str
    asked_at: float
    calls: int
    albums_listed: int
    albums_new: int
    is_whole: bool


@dataclass(frozen=True)
class PathCost:
    """What a way to find albums may cost in a run."""

    path: str
    bucket: str
    calls: int


@dataclass(frozen=True)
class PathCounts:
    """What a way to find albums brought in a run.

    Attributes:
        path: 'browse', 'search', 'artists', 'sweeps' or 'shards'.
        asked: What was asked for: artists, or queries; 1 for the plain listing of a market.
        calls: Pages that were asked for; repetitions are not counted.
        albums_listed: Different albums on them.
        albums_new: Those that no earlier run and no earlier path had listed.
        failed: How much of what was asked for failed.
        left: What was wanted too, and waits for later runs.
        last_calls: How many calls `last_new` is of: the last ones.
        last_new: New albums that the last calls brought.
    """

    path: str
    asked: int = 0
    calls: int = 0
    albums_listed: int = 0
    albums_new: int = 0
    failed: int = 0
    left: int = 0
    last_calls: int = 0
    last_new: int = 0


@dataclass(frozen=True)
class ArtistCheck:
    """What came of asking for the albums of one artist.

    Attributes:
        artist: The artist, as known now.
        via: By which endpoint it was asked: 'search' or 'artist_albums'.
        albums: What was found, by market.
        calls: Pages that were asked for.
        became: The key of the name that has become this artist, whose row is to be taken out.
        has_failed: Whether it has to be asked for again.
        is_closed: Whether no further artist can be asked for.
        is_unfinished: Whether the calls were spent before its end, which others may still be asked for.
    """

    artist: WatchedArtist
    via: str
    albums: Mapping[str, Sequence[SimplifiedAlbum]] = field(default_factory=dict)
    calls: int = 0
    became: str | None = None
    has_failed: bool = False
    is_closed: bool = False
    is_unfinished: bool = False

    @property
    def query(self) -> str:
        """What `release_sightings.query` says of the albums."""
        return f"artist:{self.artist.key}"


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
    """

    listing: Listing
    loaded: LoadedState
    requests: Sequence[AlbumRequest]


@dataclass(frozen=True)
class FetchedAlbum:
    """An album as it came, with its first tracks."""

    request: AlbumRequest
    album: Album


@dataclass(frozen=True)
class PositionedTrack:
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
    tracks: Sequence[PositionedTrack]
    total: int | None
    tracks_loaded: int | None


@dataclass(frozen=True)
class CallCounts:
    """The calls of a run, and what held them up.

    Attributes:
        by_bucket: API calls by bucket, repeated ones included.
        retries: Calls that had to be repeated.
        seconds_waited: Seconds spent in pauses and before repetitions.
        paused_until: When the last pause for all threads is over, on the clock's monotonic time.
        closed: Buckets that took no more calls, and why.
        blocked_until: Buckets that take no calls after the run either, and until when (Unix time).
    """

    by_bucket: Mapping[str, int] = field(default_factory=dict)
    retries: int = 0
    seconds_waited: float = 0.0
    paused_until: float = 0.0
    closed: Mapping[str, BucketClosedError] = field(default_factory=dict)
    blocked_until: Mapping[str, float] = field(default_factory=dict)


@dataclass
class ListingCounts:
    """Counts of the listing of one run, updated while it is read.

    Attributes:
        markets: The markets that were asked for.
        discovered_via: 'browse' or 'search'; None where no listing could be read.
        albums_listed: Distinct albums in the listing.
        albums_new: Those of them that were never listed before.
        items_dropped: Places in the listing that held nothing, or nothing with an id.
        end: Why the reading ended; None where no listing was asked for, or not yet.
        cut_by: What ended it before its end, though something was read.
        paths: What each way to find albums brought, in the order in which they were taken.
        unresolved: Names of the watchlist for which no artist is known.
    """

    markets: Sequence[str] = ()
    discovered_via: str | None = None
    albums_listed: int = 0
    albums_new: int = 0
    items_dropped: int = 0
    end: ListingEnd | None = None
    cut_by: SpotifySourceError | None = None
    paths: Sequence[PathCounts] = ()
    unresolved: Sequence[WatchedArtist] = ()

    @property
    def is_complete(self) -> bool | None:
        """Whether it was read to its end, or as far as `limit` wanted; None where none was asked for."""
        return None if self.end is None else self.end in (ListingEnd.COMPLETE, ListingEnd.LIMIT)


@dataclass
class AlbumCounts:
    """Counts of the album requests of one run, updated as they are made.

    Attributes:
        wanted: Albums that the run set out to fetch.
        fetched: Albums that were fetched completely.
        gone: Albums for which Spotify answered 404 for the first time.
        short: Fetched albums with fewer tracks than total_tracks.
        failed: Albums that could not be fetched, and why.
        given_up: Albums that are not asked for any more: all calls for them failed, run after run.
        over_limit: Albums that need a call, and were kept back by `limit`.
        tracks_loaded: Tracks of the fetched albums.
        tracks_dropped: Items of their lists that were no track, or one that was there before.
    """

    wanted: int = 0
    fetched: int = 0
    gone: int = 0
    short: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    given_up: Sequence[str] = ()
    over_limit: int = 0
    tracks_loaded: int = 0
    tracks_dropped: int = 0

    @property
    def pending(self) -> int:
        """Albums that still need a call after the run."""
        return self.wanted + self.over_limit - self.fetched - self.gone


@dataclass(frozen=True)
class RunResult:
    """What came of a run, or has come of it so far.

    Attributes:
        listing: What was found.
        albums: What was fetched.
        calls: What it cost.
        browse_allowed: Whether the app may call browse/new-releases; None where that is not known.
        batch_allowed: Whether the app may fetch albums in batches; None where that is not known.
        failure: What ended the run early, where it was not a closed bucket.
        data_issues: What came otherwise than documented, and was changed or left out.
        source_state: What later runs are to know, as dlt's source state has it.
    """

    listing: ListingCounts = field(default_factory=ListingCounts)
    albums: AlbumCounts = field(default_factory=AlbumCounts)
    calls: CallCounts = field(default_factory=CallCounts)
    browse_allowed: bool | None = None
    batch_allowed: bool | None = None
    failure: SpotifySourceError | None = None
    data_issues: Sequence[DataIssueCount] = ()
    source_state: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether everything that was wanted is there."""
        left = self.albums.pending - self.albums.over_limit
        return not (left or self.calls.closed or self.failure or self.listing.cut_by)
