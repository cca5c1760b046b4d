"""Any destination that dlt has, by its name: what it may be loaded with follows from what dlt declares and a trial.

Knows no engine but by its dialect: where that is Postgres's, there are a lock at the server, comments and indexes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import dlt
from dlt.extract import DltResource, DltSource

from spotify_pipeline.destinations import postgres, postgres_copy
from spotify_pipeline.destinations.base import Destination, Feature, Row
from spotify_pipeline.destinations.driver_errors import meaning, not_installed, of_driver
from spotify_pipeline.destinations.errors import AnotherRunError, DestinationUnavailableError
from spotify_pipeline.destinations.trial import try_writing
from spotify_pipeline.dlt_internals.destinations import AnyDestination
from spotify_pipeline.dlt_internals.dropped_tables import own_tables, repair_dropped_tables, repair_own_tables
from spotify_pipeline.dlt_internals.named_destination import apart, by_name, declared
from spotify_pipeline.places import requirement
from spotify_source import schema
from spotify_source.errors import ConfigurationError

MERGE_URL: Final = "https://dlthub.com/docs/general-usage/merge-loading"
LOCK_URL: Final = "https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS"
# Where one INSERT takes the values as they are. Elsewhere dlt's own load knows better what a JSON or a time is.
_INSERTING: Final = frozenset({"postgres", "duckdb"})


class NotOfferedError(ConfigurationError):
    """A destination that can't keep what a run leaves."""

    guidance = (
        "Load into a DuckDB file (leave out --destination) or into Postgres (--destination postgres). "
        "For plain files, add --export DIR to a load into a DuckDB file."
    )
    help_url = MERGE_URL


class OtherDestination(Destination):
    """A dlt destination, configured as dlt does.

    Args:
        name: Its name, as dlt knows it.
        dataset: The dataset in it.

    Raises:
        ConfigurationError: Its driver is not installed, or something that it needs is not configured.
    """

    def __init__(self, name: str, dataset: str) -> None:
        try:
            self._dlt = by_name(name)
            self._declared = declared(self._dlt, dataset)
        except ImportError as error:
            extra = requirement("postgres") if name == "postgres" else f"dlt[{name}]"
            raise not_installed(error, extra) from None
        self.location = self._declared.location
        self._lock: postgres.AdvisoryLock | None = None
        super().__init__(name, dataset)

    def sql_dialect(self) -> str | None:
        """As dlt has it."""
        return self._declared.dialect

    def check(self, *, create: bool = True) -> None:
        """See whether rows can be replaced and read there, and try it where nothing is loaded yet.

        Args:
            create: Whether a load follows. Otherwise it is tried in any case.

        Raises:
            NotOfferedError: dlt can't replace rows there, or not read them.
            ConfigurationError: It does not keep what it is given, or refuses.
            DestinationUnavailableError: It can't be reached.
        """
        if not self._declared.replaces:
            raise NotOfferedError(
                f"{self.place} is not offered: dlt can't replace rows there (delete-insert merge), "
                "so that every run would add its rows once more."
            )
        if not self._declared.answers_sql:
            raise NotOfferedError(f"{self.place} is not offered: what is loaded can't be read there with SQL.")
        with _understood():
            if self._is_bound_to_its_schemas():
                return
            if not create or not self._is_loaded():
                try_writing(self._dlt, self.dataset)

    def supports(self, _feature: Feature) -> bool:
        """What is done with SQL of its own: on Postgres alone."""
        return self._is_postgres

    def state(self) -> str:
        """What was tried, and how many may load into it."""
        writers = "one run at a time, from any machine" if self._is_postgres else "one machine alone"
        return f"a table can be written, replaced, read and dropped; {writers}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out: those of this machine, and where the server can, of all.

        Raises:
            AnotherRunError: One is at work.
            DestinationUnavailableError: The server can't be reached.
        """
        with super().locked():
            if not self._is_postgres:
                yield
                return
            with apart(self._dlt, self.dataset) as pipeline:
                client = pipeline.sql_client()
            self._lock = postgres.AdvisoryLock(client, self.dataset)
            try:
                self._take(self._lock)
                yield
            finally:
                self._lock.release()
                self._lock = None

    def adapt(self, source: DltSource) -> None:
        """Leave the format to dlt where parquet is none of the destination's: else it warns of every table."""
        for resource in source.resources.values():
            self._adapt(resource)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Before dlt writes: see that the lock is still ours, and take it again where the connection was lost."""
        if self._lock is not None and not self._lock.is_held():
            self._take(self._lock)
        yield

    def repair_dropped_tables(self, pipeline: dlt.Pipeline) -> None:
        """Ask the destination which tables there are: dlt looks at its own schema alone, and every load would fail."""
        loaded = bool(pipeline.schema_names)
        with pipeline.destination_client() as client:
            names = sorted({*own_tables(), *(pipeline.default_schema.tables if loaded else ())})
            existing = {name for name, columns in client.get_storage_tables(names) if columns}  # type: ignore[attr-defined]  # as every SQL client of dlt's has it

            def change(statement: str, table: str) -> None:
                sql = client.sql_client  # type: ignore[attr-defined]  # the same
                sql.execute_sql(statement.format(sql.make_qualified_table_name(table)))

            repair_own_tables(existing, change)
            if loaded:
                repair_dropped_tables(pipeline, existing, change)

    def enter_load_run(self, pipeline: dlt.Pipeline, row: Row) -> None:
        """Insert the row, or load it in a package of its own."""
        if self._declared.dialect not in _INSERTING:
            resource = schema.declare(dlt.resource([row], name=schema.LOAD_RUNS.name), schema.LOAD_RUNS)
            self._adapt(resource)
            pipeline.run(resource)
            return
        values = {**row, "_dlt_load_id": row["load_id"] or "", "_dlt_id": row["run_id"]}
        with self.sql_client() as client:
            columns = ", ".join(client.escape_column_name(name) for name in values)
            table, marks = client.make_qualified_table_name(schema.LOAD_RUNS.name), ", ".join("%s" for _ in values)
            client.execute_sql(f"INSERT INTO {table} ({columns}) VALUES ({marks})", *values.values())  # noqa: S608 - dlt quotes them

    def amend_load_run(self, row: Row) -> None:
        """Update the row; only what `supports` names can follow a load."""
        with self.sql_client() as client:
            assignments = ", ".join(f"{client.escape_column_name(name)} = %s" for name in row)
            table = client.make_qualified_table_name(schema.LOAD_RUNS.name)
            client.execute_sql(f"UPDATE {table} SET {assignments} WHERE run_id = %s", *row.values(), row["run_id"])  # noqa: S608 - dlt quotes them

    @contextmanager
    def as_file(self, tables: Collection[str] | None = None) -> Iterator[Path]:
        """A copy of the tables as of this moment, which goes away again.

        Raises:
            ConfigurationError: It is no Postgres, or refuses.
            DestinationUnavailableError: It can't be reached.
        """
        if not self._is_postgres:
            with super().as_file(tables) as file:
                yield file
            return
        with TemporaryDirectory() as folder:
            file = Path(folder) / "loaded.duckdb"
            with _understood(), self.sql_client() as client:
                postgres_copy.copy(client, file, tables)
            yield file

    def libpq_environment(self) -> Mapping[str, str]:
        """Where the server is and who asks, as dlt has resolved it. With the password: for a program's environment alone."""
        if not self._is_postgres:
            return super().libpq_environment()
        with apart(self._dlt, self.dataset) as pipeline:
            return postgres.libpq_environment(pipeline.sql_client())

    def write_comments(self, schema: dlt.Schema) -> None:
        """Comment what differs, and index what merges look for, where the dialect is Postgres's."""
        if not self._is_postgres:
            return
        with self.sql_client() as client:
            postgres.write_comments(client, schema)
            postgres.create_indexes(client)

    @property
    def _is_postgres(self) -> bool:
        return self._declared.dialect == "postgres"

    def _take(self, lock: postgres.AdvisoryLock) -> None:
        with _understood():
            if lock.taken():
                return
            failed = AnotherRunError(f"Another run loads into {self.dataset} at {self.location}: {lock.holder()}.")
            failed.help_url = LOCK_URL
            raise failed

    def _adapt(self, resource: DltResource) -> None:
        if not self._declared.takes_parquet:
            resource.apply_hints(file_format="preferred")

    def _is_bound_to_its_schemas(self) -> bool:
        """Whether the role may make no schema, so that nothing can be tried in one: the server says what it may."""
        if not self._is_postgres:
            return False
        with self.sql_client() as client:
            return postgres.is_bound_to_its_schemas(client)

    def _is_loaded(self) -> bool:
        with apart(self._dlt, self.dataset) as pipeline, pipeline.destination_client() as client:
            return bool(client.is_storage_initialized())

    def _dlt_destination(self) -> AnyDestination:
        return self._dlt


@contextmanager
def _understood() -> Iterator[None]:
    """Say what a driver says as one of our errors."""
    try:
        yield
    except Exception as error:
        if isinstance(error, (ConfigurationError, DestinationUnavailableError, AnotherRunError)):
            raise
        if isinstance(error, ImportError) and error.name:
            raise not_installed(error, error.name) from None
        said = of_driver(error)
        if said is None:
            raise
        raise meaning(said) from None
