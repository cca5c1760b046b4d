"""Engines that the suite loads into, each with its server and its SQL. Knows how they are reached, not what is loaded."""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest

from spotify_source import schema
from spotify_source.schema import Table
from tests.support.mariadb import MariaDb
from tests.support.postgres import Postgres

Rows = dict[str, list[tuple[Any, ...]]]
# A run is named by chance.
_BY_CHANCE = {"run_id", "load_id"}


class Engine(ABC):
    """A place of one kind.

    Args:
        folder: A folder of its own.

    Attributes:
        tier: Which of the tiers it belongs to.
        arguments: The command line that loads into it.
        environment: What dlt is told of it.
        dataset: The dataset that is loaded.
        client: The class of dlt that marks a load as complete there.
    """

    tier = "one writer"
    dataset = "spotify_raw"
    client = "dlt.destinations.job_client_impl.SqlJobClientBase"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.arguments: tuple[str, ...] = ()
        self.environment: dict[str, str] = {}

    @abstractmethod
    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask it; the tables of the dataset are known by their names alone."""

    @abstractmethod
    def version(self) -> str:
        """What is tested."""

    @abstractmethod
    def datasets(self) -> set[str]:
        """The datasets of ours that are there."""

    def commented(self) -> int:
        """How many tables and columns have a comment."""
        return 0

    def rows(self) -> Rows:
        """All declared tables, each value as Python has it, without what is called by chance."""
        return {table.name: self._rows(table) for table in tables()}

    def _rows(self, table: Table) -> list[tuple[Any, ...]]:
        columns = [one for one in table.columns if not one.name.startswith("_dlt") and one.name not in _BY_CHANCE]
        names = ", ".join(f'"{column.name}"' for column in columns)
        found = self.sql(f'SELECT {names} FROM "{table.name}"')
        values = [
            tuple(_value(column.data_type, value) for column, value in zip(columns, row, strict=True)) for row in found
        ]
        return sorted(values, key=repr)


class DuckDb(Engine):
    """A DuckDB file, which all others are compared with."""

    tier = "proven"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.file = folder / "spotify.duckdb"
        self.arguments = ("--db", str(self.file))

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask it."""
        with duckdb.connect(str(self.file)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f'USE "{self.file.stem}".{self.dataset}')
            found = connection.execute(query)
            return found.fetchall() if found.description else []

    def version(self) -> str:
        """DuckDB's own."""
        return f"DuckDB {duckdb.__version__}"

    def datasets(self) -> set[str]:
        """Its schemas."""
        if not self.file.exists():
            return set()
        with duckdb.connect(str(self.file)) as connection:
            names = {name for (name,) in connection.execute("SELECT schema_name FROM duckdb_schemas()").fetchall()}
        return {name for name in names if name.startswith("spotify")}

    def commented(self) -> int:
        """Tables and columns."""
        ((count,),) = self.sql(
            "SELECT (SELECT count(comment) FROM duckdb_tables()) + (SELECT count(comment) FROM duckdb_columns() "
            f"WHERE schema_name = '{self.dataset}')"
        )
        return int(count)


class PostgresDataset(Engine):
    """A server that the tests start."""

    tier = "proven"

    def __init__(self, folder: Path, server: Postgres) -> None:
        super().__init__(folder)
        self.server = server
        # Several share one server.
        self.dataset = f"spotify_{folder.name.lower()}"[:40]
        self.arguments = ("--destination", "postgres", "--dataset", self.dataset)
        self.environment = server.environment()

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask it."""
        return self.server.sql(f"SET search_path = {self.dataset}; SET TimeZone = 'UTC'; {query}")

    def version(self) -> str:
        """The server's own."""
        return f"PostgreSQL {self.server.sql('SHOW server_version')[0][0].split()[0]}"

    def datasets(self) -> set[str]:
        """Its schemas."""
        found = self.server.sql(f"SELECT nspname FROM pg_namespace WHERE nspname LIKE '{self.dataset}%'")
        return {name for (name,) in found}

    def commented(self) -> int:
        """Tables and columns."""
        ((count,),) = self.sql(
            "SELECT count(*) FROM pg_description JOIN pg_class c ON c.oid = objoid "
            f"WHERE relkind = 'r' AND relnamespace = '{self.dataset}'::regnamespace"
        )
        return int(count)


class MariaDbDatabase(Engine):
    """A server that the tests start, through sqlalchemy."""

    client = "dlt.destinations.impl.sqlalchemy.sqlalchemy_job_client.SqlalchemyJobClient"

    def __init__(self, folder: Path, server: MariaDb) -> None:
        super().__init__(folder)
        self.server = server
        # Several share one server.
        self.dataset = f"spotify_{folder.name.lower()}"[:40]
        self.arguments = ("--destination", "sqlalchemy", "--dataset", self.dataset)
        self.environment = server.environment()

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask it, with names quoted as SQL has it."""
        types = query.replace("AS text)", "AS char)")
        return self.server.sql(f"SET sql_mode = 'ANSI_QUOTES', time_zone = '+00:00'; USE {self.dataset}; {types}")

    def version(self) -> str:
        """The server's own."""
        return f"MariaDB {self.server.sql('SELECT version()')[0][0].split('-')[0]}"

    def datasets(self) -> set[str]:
        """Its databases."""
        found = self.server.sql(f"SHOW DATABASES LIKE '{self.dataset}%'")
        return {name for (name,) in found}


class SQLite(Engine):
    """A SQLite file, through sqlalchemy."""

    client = "dlt.destinations.impl.sqlalchemy.sqlalchemy_job_client.SqlalchemyJobClient"

    def __init__(self, folder: Path) -> None:
        pytest.importorskip("sqlalchemy", reason='sqlalchemy is not installed: pip install "dlt[sqlalchemy]"')
        super().__init__(folder)
        self.arguments = ("--destination", "sqlalchemy")
        self.environment = {"DESTINATION__SQLALCHEMY__CREDENTIALS": f"sqlite:///{folder}/lite.db"}

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the file of the dataset."""
        connection = sqlite3.connect(self.folder / f"lite__{self.dataset}.db")
        try:
            found = connection.execute(query).fetchall()
            connection.commit()
            return found
        finally:
            connection.close()

    def version(self) -> str:
        """SQLite's own."""
        return f"SQLite {sqlite3.sqlite_version}"

    def datasets(self) -> set[str]:
        """Files that hold a table; dlt leaves empty ones."""
        found = set()
        for file in self.folder.glob("lite__*.db"):
            with sqlite3.connect(file) as connection:
                if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                    found.add(file.stem.removeprefix("lite__"))
        return found


def tables() -> list[Table]:
    """Every declared table, nested ones too."""
    return list(schema.all_tables())


def _value(data_type: str, value: Any) -> Any:
    """A value as Python has it, whatever the engine makes of its type."""
    if value is None:
        return None
    convert: Mapping[str, Any] = {
        "json": lambda: json.dumps(json.loads(value) if isinstance(value, str) else value, sort_keys=True),
        "bool": lambda: bool(value),
        "date": lambda: str(value)[:10],
        "timestamp": lambda: _moment(value),
        "double": lambda: float(value),
    }
    return convert[data_type]() if data_type in convert else value


def _moment(value: Any) -> str:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    utc = moment.astimezone(timezone.utc) if moment.tzinfo else moment
    return f"{utc:%Y-%m-%d %H:%M:%S}"
