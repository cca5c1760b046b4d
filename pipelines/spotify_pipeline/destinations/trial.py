"""Tries a destination before it is relied on: writes, replaces, reads back, and removes what it wrote. Knows no engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timezone
from typing import Any, Final
from uuid import uuid4

import dlt

from spotify_pipeline.dlt_internals.destinations import AnyDestination, ColumnSchema
from spotify_pipeline.dlt_internals.named_destination import apart
from spotify_source.errors import ConfigurationError

# What releases bring: a date before computers, a time in UTC, an object, letters of other scripts.
_DAY: Final = date(1899, 12, 31)
_MOMENT: Final = datetime(2026, 11, 20, 12, 30, tzinfo=timezone.utc)
_OBJECT: Final = {"search": 1}
_NAME: Final = "夏雨 🌙"


def try_writing(destination: AnyDestination, dataset: str) -> None:
    """Load a row, load it again with other things nested in it, and read what is there.

    Args:
        destination: What to try.
        dataset: The dataset that will be loaded; the trial has one of its own beside it, and drops it.

    Raises:
        ConfigurationError: It does not keep what it is given.
        Exception: As dlt and the driver raise them, where it can't be written at all.
    """
    with apart(destination, f"{dataset}_probe_{uuid4().hex[:8]}") as pipeline:
        try:
            for parts in ((1, 2), (3,)):
                pipeline.run(_probe(parts))
            found = _read(pipeline)
        except Exception:
            # What failed is told, not that there was nothing to drop.
            with suppress(Exception):
                _drop(pipeline)
            raise
        _drop(pipeline)
    for what, expected, got in _compared(*found):
        if expected != got:
            raise ConfigurationError(
                f"The destination does not keep {what}: {expected} went in, {got} came back.",
                guidance="Load into a DuckDB file (leave out --destination) or into Postgres.",
            )


def _drop(pipeline: dlt.Pipeline) -> None:
    with pipeline.destination_client() as client:
        client.drop_storage()


def _probe(parts: Sequence[int]) -> Any:
    row = {"id": "a", "day": _DAY, "moment": _MOMENT, "doc": _OBJECT, "name": _NAME, "parts": [{"n": n} for n in parts]}
    columns: dict[str, ColumnSchema] = {"doc": {"data_type": "json"}, "day": {"data_type": "date"}}
    return dlt.resource([row], name="probe", primary_key="id", write_disposition="merge", columns=columns)


def _read(pipeline: dlt.Pipeline) -> tuple[Sequence[Any], Sequence[Any]]:
    with pipeline.sql_client() as client:
        probe, parts = (client.make_qualified_table_name(name) for name in ("probe", "probe__parts"))
        rows = client.execute_sql(f"SELECT name, day, moment, doc FROM {probe}")  # noqa: S608 - dlt quotes it
        nested = client.execute_sql(f"SELECT n FROM {parts}")  # noqa: S608 - dlt quotes it
    return rows or (), nested or ()


def _compared(rows: Sequence[Any], nested: Sequence[Any]) -> list[tuple[str, object, object]]:
    counts: list[tuple[str, object, object]] = [
        ("one row for a key", 1, len(rows)),
        ("what is nested in a row alone", [3], [n for (n,) in nested]),
    ]
    if len(rows) != 1:
        return counts
    name, day, moment, doc = rows[0]
    return [
        *counts,
        ("the letters of a text", _NAME, name),
        ("a date", str(_DAY), str(day)[:10]),
        ("a time in UTC", f"{_MOMENT:%Y-%m-%d %H:%M}", _in_utc(moment)),
        ("an object", _OBJECT, json.loads(doc) if isinstance(doc, str) else doc),
    ]


def _in_utc(moment: object) -> str:
    if isinstance(moment, datetime):
        return f"{moment.astimezone(timezone.utc) if moment.tzinfo else moment:%Y-%m-%d %H:%M}"
    return str(moment).replace("T", " ")[:16]
