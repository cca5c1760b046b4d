"""Iceberg step: copy of the tables in a catalog that pyiceberg is configured with.

Each table is committed as a whole: https://iceberg.apache.org/spec/#optimistic-concurrency. New runs are appended to
append-only tables, other tables that differ are overwritten, and equal tables are left alone. The decision depends only
on the summary of the table's last snapshot, so killed and concurrent exports do no harm.
"""

from __future__ import annotations

import errno
import itertools
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import uuid4

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]
from pyiceberg import exceptions, types
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.expressions import AlwaysTrue, BooleanExpression, GreaterThan
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import Transaction
from pyiceberg.table.snapshots import Operation
from pyiceberg.utils.config import Config
from requests import RequestException

from spotify_pipeline.after_load.follow_up import FollowUp, FollowUpOptions
from spotify_pipeline.destinations.base import Destination, DestinationUnavailableError
from spotify_pipeline.destinations.driver_errors import driver_exception, redact_passwords, translate_driver_error
from spotify_pipeline.destinations.duckdb import TYPES, existing_tables, quoted_name
from spotify_source import schema
from spotify_source.errors import ConfigurationError, SpotifySourceError

HELP_URL: Final = "https://py.iceberg.apache.org/configuration/"

_RUN: Final = "run_id"
# Properties of tables, of snapshots, and of the namespace.
_PREFIX: Final = "spotify-source."
_WRITER: Final = f"{_PREFIX}writer"
_DIGEST: Final = f"{_PREFIX}digest"
_THROUGH: Final = f"{_PREFIX}through"
_LOAD_ID: Final = f"{_PREFIX}load-id"
_EXPORTED_AT: Final = f"{_PREFIX}exported-at"
_SNAPSHOT: Final = f"{_PREFIX}snapshot."

_ATTEMPTS: Final = 4
_BATCH_ROWS: Final = 100_000
# pyiceberg holds all rows of one append in memory: https://github.com/apache/iceberg-python/issues/2152
_BATCHES_PER_APPEND: Final = 5

# Values of any other type are written as text, JSON included: https://iceberg.apache.org/spec/#primitive-types
_TYPES: Final[Mapping[str, types.PrimitiveType]] = {
    "BIGINT": types.LongType(),
    "BLOB": types.BinaryType(),
    "BOOLEAN": types.BooleanType(),
    "DATE": types.DateType(),
    "DOUBLE": types.DoubleType(),
    "INTEGER": types.IntegerType(),
    "TIME": types.TimeType(),
    "TIMESTAMP": types.TimestampType(),
    "TIMESTAMP WITH TIME ZONE": types.TimestamptzType(),
}
_DECIMAL: Final = re.compile(r"DECIMAL\((\d+),\s?(\d+)\)")

_UNAVAILABLE: Final = (
    RequestException,
    exceptions.ServerError,
    exceptions.ServiceUnavailableError,
    exceptions.CommitStateUnknownException,
)
_LIBRARIES: Final = frozenset({"pyarrow", "pydantic", "pyiceberg", "sqlalchemy", "strictyaml"})
_UNWRITABLE: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR})
# Object stores raise an OSError without an errno.
_DENIED: Final = re.compile(
    r"access.?denied|forbidden|no such bucket|invalid.?access.?key|signature|credentials", re.IGNORECASE
)
_SECRET_KEY: Final = re.compile(r"password|secret|token|credential|access-key|\bkey\b|signature|sas")


class CatalogConfigurationError(ConfigurationError):
    """Iceberg catalog or warehouse that cannot be written as it is configured."""

    help_url = HELP_URL


class ForeignTablesError(ConfigurationError):
    """Iceberg tables with rows that an export would delete: the database lacks them."""

    guidance = (
        "It was written from another database, or this one was replaced or restored. Export under another name with "
        "--dataset or to another catalog; or, if the rows there can go, drop the tables in the catalog."
    )
    help_url = HELP_URL


@dataclass(frozen=True)
class TableChange:
    """Change to one Iceberg table."""

    table: str
    action: Literal["appended", "written", "unchanged"]
    rows: int  # written
    snapshot_id: int  # of the rows that the dataset's table holds


def check(options: FollowUpOptions, destination: Destination) -> None:
    """Create the namespace, and check that catalog and warehouse can be written.

    Raises:
        ConfigurationError: They cannot.
        DestinationUnavailableError: They cannot be reached.
    """
    name = str(options.iceberg)
    with _translated_errors(name):
        catalog = _catalog(name)
        catalog.create_namespace_if_not_exists(destination.dataset)
        # Every export writes this table, so it can be created before the first one.
        columns = {column.name: TYPES[column.data_type] for column in schema.LOAD_RUNS.columns}
        copy = TableWriter(catalog, destination.dataset, schema.LOAD_RUNS.name, columns).copy
        trial = f"{copy.location()}/data/.written-by-a-check-{uuid4().hex}"
        with copy.io.new_output(trial).create() as stream:
            stream.write(b"0")
        copy.io.delete(trial)


def run(options: FollowUpOptions, destination: Destination, load_id: str | None, now: datetime) -> FollowUp:
    """Write the tables that have changed, and report what was written.

    Raises:
        SpotifySourceError: As in `export_tables`.
    """
    name, namespace = str(options.iceberg), destination.dataset
    with destination.as_duckdb_file() as file, duckdb.connect(str(file)) as connection:
        changes = export_tables(name, connection, namespace, load_id or "", now)
    changed = ", ".join(f"{one.table} ({one.rows} {one.action})" for one in changes if one.action != "unchanged")
    unchanged = sum(one.action == "unchanged" for one in changes)
    counts = f"{f'{changed}; ' if changed else ''}{unchanged} table{'' if unchanged == 1 else 's'} unchanged"
    tables = {one.table: {"action": one.action, "rows": one.rows, "snapshot_id": one.snapshot_id} for one in changes}
    return FollowUp(
        "iceberg",
        [f"Iceberg: {namespace} in catalog {name}: {counts}."],
        {"catalog": name, "namespace": namespace, "tables": tables},
        is_copy=True,
    )


def export_tables(
    name: str, connection: duckdb.DuckDBPyConnection, dataset: str, load_id: str, now: datetime
) -> list[TableChange]:
    """Write the tables of a database that differ from their copies in a catalog.

    Args:
        name: Catalog, by its name in pyiceberg's configuration.
        connection: Database.
        dataset: Schema in it, and namespace in the catalog.
        load_id: Load package, named by each snapshot; empty if nothing was loaded.
        now: Current time in UTC.

    Raises:
        ForeignTablesError: The catalog holds runs that the database does not. Nothing has been written.
        SpotifySourceError: The catalog or its warehouse cannot be reached or written.
    """
    with _translated_errors(name):
        catalog = _catalog(name)
        writers = [TableWriter(catalog, dataset, *table) for table in _tables(connection, dataset).items()]
        plans = [writer.plan(connection, load_id) for writer in writers]
        changes = [writer.write(connection, plan) for writer, plan in zip(writers, plans, strict=True)]
        if any(change.action != "unchanged" for change in changes):
            # In one step: readers who use these properties see snapshots of one state of the database.
            snapshots = {f"{_SNAPSHOT}{change.table}": str(change.snapshot_id) for change in changes}
            updates = {_LOAD_ID: load_id, _EXPORTED_AT: now.isoformat(), **snapshots}
            catalog.update_namespace_properties(dataset, updates=updates)
        return changes


@dataclass(frozen=True)
class _Plan:
    """Rows to write: all of them, or those of runs after `after`."""

    action: Literal["appended", "written", "unchanged"]
    properties: Mapping[str, str]  # of the snapshot
    after: str | None = None


class TableWriter:
    """Writer of one table of a dataset to its Iceberg copy.

    The copy is created without rows if it does not exist.

    Args:
        catalog: Catalog with the copy.
        dataset: Schema in the database, and namespace in the catalog.
        name: Name of the table.
        columns: DuckDB type of each column, in the order of the table.

    Raises:
        ForeignTablesError: Another program created the table in the catalog.
    """

    def __init__(self, catalog: Catalog, dataset: str, name: str, columns: Mapping[str, str]) -> None:
        self._catalog = catalog
        self._identifier = (dataset, name)
        self._declared = next((table for table in schema.all_tables() if table.name == name), None)
        self._types = {column: _iceberg_type(data_type) for column, data_type in columns.items()}
        key = self._declared.primary_key if self._declared else ()
        self._key = key if columns.keys() >= set(key) else ()
        self._descriptions = {one.name: one.description for one in self._declared.columns} if self._declared else {}
        self._source = quoted_name(dataset, name)
        self.name = name
        self.copy = self._open()
        if self.copy.current_snapshot() is not None and _WRITER not in self.copy.properties:
            raise ForeignTablesError(
                f"--iceberg {catalog.name}: {dataset}.{name} is a table that another program created."
            )

    def plan(self, connection: duckdb.DuckDBPyConnection, load_id: str) -> _Plan:
        """Compare the table with its copy.

        Raises:
            ForeignTablesError: The copy has runs that are nowhere else, and would be overwritten.
        """
        held = self._held_properties()
        through = held.get(_THROUGH)
        digest, digest_through, last_run = self._digests(connection, through)
        properties = {_DIGEST: digest, _LOAD_ID: load_id, **({} if last_run is None else {_THROUGH: last_run})}
        has_same_columns = {field.name: field.field_type for field in self.copy.schema().fields} == self._types
        if held and has_same_columns and held[_DIGEST] == digest:
            return _Plan("unchanged", properties)
        if held and has_same_columns and through is not None and held[_DIGEST] == digest_through:
            return _Plan("appended", properties, after=through)
        if self._declared is not None and self._declared.is_irreplaceable:
            self._check_runs(connection)
        return _Plan("written", properties)

    def write(self, connection: duckdb.DuckDBPyConnection, plan: _Plan) -> TableChange:
        """Commit the planned rows; plan again if another program has committed in between.

        Raises:
            ForeignTablesError: As in `plan`.
            DestinationUnavailableError: Other programs commit again and again.
        """
        for _ in range(_ATTEMPTS):
            try:
                rows = 0 if plan.action == "unchanged" else self._commit(connection, plan)
            except (exceptions.CommitFailedException, exceptions.ValidationException):
                self.copy = self._open()
                plan = self.plan(connection, plan.properties[_LOAD_ID])
                continue
            snapshot_id = self.copy.metadata.current_snapshot_id or 0
            return TableChange(self.name, plan.action, rows, snapshot_id)
        busy = DestinationUnavailableError(
            f"--iceberg {self._catalog.name}: another program keeps writing to {self.name}, so that nothing could be "
            "committed.",
            guidance="Run it again when that program has ended: the next export writes the missing rows.",
        )
        busy.help_url = "https://iceberg.apache.org/docs/latest/maintenance/"
        raise busy

    def _open(self) -> IcebergTable:
        # Creating a table writes a metadata file even if the table exists.
        with suppress(exceptions.NoSuchTableError):
            return self._catalog.load_table(self._identifier)
        description = self._declared.description if self._declared else "List added by Spotify, without a declaration."
        properties = {"comment": description, _WRITER: "spotify_source"}
        if _RUN in self._types:
            # With the default, truncated bounds, an overwrite of later runs would have to read every file.
            properties[f"write.metadata.metrics.column.{_RUN}"] = "full"
        fields = [
            types.NestedField(number, name, kind, required=name in self._key, doc=self._descriptions.get(name))
            for number, (name, kind) in enumerate(self._types.items(), 1)
        ]
        iceberg = Schema(*fields, identifier_field_ids=[field.field_id for field in fields if field.required])
        return self._catalog.create_table_if_not_exists(self._identifier, iceberg, properties=properties)

    def _held_properties(self) -> Mapping[str, str]:
        """Return the properties of the last snapshot, empty if it is not ours.

        Another program may have changed rows. Compaction does not change rows: https://iceberg.apache.org/spec/#snapshots, operation `replace`.
        """
        snapshot = self.copy.current_snapshot()
        while snapshot is not None and snapshot.summary is not None:
            if snapshot.summary.operation is not Operation.REPLACE:
                properties = snapshot.summary.additional_properties
                return properties if _DIGEST in properties else {}
            parent = snapshot.parent_snapshot_id
            snapshot = None if parent is None else self.copy.snapshot_by_id(parent)
        return {}

    def _digests(self, connection: duckdb.DuckDBPyConnection, through: str | None) -> tuple[str, str, str | None]:
        """Return a digest of all rows, one of the runs up to `through`, and the last run.

        The last two are of append-only tables.         Digests do not depend on the order of rows. Another version of DuckDB may hash differently: all rows are written
        once more then.
        """
        row = f"hash({', '.join(quoted_name(column) for column in sorted(self._types))})::HUGEINT"
        digest = f"concat(count(*) {{0}}, ':', coalesce(sum({row}) {{0}}, 0))"
        if self._declared is None or not self._declared.is_append_only:
            query = f"SELECT {digest.format('')}, '', NULL FROM {self._source}"  # noqa: S608 - quoted
            return connection.execute(query).fetchall()[0]
        until = digest.format(f"FILTER (WHERE {_RUN} <= $through)")
        query = f"SELECT {digest.format('')}, {until}, max({_RUN}) FROM {self._source}"  # noqa: S608 - quoted
        return connection.execute(query, {"through": through}).fetchall()[0]

    def _check_runs(self, connection: duckdb.DuckDBPyConnection) -> None:
        if self.copy.current_snapshot() is None or _RUN not in self.copy.schema().column_names:
            return
        held = {
            run
            for batch in self.copy.scan(selected_fields=(_RUN,)).to_arrow_batch_reader()
            for run in batch.column(0).unique().to_pylist()
        }
        known = connection.execute(f"SELECT DISTINCT {_RUN} FROM {self._source}").fetchall()  # noqa: S608 - quoted
        unknown = sorted(held - {run for (run,) in known})
        if unknown:
            several = f"{len(unknown)} runs that this database does not have (the first: {unknown[0]})"
            one = f"a run that this database does not have ({unknown[0]})"
            raise ForeignTablesError(
                f"--iceberg {self._catalog.name}: {'.'.join(self._identifier)} holds {several if unknown[1:] else one}."
            )

    def _commit(self, connection: duckdb.DuckDBPyConnection, plan: _Plan) -> int:
        """Write the rows in one transaction, and return their number.

        The transaction fails if another program has committed in between.
        """
        replaced = AlwaysTrue() if plan.after is None else _later_than(plan.after)
        with self.copy.transaction() as transaction:
            self._evolve(transaction)
            chunks = self._chunks(connection, transaction, plan.after)
            first = next(chunks)
            rows = len(first)
            transaction.overwrite(first, replaced, snapshot_properties=dict(plan.properties))
            for chunk in chunks:
                transaction.append(chunk, snapshot_properties=dict(plan.properties))
                rows += len(chunk)
        return rows

    def _evolve(self, transaction: Transaction) -> None:
        """Give the copy the columns of the table.

        A column with a new type becomes a new column of that name.         All rows are written again in the same transaction: https://iceberg.apache.org/spec/#schema-evolution
        """
        current = {field.name: field for field in transaction.table_metadata.schema().fields}
        kept = {name for name, field in current.items() if self._types.get(name) == field.field_type}
        key = [name for name in self._key if name in kept and current[name].required]
        with transaction.update_schema() as update:
            if len(key) < len(transaction.table_metadata.schema().identifier_field_ids):
                update.set_identifier_fields(*key)
            for name in current.keys() - kept:
                update.delete_column(name)
            for name, kind in self._types.items():
                description = self._descriptions.get(name)
                if name not in kept:
                    update.add_column(name, kind, doc=description)
                elif current[name].doc != description:
                    update.update_column(name, doc=description or "")

    def _chunks(
        self, connection: duckdb.DuckDBPyConnection, transaction: Transaction, after: str | None
    ) -> Iterator[pa.Table]:
        """Yield the rows in parts that fit into memory, at least one part."""
        target = schema_to_pyarrow(transaction.table_metadata.schema(), include_field_ids=False)
        selected = ", ".join(
            f"CAST({quoted_name(name)} AS VARCHAR) AS {quoted_name(name)}"
            if isinstance(self._types[name], types.StringType)
            else quoted_name(name)
            for name in target.names
        )
        where = "" if after is None else f"WHERE {_RUN} > $after"
        query = f"SELECT {selected} FROM {self._source} {where}"  # noqa: S608 - quoted
        rows = connection.sql(query, params=None if after is None else {"after": after})
        batches = rows.to_arrow_reader(_BATCH_ROWS)
        is_first = True
        while (part := list(itertools.islice(batches, _BATCHES_PER_APPEND))) or is_first:
            yield pa.Table.from_batches(part, batches.schema).cast(target)
            is_first = False


def _tables(connection: duckdb.DuckDBPyConnection, dataset: str) -> dict[str, dict[str, str]]:
    """Return the columns and DuckDB types of the declared tables and their lists."""
    declared = {table.name for table in schema.all_tables()}
    nested = tuple(f"{table.name}__" for table in schema.TABLES)
    found = existing_tables(connection, dataset).items()
    return {name: columns for name, columns in found if name in declared or name.startswith(nested)}


def _iceberg_type(data_type: str) -> types.PrimitiveType:
    if decimal := _DECIMAL.fullmatch(data_type):
        return types.DecimalType(int(decimal[1]), int(decimal[2]))
    return _TYPES.get(data_type, types.StringType())


def _later_than(run: str) -> BooleanExpression:
    return GreaterThan(_RUN, run)  # type: ignore[call-arg, arg-type, misc]  # known to pydantic's mypy plugin


# -- The catalog and its errors


def _catalog(name: str) -> Catalog:
    """Open a catalog.

    Raises:
        CatalogConfigurationError: pyiceberg's configuration does not name it.
    """
    return load_catalog(name, **_configuration(name))


def _configuration(name: str) -> Mapping[str, str]:
    # pyiceberg itself reads its configuration once, when it is imported.
    config = Config()
    found = config.get_catalog_config(name)
    if found is None:
        known = ", ".join(sorted(config.get_known_catalogs())) or "none"
        variable = f"PYICEBERG_CATALOG__{name.upper().replace('-', '_')}__URI"
        raise CatalogConfigurationError(
            f"--iceberg: pyiceberg is configured with no catalog {name!r} (configured: {known}).",
            guidance=f"Describe it in .pyiceberg.yaml, in this folder or in your home folder, or set {variable}.",
        )
    return {key: str(value) for key, value in found.items()}


@contextmanager
def _translated_errors(name: str) -> Iterator[None]:
    """Raise errors of a catalog as our own; silence pyiceberg's warnings and logs."""
    logging.getLogger("pyiceberg").addHandler(logging.NullHandler())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except SpotifySourceError:
        raise
    except Exception as error:
        translated = _translated(name, error)
        if translated is None:
            raise
        raise translated from None


def _translated(name: str, error: Exception) -> SpotifySourceError | None:
    """Return the error to report; None if the catalog has not caused it."""
    driver = driver_exception(error)
    message = _message(name, error)
    if isinstance(driver, duckdb.Error):
        return None
    if driver is not None:
        is_lasting = isinstance(translate_driver_error(driver), ConfigurationError)
    elif isinstance(error, _UNAVAILABLE):
        is_lasting = False
    elif isinstance(error, OSError):
        is_lasting = error.errno in _UNWRITABLE or _DENIED.search(message) is not None
    elif isinstance(error, (ImportError, ValueError)) or type(error).__module__.partition(".")[0] in _LIBRARIES:
        is_lasting = True
    else:
        return None
    if is_lasting:
        return CatalogConfigurationError(
            f"--iceberg {name}: {message}",
            guidance="Fix the catalog in .pyiceberg.yaml, or PYICEBERG_CATALOG__... in the environment; or leave out "
            "--iceberg.",
        )
    unavailable = DestinationUnavailableError(
        f"--iceberg {name}: {message}",
        guidance="Run it again when it is back: the next export writes the missing rows. See also the catalog in "
        ".pyiceberg.yaml, or PYICEBERG_CATALOG__... in the environment.",
    )
    unavailable.help_url = HELP_URL
    return unavailable


def _message(name: str, error: Exception) -> str:
    """Return the message in one line, without secrets of the configuration."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = re.sub(r"^\[Errno \d+\] ", "", lines[0]) if lines else type(error).__name__
    if isinstance(error, ImportError):
        text = f"needs a package that is not installed: {text}"
    elif isinstance(error, OSError) and not isinstance(error, RequestException):
        text = f"its warehouse can't be used: {text}"
    with suppress(Exception):
        for key, value in _configuration(name).items():
            if len(value) > 3 and _SECRET_KEY.search(key):
                text = text.replace(value, "***")
    return redact_passwords(text)[:300]
