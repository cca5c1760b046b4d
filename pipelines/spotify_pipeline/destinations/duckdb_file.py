"""A DuckDB file to load to: checked before any call is made, opened once, healed, commented. Knows the file alone."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import dlt
import duckdb

from spotify_pipeline.destinations import duckdb_damage
from spotify_pipeline.destinations.base import Destination, Feature, Row
from spotify_pipeline.destinations.duckdb_comments import write_comments
from spotify_pipeline.destinations.duckdb_sql import quoted_name
from spotify_pipeline.destinations.errors import DestinationUnavailableError
from spotify_pipeline.destinations.lock import holder_of_file
from spotify_pipeline.dlt_internals.destinations import AnyDestination, duckdb_destination
from spotify_pipeline.dlt_internals.dropped_tables import VERSIONS, repair_dropped_tables, repair_own_tables
from spotify_source import schema as declared
from spotify_source.errors import ConfigurationError

OPENED_BY: Final = "v1.2.0"
_RESERVED: Final = {"main", "temp", "system", "information_schema", "pg_catalog"}


class DuckDbFile(Destination):
    """A DuckDB file, and a schema in it.

    Args:
        file: The file; it need not exist yet.
        dataset: The schema.
        storage_version: The oldest DuckDB that is to open the file, if this one creates it; 'latest' is the one in use.
            https://duckdb.org/docs/stable/internals/storage
    """

    file: Path

    def __init__(self, file: Path, dataset: str, storage_version: str = OPENED_BY) -> None:
        self._storage_version = storage_version
        self.file = Path(os.path.abspath(file.expanduser()))  # noqa: PTH100 - keeps links
        super().__init__(str(self.file), dataset)

    def supports(self, _feature: Feature) -> bool:
        """All of it."""
        return True

    def check(self, *, create: bool = True) -> None:
        """Open the file once.

        Args:
            create: Whether to create a file that is missing.

        Raises:
            ConfigurationError: It can't be what is wanted: misnamed, in no folder, no database, not writable.
            DestinationUnavailableError: Another program holds it.
        """
        self._check_name()
        self._check_folder()
        if create and self._is_new():
            # A file keeps the version that it was created in, whoever writes to it later.
            self._connected(storage_compatibility_version=self._storage_version).close()
        if self.file.exists():
            with self.opened():
                pass

    def state(self) -> str:
        """Whether it is there and can be written, and dlt's version of the schema in it."""
        if not self.file.exists():
            return "the first run creates it"
        return f"writable, not locked; {self._loads()}"

    def sql_dialect(self) -> str:
        """DuckDB's."""
        return "duckdb"

    @contextmanager
    def active_pipeline(self) -> Iterator[dict[str, Any]]:
        """As everywhere, but that a file that is missing stays so."""
        nothing: dict[str, Any] = {}
        with super().active_pipeline() if self.file.exists() else nullcontext(nothing) as stored_state:
            yield stored_state

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep the file open, so that dlt does not open and close it once more at each of its steps."""
        with self.connect():
            yield

    def repair_dropped_tables(self, pipeline: dlt.Pipeline) -> None:
        """Ask the file which tables there are: dlt looks at its own schema alone, and every load would fail.

        Raises:
            ConfigurationError: A table was changed by hand so that no load heals it.
        """
        with self.connect() as connection:

            def change(statement: str, table: str) -> None:
                connection.execute(statement.format(quoted_name(self.dataset, table)))

            existing = duckdb_damage.read(connection, self.dataset)
            duckdb_damage.check_own_tables(existing, self.dataset)
            repair_own_tables(existing.tables.keys(), change)
            if not pipeline.schema_names:
                return
            if self._is_loaded(connection, existing, pipeline.default_schema):
                duckdb_damage.check_tables(existing, self.dataset, pipeline.default_schema)
            repair_dropped_tables(pipeline, existing.tables.keys(), change)

    def _is_loaded(
        self, connection: duckdb.DuckDBPyConnection, existing: duckdb_damage.Existing, schema: dlt.Schema
    ) -> bool:
        """Whether the file has the tables of this version of the schema: one that is on its way adds what is missing."""
        if VERSIONS not in existing.tables:
            return False
        known = f"SELECT 1 FROM {quoted_name(self.dataset, VERSIONS)} WHERE version_hash = ?"  # noqa: S608 - quoted
        return connection.execute(known, [schema.version_hash]).fetchone() is not None

    def enter_load_run(self, _pipeline: dlt.Pipeline, row: Row) -> None:
        """Write the row with one INSERT: a second load package would cost ten times as long."""
        values = {**row, "_dlt_load_id": row["load_id"] or "", "_dlt_id": row["run_id"]}
        table = quoted_name(self.dataset, declared.LOAD_RUNS.name)
        columns, marks = ", ".join(values), ", ".join("?" for _ in values)
        with self.connect() as connection:
            connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(values.values()))  # noqa: S608 - declared names

    def amend_load_run(self, row: Row) -> None:
        """Update the row."""
        table = quoted_name(self.dataset, declared.LOAD_RUNS.name)
        assignments = ", ".join(f"{column} = ?" for column in row)
        with self.connect() as connection:
            connection.execute(f"UPDATE {table} SET {assignments} WHERE run_id = ?", [*row.values(), row["run_id"]])  # noqa: S608 - declared names

    def write_comments(self, schema: dlt.Schema) -> None:
        """Comment what differs."""
        with self.connect() as connection:
            write_comments(connection, self.dataset, schema)

    @contextmanager
    def as_file(self, _tables: Collection[str] | None = None) -> Iterator[Path]:
        """The file itself."""
        yield self.file

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open the file, and create it if need be.

        Raises:
            ConfigurationError: It is no database, or not writable.
            DestinationUnavailableError: Another program holds it.
        """
        return self._connected()

    def _is_new(self) -> bool:
        return not self.file.exists() or self.file.stat().st_size == 0

    def _connected(self, **config: str | bool | float | list[str]) -> duckdb.DuckDBPyConnection:
        try:
            return duckdb.connect(str(self.file), config=config)
        except duckdb.Error as error:
            holder = holder_of_file(str(error))
            if holder is not None:
                raise DestinationUnavailableError(f"{self.file} is in use: {holder}.") from None
            raise ConfigurationError(
                f"{self.file} can't be opened as a DuckDB database: {str(error).splitlines()[0]}",
                guidance="Choose another file with --db, or fix the permissions of this one.",
            ) from None

    def _dlt_destination(self) -> AnyDestination:
        return duckdb_destination(self.file)

    def _check_name(self) -> None:
        if self.dataset in _RESERVED:
            raise ConfigurationError(
                f"DuckDB reserves the schema {self.dataset} for itself.",
                guidance="Use --dataset spotify_raw, or another.",
            )
        if "?" in self.file.name or self.file.stem.lower() == "information_schema":
            raise ConfigurationError(
                f"A DuckDB file can't be named {self.file.name}.",
                guidance=f"Use --db {self.file.with_name('spotify.duckdb')}, or another name.",
            )
        # DuckDB names the catalog after the stem; a schema of that name makes every statement ambiguous.
        taken = {self.dataset.lower(), f"{self.dataset}_staging".lower()}
        if self.file.stem.lower() in taken:
            free = next(stem for stem in ("spotify", "spotify_data", "warehouse") if stem not in taken)
            raise ConfigurationError(
                f"A DuckDB file named {self.file.name} can't hold a schema named {self.dataset}: "
                f"both are called {self.file.stem!r}.",
                guidance=f"Use --db {self.file.with_name(free + '.duckdb')}, or another --dataset.",
            )

    def _check_folder(self) -> None:
        if not self.file.parent.is_dir():
            raise ConfigurationError(
                f"The folder {self.file.parent} does not exist.",
                guidance="Create it, or choose another file with --db.",
            )
        if self.file.is_dir():
            raise ConfigurationError(
                f"{self.file} is a folder, not a file.", guidance=f"Use --db {self.file / 'spotify.duckdb'}."
            )

    def _loads(self) -> str:
        versions, loads = (quoted_name(self.dataset, table) for table in ("_dlt_version", "_dlt_loads"))
        query = f"SELECT (SELECT max(version) FROM {versions}), (SELECT count(*) FROM {loads} WHERE status = 0)"  # noqa: S608 - quoted
        with self.connect() as connection:
            try:
                version, number = connection.execute(query).fetchone() or (None, 0)
            except duckdb.CatalogException:
                return "nothing loaded yet"
        return f"schema version {version}, {number} load{'' if number == 1 else 's'}, dlt {dlt.__version__}"
