"""The DuckDB file, opened for reading: every declared table can be asked for, whether or not it is there."""

from __future__ import annotations

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

# The mart that the page shows, where the dbt project has built it.
PAIRS: Final = "spotify_marts.rpt_artist_pairs"
_HERE = Path(__file__).parent
# The session is in UTC: the time zone can go.
_TYPES: Final[Mapping[str, str]] = {**TYPES, "timestamp": "TIMESTAMP"}

Row = dict[str, Any]


def read_tables() -> tuple[str, ...]:
    """All that the page reads, marts named with their schema."""
    return (*(table.name for table in schema.all_tables()), with_schema_prefix(PAIRS))


class NothingToReadError(ConfigurationError):
    """The file is not there, is none, or holds nothing of this pipeline."""

    help_url = "https://duckdb.org/docs/stable/connect/overview"


class Database:
    """What a dataset of a DuckDB file holds.

    Args:
        connection: One in which the file is attached as 'loaded'.
        dataset: The schema that the pipeline loads to.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, dataset: str) -> None:
        self._connection = connection
        self._columns: dict[tuple[str, str], set[str]] = {}
        found = "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE database_name = 'loaded'"
        for schema_name, table, column in connection.execute(found).fetchall():
            self._columns.setdefault((schema_name.lower(), table.lower()), set()).add(column.lower())
        self.dataset = dataset.lower()

    def rows(self, query: str, *parameters: object) -> list[Row]:
        """What a query answers, a dictionary a row."""
        result = self._connection.execute(query, list(parameters))
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, values, strict=True)) for values in result.fetchall()]

    def one(self, query: str, *parameters: object) -> Row:
        """The only row that a query answers."""
        (row,) = self.rows(query, *parameters)
        return row

    def has(self, table: str) -> bool:
        """Whether the pipeline has made this table."""
        return (self.dataset, table) in self._columns

    def mart(self, name: str, columns: set[str]) -> str | None:
        """What a mart is called in a query; None where the dbt project has not built it with these columns.

        Args:
            name: Its name with that of its schema, as it is without a prefix.
            columns: Those that it must have.
        """
        schema_name, _, table = with_schema_prefix(name).partition(".")
        if not columns <= self._columns.get((schema_name.lower(), table), set()):
            return None
        return f"loaded.{quoted_name(schema_name)}.{quoted_name(table)}"

    def datasets(self) -> list[str]:
        """The schemas that look like a dataset of this pipeline."""
        return sorted(
            name for name, table in self._columns if table == "new_releases" and not name.endswith("_staging")
        )

    def show_declared_tables(self) -> None:
        """Make the views that the sections ask."""
        for table in schema.all_tables():
            self._connection.execute(self._view_of(table))
        self._connection.execute(_views())

    def _view_of(self, table: schema.Table) -> str:
        present = self._columns.get((self.dataset, table.name))
        if present is None:
            return f"CREATE VIEW {table.name} AS {empty_table(table, _TYPES)}"
        columns = ", ".join(
            f"TRY_CAST({column.name if column.name in present else 'NULL'} AS {_TYPES[column.data_type]}) "
            f'AS "{column.name}"'
            for column in table.columns
        )
        source = quoted_name("loaded", self.dataset, table.name)
        return f"CREATE VIEW {table.name} AS SELECT {columns} FROM {source}"  # noqa: S608 - quoted


@contextmanager
def opened(db: Path, dataset: str, place: str | None = None) -> Iterator[Database]:
    """Open a DuckDB file for reading.

    Args:
        db: The file.
        dataset: The schema in it that the pipeline loads to.
        place: The dlt destination that the file is a copy of.

    Raises:
        NothingToReadError: It is missing, no database, or holds nothing of this pipeline.
        DestinationUnavailableError: A program that writes to it holds it.
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
        _check_dataset(database, f"--db {db}" if place is None else f"--destination {place}")
        database.show_declared_tables()
        yield database


def _attach(connection: duckdb.DuckDBPyConnection, db: Path) -> None:
    # Attached under a name of ours: a schema called like the file would be ambiguous in a plain connection.
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


def _check_dataset(database: Database, place: str) -> None:
    if any(database.has(table.name) for table in schema.TABLES):
        return
    others = database.datasets()
    option, name = place.split(" ", 1)
    if others:
        guidance = f"It has {', '.join(others)}: choose with --dataset {others[0]}."
    else:
        guidance = f"Load it first, with {command('load')} {place}, or choose another one with {option} or --dataset."
    raise NothingToReadError(f"{name} has no tables of this pipeline in {database.dataset}.", guidance=guidance)


def _views() -> str:
    """The views, by the dbt project's rule for which of two objects is the newer."""
    loader = jinja2.FileSystemLoader([_HERE, dbt_project() / "macros"])
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - SQL
    return environment.get_template("views.sql").render()
