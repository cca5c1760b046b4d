"""The section on track lengths: how long tracks are, and which are the shortest and the longest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from spotify_pipeline.page import charts, links
from spotify_pipeline.page.albums import Album, albums
from spotify_pipeline.page.charts import Chart, Table
from spotify_pipeline.page.database import Database, Row

STEP = 30
# Everything that takes longer stands in the last bar: one recording of three hours would flatten the rest.
LAST = 600
AT_EACH_END = 5

_TRACKS = "FROM album_tracks WHERE duration_ms > 0"
_COUNTS = f"""
    SELECT least(duration_ms // 1000 // {STEP} * {STEP}, {LAST})::INTEGER AS start,
        coalesce(explicit, false) AS explicit, count(*) AS tracks
    {_TRACKS}
    GROUP BY ALL
    ORDER BY ALL
"""
_COLOURS = {"not explicit": charts.FIRST, "explicit": charts.FOURTH}


@dataclass(frozen=True)
class Timed:
    """A track, its album and its length."""

    name: str
    url: str
    album: Album | None
    milliseconds: int


@dataclass(frozen=True)
class Lengths:
    """How long the loaded tracks are.

    Attributes:
        empty: Why there is nothing to show.
    """

    tracks: int = 0
    median: int = 0
    shortest: Sequence[Timed] = ()
    longest: Sequence[Timed] = ()
    chart: Chart | None = None
    empty: str | None = None


def read(database: Database) -> Lengths:
    """All tracks that have a length."""
    if not database.has("album_tracks"):
        return Lengths(empty="The table album_tracks is not there: load it, and tracks are counted here.")
    total = database.one(f"SELECT count(*) AS tracks, median(duration_ms)::BIGINT AS median {_TRACKS}")
    if not total["tracks"]:
        return Lengths(empty="No track is loaded yet.")
    return Lengths(
        tracks=total["tracks"],
        median=total["median"],
        shortest=_end(database, "ASC"),
        longest=_end(database, "DESC"),
        chart=_chart(database.rows(_COUNTS)),
    )


def clock(milliseconds: int) -> str:
    """A length as players show it: 3:25, 1:02:03."""
    seconds = milliseconds // 1000
    minutes, rest = divmod(seconds, 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours}:{minutes_left:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _end(database: Database, direction: str) -> list[Timed]:
    order = f"ORDER BY duration_ms {direction}, album_id, disc_number, track_number"
    rows = database.rows(f"{_TRACKS} {order} LIMIT {AT_EACH_END}")
    known = albums(database, [row["album_id"] for row in rows])
    return [_timed(row, known.get(row["album_id"])) for row in rows]


def _timed(row: Row, album: Album | None) -> Timed:
    url = links.page_of("track", row["id"], row["external_urls__spotify"])
    return Timed(row["name"] or "Without a name", url, album, row["duration_ms"])


def _chart(counts: Sequence[Row]) -> Chart:
    bars: dict[tuple[int, str], int] = defaultdict(int)
    for row in counts:
        bars[row["start"], "explicit" if row["explicit"] else "not explicit"] += row["tracks"]
    kinds = [kind for kind in _COLOURS if any(kind == of for _, of in bars)]
    values = [
        {
            "from": start,
            "to": start + STEP,
            "words": kind,
            "order": kinds.index(kind),
            "tracks": count,
            "says": f"{_range(start)}: {count:,} {kind}",
        }
        for (start, kind), count in sorted(bars.items())
    ]
    description = (
        "Bars: one for each half minute, as high as the number of tracks of that length; "
        "the last one holds all of ten minutes and more."
    )
    spec = {
        "data": {"values": values},
        "params": [charts.chosen_in_legend("words")],
        "mark": {"type": "bar", "binSpacing": 2},
        "encoding": {
            "x": {
                "field": "from",
                "type": "quantitative",
                "title": "minutes",
                "bin": {"binned": True, "step": STEP},
                "scale": {"domain": [0, LAST + STEP], "nice": False},
                "axis": {
                    "values": list(range(0, LAST + 1, 60)),
                    "labelExpr": f"datum.value / 60 + (datum.value === {LAST} ? '+' : '')",
                },
            },
            "x2": {"field": "to"},
            "y": {"field": "tracks", "type": "quantitative", "title": None, "axis": {"grid": True, "tickCount": 4}},
            "color": charts.coloured("words", {kind: _COLOURS[kind] for kind in kinds}),
            "order": {"field": "order"},
            "opacity": charts.DIMMED_UNLESS_CHOSEN,
            **charts.said(),
        },
    }
    starts = sorted({start for start, _ in bars})
    return Chart(
        name="lengths",
        title="Tracks by length, half minute by half minute",
        description=description,
        spec=charts.drawn(spec, 200, description),
        table=Table(
            ["Length", *kinds],
            [[_range(start), *(bars[start, kind] for kind in kinds)] for start in starts],
        ),
    )


def _range(start: int) -> str:
    if start == LAST:
        return f"{clock(LAST * 1000)} and longer"
    return f"{clock(start * 1000)} to {clock((start + STEP) * 1000 - 1)}"
