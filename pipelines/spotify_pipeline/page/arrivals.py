"""The section on what is new: the albums that the latest run saw for the first time, those of watched artists first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from spotify_pipeline.page.albums import Card, cards
from spotify_pipeline.page.database import Database

# A first load can bring a thousand; the page stays one that a phone can open.
MOST_SHOWN = 120
# Every track of a box set would be most of the page.
TRACKS_SHOWN = 50

_RUNS = "SELECT DISTINCT seen_at FROM release_sightings WHERE seen_at IS NOT NULL ORDER BY seen_at"
_NEW = """
    WITH watched AS (
        SELECT album_id, list(DISTINCT name ORDER BY name) FILTER (name IS NOT NULL) AS names
        FROM watched_albums GROUP BY album_id
    ), best AS (
        SELECT album_id, min(position) AS position, min_by(market, (position, market)) AS market
        FROM standings WHERE seen_at = $1 GROUP BY album_id
    ), sighted AS (
        SELECT
            album_id,
            list(DISTINCT market ORDER BY market) FILTER (market <> '*') AS markets,
            bool_or(starts_with(query, 'artist:')) AS by_artist
        FROM release_sightings WHERE seen_at = $1 GROUP BY album_id
    )
    SELECT
        arrivals.album_id,
        best.position AS rank,
        best.market AS rank_market,
        sighted.markets,
        coalesce(sighted.by_artist, false) AS by_artist,
        watched.album_id IS NOT NULL AS is_watched,
        watched.names,
        late.days AS late
    FROM arrivals
    JOIN catalogue ON catalogue.id = arrivals.album_id
    JOIN sighted ON sighted.album_id = arrivals.album_id
    LEFT JOIN best ON best.album_id = arrivals.album_id
    LEFT JOIN watched ON watched.album_id = arrivals.album_id
    LEFT JOIN late_arrivals AS late ON late.album_id = arrivals.album_id
    WHERE arrivals.seen_at = $1
    ORDER BY is_watched DESC, rank NULLS LAST, catalogue.released_on DESC NULLS LAST, arrivals.album_id
"""


@dataclass(frozen=True)
class Found:
    """How an album was found.

    Attributes:
        rank: Its best place in a plain listing; None where only an artist's own listing or a search showed it.
        rank_market: The market of that place.
        by_artist: Whether an artist's own listing showed it.
        markets: Where it was seen; empty where the listing has no market.
        is_watched: Whether it is by a watched artist, or was found at one.
        watched: Their names, as far as they are known.
        late: Days from its release until it was first seen, where that is late; else None.
    """

    rank: int | None
    rank_market: str | None
    by_artist: bool
    markets: Sequence[str]
    is_watched: bool
    watched: Sequence[str]
    late: int | None


@dataclass(frozen=True)
class Arrivals:
    """The albums that came last.

    Attributes:
        cards: Those shown.
        found: How each of them was found, by album id.
        count: How many there are.
        watched: How many of them are watched artists'.
        unranked: How many of those shown have no place in a listing.
        late: How many of them surfaced late.
        seen_at: The run that brought them.
        previous: The run before it; None if it was the first.
        runs_since: How many runs came after it, none of which brought anything.
        is_demo: Whether the catalogue is the demo's, of which Spotify has nothing to play.
        empty: Why there is nothing to show.
    """

    cards: Sequence[Card] = ()
    found: Mapping[str, Found] = field(default_factory=dict)
    count: int = 0
    watched: int = 0
    unranked: int = 0
    late: int = 0
    seen_at: datetime | None = None
    previous: datetime | None = None
    runs_since: int = 0
    is_demo: bool = False
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
    found = _found(database, brought)
    shown = list(found)[:MOST_SHOWN]
    place = runs.index(brought)
    return Arrivals(
        cards=cards(database, shown),
        found=found,
        count=len(found),
        watched=sum(each.is_watched for each in found.values()),
        unranked=sum(found[album_id].rank is None for album_id in shown),
        late=sum(each.late is not None for each in found.values()),
        seen_at=brought,
        previous=runs[place - 1] if place else None,
        runs_since=len(runs) - 1 - place,
        is_demo=database.one("SELECT count(*) FILTER (contains(url, '.invalid/')) > 0 AS is_demo FROM covers")[
            "is_demo"
        ],
    )


def _found(database: Database, run: datetime) -> dict[str, Found]:
    return {
        row["album_id"]: Found(
            rank=row["rank"],
            rank_market=row["rank_market"],
            by_artist=row["by_artist"],
            markets=row["markets"] or (),
            is_watched=row["is_watched"],
            watched=row["names"] or (),
            late=row["late"],
        )
        for row in database.rows(_NEW, run)
    }
