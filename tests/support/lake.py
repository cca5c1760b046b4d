"""An Iceberg catalog in a SQLite file, with its warehouse in a folder. Knows pyiceberg, not who writes there."""

from __future__ import annotations

from pathlib import Path

import duckdb
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.table import Table

from tests.support.place import Place

NAMESPACE = "spotify_raw"


class Lake:
    """A catalog of the name 'lake'.

    Args:
        folder: Where its files are.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.properties = {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"file://{folder}/warehouse"}

    def environment(self) -> dict[str, str]:
        """What the environment says of it."""
        return {f"PYICEBERG_CATALOG__LAKE__{name.upper()}": value for name, value in self.properties.items()}

    def catalog(self) -> Catalog:
        """It, opened anew."""
        return load_catalog("lake", **self.properties)

    def table(self, name: str) -> Table:
        """A table of it, as it is now."""
        return self.catalog().load_table((NAMESPACE, name))

    def tables(self) -> set[str]:
        """The names of its tables."""
        return {name for _, name in self.catalog().list_tables(NAMESPACE)}

    def operations(self, name: str) -> list[str]:
        """What each snapshot of a table did."""
        return [str(one.summary.operation.value) for one in self.table(name).snapshots() if one.summary]

    def runs_in(self, name: str) -> list[str]:
        """The run of each row."""
        return sorted(self.table(name).scan().to_arrow().column("run_id").to_pylist())


def rows_of(place: Place, table: str, columns: list[str]) -> list[str]:
    """What the database holds in these columns, with times in UTC, as text, in an order of its own."""
    with duckdb.connect(str(place.database)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        listed = ", ".join(f'"{name}"' for name in columns)
        rows = connection.sql(f"SELECT {listed} FROM spotify_raw.{table}").to_arrow_table().to_pylist()
    # As text: what is not a number is not equal to itself.
    return sorted(map(repr, rows))


def assert_equal(place: Place, lake: Lake) -> None:
    """Each table of the lake is that of the database, to the last cell."""
    assert lake.tables() == place.tables()
    for name in sorted(place.tables()):
        found = lake.table(name).scan().to_arrow()
        columns = [
            column
            for (column,) in place.sql(
                "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'spotify_raw' AND table_name = $1", name
            )
        ]
        assert set(found.column_names) == set(columns), name
        assert sorted(map(repr, found.select(columns).to_pylist())) == rows_of(place, name, columns), name
