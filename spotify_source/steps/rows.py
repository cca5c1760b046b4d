"""From the API's objects to table rows: pure functions. Knows columns by name, not how they are declared or stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timezone
from typing import Any

from dlt.common import json
from dlt.common.utils import digest128

from ..model.reach import QueryYield, WatchedArtist
from ..model.shapes import Album, SimplifiedAlbum, Track
from ..model.values import Sighting

_RELEASE_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")


def new_release_row(album: SimplifiedAlbum, market: str) -> dict[str, Any]:
    """A row of `new_releases`, with the hash by which an album that is listed again unchanged is known."""
    row = {**album, "market": market, "released_on": released_on(album.get("release_date"))}
    return {**row, "content_hash": digest128(json.dumps(row, sort_keys=True))}


def sighting_row(sighting: Sighting, run_id: str, seen_at: datetime) -> dict[str, Any]:
    """A row of `release_sightings`."""
    return {
        "run_id": run_id,
        "seen_at": seen_at,
        "market": sighting.market,
        "position": sighting.position,
        "album_id": sighting.album_id,
        "discovered_via": sighting.via,
        "query": sighting.query,
    }


def artist_row(artist: WatchedArtist, run_id: str) -> dict[str, Any]:
    """A row of `watched_artists`."""
    return {
        "artist_id": artist.key,
        "name": artist.name,
        "listed_as": artist.listed_as,
        "resolved": artist.resolved.value,
        "candidates": [{"id": one.artist_id, "name": one.name} for one in artist.candidates] or None,
        "checked_at": _moment(artist.checked_at),
        "due_at": _moment(artist.due_at),
        "albums_found": artist.albums_found,
        "failures": artist.failures,
        "last_error": artist.last_error,
        "swept_at": _moment(artist.swept_at),
        "run_id": run_id,
        "is_obsolete": artist.is_obsolete or None,
    }


def yield_row(brought: QueryYield) -> dict[str, Any]:
    """A row of `search_yields`."""
    return {**asdict(brought), "asked_at": _moment(brought.asked_at)}


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


def album_row(album: Album, album_id: str, market: str, tracks_loaded: int | None) -> dict[str, Any]:
    """A row of `albums`: all but the tracks, and the markets that `market` stands in for.

    The id is the one that was asked for, whatever comes back.
    """
    return {
        **_without(album, ("tracks", "available_markets")),
        "id": album_id,
        "market": market,
        "tracks_loaded": tracks_loaded,
        "released_on": released_on(album.get("release_date")),
    }


def track_row(track: Track, album_id: str) -> dict[str, Any]:
    """A row of `album_tracks`; the track must be one that `is_placed`."""
    row = {**_without(track, ("available_markets",)), "album_id": album_id}
    # A recorded reply has durations as floats.
    duration = row.get("duration_ms")
    if isinstance(duration, float):
        row["duration_ms"] = round(duration)
    return row


def removal_row(album_id: str) -> dict[str, Any]:
    """A row that stays nowhere: merging it takes all tracks of an album out of `album_tracks`."""
    return {"album_id": album_id, "disc_number": 0, "track_number": 0, "is_removed": True}


def placed_tracks(tracks: Sequence[Track | None]) -> list[Track]:
    """The tracks that have a place on their album, one for each place: the last that came."""
    found = {_place(track): track for track in tracks if isinstance(track, dict) and is_placed(track)}
    return list(found.values())


def is_placed(track: Track) -> bool:
    """Whether a track has the disc and track number that are its key."""
    return None not in _place(track)


def _place(track: Track) -> tuple[int | None, int | None]:
    return whole_number(track.get("disc_number")), whole_number(track.get("track_number"))


def released_on(release_date: object) -> date | None:
    """The first day of the period that a release date names: '1967', '2007-03' or '2026-11-20'; None for '0000'."""
    match = _RELEASE_DATE.fullmatch(release_date) if isinstance(release_date, str) else None
    if match is None:
        return None
    year, month, day = (int(part) if part else 1 for part in match.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def whole_number(value: object) -> int | None:
    """The value as a whole number, also where it comes as 12.0 or '12'; None where it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and value.isdecimal() else None


def _without(item: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in keys}
