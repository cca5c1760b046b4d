"""What Postgres can do beyond dlt's alike everywhere: advisory locks, comments, indexes. Knows SQL, no driver."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from typing import Final

import dlt

from spotify_pipeline.destinations.descriptions import descriptions
from spotify_pipeline.destinations.duckdb_sql import quoted_text
from spotify_pipeline.dlt_internals.destinations import SqlClient
from spotify_source import schema as declared
from spotify_source.errors import ConfigurationError

_HOLDER: Final = """
    SELECT application_name, client_addr::text, a.pid, to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.objsubid = 1 AND ((l.classid::bigint << 32) | l.objid::bigint) = %s
"""
_COMMENTS: Final = """
    SELECT c.relname, a.attname, d.description
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN LATERAL (SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
                       UNION ALL SELECT NULL, 0) a ON true
    LEFT JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = a.attnum AND d.classoid = 'pg_class'::regclass
    WHERE n.nspname = %s AND c.relkind IN ('r', 'p')
"""


class NotAllowedError(ConfigurationError):
    """The role may not write where it is to write."""

    help_url = "https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PRIV"


# What a connection may say beyond where and who, by the names that libpq reads in the environment.
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


class AdvisoryLock:
    """A lock at the server, for as long as its connection lasts: it goes with the process that holds it.

    https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS

    Args:
        client: A client whose connection is used for nothing else.
        dataset: What is locked, in the client's database.
    """

    def __init__(self, client: SqlClient, dataset: str) -> None:
        self._client = client
        digest = hashlib.sha256(f"spotify_source\n{dataset}".encode()).digest()
        # Without a sign: the two halves that pg_locks shows are put together as they were.
        self._key = int.from_bytes(digest[:8], "big") >> 1

    def taken(self) -> bool:
        """Take it, if nobody else has it; again where the connection was lost."""
        self._client.open_connection()
        name = f"spotify_source {os.getpid()}@{socket.gethostname()}"[:63]
        self._client.execute_sql("SELECT set_config('application_name', %s, false)", name)
        ((taken,),) = self._client.execute_sql("SELECT pg_try_advisory_lock(%s)", self._key) or ()
        return bool(taken)

    def is_held(self) -> bool:
        """Whether the server still knows that it is ours."""
        try:
            found = self._client.execute_sql(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() "
                "AND ((classid::bigint << 32) | objid::bigint) = %s",
                self._key,
            )
        except Exception:  # noqa: BLE001 - whatever it is, the lock is gone with the connection
            return False
        return bool(found)

    def holder(self) -> str:
        """Who has it, in words."""
        rows = self._client.execute_sql(_HOLDER, self._key) or ()
        for program, address, pid, since in rows:
            where = f" from {address}" if address else ""
            return f"{program or 'a program'}{where}, since {since} UTC (process {pid} at the server)"
        return "a run that has just ended"

    def release(self) -> None:
        """Let go of it."""
        self._client.close_connection()


def is_bound_to_its_schemas(client: SqlClient) -> bool:
    """Whether the schemas of a dataset were made for the role, which may write in them and make no other.

    Args:
        client: A client of the dataset.

    Raises:
        NotAllowedError: One of them is there, and the role may not write in it.
    """
    names = [client.dataset_name, client.staging_dataset_name]
    found = client.execute_sql(
        "SELECT nspname, has_schema_privilege(oid, 'CREATE'), current_user, "
        "has_database_privilege(current_database(), 'CREATE') FROM pg_namespace WHERE nspname = ANY(%s)",
        names,
    )
    for schema, allowed, role, _ in found or ():
        if not allowed:
            raise NotAllowedError(
                f"The role {role} may not create tables in the schema {schema}.",
                guidance=f"Let the owner of the schema run: GRANT CREATE, USAGE ON SCHEMA {schema} TO {role}.",
            )
    return [makes_schemas for *_, makes_schemas in found or ()] == [False] * len(names)


def libpq_environment(client: SqlClient) -> dict[str, str]:
    """How a client connects, as variables that libpq reads.

    Args:
        client: A client; it need not be connected.
    """
    credentials = client.credentials
    found = {
        "PGHOST": credentials.host,
        "PGPORT": credentials.port,
        "PGUSER": credentials.username,
        "PGPASSWORD": credentials.password,
        "PGDATABASE": credentials.database,
        **{_VARIABLES[name]: value for name, value in credentials.get_query().items() if name in _VARIABLES},
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def write_comments(client: SqlClient, schema: dlt.Schema) -> None:
    """Comment the tables and columns whose description differs from what is there."""
    rows = client.execute_sql(_COMMENTS, client.dataset_name) or ()
    existing = {(table, column): text for table, column, text in rows}
    for table, column, text in descriptions(schema):
        if (table, column) not in existing or existing[table, column] == text:
            continue
        name = client.make_qualified_table_name(table)
        what = f"TABLE {name}" if column is None else f"COLUMN {name}.{client.escape_column_name(column)}"
        client.execute_sql(f"COMMENT ON {what} IS {quoted_text(text).replace('%', '%%')}")


def create_indexes(client: SqlClient) -> None:
    """Index what every merge looks rows up by; otherwise each run reads its tables whole."""
    dataset = client.dataset_name
    tables, existing = (
        {name for (name,) in client.execute_sql(query, dataset) or ()}
        for query in (
            "SELECT tablename FROM pg_tables WHERE schemaname = %s",
            "SELECT indexname FROM pg_indexes WHERE schemaname = %s",
        )
    )
    for table, columns in _looked_up_by():
        name = f"ix_{table}__{columns[0].lstrip('_')}"
        if table in tables and name not in existing:
            listed = ", ".join(client.escape_column_name(column) for column in columns)
            index = client.escape_column_name(name)
            client.execute_sql(
                f"CREATE INDEX IF NOT EXISTS {index} ON {client.make_qualified_table_name(table)} ({listed})"
            )


def _looked_up_by() -> Iterator[tuple[str, tuple[str, ...]]]:
    for table in declared.TABLES:
        if table.primary_key:
            yield table.name, table.primary_key
        if table.merge_key:
            yield table.name, (table.merge_key,)
        for nested in table.nested.values():
            yield nested.name, ("_dlt_root_id",)
