"""The artists of the watchlist as they are known: who is who, and whose turn it is. Pure functions; makes no call."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timezone
from typing import Final

from ...errors import SpotifySourceError
from ...models import NAME_KEY, Artist, Candidate, Resolution, SimplifiedAlbum, WatchedArtist, WatchEntry
from ...settings import NEW_QUERY
from ..credits import credits_of
from ...rows import released_on

DAY: Final = 86400.0
# When a name is looked up again that nobody, or more than one artist, has.
_LOOKED_UP_AGAIN: Final = 7 * DAY
# After so many failures in a row an artist waits its turn like the others: one who always fails holds up nobody.
_PATIENCE: Final = 3
# Spotify takes queries of up to 250 characters or so; no name is longer than its first 180 need be.
_LONGEST_NAME: Final = 180


def watched_artists(entries: Sequence[WatchEntry], known: Mapping[str, WatchedArtist]) -> list[WatchedArtist]:
    """The artists of a watchlist, each once, as they are known; those that are not, as new ones.

    Args:
        entries: The watchlist.
        known: The rows of `watched_artists` by their key.
    """
    by_name = {artist.listed_as: artist for artist in known.values() if artist.is_known}
    found: dict[str, WatchedArtist] = {}
    for entry in entries:
        artist = _known(entry, known, by_name) or _new(entry)
        found.setdefault(artist.key, artist)
    return list(found.values())


def in_turn(artists: Iterable[WatchedArtist], now: float) -> list[WatchedArtist]:
    """The artists in the order in which they are to be checked: new ones, then those due for the longest time.

    A name that could not be resolved is left out until it is due: who is meant does not change by asking. So is an id
    that nobody has.
    """
    return sorted(
        (artist for artist in artists if artist.due_at <= now or (artist.is_known and not _is_nobody(artist))),
        key=lambda artist: artist.due_at,
    )


def in_turn_for_a_sweep(artists: Iterable[WatchedArtist]) -> list[WatchedArtist]:
    """The known artists, those whose discography was read the longest ago first."""
    known = (artist for artist in artists if artist.is_known and not _is_nobody(artist))
    return sorted(known, key=lambda artist: artist.swept_at or 0.0)


def query_for(name: str) -> str | None:
    """What to search for to see the new albums of an artist of that name; None where nothing can be searched for."""
    # Quotes end the name, and a backslash does not save them; half a character can't stand in an address.
    plain = " ".join(name.encode("utf-8", "ignore").decode().replace('"', " ").replace("\\", " ").split())
    return f'{NEW_QUERY} artist:"{plain[:_LONGEST_NAME].strip()}"' if plain else None


def resolved(artist: WatchedArtist, found: Sequence[Artist], now: float) -> WatchedArtist:
    """What is known of a name once artists were searched for it: never a guess.

    Args:
        artist: The name.
        found: The artists that the search shows.
        now: Unix time.

    Returns:
        The artist, where just one has just that name; else the name, and who may be meant.
    """
    name = artist.listed_as
    alike = list({one["id"]: Candidate(one["id"], one["name"]) for one in found}.values())
    exact = [one for one in alike if unicodedata.normalize("NFC", one.name) == name]
    if len(exact) == 1:
        (one,) = exact
        return replace(artist, key=one.artist_id, name=one.name, resolved=Resolution.BY_NAME, candidates=())
    return replace(
        artist,
        resolved=Resolution.AMBIGUOUS if exact else Resolution.NOT_FOUND,
        candidates=tuple((exact or alike)[:10]),
        due_at=now + _LOOKED_UP_AGAIN,
        failures=0,
        last_error=None,
    )


def checked(artist: WatchedArtist, albums: Sequence[SimplifiedAlbum], now: float) -> WatchedArtist:
    """The artist after all new albums were read."""
    return replace(artist, checked_at=now, due_at=now + DAY, albums_found=len(albums), failures=0, last_error=None)


def not_found(artist: WatchedArtist, error: SpotifySourceError, now: float) -> WatchedArtist:
    """The artist whose id nobody has: who is gone may come back, but not today."""
    return replace(artist, resolved=Resolution.NOT_FOUND, due_at=now + DAY, failures=0, last_error=error.what)


def unsearchable(artist: WatchedArtist, now: float) -> WatchedArtist:
    """The artist whose name has nothing to search for: without it, a search shows what everybody released."""
    return replace(artist, due_at=now + DAY, failures=0, last_error="The name can't be searched for; sweeps show it.")


def failed(artist: WatchedArtist, error: SpotifySourceError, now: float) -> WatchedArtist:
    """The artist after a check that failed: first in line again, but not for ever."""
    return replace(unfinished(artist, now), last_error=error.what)


def unfinished(artist: WatchedArtist, now: float) -> WatchedArtist:
    """The artist whose albums were not read to their end, since the calls were spent: as after a check that failed."""
    failures = artist.failures + 1
    waits = failures >= _PATIENCE
    return replace(artist, failures=0 if waits else failures, due_at=now + DAY if waits else artist.due_at)


def of_artist(albums: Iterable[SimplifiedAlbum | None], artist_id: str) -> list[SimplifiedAlbum]:
    """The albums in whose credits the artist stands: a name alone is shared by many."""
    return [
        album
        for album in albums
        if isinstance(album, dict) and any(artist.get("id") == artist_id for artist in credits_of(album))
    ]


def name_in(albums: Iterable[SimplifiedAlbum], artist: WatchedArtist) -> str | None:
    """The artist's name as the albums have it now: artists do change theirs."""
    names = (one.get("name") for album in albums for one in credits_of(album) if one.get("id") == artist.key)
    return next((name for name in names if isinstance(name, str) and name), artist.name)


def released_since(moment: float, albums: Iterable[SimplifiedAlbum | None]) -> list[SimplifiedAlbum]:
    """The albums that came out at or after a moment (Unix time), by the first day of their period."""
    first = datetime.fromtimestamp(moment, timezone.utc).date()
    return [
        album
        for album in albums
        if isinstance(album, dict) and (released_on(album.get("release_date")) or date.min) >= first
    ]


def _is_nobody(artist: WatchedArtist) -> bool:
    return artist.resolved is Resolution.NOT_FOUND


def _known(
    entry: WatchEntry, known: Mapping[str, WatchedArtist], by_name: Mapping[str, WatchedArtist]
) -> WatchedArtist | None:
    if entry.artist_id is not None:
        return known.get(entry.artist_id)
    return by_name.get(entry.listed_as) or known.get(f"{NAME_KEY}{entry.name}")


def _new(entry: WatchEntry) -> WatchedArtist:
    if entry.artist_id is not None:
        return WatchedArtist(entry.artist_id, entry.artist_id, resolved=Resolution.GIVEN)
    return WatchedArtist(f"{NAME_KEY}{entry.name}", entry.listed_as)
