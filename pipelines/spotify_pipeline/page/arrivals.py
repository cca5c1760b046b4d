"""The section on what is new: the albums that the latest run saw for the first time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from spotify_pipeline.page.albums import Card, cards
from spotify_pipeline.page.database import Database

# A first load can bring a thousand; the page stays one that a phone can open.
MOST_SHOWN = 120

_RUNS = "SELECT DISTINCT seen_at FROM release_sightings WHERE seen_at IS NOT NULL ORDER BY seen_at"
_NEW = """
    SELECT arrivals.album_id, min(position) AS best
    FROM arrivals
    JOIN catalogue ON catalogue.id = arrivals.album_id
    LEFT JOIN standings ON standings.album_id = arrivals.album_id AND standings.seen_at = arrivals.seen_at
    WHERE arrivals.seen_at = ?
    GROUP BY arrivals.album_id
    ORDER BY best NULLS LAST, arrivals.album_id
"""


@dataclass(frozen=True)
class Arrivals:
    """The albums that came last.

    Attributes:
        cards: Those shown.
        count: How many there are.
        seen_at: The run that brought them.
        previous: The run before it; None if it was the first.
        runs_since: How many runs came after it, none of which brought anything.
        empty: Why there is nothing to show.
    """

    cards: Sequence[Card] = ()
    count: int = 0
    seen_at: datetime | None = None
    previous: datetime | None = None
    runs_since: int = 0
    empty: str | None = None


def read(database: Database) -> Arrivals:
    """What the latest run brought; where it brought nothing, what the latest one did that brought something."""
    if not database.has("release_sightings"):
        return Arrivals(empty="The table release_sightings is not there: load it, and each run tells what it saw.")
    runs = [row["seen_at"] for row in database.rows(_RUNS)]
    if not runs:
        return Arrivals(empty="No run has read a listing yet.")
    brought = database.one("SELECT max(seen_at) AS seen_at FROM arrivals JOIN catalogue ON id = album_id")["seen_at"]
    if brought is None:
        return Arrivals(empty="Albums were listed, but neither new_releases nor albums was loaded.")
    ids = [row["album_id"] for row in database.rows(_NEW, brought)]
    place = runs.index(brought)
    return Arrivals(
        cards=cards(database, ids[:MOST_SHOWN]),
        count=len(ids),
        seen_at=brought,
        previous=runs[place - 1] if place else None,
        runs_since=len(runs) - 1 - place,
    )
