"""Table rows made of API objects and of the records of a run. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timezone
from typing import Any, Final, NamedTuple

from dlt.common import json
from dlt.common.utils import digest128

from .cleaning import clean_row, clean_text
from .models import CompleteAlbum, DataIssue, PositionedTrack, QueryYield, Sighting, SimplifiedAlbum, WatchedArtist
from .schema import ALBUM_TRACKS, ALBUMS, NEW_RELEASES

_RELEASE_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", re.ASCII)


class Row(NamedTuple):
    """A row and the data issues of the object that it was made of."""

    values: dict[str, Any]
    issues: Sequence[DataIssue]


def new_release_row(album: SimplifiedAlbum, market: str) -> Row:
    """Return a row of `new_releases` with its `content_hash`, which shows changes."""
    clean, issues = clean_row(NEW_RELEASES, album)
    values = {**clean, "market": market, "released_on": released_on(album.get("release_date"))}
    return Row({**values, "content_hash": digest128(json.dumps(values, sort_keys=True))}, issues)


def sighting_row(sighting: Sighting, run_id: str, seen_at: datetime) -> dict[str, Any]:
    """Return a row of `release_sightings`."""
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
    """Return a row of `watched_artists`."""
    return {
        "artist_id": artist.key,
        "name": clean_text(artist.name) if artist.name else artist.name,
        "listed_as": artist.listed_as,
        "resolved": artist.resolved.value,
        "candidates": [{"id": one.artist_id, "name": clean_text(one.name)} for one in artist.candidates] or None,
        "checked_at": _timestamp(artist.checked_at),
        "due_at": _timestamp(artist.due_at),
        "albums_found": artist.albums_found,
        "failures": artist.failures,
        "last_error": artist.last_error,
        "swept_at": _timestamp(artist.swept_at),
        "run_id": run_id,
        "is_obsolete": artist.is_obsolete or None,
    }


def yield_row(query_yield: QueryYield) -> dict[str, Any]:
    """Return a row of `search_yields`."""
    return {**asdict(query_yield), "asked_at": _timestamp(query_yield.asked_at)}


def album_row(complete: CompleteAlbum) -> Row:
    """Return a row of `albums`.

    Its `id` is the requested one; a different one in the reply is kept as `spotify_id`.
    """
    request, album = complete.request, _without(complete.album, "tracks", "available_markets", "id")
    sent_id = complete.album.get("id")
    if sent_id not in (None, request.album_id):
        album["spotify_id"] = sent_id
    clean, issues = clean_row(ALBUMS, album)
    values = {
        **clean,
        "id": request.album_id,
        "market": request.market,
        "tracks_loaded": complete.tracks_loaded,
        "released_on": released_on(complete.album.get("release_date")),
    }
    if values.get("total_tracks") is None:
        values["total_tracks"] = complete.total
    return Row(values, issues)


def track_row(positioned: PositionedTrack, album_id: str) -> Row:
    """Return a row of `album_tracks`."""
    track = _without(positioned.track, "available_markets", "disc_number", "track_number")
    clean, issues = clean_row(ALBUM_TRACKS, track)
    key = {
        "album_id": album_id,
        "disc_number": positioned.disc_number,
        "track_number": positioned.track_number,
    }
    return Row({**clean, **key}, issues)


def removal_row(album_id: str) -> dict[str, Any]:
    """Return a row whose merge removes all rows of an album from `album_tracks`."""
    return {"album_id": album_id, "disc_number": 0, "track_number": 0, "is_removed": True}


def released_on(release_date: object) -> date | None:
    """Return the first day of '1967', '2007-03' or '2026-11-20', or None if no date."""
    match = _RELEASE_DATE.fullmatch(release_date) if isinstance(release_date, str) else None
    if match is None:
        return None
    year, month, day = (int(part) if part else 1 for part in match.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _without(item: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in keys}


def _timestamp(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
