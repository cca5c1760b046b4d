"""DuckDB file as a destination, and SQL helpers for its tables."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import dlt
import duckdb

from spotify_pipeline.destinations.base import Destination, DestinationUnavailableError
from spotify_pipeline.dlt_internals.capabilities import SqlClient, duckdb_destination
from spotify_pipeline.dlt_internals.dropped_tables import VERSIONS, data_tables, own_tables
from spotify_source import schema as declared
from spotify_source.errors import ConfigurationError

# The oldest DuckDB that opens a file in the default storage version.
OPENED_BY: Final = "v1.2.0"
# DuckDB's types for dlt's.
TYPES: Final[Mapping[str, str]] = {
    "text": "VARCHAR",
    "bigint": "BIGINT",
    "bool": "BOOLEAN",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "json": "JSON",
}
_TABLES_URL: Final = "https://dlthub.com/docs/general-usage/destination-tables"
_RESERVED: Final = {"main", "temp", "system", "information_schema", "pg_catalog"}
# dlt compares these with numbers, which fails on text. Other types that someone chose may work.
_NUMBERS: Final = {TYPES["bigint"], TYPES["double"]}


class DuckDbFile(Destination):
    """A schema in a DuckDB file.

    Args:
        file: The file; it need not exist yet.
        dataset: The schema.
        storage_version: Oldest DuckDB that can open the file, if this run creates it; 'latest' for the installed one.
            https://duckdb.org/docs/stable/internals/storage
    """

    tier = "proven"
    sql_dialect = "duckdb"
    file: Path
    _comments_query = """
        SELECT table_name, NULL, comment FROM duckdb_tables()
        WHERE database_name = current_database() AND schema_name = $1
        UNION ALL
        SELECT table_name, column_name, comment FROM duckdb_columns()
        WHERE database_name = current_database() AND schema_name = $1
    """

    def __init__(self, file: Path, dataset: str, storage_version: str = OPENED_BY) -> None:
        self._storage_version = storage_version
        self.file = Path(os.path.abspath(file.expanduser()))  # noqa: PTH100 - keeps links
        # A file that is reached by two paths is one location.
        location = str(self.file.resolve())
        super().__init__(str(self.file), dataset, duckdb_destination(self.file), location)

    def check(self, *, create: bool = True) -> None:
        """Check names and directory, and open the file once.

        Args:
            create: Create the file if it is missing.

        Raises:
            ConfigurationError: The file can't be opened, or it or the schema has a name that DuckDB does not support.
            DestinationUnavailableError: Another process has locked it.
        """
        self._check_name()
        self._check_directory()
        is_new = not self.file.exists() or self.file.stat().st_size == 0
        if create and is_new:
            # A file keeps the version that it was created with.
            self._connect(storage_compatibility_version=self._storage_version).close()
        if self.file.exists():
            self._connect().close()

    def describe(self) -> str:
        """Return the file's condition, and dlt's version of the schema in it."""
        if not self.file.exists():
            return "the first run creates it"
        versions, loads = (quoted_name(self.dataset, table) for table in (VERSIONS, "_dlt_loads"))
        query = f"SELECT (SELECT max(version) FROM {versions}), (SELECT count(*) FROM {loads} WHERE status = 0)"  # noqa: S608 - quoted
        with self._connect() as connection:
            try:
                version, number = connection.execute(query).fetchone() or (None, 0)
            except duckdb.CatalogException:
                return "writable, not locked; nothing loaded yet"
        loaded = f"{number} load{'' if number == 1 else 's'}"
        return f"writable, not locked; schema version {version}, {loaded}, dlt {dlt.__version__}"

    @contextmanager
    def active_pipeline(self) -> Iterator[dict[str, Any]]:
        """Activate a pipeline for reading the loaded tables; leave a missing file missing."""
        empty: dict[str, Any] = {}
        with super().active_pipeline() if self.file.exists() else nullcontext(empty) as stored_state:
            yield stored_state

    @contextmanager
    def writable(self) -> Iterator[None]:
        """Keep the file open, so that each of dlt's steps does not open and close it."""
        with self._connect():
            yield

    def repair_tables(self, pipeline: dlt.Pipeline) -> None:
        """Check the tables for damage, and prepare the next load to recreate dropped ones.

        Raises:
            ConfigurationError: A table was changed in a way that no load can repair.
        """
        with self._connect() as connection:
            _check_tables(connection, self.dataset, pipeline.default_schema if pipeline.schema_names else None)
            super().repair_tables(pipeline)

    @contextmanager
    def sql_client(self) -> Iterator[SqlClient]:
        """Yield dlt's SQL client for the file.

        Raises:
            ConfigurationError: The file can't be opened.
            DestinationUnavailableError: Another process has locked it.
        """
        with self._connect(), super().sql_client() as client:
            yield client

    @contextmanager
    def as_duckdb_file(self, tables: Collection[str] | None = None) -> Iterator[Path]:  # noqa: ARG002 - it has all of them
        """Return the file itself."""
        yield self.file

    def _connect(self, **config: str | bool | float | list[str]) -> duckdb.DuckDBPyConnection:
        try:
            return duckdb.connect(str(self.file), config=config)
        except duckdb.Error as error:
            process = locking_process(error)
            if process is not None:
                raise DestinationUnavailableError(f"{self.file} is in use: {process}.") from None
            raise ConfigurationError(
                f"{self.file} can't be opened as a DuckDB database: {str(error).splitlines()[0]}",
                guidance="Choose another file with --db, or fix the permissions of this one.",
            ) from None

    def _check_name(self) -> None:
        if self.dataset in _RESERVED:
            raise ConfigurationError(
                f"DuckDB reserves the schema name {self.dataset}.",
                guidance="Use --dataset spotify_raw, or another name.",
            )
        if "?" in self.file.name or self.file.stem.lower() == "information_schema":
            raise ConfigurationError(
                f"A DuckDB file can't be named {self.file.name}.",
                guidance=f"Use --db {self.file.with_name('spotify.duckdb')}, or another name.",
            )
        # DuckDB names the catalog after the stem; a schema of the same name makes every statement ambiguous.
        taken = {self.dataset.lower(), f"{self.dataset}_staging".lower()}
        if self.file.stem.lower() in taken:
            free = next(stem for stem in ("spotify", "spotify_data", "warehouse") if stem not in taken)
            raise ConfigurationError(
                f"A DuckDB file named {self.file.name} can't hold a schema named {self.dataset}: "
                f"DuckDB also names the catalog {self.file.stem!r}.",
                guidance=f"Use --db {self.file.with_name(free + '.duckdb')}, or another --dataset.",
            )

    def _check_directory(self) -> None:
        if not self.file.parent.is_dir():
            raise ConfigurationError(
                f"The directory {self.file.parent} does not exist.",
                guidance="Create it, or choose another file with --db.",
            )
        if self.file.is_dir():
            raise ConfigurationError(
                f"{self.file} is a directory, not a file.", guidance=f"Use --db {self.file / 'spotify.duckdb'}."
            )


def locking_process(error: duckdb.Error) -> str | None:
    """Return the process that has locked a file, or None.

    Args:
        error: Error of opening the file.

    https://duckdb.org/docs/stable/connect/concurrency
    """
    message = str(error)
    if "lock" not in message.lower() and "used by another process" not in message.lower():
        return None
    named = re.search(r"(?:held in|already open in)\s+(.+?) \(PID (\d+)\)", message)
    return f"process {named[2]} ({named[1]})" if named else "another process"


# -- SQL


def existing_tables(connection: duckdb.DuckDBPyConnection, dataset: str) -> dict[str, dict[str, str]]:
    """Return the tables of a schema, each with its columns and their types."""
    rows = connection.execute(
        """
        FROM duckdb_columns() SEMI JOIN duckdb_tables() USING (database_name, schema_name, table_name)
        SELECT table_name, column_name, data_type WHERE database_name = current_database() AND schema_name = $1
        ORDER BY table_name, column_index
        """,
        [dataset],
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, data_type in rows:
        tables.setdefault(table, {})[column] = data_type
    return tables


def empty_table(table: declared.Table, types: Mapping[str, str] = TYPES) -> str:
    """Return a query with the columns of a table and no rows.

    It replaces a table that no load has created yet.
    """
    columns = ", ".join(f'CAST(NULL AS {types[column.data_type]}) AS "{column.name}"' for column in table.columns)
    return f"SELECT {columns} WHERE false"


def quoted_name(*identifiers: str) -> str:
    """Return a qualified name, each identifier quoted."""
    return ".".join('"' + identifier.replace('"', '""') + '"' for identifier in identifiers)


def quoted_text(text: str) -> str:
    """Return a string literal, for statements that accept no parameters."""
    return "'" + text.replace("'", "''") + "'"


# -- damage: changes to tables that make every load fail, each reported with the statement that repairs it


def _check_tables(connection: duckdb.DuckDBPyConnection, dataset: str, schema: dlt.Schema | None) -> None:
    """Check that the tables are as a load needs them; it recreates dropped ones.

    Args:
        connection: Connection to the file.
        dataset: The schema in the file.
        schema: dlt's schema; None if the working directory has none yet.

    Raises:
        ConfigurationError: Someone changed a table.
    """
    tables = existing_tables(connection, dataset)
    own = own_tables()
    for view in _views(connection, dataset, {table.name for table in declared.all_tables()} | own.keys()):
        name = quoted_name(dataset, view)
        raise _damage(f"{name} is a view, but a load needs a table.", f"ALTER VIEW {name} RENAME TO {view}_view;")
    for table, columns in own.items():
        missing = columns.keys() - tables.get(table, columns).keys()
        if missing:
            name = quoted_name(dataset, table)
            raise _damage(f"{name} lacks {', '.join(sorted(missing))}, which dlt needs.", f"DROP TABLE {name};")
    # A schema whose load is pending may have columns that the file does not have yet.
    if schema is None or not _is_loaded(connection, dataset, tables, schema):
        return
    for table, columns in data_tables(schema).items():
        for column, data_type in columns.items() if table in tables else ():
            found = tables[table].get(column)
            problem = _problem(table, column, found)
            if problem is not None:
                statement = _repair(dataset, table, column, data_type, exists=found is not None)
                raise _damage(f"{quoted_name(dataset, table)}: the column {column} {problem}.", statement)


def _views(connection: duckdb.DuckDBPyConnection, dataset: str, names: Collection[str]) -> list[str]:
    views = connection.execute(
        "FROM duckdb_views() SELECT view_name WHERE database_name = current_database() AND schema_name = $1", [dataset]
    )
    return sorted(name for (name,) in views.fetchall() if name in names)


def _is_loaded(
    connection: duckdb.DuckDBPyConnection, dataset: str, tables: Collection[str], schema: dlt.Schema
) -> bool:
    if VERSIONS not in tables:
        return False
    query = f"SELECT 1 FROM {quoted_name(dataset, VERSIONS)} WHERE version_hash = ?"  # noqa: S608 - quoted
    return connection.execute(query, [schema.version_hash]).fetchone() is not None


def _problem(table: str, column: str, found: str | None) -> str | None:
    if found is None:
        return "is missing"
    types = {(one.name, col.name): TYPES[col.data_type] for one in declared.all_tables() for col in one.columns}
    created = types.get((table, column))
    return f"is {found}, but was created as {created}" if created in _NUMBERS and found == "VARCHAR" else None


def _repair(dataset: str, table: str, column: str, data_type: str, *, exists: bool) -> str:
    name = quoted_name(dataset, table)
    if table.split("__", maxsplit=1)[0] in {one.name for one in declared.TABLES if one.origin == "album_request"}:
        # The next run fetches all of its rows again.
        return f"DROP TABLE {name};"
    change = f"ALTER COLUMN {quoted_name(column)} TYPE" if exists else f"ADD COLUMN {quoted_name(column)}"
    return f"ALTER TABLE {name} {change} {TYPES.get(data_type, 'VARCHAR')};"


def _damage(problem: str, statement: str) -> ConfigurationError:
    error = ConfigurationError(
        problem,
        guidance=f"Undo the change, or run this statement in the file and load again: {statement} "
        "Rows that can be fetched are fetched again.",
    )
    error.help_url = _TABLES_URL
    return error
