"""Interface of a destination, its errors, and the lock against other runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

import dlt
from dlt.extract import DltSource
from filelock import FileLock, Timeout

from spotify_pipeline.dlt_internals.capabilities import DltDestination, SqlClient, temporary_pipeline
from spotify_pipeline.dlt_internals.dlt_config import StepCollector, normalize_dataset_name, pipelines_dir
from spotify_pipeline.dlt_internals.dropped_tables import repair_dropped_tables
from spotify_pipeline.dlt_internals.exceptions import is_transient
from spotify_pipeline.dlt_internals.working_directory import PIPELINE_NAME, WorkingDirectory
from spotify_source.errors import ConfigurationError, SpotifySourceError
from spotify_source.schema import LOAD_RUNS

CONCURRENCY_URL: Final = "https://duckdb.org/docs/stable/connect/concurrency"
# The one column that dlt leaves without a description.
_UNDESCRIBED: Final = {"_dlt_id": "dlt's own id of the row."}

# 'proven': tested on a real engine, locked against runs on any machine, open to all follow-ups. 'single-writer': only
# one machine may load into a dataset. dlt destinations that can be neither are unsupported and have no object.
Tier = Literal["proven", "single-writer"]
Row = Mapping[str, Any]


class DestinationUnavailableError(SpotifySourceError):
    """The destination can't be reached or written at the moment."""

    guidance = "Close the other program and run this again, or load into another file with --db. Nothing is lost."
    help_url = CONCURRENCY_URL


class AnotherRunError(SpotifySourceError):
    """Another run is loading into the same dataset."""

    guidance = "Wait until it ends, then run this again."
    help_url = CONCURRENCY_URL


class Destination(ABC):
    """A dataset at a destination.

    Args:
        name: Name in messages: the path of a file, or dlt's name of the destination.
        dataset: Dataset, which DuckDB and Postgres call a schema.
        destination: Destination, as `dlt.pipeline` takes it.
        location: Where the data is, without credentials: distinguishes destinations of the same name.
    """

    tier: Tier
    file: Path | None = None  # the DuckDB file, if it is one
    sql_dialect: str | None  # sqlglot's name of its SQL
    # Query for table, column (null for the table itself) and comment in a schema; None if there are no comments.
    _comments_query: str | None = None

    def __init__(self, name: str, dataset: str, destination: DltDestination, location: str | None) -> None:
        self.name = name
        self.dataset = dataset = normalize_dataset_name(dataset)
        self._destination = destination
        digest = hashlib.sha256(f"{location or name}\n{dataset}".encode()).hexdigest()[:12]
        label = re.sub(r"\W+", "_", self.file.resolve().stem if self.file else name)[:40]
        self.pipelines_dir = pipelines_dir() / f"{PIPELINE_NAME}-{label}-{digest}"

    # -- before a run

    @abstractmethod
    def check(self, *, create: bool = True) -> None:
        """Check that runs can load into it.

        Args:
            create: Create a missing file, because a load follows.

        Raises:
            ConfigurationError: It can't be loaded into as configured.
            DestinationUnavailableError: It can't be reached, or another program has locked it.
        """

    @abstractmethod
    def describe(self) -> str:
        """Return its condition in words, for `--check`. Call `check` first."""

    def locked(self) -> AbstractContextManager[None]:
        """Lock it against other runs.

        Raises:
            AnotherRunError: Another run holds the lock.
            DestinationUnavailableError: The server that keeps the lock can't be reached.
        """
        return _run_lock(self.pipelines_dir)

    def adapt(self, source: DltSource) -> None:  # noqa: B027 - the hints are for DuckDB, which supports all of them
        """Remove hints that are not supported here; call before the extract."""

    # -- a run

    def working_directory(
        self, collector: StepCollector | None = None, pipelines_dir: Path | None = None
    ) -> WorkingDirectory:
        """Return dlt's working directory for loads into this dataset.

        Args:
            collector: Progress collector of its pipelines.
            pipelines_dir: Another parent than its own.
        """
        return WorkingDirectory(
            pipelines_dir or self.pipelines_dir, self._destination, self.dataset, collector or StepCollector()
        )

    @contextmanager
    def active_pipeline(self) -> Iterator[dict[str, Any]]:
        """Activate a pipeline that reads the loaded tables, and create nothing.

        Yields:
            A copy of the source state that earlier runs stored.
        """
        with TemporaryDirectory() as elsewhere:
            try:
                pipeline = self.working_directory().read()
            except Exception as error:
                if is_transient(error):
                    raise
                # The next run quarantines it; until then everything is read from the destination.
                pipeline = self.working_directory(pipelines_dir=Path(elsewhere)).pipeline()
            pipeline.sync_destination()
            pipeline.activate()
            try:
                yield deepcopy(dict(pipeline.state.get("sources", {}).get(PIPELINE_NAME, {})))
            finally:
                pipeline.deactivate()

    def writable(self) -> AbstractContextManager[None]:
        """Prepare it for dlt's next steps, which read and write it.

        Raises:
            AnotherRunError: The lock was lost, and another run holds it.
            ConfigurationError: It can't be opened.
            DestinationUnavailableError: It can't be reached, or another program has locked it.
        """
        return nullcontext()

    def repair_tables(self, pipeline: dlt.Pipeline) -> None:
        """Prepare the next load to recreate and refill tables that were dropped by hand.

        Raises:
            ConfigurationError: A table was changed in a way that no load can repair.
        """
        repair_dropped_tables(pipeline)

    # -- after a run

    def insert_load_run(self, pipeline: dlt.Pipeline, row: Row) -> None:
        """Insert a row into `load_runs`.

        A load package of its own would take ten times as long as one statement.
        """
        values = {**row, "_dlt_load_id": row["load_id"] or "", "_dlt_id": row["run_id"]}
        with pipeline.sql_client() as client:
            columns = ", ".join(client.escape_column_name(name) for name in values)
            table, marks = client.make_qualified_table_name(LOAD_RUNS.name), ", ".join("%s" for _ in values)
            client.execute_sql(f"INSERT INTO {table} ({columns}) VALUES ({marks})", *values.values())  # noqa: S608 - dlt quotes them

    def update_load_run(self, pipeline: dlt.Pipeline, row: Row) -> None:
        """Update a row of `load_runs` with the outcome of a follow-up."""
        with pipeline.sql_client() as client:
            assignments = ", ".join(f"{client.escape_column_name(name)} = %s" for name in row)
            table = client.make_qualified_table_name(LOAD_RUNS.name)
            client.execute_sql(f"UPDATE {table} SET {assignments} WHERE run_id = %s", *row.values(), row["run_id"])  # noqa: S608 - dlt quotes them

    def write_comments(self, pipeline: dlt.Pipeline) -> None:
        """Write descriptions of tables and columns as comments, which dlt does not."""
        if self._comments_query is None:
            return
        with pipeline.sql_client() as client, client.begin_transaction():
            rows = client.execute_sql(self._comments_query, self.dataset) or ()
            existing = {(table, column): comment for table, column, comment in rows}
            for table, column, text in _descriptions(pipeline.default_schema):
                if existing.get((table, column), text) == text:
                    continue
                name = client.make_qualified_table_name(table)
                target = f"TABLE {name}" if column is None else f"COLUMN {name}.{client.escape_column_name(column)}"
                client.execute_sql(f"COMMENT ON {target} IS {client.capabilities.escape_literal(text)}")

    def as_duckdb_file(self, tables: Collection[str] | None = None) -> AbstractContextManager[Path]:  # noqa: ARG002
        """Return a DuckDB file with the loaded tables, for reading inside the context.

        Args:
            tables: Tables to include, by default all of the dataset; one of another schema as 'schema.table'.

        Raises:
            ConfigurationError: The destination can't provide one.
            DestinationUnavailableError: It can't be reached.
        """
        raise ConfigurationError(
            f"The tables in {self.name} can't be read as a DuckDB file.",
            guidance="Load into a DuckDB file (leave out --destination) or into Postgres.",
        )

    @contextmanager
    def sql_client(self) -> Iterator[SqlClient]:
        """Yield dlt's SQL client, with one open connection; parameters are written `%s`."""
        with temporary_pipeline(self._destination, self.dataset) as pipeline, pipeline.sql_client() as client:
            yield client


@contextmanager
def _run_lock(directory: Path) -> Iterator[None]:
    """Hold the lock file in a directory, and note beside it which process holds it."""
    directory.mkdir(parents=True, exist_ok=True)
    note = directory / "running.json"
    lock = FileLock(directory / "running.lock", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise AnotherRunError(f"Another run is loading into the same dataset: {_noted_process(note)}.") from None
    try:
        started = datetime.now(timezone.utc).isoformat(timespec="seconds")
        note.write_text(json.dumps({"pid": os.getpid(), "started_at": started}), encoding="utf-8")
        yield
        note.unlink(missing_ok=True)
    finally:
        lock.release()


def _noted_process(note: Path) -> str:
    try:
        noted = json.loads(note.read_text(encoding="utf-8"))
        return f"process {noted['pid']}, since {noted['started_at']}"
    except (OSError, ValueError, KeyError, TypeError):
        # The other run has not written the note yet, or the note is damaged.
        return "another process"


def _descriptions(schema: dlt.Schema) -> Iterator[tuple[str, str | None, str]]:
    """Yield table, column (None for the table itself) and description."""
    for name, table in schema.tables.items():
        if text := table.get("description"):
            yield name, None, text
        for column, hints in table["columns"].items():
            if text := hints.get("description") or _UNDESCRIBED.get(column):
                yield name, column, text
