"""An Iceberg catalog in a SQLite file, with its warehouse in a folder."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from unittest.mock import patch

import duckdb
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.table import Table
from spotify_pipeline.after_load.iceberg import export_tables

from tests.support.database import Database

NAMESPACE = "spotify_raw"
NOW = datetime(2026, 11, 20, 6, 17, 5, tzinfo=timezone.utc)


class Lake:
    """A catalog named 'lake' with its files in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.properties = {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"file://{folder}/warehouse"}

    def environment(self) -> dict[str, str]:
        """Return the environment variables that configure it."""
        return {f"PYICEBERG_CATALOG__LAKE__{name.upper()}": value for name, value in self.properties.items()}

    def catalog(self) -> Catalog:
        """Open the catalog."""
        return load_catalog("lake", **self.properties)

    def table(self, name: str) -> Table:
        """Load the current state of a table."""
        return self.catalog().load_table((NAMESPACE, name))

    def tables(self) -> set[str]:
        """Return the names of the tables."""
        return {name for _, name in self.catalog().list_tables(NAMESPACE)}

    def snapshots(self) -> dict[str, int]:
        """Return the current snapshot of each table."""
        return {name: self.table(name).metadata.current_snapshot_id or 0 for name in self.tables()}

    def operations(self, name: str) -> list[str]:
        """Return the operation of each snapshot of a table."""
        return [str(one.summary.operation.value) for one in self.table(name).snapshots() if one.summary]

    def runs_in(self, name: str) -> list[str]:
        """Return the run of each row of a table."""
        return sorted(self.table(name).scan().to_arrow().column("run_id").to_pylist())

    def export(self, database: Database, load_id: str = "1.0") -> dict[str, tuple[str, int]]:
        """Export a database, and return action and rows for each table that was written."""
        self.catalog().create_namespace_if_not_exists(NAMESPACE)
        with patch.dict("os.environ", self.environment()), duckdb.connect(str(database.database)) as connection:
            changes = export_tables("lake", connection, NAMESPACE, load_id, NOW)
        return {change.table: (change.action, change.rows) for change in changes if change.action != "unchanged"}

    def differences(self, database: Database) -> set[str]:
        """Return the tables that differ from a database in any cell, column or row."""
        differing = self.tables() ^ database.tables()
        with duckdb.connect(str(database.database)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for name in self.tables() & database.tables():
                there = self.table(name).scan().to_arrow()
                here = connection.sql(f"FROM {NAMESPACE}.{name}").to_arrow_table()
                if set(there.column_names) != set(here.column_names) or _rows(there.select(here.column_names)) != _rows(
                    here
                ):
                    differing.add(name)
        return differing


def _rows(table: object) -> list[str]:
    # As text, because NaN does not equal itself.
    return sorted(map(repr, table.to_pylist()))  # type: ignore[attr-defined]
