"""Watched artists: identity, order of checks, and outcome of a check. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timezone
from typing import Final

from ..errors import SpotifySourceError
from ..models import (
    NAME_KEY,
    Artist,
    ArtistCandidate,
    Resolution,
    SimplifiedAlbum,
    WatchedArtist,
    WatchEntry,
    credits_of,
)
from ..rows import released_on
from ..settings import NEW_QUERY

DAY: Final = 86400.0
# A name that no artist or more than one has is looked up again after this time.
_LOOK_UP_AGAIN: Final = 7 * DAY
# After this number of failures in a row an artist loses its place at the front of the queue.
_MAX_FAILURES: Final = 3
_MAX_CANDIDATES: Final = 10
# Spotify accepts queries of about 250 characters; the first 180 identify any artist's name.
_MAX_NAME: Final = 180


def watched_artists(entries: Sequence[WatchEntry], known: Mapping[str, WatchedArtist]) -> list[WatchedArtist]:
    """Return the artists of a watchlist, each once, as loaded or new.

    Args:
        entries: The watchlist.
        known: Rows of `watched_artists` by key.
    """
    by_name = {artist.listed_as: artist for artist in known.values() if artist.is_identified}
    found: dict[str, WatchedArtist] = {}
    for entry in entries:
        if entry.artist_id is not None:
            new = WatchedArtist(entry.artist_id, entry.artist_id, resolved=Resolution.GIVEN)
        else:
            new = WatchedArtist(f"{NAME_KEY}{entry.name}", entry.listed_as)
            new = by_name.get(entry.listed_as, new)
        artist = known.get(new.key, new)
        found.setdefault(artist.key, artist)
    return list(found.values())


def search_queue(artists: Iterable[WatchedArtist], now: float) -> list[WatchedArtist]:
    """Return the artists to search for, the longest due first; new ones lead.

    A name or id that no single artist has is left out until it is due: another request returns the same.
    """
    due = (one for one in artists if one.due_at <= now or (one.is_identified and not _is_missing(one)))
    return sorted(due, key=lambda one: one.due_at)


def sweep_queue(artists: Iterable[WatchedArtist]) -> list[WatchedArtist]:
    """Return the identified artists, the least recently swept first."""
    identified = (one for one in artists if one.is_identified and not _is_missing(one))
    return sorted(identified, key=lambda one: one.swept_at or 0.0)


def query_for(name: str) -> str | None:
    """Return the query for new albums by a name; None if it cannot be searched."""
    # A quote ends the name even after a backslash; a lone surrogate cannot be sent in a URL.
    plain = " ".join(name.encode("utf-8", "ignore").decode().replace('"', " ").replace("\\", " ").split())
    return f'{NEW_QUERY} artist:"{plain[:_MAX_NAME].strip()}"' if plain else None


def resolved(artist: WatchedArtist, found: Sequence[Artist], now: float) -> WatchedArtist:
    """Return the only artist with exactly that name, or the name with candidates.

    Args:
        artist: The name.
        found: Artists that a search for the name returned.
        now: Unix time.
    """
    alike = list({one["id"]: ArtistCandidate(one["id"], one["name"]) for one in found}.values())
    exact = [one for one in alike if unicodedata.normalize("NFC", one.name) == artist.listed_as]
    if len(exact) == 1:
        (only,) = exact
        return replace(artist, key=only.artist_id, name=only.name, resolved=Resolution.BY_NAME, candidates=())
    return replace(
        artist,
        resolved=Resolution.AMBIGUOUS if exact else Resolution.NOT_FOUND,
        candidates=tuple((exact or alike)[:_MAX_CANDIDATES]),
        due_at=now + _LOOK_UP_AGAIN,
        failures=0,
        last_error=None,
    )


def checked(artist: WatchedArtist, albums: Sequence[SimplifiedAlbum], now: float) -> WatchedArtist:
    """Return the artist after all new albums were read."""
    return replace(
        artist,
        name=name_in(albums, artist),
        checked_at=now,
        due_at=now + DAY,
        albums_found=len(albums),
        failures=0,
        last_error=None,
    )


def not_found(artist: WatchedArtist, error: SpotifySourceError, now: float) -> WatchedArtist:
    """Return the artist after a 404 for its id, which is requested again after a day."""
    return replace(artist, resolved=Resolution.NOT_FOUND, due_at=now + DAY, failures=0, last_error=error.summary)


def unsearchable(artist: WatchedArtist, now: float) -> WatchedArtist:
    """Return the artist with a name that cannot be searched.

    Without a name the query would return every release.
    """
    return replace(artist, due_at=now + DAY, failures=0, last_error="The name can't be searched for; sweeps show it.")


def failed(artist: WatchedArtist, error: SpotifySourceError, now: float) -> WatchedArtist:
    """Return the artist after a failed check, first in the queue again at first."""
    return replace(unfinished(artist, now), last_error=error.summary)


def unfinished(artist: WatchedArtist, now: float) -> WatchedArtist:
    """Return the artist after a check cut short, which counts as a failure."""
    failures = artist.failures + 1
    if failures >= _MAX_FAILURES:
        return replace(artist, failures=0, due_at=now + DAY)
    return replace(artist, failures=failures)


def albums_by(albums: Iterable[SimplifiedAlbum | None], artist_id: str) -> list[SimplifiedAlbum]:
    """Return the albums that credit the artist: searches also return namesakes."""
    return [
        album
        for album in albums
        if isinstance(album, dict) and any(artist.get("id") == artist_id for artist in credits_of(album))
    ]


def name_in(albums: Iterable[SimplifiedAlbum], artist: WatchedArtist) -> str | None:
    """Return the artist's current name from the credits: artists change their names."""
    names = (one.get("name") for album in albums for one in credits_of(album) if one.get("id") == artist.key)
    return next((name for name in names if isinstance(name, str) and name), artist.name)


def released_since(moment: float, albums: Iterable[SimplifiedAlbum | None]) -> list[SimplifiedAlbum]:
    """Return the albums with a release period that starts after a Unix time."""
    first = datetime.fromtimestamp(moment, timezone.utc).date()
    return [
        album
        for album in albums
        if isinstance(album, dict) and (released_on(album.get("release_date")) or date.min) >= first
    ]


def unresolved(artists: Iterable[WatchedArtist]) -> list[WatchedArtist]:
    """Return the names and ids that were looked up without finding one artist."""
    return [artist for artist in artists if artist.resolved in (Resolution.AMBIGUOUS, Resolution.NOT_FOUND)]


def _is_missing(artist: WatchedArtist) -> bool:
    return artist.resolved is Resolution.NOT_FOUND
