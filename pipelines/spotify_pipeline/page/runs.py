"""The section on loads: how the runs ended, what they cost, and what of the quota is closed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from spotify_pipeline.exits import Exit
from spotify_pipeline.page import charts
from spotify_pipeline.page.charts import Chart, Table
from spotify_pipeline.page.database import Database, Row

CHARTED = 30
LISTED = 10
# So few bars would be as wide as they are high; more of that width would not fit a phone.
_FEW = 12
_DAY = timedelta(hours=24)
_ENDS = {
    Exit.COMPLETE: "complete",
    Exit.PENDING: "something is pending",
    Exit.REFUSED: "refused by Spotify",
    Exit.UNAVAILABLE: "API or destination out of reach",
    Exit.BUG: "a bug",
}
_COLOURS = (charts.FIRST, charts.FOURTH, charts.SECOND, charts.THIRD, charts.FIFTH)


@dataclass(frozen=True)
class Run:
    """A run, as its row in load_runs tells it."""

    started: datetime
    seconds: float | None
    end: str
    complete: bool
    reason: str | None
    new: int
    fetched: int
    tracks: int
    pending: int
    calls: Mapping[str, int]

    @property
    def all_calls(self) -> int:
        """Calls of every bucket."""
        return sum(self.calls.values())


@dataclass(frozen=True)
class Bucket:
    """Calls that share a quota.

    Attributes:
        calls: How many were made in the last 24 hours.
        closed_until: When it opens again; None where it is open.
    """

    name: str
    calls: int
    closed_until: datetime | None


@dataclass(frozen=True)
class Runs:
    """How loading goes.

    Attributes:
        latest: The runs, the latest first.
        total: How many there were.
        app: What kind of app it is, in words; None if no run found out.
        empty: Why there is nothing to show.
    """

    latest: Sequence[Run] = ()
    total: int = 0
    buckets: Sequence[Bucket] = ()
    app: str | None = None
    chart: Chart | None = None
    empty: str | None = None


def read(database: Database, now: datetime) -> Runs:
    """The runs up to now.

    Args:
        database: What is loaded.
        now: The time, in UTC: which buckets are closed goes by it.
    """
    if not database.has("load_runs"):
        return Runs(
            empty="The table load_runs is not there: pipelines/load.py writes it, a script of your own does not."
        )
    rows = database.rows("FROM load_runs WHERE started_at IS NOT NULL ORDER BY started_at DESC")
    if not rows:
        return Runs(empty="No run has been entered into load_runs yet.")
    runs = [_run(row) for row in rows]
    return Runs(
        latest=runs[:LISTED],
        total=len(runs),
        buckets=_buckets(runs, rows[0], now),
        app=_app(rows),
        chart=_chart(runs[:CHARTED]),
    )


def _run(row: Row) -> Run:
    code = row["exit_code"]
    ended = row["finished_at"]
    return Run(
        started=row["started_at"],
        seconds=(ended - row["started_at"]).total_seconds() if ended else None,
        end=_ENDS[Exit(code)] if code in set(_ENDS) else f"exit {code}",
        complete=code == Exit.COMPLETE,
        reason=row["reason"],
        new=row["albums_new"] or 0,
        fetched=row["albums_fetched"] or 0,
        tracks=row["tracks_loaded"] or 0,
        pending=row["albums_pending"] or 0,
        calls={str(bucket): int(calls) for bucket, calls in _object(row["calls"]).items()},
    )


def _buckets(runs: Sequence[Run], latest: Row, now: datetime) -> list[Bucket]:
    spent: Counter[str] = Counter()
    for run in runs:
        if now - run.started < _DAY:
            spent.update(run.calls)
    closed = {bucket: _utc(until) for bucket, until in _object(latest["blocked_until"]).items()}
    names = sorted({name for run in runs for name in run.calls} | set(closed))
    return [Bucket(name, spent[name], _future(closed.get(name), now)) for name in names]


def _future(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment > now else None


def _app(rows: Sequence[Row]) -> str | None:
    found = next((row for row in rows if row["browse_allowed"] is not None), None)
    if found is None:
        return None
    if found["browse_allowed"]:
        return "may call browse/new-releases"
    return "may not call browse/new-releases, and finds releases by search"


def _object(text: str | None) -> dict[str, Any]:
    """A JSON column that holds an object; empty where it does not."""
    found = json.loads(text) if text else None
    return found if isinstance(found, dict) else {}


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(timezone.utc).replace(tzinfo=None) if moment.tzinfo else moment


def _chart(runs: Sequence[Run]) -> Chart:
    in_order = list(reversed(runs))
    buckets = sorted({bucket for run in runs for bucket in run.calls})
    values = [
        {
            "run": f"{run.started:%Y-%m-%dT%H:%M:%S}",
            "bucket": bucket,
            "order": buckets.index(bucket),
            "calls": calls,
            "says": f"{run.started:%Y-%m-%d %H:%M}: {calls} calls to {bucket}",
        }
        for run in in_order
        for bucket, calls in sorted(run.calls.items())
    ]
    description = "Bars: one a run, as high as its number of API calls, divided by bucket."
    colours = {bucket: _COLOURS[number % len(_COLOURS)] for number, bucket in enumerate(buckets)}
    spec = {
        "data": {"values": values},
        "params": [charts.chosen_in_legend("bucket")],
        "mark": {"type": "bar", "width": 20 if len(runs) <= _FEW else {"band": 0.7}},
        "encoding": {
            "x": {"field": "run", "type": "ordinal", "title": None, "axis": charts.RUN_AXIS},
            "y": {"field": "calls", "type": "quantitative", "title": None, "axis": {"grid": True, "tickCount": 4}},
            "color": charts.coloured("bucket", colours),
            "order": {"field": "order"},
            "opacity": charts.DIMMED_UNLESS_CHOSEN,
            **charts.said(),
        },
    }
    return Chart(
        name="calls",
        title="API calls, run by run",
        description=description,
        spec=charts.drawn(spec, 180, description),
        table=Table(
            ["Run (UTC)", *buckets, "Calls"],
            [
                [f"{run.started:%Y-%m-%d %H:%M}", *(run.calls.get(bucket, 0) for bucket in buckets), run.all_calls]
                for run in runs
            ],
        ),
    )
