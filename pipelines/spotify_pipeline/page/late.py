"""The section on what surfaced late: albums that no listing showed until a week or more after their release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from spotify_pipeline.page.albums import Album, albums
from spotify_pipeline.page.database import Database

DAYS_BACK = 28
MOST_SHOWN = 30

_LATE = """
    SELECT album_id, seen_at, days
    FROM late_arrivals
    WHERE seen_at >= (SELECT max(seen_at) FROM release_sightings) - to_days(CAST(? AS INTEGER))
    ORDER BY seen_at DESC, days, album_id
"""


@dataclass(frozen=True)
class LateAlbum:
    """An album, when it was first seen, and how many days after its release."""

    album: Album
    seen_at: datetime
    days: int


@dataclass(frozen=True)
class Late:
    """What surfaced late in the last four weeks.

    Attributes:
        albums: Those shown, the latest first.
        count: How many there are.
        empty: Why there is nothing to show.
    """

    albums: Sequence[LateAlbum] = ()
    count: int = 0
    empty: str | None = None


def read(database: Database) -> Late:
    """Albums first seen in the last four weeks, and more than a week after their release."""
    rows = database.rows(_LATE, DAYS_BACK)
    if not rows:
        return Late(empty="No album that surfaced in the last four weeks had been out for more than a week.")
    shown = rows[:MOST_SHOWN]
    known = albums(database, [row["album_id"] for row in shown])
    return Late([LateAlbum(known[row["album_id"]], row["seen_at"], row["days"]) for row in shown], len(rows))
