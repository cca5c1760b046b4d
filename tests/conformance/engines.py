"""Database engines that the conformance tests load into."""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest

from spotify_source.schema import Table, all_tables
from tests.support.mariadb import MariaDb
from tests.support.postgres import Postgres

Rows = dict[str, list[tuple[Any, ...]]]
_RANDOM_COLUMNS = {"run_id", "load_id"}


class Engine(ABC):
    """An empty dataset on an engine, in a folder of its own."""

    tier = "single-writer"
    dataset = "spotify_raw"
    # The class of dlt that marks a load as complete.
    job_client = "dlt.destinations.job_client_impl.SqlJobClientBase"
    destination = "named_destination('sqlalchemy', dataset)"  # Python expression

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.arguments: tuple[str, ...] = ()  # of load.py
        self.environment: dict[str, str] = {}

    @abstractmethod
    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query in the dataset."""

    @abstractmethod
    def version(self) -> str:
        """Return name and version of the engine."""

    @abstractmethod
    def datasets(self) -> set[str]:
        """Return the existing datasets of this test."""

    def count_comments(self) -> int:
        """Return the number of tables and columns with a comment."""
        return 0

    def count(self, table: str) -> int:
        """Return the number of rows in a table."""
        return int(self.sql(f"SELECT count(*) FROM {table}")[0][0])

    def rows(self) -> Rows:
        """Return all declared tables as Python values, without random columns."""
        return {table.name: self._rows(table) for table in all_tables()}

    def _rows(self, table: Table) -> list[tuple[Any, ...]]:
        columns = [one for one in table.columns if not one.name.startswith("_dlt") and one.name not in _RANDOM_COLUMNS]
        names = ", ".join(f'"{column.name}"' for column in columns)
        rows = self.sql(f'SELECT {names} FROM "{table.name}"')
        types = [column.data_type for column in columns]
        return sorted((tuple(map(_python_value, types, row)) for row in rows), key=repr)


class DuckDb(Engine):
    """A DuckDB file, the reference for all other engines."""

    tier = "proven"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.file = folder / "spotify.duckdb"
        self.arguments = ("--db", str(self.file))
        self.destination = f"DuckDbFile(Path({str(self.file)!r}), dataset)"

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query in the dataset."""
        with duckdb.connect(str(self.file)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f'USE "{self.file.stem}".{self.dataset}')
            result = connection.execute(query)
            return result.fetchall() if result.description else []

    def version(self) -> str:
        """Return name and version of the engine."""
        return f"DuckDB {duckdb.__version__}"

    def datasets(self) -> set[str]:
        """Return the existing schemas."""
        if not self.file.exists():
            return set()
        with duckdb.connect(str(self.file)) as connection:
            names = {name for (name,) in connection.execute("SELECT schema_name FROM duckdb_schemas()").fetchall()}
        return {name for name in names if name.startswith("spotify")}

    def count_comments(self) -> int:
        """Return the number of tables and columns with a comment."""
        ((count,),) = self.sql(
            "SELECT (SELECT count(comment) FROM duckdb_tables()) + (SELECT count(comment) FROM duckdb_columns() "
            f"WHERE schema_name = '{self.dataset}')"
        )
        return int(count)


class PostgresDataset(Engine):
    """A schema on a private Postgres server that tests share."""

    tier = "proven"
    destination = "named_destination('postgres', dataset)"

    def __init__(self, folder: Path, server: Postgres) -> None:
        super().__init__(folder)
        self.server = server
        self.dataset = f"spotify_{folder.name.lower()}"[:40]
        self.arguments = ("--destination", "postgres", "--dataset", self.dataset)
        self.environment = server.environment()

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query in the dataset."""
        return self.server.sql(f"SET search_path = {self.dataset}; SET TimeZone = 'UTC'; {query}")

    def version(self) -> str:
        """Return name and version of the engine."""
        return f"PostgreSQL {self.server.sql('SHOW server_version')[0][0].split()[0]}"

    def datasets(self) -> set[str]:
        """Return the existing schemas."""
        rows = self.server.sql(f"SELECT nspname FROM pg_namespace WHERE nspname LIKE '{self.dataset}%'")
        return {name for (name,) in rows}

    def count_comments(self) -> int:
        """Return the number of tables and columns with a comment."""
        ((count,),) = self.sql(
            "SELECT count(*) FROM pg_description JOIN pg_class c ON c.oid = objoid "
            f"WHERE relkind = 'r' AND relnamespace = '{self.dataset}'::regnamespace"
        )
        return int(count)


class MariaDbDatabase(Engine):
    """A database on a private MariaDB server that tests share."""

    job_client = "dlt.destinations.impl.sqlalchemy.sqlalchemy_job_client.SqlalchemyJobClient"

    def __init__(self, folder: Path, server: MariaDb) -> None:
        super().__init__(folder)
        self.server = server
        self.dataset = f"spotify_{folder.name.lower()}"[:40]
        self.arguments = ("--destination", "sqlalchemy", "--dataset", self.dataset)
        self.environment = server.environment()

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query in the dataset, with standard quotes and types."""
        query = query.replace("AS text)", "AS char)")
        return self.server.sql(f"SET sql_mode = 'ANSI_QUOTES', time_zone = '+00:00'; USE {self.dataset}; {query}")

    def version(self) -> str:
        """Return name and version of the engine."""
        return f"MariaDB {self.server.sql('SELECT version()')[0][0].split('-')[0]}"

    def datasets(self) -> set[str]:
        """Return the existing databases."""
        return {name for (name,) in self.server.sql(f"SHOW DATABASES LIKE '{self.dataset}%'")}


class SQLite(Engine):
    """A SQLite file, through SQLAlchemy."""

    job_client = "dlt.destinations.impl.sqlalchemy.sqlalchemy_job_client.SqlalchemyJobClient"

    def __init__(self, folder: Path) -> None:
        pytest.importorskip("sqlalchemy", reason='sqlalchemy is not installed: pip install "dlt[sqlalchemy]"')
        super().__init__(folder)
        self.arguments = ("--destination", "sqlalchemy")
        self.environment = {"DESTINATION__SQLALCHEMY__CREDENTIALS": f"sqlite:///{folder}/lite.db"}

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query in the file of the dataset."""
        connection = sqlite3.connect(self.folder / f"lite__{self.dataset}.db")
        try:
            rows = connection.execute(query).fetchall()
            connection.commit()
            return rows
        finally:
            connection.close()

    def version(self) -> str:
        """Return name and version of the engine."""
        return f"SQLite {sqlite3.sqlite_version}"

    def datasets(self) -> set[str]:
        """Return the datasets with a table; dlt leaves empty files."""
        datasets = set()
        for file in self.folder.glob("lite__*.db"):
            with sqlite3.connect(file) as connection:
                if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                    datasets.add(file.stem.removeprefix("lite__"))
        return datasets


def _python_value(data_type: str, value: Any) -> Any:
    """Return a value as one Python type, whatever type the engine stores it as."""
    convert: Mapping[str, Callable[[Any], Any]] = {
        "json": lambda value: json.dumps(json.loads(value) if isinstance(value, str) else value, sort_keys=True),
        "bool": bool,
        "date": lambda value: str(value)[:10],
        "timestamp": _utc,
        "double": float,
    }
    return convert[data_type](value) if value is not None and data_type in convert else value


def _utc(value: Any) -> str:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return f"{moment.astimezone(timezone.utc) if moment.tzinfo else moment:%Y-%m-%d %H:%M:%S}"
