"""dlt destinations that one machine may load into, tested by a trial load."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timezone
from typing import Any, Final
from uuid import uuid4

import dlt
from dlt.extract import DltResource, DltSource

from spotify_pipeline.destinations.base import Destination, Row, Tier
from spotify_pipeline.destinations.driver_errors import translating_driver_errors
from spotify_pipeline.dlt_internals.capabilities import (
    Capabilities,
    ColumnSchema,
    DltDestination,
    temporary_pipeline,
)
from spotify_source.errors import ConfigurationError
from spotify_source.schema import LOAD_RUNS, declare

MERGE_URL: Final = "https://dlthub.com/docs/general-usage/merge-loading"
# Values that lose something at some destinations: a date before 1900, a time in UTC, an object, other scripts.
_DAY: Final = date(1899, 12, 31)
_MOMENT: Final = datetime(2026, 11, 20, 12, 30, tzinfo=timezone.utc)
_OBJECT: Final = {"search": 1}
_NAME: Final = "夏雨 🌙"


class UnsupportedDestinationError(ConfigurationError):
    """A destination in which dlt can't replace or read what a run loads."""

    guidance = (
        "Load into a DuckDB file (leave out --destination) or into Postgres (--destination postgres). "
        "For plain files, add --export DIR to a load into a DuckDB file."
    )
    help_url = MERGE_URL


class OtherDestination(Destination):
    """A dataset at a dlt destination.

    Args:
        name: Name of the destination, as dlt knows it.
        dataset: The dataset in it.
        destination: The dlt destination.
        capabilities: Capabilities that dlt declares for it.
    """

    tier: Tier = "single-writer"

    def __init__(self, name: str, dataset: str, destination: DltDestination, capabilities: Capabilities) -> None:
        super().__init__(name, dataset, destination, capabilities.location)
        self._capabilities = capabilities
        self.sql_dialect = capabilities.dialect

    def check(self, *, create: bool = True) -> None:
        """Check that rows can be replaced and read, by a trial if nothing is loaded.

        Args:
            create: A load follows. Otherwise the trial takes place in any case.

        Raises:
            UnsupportedDestinationError: dlt can't replace rows there, or can't read them.
            ConfigurationError: The destination changes values, or refuses.
            DestinationUnavailableError: It can't be reached.
        """
        if not self._capabilities.merges:
            raise UnsupportedDestinationError(
                f"{self.name} is unsupported: dlt can't replace rows there (delete-insert merge), "
                "so every run would add its rows again."
            )
        if not self._capabilities.reads_sql:
            raise UnsupportedDestinationError(f"{self.name} is unsupported: its tables can't be read with SQL.")
        with translating_driver_errors():
            if not create or not self._is_loaded():
                _try_loading(self._destination, self.dataset)

    def describe(self) -> str:
        """Return the result of the trial and who may load into it."""
        return "a table can be written, replaced, read and dropped; one machine alone"

    def adapt(self, source: DltSource) -> None:
        """Leave the file format to dlt if the destination does not take parquet."""
        for resource in source.resources.values():
            self._adapt(resource)

    def insert_load_run(self, pipeline: dlt.Pipeline, row: Row) -> None:
        """Insert a row into `load_runs`, by a load package where INSERT is untested."""
        if self.tier == "proven" or self.sql_dialect == "duckdb":
            super().insert_load_run(pipeline, row)
            return
        # dlt knows how each destination takes JSON and timestamps.
        resource = declare(dlt.resource([row], name=LOAD_RUNS.name), LOAD_RUNS)
        self._adapt(resource)
        pipeline.run(resource)

    def _adapt(self, resource: DltResource) -> None:
        if not self._capabilities.takes_parquet:
            resource.apply_hints(file_format="preferred")

    def _is_loaded(self) -> bool:
        with temporary_pipeline(self._destination, self.dataset) as pipeline, pipeline.destination_client() as client:
            return bool(client.is_storage_initialized())


def _try_loading(destination: DltDestination, dataset: str) -> None:
    """Load a row twice with different nested rows, read it, drop its dataset.

    Raises:
        ConfigurationError: A value that was read differs from the one that was loaded.
        Exception: The destination can't be written; as dlt and the driver raise it.
    """
    with temporary_pipeline(destination, f"{dataset}_probe_{uuid4().hex[:8]}") as pipeline:
        try:
            for parts in ((1, 2), (3,)):
                pipeline.run(_trial_resource(parts))
            rows, nested = _read_trial(pipeline)
        except Exception:
            # The first error is the one to report.
            with suppress(Exception):
                _drop_trial(pipeline)
            raise
        _drop_trial(pipeline)
    for subject, loaded, read in _comparisons(rows, nested):
        if loaded != read:
            raise ConfigurationError(
                f"The destination does not preserve {subject}: {loaded} was loaded, {read} was read.",
                guidance="Load into a DuckDB file (leave out --destination) or into Postgres.",
            )


def _trial_resource(parts: Sequence[int]) -> DltResource:
    row = {"id": "a", "day": _DAY, "moment": _MOMENT, "doc": _OBJECT, "name": _NAME, "parts": [{"n": n} for n in parts]}
    columns: dict[str, ColumnSchema] = {"doc": {"data_type": "json"}, "day": {"data_type": "date"}}
    return dlt.resource([row], name="probe", primary_key="id", write_disposition="merge", columns=columns)


def _read_trial(pipeline: dlt.Pipeline) -> tuple[Sequence[Any], Sequence[Any]]:
    with pipeline.sql_client() as client:
        probe, parts = (client.make_qualified_table_name(name) for name in ("probe", "probe__parts"))
        rows = client.execute_sql(f"SELECT name, day, moment, doc FROM {probe}")  # noqa: S608 - dlt quotes it
        nested = client.execute_sql(f"SELECT n FROM {parts}")  # noqa: S608 - dlt quotes it
    return rows or (), nested or ()


def _drop_trial(pipeline: dlt.Pipeline) -> None:
    with pipeline.destination_client() as client:
        client.drop_storage()


def _comparisons(rows: Sequence[Any], nested: Sequence[Any]) -> Iterator[tuple[str, object, object]]:
    """Yield subject, loaded and read value of each comparison."""
    yield "one row for each key", 1, len(rows)
    yield "only the last nested rows", [3], [n for (n,) in nested]
    for name, day, moment, doc in rows[:1]:
        yield "the characters of a text", _NAME, name
        yield "a date", str(_DAY), str(day)[:10]
        yield "a time in UTC", f"{_MOMENT:%Y-%m-%d %H:%M}", _in_utc(moment)
        yield "an object", _OBJECT, json.loads(doc) if isinstance(doc, str) else doc


def _in_utc(moment: object) -> str:
    if isinstance(moment, datetime):
        return f"{moment.astimezone(timezone.utc) if moment.tzinfo else moment:%Y-%m-%d %H:%M}"
    return str(moment).replace("T", " ")[:16]
