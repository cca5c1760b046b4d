"""Writes the tables of a dataset to an Iceberg catalog, where engines that scale out read them. Knows no engine.

Each table is one commit, all of it or nothing: https://iceberg.apache.org/spec/#optimistic-concurrency. What only grows
is appended; what is otherwise different is written anew; what is as it was, is not written. Which of them it is follows
from what the table's last snapshot says of itself, so that it does not matter who exported last, or was killed then.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.expressions import AlwaysTrue, BooleanExpression, GreaterThan
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Table, Transaction
from pyiceberg.table.snapshots import Operation, Snapshot

from spotify_pipeline.after_load.iceberg_catalog import ForeignTablesError, busy, told_for
from spotify_pipeline.after_load.iceberg_schema import PREFIX, RUN, WRITER, Found, differs, evolve, table_of, tables_of
from spotify_pipeline.destinations.duckdb import quoted_name

_DIGEST: Final = f"{PREFIX}digest"
_THROUGH: Final = f"{PREFIX}through"
LOAD_ID: Final = f"{PREFIX}load-id"
EXPORTED_AT: Final = f"{PREFIX}exported-at"
# Of each table, in the properties of the namespace.
SNAPSHOT: Final = f"{PREFIX}snapshot."

_ATTEMPTS: Final = 4
_BATCH: Final = 100_000
# pyiceberg holds all that one append writes: https://github.com/apache/iceberg-python/issues/2152
_BATCHES_AT_A_TIME: Final = 5

Action = Literal["appended", "written", "unchanged"]


@dataclass(frozen=True)
class Written:
    """What was done to an Iceberg table.

    Attributes:
        table: Its name.
        action: 'appended', 'written' (anew, all rows) or 'unchanged'.
        rows: How many rows were written.
        snapshot_id: The snapshot that holds what the dataset's table holds.
    """

    table: str
    action: Action
    rows: int
    snapshot_id: int


@dataclass(frozen=True)
class _Content:
    """What a table holds: how much, a digest that does not depend on the order of rows, and the last run."""

    digest: str
    before: str
    through: str | None


@dataclass(frozen=True)
class _Plan:
    """What is to be written: the rows after a run, or all of them."""

    action: Action
    content: _Content
    after: str | None = None


class Export:
    """One export of a dataset.

    Args:
        catalog: Where to.
        connection: The database that was loaded to.
        dataset: The schema in it, and the namespace in the catalog.
        load_id: The load package, if anything was loaded; each snapshot names it.
    """

    def __init__(
        self, catalog: Catalog, connection: duckdb.DuckDBPyConnection, dataset: str, load_id: str | None
    ) -> None:
        self._catalog = catalog
        self._connection = connection
        self._dataset = dataset
        self._load_id = load_id or ""

    def run(self, now: datetime) -> list[Written]:
        """Write what has changed, and name in the end the snapshots that belong together.

        Args:
            now: The time, UTC.

        Raises:
            ForeignTablesError: The catalog holds runs that the database does not.
            SpotifySourceError: The catalog or its warehouse can't be reached or written.
        """
        tables = tables_of(self._connection, self._dataset)
        with told_for(self._catalog.name):
            # Whether it may be written at all is known before anything is.
            opened = {found.name: self._table(found) for found in tables}
            planned = {
                found.name: self._plan(found, opened[found.name])
                for found in tables
                if found.declared and found.declared.is_irreplaceable
            }
            written = [self._exported(found, opened[found.name], planned.get(found.name)) for found in tables]
            self._name_snapshots(written, now)
        return written

    def _table(self, found: Found) -> Table:
        table = table_of(self._catalog, self._dataset, found)
        if table.current_snapshot() is not None and WRITER not in table.properties:
            raise ForeignTablesError(
                f"--iceberg {self._catalog.name}: {self._dataset}.{found.name} is a table that another program created."
            )
        return table

    def _exported(self, found: Found, table: Table, plan: _Plan | None) -> Written:
        """Write a table; where another program wrote it meanwhile, see anew what is to be written."""
        for _ in range(_ATTEMPTS):
            plan = plan or self._plan(found, table)
            if plan.action == "unchanged":
                return Written(found.name, plan.action, 0, _current(table).snapshot_id)
            try:
                return self._write(found, table, plan)
            except (CommitFailedException, ValidationException):
                table, plan = self._table(found), None
        raise busy(self._catalog.name, found.name)

    def _plan(self, found: Found, table: Table) -> _Plan:
        """What is to be written.

        Raises:
            ForeignTablesError: It would take runs away that are nowhere else.
        """
        held = _held(table)
        through = held.get(_THROUGH)
        content = self._content(found, through)
        if held and not differs(table.schema(), found):
            if held[_DIGEST] == content.digest:
                return _Plan("unchanged", content)
            if through is not None and held[_DIGEST] == content.before:
                return _Plan("appended", content, through)
        if found.declared and found.declared.is_irreplaceable:
            self._check_runs(found, table)
        return _Plan("written", content)

    def _content(self, found: Found, through: str | None) -> _Content:
        """Read through a table once, in DuckDB. Another version of it may hash otherwise: all is written anew then."""
        row = f"hash({', '.join(quoted_name(column) for column in sorted(found.types))})::HUGEINT"
        digest = f"concat(count(*) {{0}}, ':', coalesce(sum({row}) {{0}}, 0))"
        grows = found.declared is not None and found.declared.is_append_only
        before = digest.format(f"FILTER (WHERE {RUN} <= $through)") if grows else "''"
        last = f"max({RUN})" if grows else "NULL"
        query = f"SELECT {digest.format('')}, {before}, {last} FROM {quoted_name(self._dataset, found.name)}"  # noqa: S608 - quoted
        ((whole, old, last_run),) = self._connection.execute(query, {"through": through} if grows else {}).fetchall()
        return _Content(whole, old, last_run)

    def _check_runs(self, found: Found, table: Table) -> None:
        """See that the database has every run that the Iceberg table has."""
        if table.current_snapshot() is None or not any(field.name == RUN for field in table.schema().fields):
            return
        held = {
            run
            for batch in table.scan(selected_fields=(RUN,)).to_arrow_batch_reader()
            for run in batch.column(0).unique().to_pylist()
        }
        known = self._connection.execute(f"SELECT DISTINCT {RUN} FROM {quoted_name(self._dataset, found.name)}")  # noqa: S608 - quoted
        unknown = sorted(held - {run for (run,) in known.fetchall()})
        if unknown:
            several = f"{len(unknown)} runs that this database does not have (the first: {unknown[0]})"
            one = f"a run that this database does not have ({unknown[0]})"
            raise ForeignTablesError(
                f"--iceberg {self._catalog.name}: {self._dataset}.{found.name} holds {several if unknown[1:] else one}."
            )

    def _write(self, found: Found, table: Table, plan: _Plan) -> Written:
        """Write the rows of a plan in one commit, which fails where anybody has written such rows meanwhile."""
        properties = {_DIGEST: plan.content.digest, LOAD_ID: self._load_id}
        if plan.content.through is not None:
            properties[_THROUGH] = plan.content.through
        replaced = AlwaysTrue() if plan.after is None else _later(plan.after)
        rows = 0
        with table.transaction() as transaction:
            evolve(transaction, found)
            chunks = self._chunks(found, transaction, plan.after)
            first = next(chunks)
            transaction.overwrite(first, replaced, snapshot_properties=properties)
            rows += len(first)
            for chunk in chunks:
                transaction.append(chunk, snapshot_properties=properties)
                rows += len(chunk)
        return Written(found.name, plan.action, rows, _current(table).snapshot_id)

    def _chunks(self, found: Found, transaction: Transaction, after: str | None) -> Iterator[pa.Table]:
        """The rows after a run, or all, in parts that fit into memory; at least one, which may be empty."""
        target = schema_to_pyarrow(transaction.table_metadata.schema(), include_field_ids=False)
        where = f"WHERE {RUN} > $after" if after is not None else ""
        query = found.query(self._dataset, tuple(target.names), where)
        rows = self._connection.sql(query, params={"after": after} if after is not None else None)
        batches = rows.to_arrow_reader(_BATCH)
        part = list(itertools.islice(batches, _BATCHES_AT_A_TIME))
        yield pa.Table.from_batches(part, batches.schema).cast(target)
        while part := list(itertools.islice(batches, _BATCHES_AT_A_TIME)):
            yield pa.Table.from_batches(part, batches.schema).cast(target)

    def _name_snapshots(self, written: list[Written], now: datetime) -> None:
        """Write down, in one step, which snapshots were taken of one state of the database."""
        if all(one.action == "unchanged" for one in written):
            return
        snapshots = {f"{SNAPSHOT}{one.table}": str(one.snapshot_id) for one in written}
        self._catalog.update_namespace_properties(
            self._dataset, updates={LOAD_ID: self._load_id, EXPORTED_AT: now.isoformat(), **snapshots}
        )


def told(written: list[Written], catalog: str, namespace: str) -> str:
    """For the report, in one line."""
    changed = ", ".join(f"{one.table} ({one.rows} {one.action})" for one in written if one.action != "unchanged")
    unchanged = sum(one.action == "unchanged" for one in written)
    same = f"{unchanged} table{'' if unchanged == 1 else 's'} unchanged"
    return f"Iceberg: {namespace} in catalog {catalog}: {f'{changed}; ' if changed else ''}{same}."


def as_data(written: list[Written], catalog: str, namespace: str) -> Mapping[str, object]:
    """The same for programs."""
    tables = {one.table: {"action": one.action, "rows": one.rows, "snapshot_id": one.snapshot_id} for one in written}
    return {"catalog": catalog, "namespace": namespace, "tables": tables}


def _later(run: str) -> BooleanExpression:
    return GreaterThan(RUN, run)  # type: ignore[call-arg, arg-type, misc]  # pydantic's plugin would tell mypy of it


def _current(table: Table) -> Snapshot:
    snapshot = table.current_snapshot()
    if snapshot is None:
        raise LookupError(f"{table.name()} has no snapshot")
    return snapshot


def _held(table: Table) -> Mapping[str, str]:
    """What the snapshot says of itself that this wrote last; nothing where another program has changed rows since.

    One that has put files together has not: https://iceberg.apache.org/spec/#snapshots, `replace`.
    """
    snapshot = table.current_snapshot()
    while snapshot is not None and snapshot.summary is not None and snapshot.summary.operation is Operation.REPLACE:
        parent = snapshot.parent_snapshot_id
        snapshot = None if parent is None else table.snapshot_by_id(parent)
    if snapshot is None or snapshot.summary is None:
        return {}
    said = snapshot.summary.additional_properties
    return said if _DIGEST in said else {}
