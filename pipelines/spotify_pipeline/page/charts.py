"""What all charts share: their look, as a Vega-Lite configuration, and their alternative as a table. Knows no data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Spec = Mapping[str, Any]

# Colours are the page's own variables, so that a chart follows light and dark without being drawn again.
INK, MUTED, RULE = "var(--ink)", "var(--muted)", "var(--rule)"
FIRST, SECOND, THIRD, FOURTH, FIFTH = (f"var(--chart-{number})" for number in range(1, 6))

_FONT = "system-ui, sans-serif"
_CONFIG: Spec = {
    "background": None,
    "font": _FONT,
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


# A run by day and time, without the year: a phone has room for no more.
RUN_AXIS: Spec = {"labelExpr": "timeFormat(toDate(datum.value), '%-d %b %H:%M')", "labelAngle": 0}


@dataclass(frozen=True)
class Link:
    """A cell that leads to Spotify."""

    text: str
    url: str


Cell = str | int | Link | None


@dataclass(frozen=True)
class Table:
    """What a chart shows, for those who read rather than look."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Chart:
    """A chart and what says the same in words.

    Attributes:
        name: Its id on the page.
        title: What it shows, as its caption.
        description: How to read it, for those who can't see it.
        spec: The Vega-Lite specification.
        table: The same numbers.
    """

    name: str
    title: str
    description: str
    spec: Spec
    table: Table


def drawn(spec: Spec, height: int, description: str) -> Spec:
    """A specification with the look that all charts share, as wide as the page lets it be."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "description": description,
        "config": _CONFIG,
        **spec,
    }


def said(field: str = "says") -> Spec:
    """What a mark says when it is pointed at, and to a screen reader."""
    return {"tooltip": {"field": field, "type": "nominal"}, "description": {"field": field, "type": "nominal"}}


def coloured(field: str, colours: Mapping[str, str]) -> Spec:
    """A colour for each value, the same whichever of them occur."""
    return {
        "field": field,
        "type": "nominal",
        "scale": {"domain": list(colours), "range": list(colours.values())},
        "sort": list(colours),
    }


def chosen_in_legend(field: str) -> Spec:
    """Lets a click on the legend dim everything else."""
    return {"name": "chosen", "select": {"type": "point", "fields": [field]}, "bind": "legend"}


DIMMED_UNLESS_CHOSEN: Spec = {"condition": {"param": "chosen", "value": 1}, "value": 0.15}
