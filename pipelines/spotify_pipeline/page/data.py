"""Data of the page: a DuckDB file opened for reading, with `views.sql`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import jinja2

from spotify_pipeline.destinations.base import DestinationUnavailableError
from spotify_pipeline.destinations.duckdb import TYPES, empty_table, locking_process, quoted_name, quoted_text
from spotify_pipeline.installation import command, dbt_project, with_schema_prefix
from spotify_source import schema
from spotify_source.errors import ConfigurationError

# The mart that the page shows if the dbt project has built it.
PAIRS_MART: Final = "spotify_marts.rpt_artist_pairs"
_PAIRS_COLUMNS: Final = {"first_artist_id", "second_artist_id", "releases_together"}
_HERE: Final = Path(__file__).parent
# The session is in UTC, so timestamps need no time zone.
_TYPES: Final[Mapping[str, str]] = {**TYPES, "timestamp": "TIMESTAMP"}
_PARAMETER: Final = re.compile(r"\$(\w+)")

Row = dict[str, Any]


class NothingToReadError(ConfigurationError):
    """The file is missing, no database, or has no tables of this pipeline."""

    help_url = "https://duckdb.org/docs/stable/connect/overview"


class Database:
    """Loaded tables of a dataset, missing ones without rows, and their views.

    Args:
        connection: Connection to which the file is attached as 'loaded'.
        dataset: Schema with the tables.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, dataset: str) -> None:
        self._connection = connection
        # DuckDB compares identifiers without case.
        self.dataset = dataset.lower()
        self.columns: dict[tuple[str, str], set[str]] = {}  # by schema and table
        found = "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE database_name = 'loaded'"
        for schema_name, table, column in connection.execute(found).fetchall():
            self.columns.setdefault((schema_name.lower(), table.lower()), set()).add(column.lower())

    def rows(self, query: str, values: Mapping[str, object] | None = None) -> list[Row]:
        """Return the rows of a query.

        Args:
            query: SQL with named parameters.
            values: Values of the parameters, and others that the query does not use.
        """
        names = set(_PARAMETER.findall(query))
        result = self._connection.execute(query, {name: (values or {})[name] for name in names})
        columns = [column[0] for column in result.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]

    def value(self, query: str, values: Mapping[str, object] | None = None) -> Any:
        """Return the value of a query with at most one row; None without a row."""
        return next((value for row in self.rows(query, values) for value in row.values()), None)

    def create_views(self) -> None:
        """Create a view of each declared table, and what `views.sql` makes of them."""
        for table in schema.all_tables():
            self._connection.execute(f"CREATE VIEW {table.name} AS {self._declared(table)}")
        present = [table.name for table in schema.all_tables() if (self.dataset, table.name) in self.columns]
        self._connection.execute(
            "CREATE TABLE loaded_tables AS SELECT unnest(CAST($1 AS VARCHAR[])) AS name", [present]
        )
        self._connection.execute(f"CREATE VIEW pair_releases AS {self._pair_releases()}")
        self._connection.execute(_views())

    def _declared(self, table: schema.Table) -> str:
        present = self.columns.get((self.dataset, table.name))
        if present is None:
            return empty_table(table, _TYPES)
        columns = ", ".join(
            f"TRY_CAST({column.name if column.name in present else 'NULL'} AS {_TYPES[column.data_type]}) "
            f'AS "{column.name}"'
            for column in table.columns
        )
        return f"SELECT {columns} FROM {quoted_name('loaded', self.dataset, table.name)}"  # noqa: S608 - quoted

    def _pair_releases(self) -> str:
        """Return a query for the releases of each artist pair.

        It has no rows if the mart is missing: only the dbt project knows which albums are editions of one release.
        """
        schema_name, _, table = with_schema_prefix(PAIRS_MART).partition(".")
        columns = "first_artist_id, second_artist_id, releases_together AS releases"
        if self.columns.get((schema_name.lower(), table), set()) >= _PAIRS_COLUMNS:
            return f"SELECT {columns} FROM {quoted_name('loaded', schema_name, table)}"  # noqa: S608 - quoted
        return "SELECT '' AS first_artist_id, '' AS second_artist_id, 0 AS releases WHERE false"


def read_tables() -> tuple[str, ...]:
    """Return the tables that the page reads, marts with their schema."""
    return (*(table.name for table in schema.all_tables()), with_schema_prefix(PAIRS_MART))


@contextmanager
def opened(db: Path, dataset: str, destination: str | None = None) -> Iterator[Database]:
    """Open a DuckDB file for reading.

    Args:
        db: File.
        dataset: Schema with the loaded tables.
        destination: dlt destination that the file is a copy of, if it is one.

    Raises:
        NothingToReadError: The file is missing, not a database, or has no tables of this pipeline.
        DestinationUnavailableError: Another program has the file open for writing.
    """
    if not db.is_file():
        raise NothingToReadError(
            f"The file {db} does not exist.",
            guidance=f"Load it first, with {command('load')} --db {db}, or name another one with --db; "
            "the demo's is spotify_demo.duckdb.",
        )
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        _attach(connection, db)
        database = Database(connection, dataset)
        _check_dataset(database, "--db" if destination is None else "--destination", destination or str(db))
        database.create_views()
        yield database


def _attach(connection: duckdb.DuckDBPyConnection, db: Path) -> None:
    # Under a fixed name: in a plain connection, a schema with the file's name would be ambiguous.
    try:
        connection.execute(f"ATTACH {quoted_text(str(db))} AS loaded (READ_ONLY)")
    except duckdb.Error as error:
        process = locking_process(error)
        if process is not None:
            raise DestinationUnavailableError(
                f"{db} is in use: {process}.",
                guidance="Wait until the load ends, or close the other program, then run this again.",
            ) from None
        raise NothingToReadError(
            f"{db} can't be read as a DuckDB database: {str(error).splitlines()[0]}",
            guidance="Name another file with --db.",
        ) from None


def _check_dataset(database: Database, option: str, name: str) -> None:
    if any((database.dataset, table.name) in database.columns for table in schema.TABLES):
        return
    others = sorted(one for one, table in database.columns if table == "new_releases" and not one.endswith("_staging"))
    if others:
        guidance = f"It has {', '.join(others)}: choose with --dataset {others[0]}."
    else:
        guidance = (
            f"Load it first, with {command('load')} {option} {name}, or choose another one with {option} or --dataset."
        )
    raise NothingToReadError(f"{name} has no tables of this pipeline in {database.dataset}.", guidance=guidance)


def _views() -> str:
    # The dbt project's macros decide which of listing and album object is the newer.
    loader = jinja2.FileSystemLoader([_HERE, dbt_project() / "macros"])
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - SQL
    return environment.get_template("views.sql").render()
