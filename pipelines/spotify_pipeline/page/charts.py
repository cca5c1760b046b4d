"""Charts of the page as Vega-Lite specifications, each with its table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spotify_pipeline.page.data import Row

Spec = Mapping[str, Any]

# The page's own CSS variables, so that a chart follows light and dark mode without being drawn again.
INK, MUTED, RULE = "var(--ink)", "var(--muted)", "var(--rule)"
PALETTE: Final = tuple(f"var(--chart-{number})" for number in range(1, 6))
# In the order of the greatest contrast between neighbours.
_DISTINCT: Final = tuple(PALETTE[number] for number in (0, 3, 1, 2, 4))

_CONFIG: Final[Spec] = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "ticks": False,
        "grid": False,
        "labelColor": MUTED,
        "titleColor": MUTED,
        "gridColor": RULE,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelPadding": 6,
        "labelOverlap": True,
    },
    "legend": {
        "orient": "top",
        "labelColor": INK,
        "labelFontSize": 13,
        "title": None,
        "symbolType": "square",
        "columnPadding": 16,
        "columns": 3,
    },
}
# Runs by day and time, without the year: a phone has no room for more.
RUN_AXIS: Final[Spec] = {"labelExpr": "timeFormat(toDate(datum.value), '%-d %b %H:%M')", "labelAngle": 0}
# Text of a mark that is pointed at or read by a screen reader: the column `says`.
_SAYS: Final[Spec] = {
    "tooltip": {"field": "says", "type": "nominal"},
    "description": {"field": "says", "type": "nominal"},
}


@dataclass(frozen=True)
class DrawnChart:
    """A chart as the template shows it."""

    name: str
    title: str
    description: str
    spec: Spec
    columns: Sequence[str]  # of the table
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True, kw_only=True)
class Chart(ABC):
    """A chart of the rows of a query.

    Its column `says` is the text of a mark.
    """

    name: str  # id on the page; {column} stands for a value of the part
    title: str
    description: str  # for readers who cannot see the chart
    query: str
    height: int  # pixels

    def draw(self, rows: Sequence[Row], part: Row) -> DrawnChart:
        """Draw the rows.

        Args:
            rows: Result of the query.
            part: Row of the part of the section that the chart is in.
        """
        spec = {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "width": "container",
            "height": self.height,
            "autosize": {"type": "fit-x", "contains": "padding"},
            "description": self.description,
            "config": _CONFIG,
            **self._spec(rows, part),
        }
        columns, cells = self._table(rows)
        return DrawnChart(self.name.format(**part), self.title, self.description, spec, columns, cells)

    @abstractmethod
    def _spec(self, rows: Sequence[Row], part: Row) -> Spec: ...

    @abstractmethod
    def _table(self, rows: Sequence[Row]) -> tuple[Sequence[str], Sequence[Sequence[object]]]: ...


@dataclass(frozen=True, kw_only=True)
class StackedBars(Chart):
    """Bars along an axis, divided into series; a click on the legend highlights one.

    The query returns the columns `label` (of the table's row), `says`, and those named below, in the order of the axis.
    """

    x: str
    axis: Spec  # encoding of x
    end: str | None = None  # column with the end of the bar on the axis
    series: str
    value: str
    bar: Spec
    label: str  # heading of the table's first column
    total: str | None = None  # heading of the table's last column
    colours: Mapping[str, str] | None = None  # by series; None for distinct ones in turn
    newest_first: bool = False  # order of the table

    def _series(self, rows: Sequence[Row]) -> list[str]:
        present = {row[self.series] for row in rows}
        return [one for one in self.colours if one in present] if self.colours else sorted(present)

    def _spec(self, rows: Sequence[Row], part: Row) -> Spec:
        series = self._series(rows)
        colours = self.colours or {one: _DISTINCT[number % len(_DISTINCT)] for number, one in enumerate(series)}
        columns = [column for column in (rows[0] if rows else {}) if column != "label"]
        return {
            "data": {
                "values": [
                    {**{column: row[column] for column in columns}, "order": series.index(row[self.series])}
                    for row in rows
                ]
            },
            "params": [
                {"name": "chosen", "select": {"type": "point", "fields": [self.series]}, "bind": "legend"},
            ],
            "mark": {"type": "bar", **self.bar},
            "encoding": {
                "x": {"field": self.x, "title": None, **self._axis(part)},
                **({"x2": {"field": self.end}} if self.end else {}),
                "y": {
                    "field": self.value,
                    "type": "quantitative",
                    "title": None,
                    "axis": {"grid": True, "tickCount": 4},
                },
                "color": _colour(self.series, {one: colours[one] for one in series}),
                "order": {"field": "order"},
                "opacity": {"condition": {"param": "chosen", "value": 1}, "value": 0.15},
                **_SAYS,
            },
        }

    def _axis(self, part: Row) -> Spec:
        """Return the encoding of x, with domain and ticks if the part has them."""
        if "domain" not in part:
            return self.axis
        scale, axis = {"domain": part["domain"], "type": "utc"}, {**self.axis["axis"], "values": part["ticks"]}
        return {**self.axis, "scale": scale, "axis": axis}

    def _table(self, rows: Sequence[Row]) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
        series = self._series(rows)
        counts: dict[str, dict[str, int]] = {}
        for row in rows:
            counts.setdefault(row["label"], dict.fromkeys(series, 0))[row[self.series]] += row[self.value]
        table = [
            [label, *numbers.values(), *([sum(numbers.values())] if self.total else [])]
            for label, numbers in counts.items()
        ]
        columns = [self.label, *series, *([self.total] if self.total else [])]
        return columns, table[::-1] if self.newest_first else table


@dataclass(frozen=True, kw_only=True)
class NamedBars(Chart):
    """Horizontal bars, each below its name.

    A phone has no room for names beside the bars. `height` is that of one bar.
    """

    value: str
    bar_name: str
    columns: Mapping[str, str]  # of the table: column of the query by heading

    def _spec(self, rows: Sequence[Row], part: Row) -> Spec:  # noqa: ARG002 - same for each part
        axis = {"tickCount": 4, "tickMinStep": 1, "format": "d", "grid": True}
        text = {"type": "text", "align": "left", "dx": 1, "dy": -4, "fontSize": 13, "color": INK, "aria": False}
        return {
            "height": self.height * len(rows),
            "data": {"values": [{"place": place, **row} for place, row in enumerate(rows)]},
            "encoding": {"y": {"field": "place", "type": "ordinal", "axis": None}},
            "layer": [
                {
                    "mark": {"type": "bar", "height": 6, "yOffset": 10, "color": PALETTE[0]},
                    "encoding": {
                        "x": {"field": self.value, "type": "quantitative", "title": None, "axis": axis},
                        **_SAYS,
                    },
                },
                {"mark": text, "encoding": {"x": {"value": 0}, "text": {"field": self.bar_name}}},
            ],
        }

    def _table(self, rows: Sequence[Row]) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
        return list(self.columns), [[row[column] for column in self.columns.values()] for row in rows]


@dataclass(frozen=True, kw_only=True)
class RankLines(Chart):
    """Lines of positions from run to run, coloured by `kind`.

    The query returns `run`, `position`, `latest` (True in the last run), `album` (number of the line), `kind` and `says`
    for each point, and the columns of the table for each line's last point.
    """

    columns: Mapping[str, str]  # of the table: column of the query by heading

    def _spec(self, rows: Sequence[Row], part: Row) -> Spec:  # noqa: ARG002 - same for each part
        names = ("album", "run", "position", "latest", "kind", "says")
        size = {"condition": {"test": "datum.kind === 'others'", "value": 30}, "value": 70}
        pointed = {"param": "pointed", "empty": False}
        select = {"type": "point", "on": "pointerover", "fields": ["album"], "clear": "pointerout"}
        return {
            "data": {"values": [{name: row[name] for name in names} for row in rows]},
            "encoding": {
                "x": {
                    "field": "run",
                    "type": "ordinal",
                    "title": None,
                    "scale": {"padding": 0.15},
                    "axis": RUN_AXIS,
                },
                "y": {
                    "field": "position",
                    "type": "quantitative",
                    "title": None,
                    "scale": {"reverse": True, "nice": False, "zero": False},
                    "axis": {"tickCount": 5},
                },
                "detail": {"field": "album", "type": "nominal"},
                "color": _colour("kind", {"rising": PALETTE[0], "falling": PALETTE[3], "others": RULE}),
            },
            "layer": [
                {
                    "transform": [{"filter": "datum.kind === 'others'"}],
                    "mark": {"type": "line", "strokeWidth": 1, "aria": False},
                },
                {
                    "transform": [{"filter": "datum.kind !== 'others'"}],
                    "mark": {"type": "line", "strokeWidth": 2, "aria": False},
                    "encoding": {"strokeWidth": {"condition": {**pointed, "value": 4}, "value": 2}},
                },
                {
                    "params": [{"name": "pointed", "select": select}],
                    "mark": {"type": "circle", "opacity": 1, "aria": False},
                    "encoding": {"size": size, **_SAYS},
                },
                {
                    # The keyboard steps through one mark per album, the highest first.
                    "transform": [{"filter": "datum.latest"}],
                    "mark": {"type": "circle", "opacity": 1},
                    "encoding": {"size": size, **_SAYS},
                },
            ],
        }

    def _table(self, rows: Sequence[Row]) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
        last = sorted((row for row in rows if row["latest"]), key=lambda row: row["album"])
        return list(self.columns), [[row[column] for column in self.columns.values()] for row in last]


def _colour(field: str, colours: Mapping[str, str]) -> Spec:
    return {
        "field": field,
        "type": "nominal",
        "scale": {"domain": list(colours), "range": list(colours.values())},
        "sort": list(colours),
    }
