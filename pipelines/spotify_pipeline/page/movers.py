"""The section on risers and fallers: how albums moved on a listing between its two latest runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from spotify_pipeline.page import charts
from spotify_pipeline.page.albums import Album, albums
from spotify_pipeline.page.charts import Chart, Link, Table
from spotify_pipeline.page.database import Database

EACH_WAY = 8
RUNS_CHARTED = 12
LISTINGS_SHOWN = 6

# A chart of hundreds of lines can't be read, and three years of many markets must stay one small page.
ALBUMS_CHARTED = 100
ALBUMS_IN_ALL_CHARTS = 180
_NAMED = 8

# Markets whose recent runs are the same, place by place, are one listing.
_LISTINGS = """
    WITH listed AS (
        SELECT *, dense_rank() OVER (PARTITION BY market ORDER BY seen_at DESC) AS back
        FROM standings
        WHERE market IN (SELECT market FROM standings WHERE seen_at = (SELECT max(seen_at) FROM standings))
    ), paths AS (
        SELECT
            market,
            count(DISTINCT seen_at) AS runs,
            list((seen_at, position, album_id) ORDER BY seen_at, position, album_id) AS path
        FROM listed
        WHERE back <= ?
        GROUP BY market
    )
    SELECT list(market ORDER BY market) AS markets, any_value(runs) AS runs
    FROM paths
    GROUP BY path
    ORDER BY markets
"""
_RUNS = "SELECT DISTINCT seen_at FROM standings WHERE market = ? ORDER BY seen_at DESC LIMIT ?"
_MOVES = """
    SELECT album_id, before.position AS was, after.position AS now
    FROM standings AS after
    JOIN standings AS before USING (market, album_id)
    JOIN catalogue ON catalogue.id = album_id
    WHERE market = ? AND before.seen_at = ? AND after.seen_at = ?
    ORDER BY was - now DESC, now
"""
_PATHS = """
    SELECT album_id, seen_at, position
    FROM standings
    WHERE market = ? AND seen_at >= ? AND album_id IN (SELECT unnest(?))
    ORDER BY seen_at, position
"""


@dataclass(frozen=True)
class Move:
    """An album and its place in the run before and in the latest."""

    album: Album
    was: int
    now: int

    @property
    def up(self) -> int:
        """How many places it rose."""
        return self.was - self.now


@dataclass(frozen=True)
class Listing:
    """A listing between two runs.

    Attributes:
        markets: The codes of those that have it; '*' alone where the listing has no market.
        stayed: How many albums are in both runs.
        charted: How many of them the chart has.
        empty: Why there is nothing to compare.
    """

    markets: Sequence[str]
    before: datetime | None = None
    after: datetime | None = None
    stayed: int = 0
    charted: int = 0
    risers: Sequence[Move] = ()
    fallers: Sequence[Move] = ()
    chart: Chart | None = None
    empty: str | None = None

    @property
    def title(self) -> str:
        """Its markets in words."""
        if len(self.markets) == 1:
            return f"Market {self.markets[0]}"
        if len(self.markets) <= _NAMED:
            return f"Markets {', '.join(self.markets[:-1])} and {self.markets[-1]}"
        return f"Markets {', '.join(self.markets[:_NAMED])} and {len(self.markets) - _NAMED} more"


@dataclass(frozen=True)
class Movers:
    """The listings of the latest run.

    Attributes:
        more: How many markets are not shown.
        empty: Why there is nothing to show.
    """

    listings: Sequence[Listing] = ()
    more: int = 0
    empty: str | None = None


def read(database: Database) -> Movers:
    """How albums moved, market by market."""
    listings = database.rows(_LISTINGS, RUNS_CHARTED)
    if not listings:
        return Movers(empty="No run has read a listing yet, or release_sightings was not loaded.")
    if all(row["runs"] == 1 for row in listings):
        only = database.one("SELECT count(DISTINCT seen_at) AS runs FROM standings")["runs"] == 1
        why = "There has been one run." if only else "The latest run read another listing than the runs before it."
        return Movers(empty=f"{why} Positions can be compared after the next.")
    shown = listings[:LISTINGS_SHOWN]
    most = min(ALBUMS_CHARTED, ALBUMS_IN_ALL_CHARTS // len(shown))
    return Movers(
        listings=[_listing(database, row["markets"], most) for row in shown],
        more=sum(len(row["markets"]) for row in listings[LISTINGS_SHOWN:]),
    )


def _listing(database: Database, markets: Sequence[str], most: int) -> Listing:
    market = markets[0]
    runs = [row["seen_at"] for row in database.rows(_RUNS, market, RUNS_CHARTED)]
    if len(runs) == 1:
        what = "This market has" if len(markets) == 1 else "These markets have"
        return Listing(markets, empty=f"{what} been listed once. Positions can be compared after the next run.")
    after, before = runs[:2]
    moves = _moves(database, market, before, after)
    risers = [move for move in moves if move.up > 0][:EACH_WAY]
    fallers = [move for move in reversed(moves) if move.up < 0][:EACH_WAY]
    if not risers and not fallers:
        why = (
            f"None of the {len(moves)} albums in both runs moved." if moves else "The two runs have no album in common."
        )
        return Listing(markets, empty=why)
    charted = _charted(moves, most, risers, fallers)
    chart = _chart(database, market, runs, charted, risers, fallers)
    return Listing(markets, before, after, len(moves), len(charted), risers, fallers, chart)


def _moves(database: Database, market: str, before: datetime, after: datetime) -> list[Move]:
    rows = database.rows(_MOVES, market, before, after)
    known = albums(database, [row["album_id"] for row in rows])
    return [Move(known[row["album_id"]], row["was"], row["now"]) for row in rows]


def _charted(moves: Sequence[Move], most: int, *marked: Sequence[Move]) -> list[Move]:
    """Those that moved most, and the highest of the others, in the order in which they came."""
    kept = {move.album.id for moves_ in marked for move in moves_}
    highest = [move.album.id for move in sorted(moves, key=lambda move: move.now) if move.album.id not in kept]
    kept.update(highest[: max(0, most - len(kept))])
    return [move for move in moves if move.album.id in kept]


_COLOURS = {"rising": charts.FIRST, "falling": charts.FOURTH, "others": charts.RULE}


def _chart(
    database: Database,
    market: str,
    runs: Sequence[datetime],
    moves: Sequence[Move],
    risers: Sequence[Move],
    fallers: Sequence[Move],
) -> Chart:
    number = {move.album.id: place for place, move in enumerate(moves)}
    kinds = {move.album.id: "rising" for move in risers} | {move.album.id: "falling" for move in fallers}
    by_id = {move.album.id: move for move in moves}
    until, since = runs[0], runs[-1]
    paths = database.rows(_PATHS, market, since, list(by_id))
    values = [
        {
            "album": number[row["album_id"]],
            "run": f"{row['seen_at']:%Y-%m-%dT%H:%M:%S}",
            "position": row["position"],
            "latest": row["seen_at"] == until,
            "kind": kinds.get(row["album_id"], "others"),
            "says": _says(by_id[row["album_id"]]),
        }
        for row in paths
    ]
    description = (
        "Lines: one an album, from run to run; the higher, the nearer the top of the listing. "
        "Those that rose or fell most since the run before are coloured."
    )
    return Chart(
        name=f"movers-{market.lower().replace('*', 'all')}",
        title="Position in the listing, run by run",
        description=description,
        spec=charts.drawn(_spec(values), 320, description),
        table=Table(
            ["Album", "Artists", "Was", "Is", "Change"],
            [[Link(m.album.name, m.album.url), m.album.by, m.was, m.now, f"{m.up:+d}" if m.up else "0"] for m in moves],
        ),
    )


_SIZE: charts.Spec = {"condition": {"test": "datum.kind === 'others'", "value": 30}, "value": 70}


def _spec(values: Sequence[Mapping[str, object]]) -> charts.Spec:
    pointed = {"param": "pointed", "empty": False}
    return {
        "data": {"values": values},
        "encoding": {
            "x": {
                "field": "run",
                "type": "ordinal",
                "title": None,
                "scale": {"padding": 0.15},
                "axis": charts.RUN_AXIS,
            },
            "y": {
                "field": "position",
                "type": "quantitative",
                "title": None,
                "scale": {"reverse": True, "nice": False, "zero": False},
                "axis": {"tickCount": 5},
            },
            "detail": {"field": "album", "type": "nominal"},
            "color": charts.coloured("kind", _COLOURS),
        },
        "layer": [
            {
                "transform": [{"filter": "datum.kind === 'others'"}],
                "mark": {"type": "line", "strokeWidth": 1, "aria": False},
            },
            {
                "transform": [{"filter": "datum.kind !== 'others'"}],
                "mark": {"type": "line", "strokeWidth": 2, "aria": False},
                "encoding": {
                    "strokeWidth": {"condition": {**pointed, "value": 4}, "value": 2},
                },
            },
            {
                "params": [
                    {
                        "name": "pointed",
                        "select": {"type": "point", "on": "pointerover", "fields": ["album"], "clear": "pointerout"},
                    }
                ],
                "mark": {"type": "circle", "opacity": 1, "aria": False},
                "encoding": {"size": _SIZE, **charts.said()},
            },
            {
                # One mark an album to step through, the highest first.
                "transform": [{"filter": "datum.latest"}],
                "mark": {"type": "circle", "opacity": 1},
                "encoding": {"size": _SIZE, **charts.said()},
            },
        ],
    }


def _says(move: Move) -> str:
    name = f"{move.album.name} by {move.album.by}" if move.album.by else move.album.name
    if not move.up:
        return f"{name}: stayed at {move.now}"
    return f"{name}: {'up' if move.up > 0 else 'down'} {abs(move.up)}, from {move.was} to {move.now}"
