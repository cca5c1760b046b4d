"""A place to load to, with the command as its user runs it. Knows the command line, not how it is obeyed."""

from __future__ import annotations

import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
from spotify_pipeline.cli.command import load
from spotify_pipeline.cli.options import parse
from spotify_pipeline.demo import LoggedRequest, OfflineApi

from spotify_source.limits.clock import Clock
from tests.source.support import FakeClock, calls_since

CHECKOUT = Path(__file__).resolve().parents[2]
LOAD_PY = CHECKOUT / "pipelines" / "load.py"
TABLES = {
    "new_releases",
    "new_releases__artists",
    "new_releases__images",
    "release_sightings",
    "albums",
    "albums__artists",
    "albums__images",
    "albums__copyrights",
    "album_tracks",
    "album_tracks__artists",
    "load_runs",
}
ROOT_TABLES = {table for table in TABLES if "__" not in table}


@dataclass(frozen=True)
class Ran:
    """How the command went.

    Attributes:
        code: Its exit code.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
        calls: The calls that the API saw of it, token requests aside.
        tokens: The token requests that the API saw of it.
    """

    code: int
    out: str
    err: str
    calls: Counter[str]
    tokens: int

    @property
    def album_calls(self) -> int:
        """The calls that were made for albums and their tracks."""
        return sum(self.calls[bucket] for bucket in ("album", "albums", "album_tracks"))


class Place:
    """A folder with a DuckDB file and dlt's working folders, and no settings but those of the environment."""

    def __init__(self, folder: Path, clock: FakeClock | None = None) -> None:
        self.folder = folder
        self.clock = clock or FakeClock()
        self.database = folder / "spotify.duckdb"
        self.data_dir = folder / "dlt"

    def environment(self, api: OfflineApi | None = None, **settings: object) -> dict[str, str]:
        """What the environment says: where dlt keeps its files, where the API is, and these settings of the source.

        A setting that is None is left out.
        """
        found: dict[str, object] = {"client_id": "demo", "client_secret": "demo", "requests_per_second": 0}
        if api is not None:
            found |= {"api_url": api.api_url, "token_url": api.token_url}
        found |= settings
        return {
            "DLT_DATA_DIR": str(self.data_dir),
            "DLT_PROJECT_DIR": str(self.folder),
            "RUNTIME__INTERCEPT_SIGNALS": "false",
            **{f"SOURCES__SPOTIFY__{name.upper()}": str(value) for name, value in found.items() if value is not None},
        }

    def arguments(self, *more: str) -> list[str]:
        """A command line that loads to this place, unless it names another."""
        return [*([] if {"--db", "--destination"} & set(more) else ["--db", str(self.database)]), *more]

    def load(
        self,
        api: OfflineApi | None,
        *arguments: str,
        clock: Clock | None = None,
        env: Mapping[str, str] | None = None,
        **settings: object,
    ) -> Ran:
        """Run the command in this process.

        Args:
            api: What it talks to, unless the arguments say otherwise.
            arguments: The command line, without `--db`.
            clock: Another clock than the place's.
            env: More of the environment.
            settings: Of the source, by their names in [sources.spotify].
        """
        before = api.calls if api else Counter[str]()
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, {**self.environment(api, **settings), **(env or {})}),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = load(parse(self.arguments(*arguments)), clock or self.clock)
        calls = calls_since(api, before) if api else Counter[str]()
        tokens = api.calls["token"] - before["token"] if api else 0
        return Ran(int(code), out.getvalue(), err.getvalue(), calls, tokens)

    def command_line(self, *arguments: str) -> list[str]:
        """The command as a process of its own."""
        return [sys.executable, str(LOAD_PY), *self.arguments(*arguments)]

    # -- what is there afterwards

    def sql(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the file."""
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(f'USE "{self.database.stem}".spotify_raw')
            return connection.execute(query, list(parameters)).fetchall()

    def one(self, query: str, *parameters: object) -> Any:
        """The only value of the only row."""
        ((value,),) = self.sql(query, *parameters)
        return value

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self.one(f"SELECT count(*) FROM {table}"))

    def tables(self) -> set[str]:
        """The names of the tables, dlt's own aside."""
        found = self.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'spotify_raw'")
        return {name for (name,) in found if not name.startswith("_dlt")}

    def last_run(self) -> dict[str, Any]:
        """The newest row of load_runs, by column."""
        with duckdb.connect(str(self.database)) as connection:
            result = connection.execute(
                "SELECT * FROM spotify_raw.load_runs ORDER BY started_at DESC, finished_at DESC LIMIT 1"
            )
            names = [column[0] for column in result.description or []]
            return dict(zip(names, result.fetchall()[0], strict=True))

    def album_ids(self) -> list[str]:
        """Every album that is loaded in full, repeats included."""
        return [album_id for (album_id,) in self.sql("SELECT id FROM albums ORDER BY id")]

    def places(self) -> list[tuple[Any, ...]]:
        """Every place on an album that is loaded, repeats included."""
        return self.sql("SELECT album_id, disc_number, track_number FROM album_tracks ORDER BY ALL")

    def files(self) -> list[Path]:
        """Every file that the command left: the database, and dlt's."""
        return [path for path in self.folder.rglob("*") if path.is_file()]


def for_album(album_id: str) -> Callable[[LoggedRequest], bool]:
    """Which requests are for this album."""
    return lambda request: request.path.endswith(album_id)
