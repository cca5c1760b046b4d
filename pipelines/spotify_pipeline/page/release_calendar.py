"""The section on release dates: what came out on which day, and what is still to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from spotify_pipeline.page import charts
from spotify_pipeline.page.albums import Album, albums
from spotify_pipeline.page.charts import Chart, Table
from spotify_pipeline.page.database import Database, Row

DAYS_BACK, DAYS_AHEAD = 28, 28
# A Friday in many markets has thousands; the chart and its table count them all.
NAMED_A_DAY = 60
NAMED_IN_ALL = 900
_FRIDAY = 4
_COLOURS = {
    "album": charts.FIRST,
    "single": charts.SECOND,
    "ep": charts.THIRD,
    "compilation": charts.FOURTH,
    "other": charts.FIFTH,
}
_LATEST = "SELECT coalesce((SELECT max(seen_at)::DATE FROM release_sightings), max(released_on)) AS day FROM catalogue"
_WITHIN = """
    SELECT id, released_on, CASE WHEN list_contains(?, album_type) THEN album_type ELSE 'other' END AS album_type
    FROM catalogue
    WHERE release_date_precision = 'day' AND released_on BETWEEN ? AND ?
    ORDER BY released_on DESC, name, id
"""


@dataclass(frozen=True)
class Day:
    """A day and what came out on it.

    Attributes:
        albums: Those that are named.
        count: How many there are.
    """

    date: date
    albums: Sequence[Album]
    count: int


@dataclass(frozen=True)
class Calendar:
    """The days with releases, the latest first.

    Attributes:
        elsewhere: How many albums are dated before or after, or only to a month or a year.
        empty: Why there is nothing to show.
    """

    days: Sequence[Day] = ()
    elsewhere: int = 0
    chart: Chart | None = None
    empty: str | None = None


def read(database: Database) -> Calendar:
    """Four weeks back from the latest run, and four ahead."""
    total = database.one("SELECT count(*) AS albums FROM catalogue")["albums"]
    if not total:
        return Calendar(empty="No album is loaded yet.")
    latest = database.one(_LATEST)["day"]
    if latest is None:
        return Calendar(empty="No album that is loaded has a release date.", elsewhere=total)
    first, last = latest - timedelta(DAYS_BACK), latest + timedelta(DAYS_AHEAD)
    rows = database.rows(_WITHIN, list(_COLOURS), first, last)
    if not rows:
        why = f"None of the {total} albums that are loaded is dated to a day between {first} and {last}."
        return Calendar(empty=why, elsewhere=total)
    by_day: dict[date, list[str]] = defaultdict(list)
    for row in rows:
        by_day[row["released_on"]].append(row["id"])
    named = min(NAMED_A_DAY, NAMED_IN_ALL // len(by_day))
    known = albums(database, [album_id for ids in by_day.values() for album_id in ids[:named]])
    return Calendar(
        days=[Day(day, [known[album_id] for album_id in ids[:named]], len(ids)) for day, ids in by_day.items()],
        elsewhere=total - len(rows),
        chart=_chart(rows, first, max(latest, *by_day)),
    )


def _chart(rows: Sequence[Row], first: date, last: date) -> Chart:
    counts: dict[tuple[date, str], int] = defaultdict(int)
    for row in rows:
        counts[row["released_on"], row["album_type"]] += 1
    kinds = [kind for kind in _COLOURS if any(kind == of for _, of in counts)]
    data = [
        {"day": str(day), "type": kind, "order": kinds.index(kind), "albums": count, "says": _says(day, kind, count)}
        for (day, kind), count in sorted(counts.items())
    ]
    days = sorted({day for day, _ in counts}, reverse=True)
    description = "Bars: one a day, as high as the number of albums with that release date, divided by type of album."
    spec = {
        "data": {"values": data},
        "params": [charts.chosen_in_legend("type")],
        "mark": {"type": "bar", "width": {"band": 0.8}},
        "encoding": {
            "x": {
                "field": "day",
                "type": "temporal",
                "timeUnit": "utcyearmonthdate",
                "title": None,
                "scale": {"domain": [str(first), str(last + timedelta(1))], "type": "utc"},
                # Fridays: with them a music week starts.
                "axis": {
                    "values": [str(day) for day in _fridays(first, last)],
                    "format": "%-d %b",
                    "labelAlign": "left",
                },
            },
            "y": {"field": "albums", "type": "quantitative", "title": None, "axis": {"grid": True, "tickCount": 4}},
            "color": charts.coloured("type", {kind: _COLOURS[kind] for kind in kinds}),
            "order": {"field": "order"},
            "opacity": charts.DIMMED_UNLESS_CHOSEN,
            **charts.said(),
        },
    }
    return Chart(
        name="calendar",
        title="Albums by release date; the dates named are Fridays",
        description=description,
        spec=charts.drawn(spec, 200, description),
        table=Table(
            ["Day", *kinds, "Albums"],
            [
                [f"{day:%a} {day}", *(counts[day, kind] for kind in kinds), sum(counts[day, kind] for kind in kinds)]
                for day in days
            ],
        ),
    )


def _says(day: date, kind: str, count: int) -> str:
    return f"{day:%A} {day}: {count} of type {kind}"


def _fridays(first: date, last: date) -> list[date]:
    days = (first + timedelta(number) for number in range((last - first).days + 1))
    return [day for day in days if day.weekday() == _FRIDAY]
