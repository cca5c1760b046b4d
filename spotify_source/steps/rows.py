"""From the API's objects to table rows: pure functions. Knows columns by name, not how they are declared or stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timezone
from typing import Any, NamedTuple

from dlt.common import json
from dlt.common.utils import digest128

from ..models import CompleteAlbum, DataIssue, PlacedTrack, QueryYield, Sighting, SimplifiedAlbum, WatchedArtist
from ..schema import ALBUM_TRACKS, ALBUMS, NEW_RELEASES
from .safe_rows import safe_row
from .safe_values import safe_text

_RELEASE_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", re.ASCII)


class Row(NamedTuple):
    """A row, and what had to be changed for it to be one."""

    values: dict[str, Any]
    findings: Sequence[DataIssue]


def new_release_row(album: SimplifiedAlbum, market: str) -> Row:
    """A row of `new_releases`, with the hash by which an album that is listed again unchanged is known."""
    safe, findings = safe_row(NEW_RELEASES, album)
    row = {**safe, "market": market, "released_on": released_on(album.get("release_date"))}
    return Row({**row, "content_hash": digest128(json.dumps(row, sort_keys=True))}, findings)


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
        "name": safe_text(artist.name) if artist.name else artist.name,
        "listed_as": artist.listed_as,
        "resolved": artist.resolved.value,
        "candidates": [{"id": one.artist_id, "name": safe_text(one.name)} for one in artist.candidates] or None,
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


def album_row(complete: CompleteAlbum) -> Row:
    """A row of `albums`: all but the tracks, and the markets that `market` stands in for.

    The id is the one that was asked for; another one that came is kept beside it.
    """
    safe, findings = safe_row(ALBUMS, _without(complete.album, ("tracks", "available_markets")))
    asked, came = complete.request.album_id, safe.get("id")
    row = {
        **safe,
        "id": asked,
        "market": complete.request.market,
        "tracks_loaded": complete.tracks_loaded,
        "released_on": released_on(complete.album.get("release_date")),
    }
    if row.get("total_tracks") is None:
        row["total_tracks"] = complete.total
    if came not in (None, asked):
        row["spotify_id"] = came
    return Row(row, findings)


def track_row(placed: PlacedTrack, album_id: str) -> Row:
    """A row of `album_tracks`."""
    safe, findings = safe_row(
        ALBUM_TRACKS, _without(placed.track, ("available_markets", "disc_number", "track_number"))
    )
    place = {"disc_number": placed.disc_number, "track_number": placed.track_number}
    return Row({**safe, **place, "album_id": album_id}, findings)


def removal_row(album_id: str) -> dict[str, Any]:
    """A row that stays nowhere: merging it takes all tracks of an album out of `album_tracks`."""
    return {"album_id": album_id, "disc_number": 0, "track_number": 0, "is_removed": True}


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


def _without(item: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in keys}
