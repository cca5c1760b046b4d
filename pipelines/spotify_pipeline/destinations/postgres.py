"""Postgres as a destination, with lock, comments, indexes and a DuckDB copy."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import dlt
import duckdb

from spotify_pipeline.destinations.base import AnotherRunError
from spotify_pipeline.destinations.driver_errors import translating_driver_errors
from spotify_pipeline.destinations.duckdb import quoted_name, quoted_text
from spotify_pipeline.destinations.other import OtherDestination
from spotify_pipeline.dlt_internals.capabilities import SqlClient, temporary_pipeline
from spotify_source.errors import ConfigurationError
from spotify_source.schema import TABLES

LOCK_URL: Final = "https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS"
_HOLDER: Final = """
    SELECT application_name, client_addr::text, a.pid, to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.objsubid = 1 AND ((l.classid::bigint << 32) | l.objid::bigint) = %s
"""
# Parameters of a connection and the environment variables by which libpq reads them.
# https://www.postgresql.org/docs/current/libpq-envars.html
_VARIABLES: Final = {
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "gssencmode": "PGGSSENCMODE",
    "hostaddr": "PGHOSTADDR",
    "options": "PGOPTIONS",
    "passfile": "PGPASSFILE",
    "requirepeer": "PGREQUIREPEER",
    "service": "PGSERVICE",
    "sslcert": "PGSSLCERT",
    "sslcrl": "PGSSLCRL",
    "sslkey": "PGSSLKEY",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
# DuckDB's types for the Postgres types that dlt and the dbt project create; any other is read as text.
_DUCKDB_TYPES: Final[Mapping[str, str]] = {
    "bigint": "BIGINT",
    "integer": "INTEGER",
    "smallint": "SMALLINT",
    "boolean": "BOOLEAN",
    "double precision": "DOUBLE",
    "date": "DATE",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "timestamp without time zone": "TIMESTAMP",
    "json": "JSON",
    "jsonb": "JSON",
}
# Bytes. DuckDB's default of 2 MB may be too short for a row with a long JSON column.
_MAX_LINE_SIZE: Final = 64_000_000


class MissingPrivilegeError(ConfigurationError):
    """The role may not write into a schema of the dataset."""

    help_url = "https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PRIV"


class AdvisoryLock:
    """Advisory lock of a dataset, held by a session.

    The server releases it when the process ends.
    https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS

    Args:
        client: Client whose connection is used for nothing else.
        dataset: Dataset to lock, in the client's database.
    """

    def __init__(self, client: SqlClient, dataset: str) -> None:
        self._client = client
        digest = hashlib.sha256(f"spotify_source\n{dataset}".encode()).digest()
        # Non-negative, so that the two halves in pg_locks combine to the same number.
        self._key = int.from_bytes(digest[:8], "big") >> 1

    def acquire(self) -> bool:
        """Open a session and return whether it got the lock."""
        self._client.open_connection()
        name = f"spotify_source {os.getpid()}@{socket.gethostname()}"[:63]
        self._client.execute_sql("SELECT set_config('application_name', %s, false)", name)
        ((acquired,),) = self._client.execute_sql("SELECT pg_try_advisory_lock(%s)", self._key) or ()
        return bool(acquired)

    def is_held(self) -> bool:
        """Return whether the session still holds the lock."""
        try:
            found = self._client.execute_sql(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() "
                "AND ((classid::bigint << 32) | objid::bigint) = %s",
                self._key,
            )
        except Exception:  # noqa: BLE001 - the lock ends with the connection, whatever ended that
            return False
        return bool(found)

    def holder(self) -> str:
        """Return the session that holds the lock, in words."""
        for program, address, pid, since in self._client.execute_sql(_HOLDER, self._key) or ():
            host = f" from {address}" if address else ""
            return f"{program or 'a program'}{host}, since {since} UTC (server process {pid})"
        return "a run that has just ended"

    def release(self) -> None:
        """Close the session."""
        self._client.close_connection()


class PostgresDestination(OtherDestination):
    """A schema in a Postgres database."""

    tier = "proven"
    _lock: AdvisoryLock | None = None
    _comments_query = """
        SELECT c.relname, a.attname, d.description
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN LATERAL (
            SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
            UNION ALL SELECT NULL, 0
        ) a ON true
        LEFT JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = a.attnum AND d.classoid = 'pg_class'::regclass
        WHERE n.nspname = %s AND c.relkind IN ('r', 'p')
    """

    def check(self, *, create: bool = True) -> None:
        """Check that rows can be written, by the role's privileges or by a trial load.

        Args:
            create: A load follows. Otherwise the trial takes place even if something is loaded.

        Raises:
            ConfigurationError: The server refuses.
            DestinationUnavailableError: It can't be reached.
        """
        with translating_driver_errors(), self.sql_client() as client:
            if _is_limited_to_dataset(client):
                return
        super().check(create=create)

    def describe(self) -> str:
        """Return the result of the check, and who may load into it."""
        return "a table can be written, replaced, read and dropped; one run at a time, from any machine"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the dataset against runs on any machine.

        Raises:
            AnotherRunError: Another run holds the lock.
            DestinationUnavailableError: The server can't be reached.
        """
        with super().locked():
            with temporary_pipeline(self._destination, self.dataset) as pipeline:
                self._lock = AdvisoryLock(pipeline.sql_client(), self.dataset)
            try:
                self._acquire(self._lock)
                yield
            finally:
                self._lock.release()
                self._lock = None

    @contextmanager
    def writable(self) -> Iterator[None]:
        """Acquire the lock again if the connection that held it was lost."""
        if self._lock is not None and not self._lock.is_held():
            self._acquire(self._lock)
        yield

    def write_comments(self, pipeline: dlt.Pipeline) -> None:
        """Write comments, and create the indexes that merges use."""
        super().write_comments(pipeline)
        with pipeline.sql_client() as client:
            _create_indexes(client)

    @contextmanager
    def as_duckdb_file(self, tables: Collection[str] | None = None) -> Iterator[Path]:
        """Return a temporary DuckDB file with a copy of the tables as of one moment.

        Args:
            tables: Tables to copy, by default all of the dataset; one of another schema as 'schema.table'.

        Raises:
            ConfigurationError: The server refuses.
            DestinationUnavailableError: It can't be reached.
        """
        with TemporaryDirectory() as directory:
            file = Path(directory) / "loaded.duckdb"
            with translating_driver_errors(), self.sql_client() as client:
                _copy_tables(client, file, tables)
            yield file

    def libpq_environment(self) -> dict[str, str]:
        """Return the connection as environment variables of libpq, for a subprocess.

        The password is one of them.
        """
        with temporary_pipeline(self._destination, self.dataset) as pipeline:
            credentials = pipeline.sql_client().credentials
        variables = {
            "PGHOST": credentials.host,
            "PGPORT": credentials.port,
            "PGUSER": credentials.username,
            "PGPASSWORD": credentials.password,
            "PGDATABASE": credentials.database,
            **{_VARIABLES[name]: value for name, value in credentials.get_query().items() if name in _VARIABLES},
        }
        return {name: str(value) for name, value in variables.items() if value is not None}

    def _acquire(self, lock: AdvisoryLock) -> None:
        with translating_driver_errors():
            if lock.acquire():
                return
            error = AnotherRunError(
                f"Another run is loading into {self.dataset} at {self._capabilities.location}: {lock.holder()}."
            )
            error.help_url = LOCK_URL
            raise error


def _is_limited_to_dataset(client: SqlClient) -> bool:
    """Return whether the role may write to the dataset but create no schema.

    A trial load needs a schema of its own, so the privileges have to do for such a role.

    Raises:
        MissingPrivilegeError: A schema exists, and the role may not create tables in it.
    """
    names = [client.dataset_name, client.staging_dataset_name]
    found = client.execute_sql(
        "SELECT nspname, has_schema_privilege(oid, 'CREATE'), current_user, "
        "has_database_privilege(current_database(), 'CREATE') FROM pg_namespace WHERE nspname = ANY(%s)",
        names,
    )
    for schema, allowed, role, _ in found or ():
        if not allowed:
            raise MissingPrivilegeError(
                f"The role {role} may not create tables in the schema {schema}.",
                guidance=f"Let the owner of the schema run: GRANT CREATE, USAGE ON SCHEMA {schema} TO {role}.",
            )
    return [creates_schemas for *_, creates_schemas in found or ()] == [False] * len(names)


def _create_indexes(client: SqlClient) -> None:
    """Create indexes on the columns by which merges find rows.

    Without them each run scans its tables.
    """
    tables, existing = (
        {name for (name,) in client.execute_sql(query, client.dataset_name) or ()}
        for query in (
            "SELECT tablename FROM pg_tables WHERE schemaname = %s",
            "SELECT indexname FROM pg_indexes WHERE schemaname = %s",
        )
    )
    for table, columns in _merge_columns():
        name = f"ix_{table}__{columns[0].lstrip('_')}"
        if table in tables and name not in existing:
            listed = ", ".join(client.escape_column_name(column) for column in columns)
            index = client.escape_column_name(name)
            client.execute_sql(
                f"CREATE INDEX IF NOT EXISTS {index} ON {client.make_qualified_table_name(table)} ({listed})"
            )


def _merge_columns() -> Iterator[tuple[str, tuple[str, ...]]]:
    for table in TABLES:
        if table.primary_key:
            yield table.name, table.primary_key
        if table.merge_key:
            yield table.name, (table.merge_key,)
        for nested in table.nested.values():
            yield nested.name, ("_dlt_root_id",)


def _copy_tables(client: SqlClient, file: Path, tables: Collection[str] | None) -> None:
    """Copy tables into a new DuckDB file, in one snapshot and in constant memory.

    https://www.postgresql.org/docs/current/sql-copy.html

    Args:
        client: Client of the dataset.
        file: DuckDB file to create; schemas keep their names.
        tables: Tables to copy; None for all of the dataset. Missing ones are left out.
    """
    with client.begin_transaction(), duckdb.connect(str(file)) as connection:
        client.execute_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        client.execute_sql("SET LOCAL TimeZone = 'UTC'")
        client.execute_sql("SET LOCAL DateStyle = 'ISO'")
        if tables is None:
            found = client.execute_sql("SELECT tablename FROM pg_tables WHERE schemaname = %s", client.dataset_name)
            tables = [table for (table,) in found or ()]
        for name in tables:
            schema, _, table = name.rpartition(".")
            _copy_table(client, connection, schema or client.dataset_name, table, file.with_suffix(".csv"))


def _copy_table(client: SqlClient, connection: duckdb.DuckDBPyConnection, schema: str, table: str, text: Path) -> None:
    found = client.execute_sql(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
        schema,
        table,
    )
    columns = {column: _DUCKDB_TYPES.get(data_type, "VARCHAR") for column, data_type in found or ()}
    if not columns:
        return
    name, listed = quoted_name(schema, table), ", ".join(quoted_name(column) for column in columns)
    with text.open("wb") as csv, client.native_connection.cursor() as cursor:
        cursor.copy_expert(f"COPY (SELECT {listed} FROM {name}) TO STDOUT (FORMAT csv)", csv)  # noqa: S608 - quoted
    types = ", ".join(f"{quoted_text(column)}: {quoted_text(kind)}" for column, kind in columns.items())
    # COPY quotes an empty string, and leaves null unquoted.
    read = (
        f"read_csv({quoted_text(str(text))}, columns = {{{types}}}, auto_detect = false, header = false, delim = ',', "
        f"""quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, parallel = false, """
        f"max_line_size = {_MAX_LINE_SIZE}, buffer_size = {2 * _MAX_LINE_SIZE})"
    )
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted_name(schema)}")
    connection.execute(f"CREATE TABLE {name} AS FROM {read}")
    text.unlink()
