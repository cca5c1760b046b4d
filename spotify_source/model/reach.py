"""What is known of the artists of a watchlist, and of what queries brought. Knows values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from .shapes import SimplifiedAlbum

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
