"""DuckDB file of a load, for queries and for damage."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

SOURCE_TABLES = {
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
    "watched_artists",
    "search_yields",
}
TABLES = SOURCE_TABLES | {"load_runs"}
ROOT_TABLES = {table for table in TABLES if "__" not in table}
_HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


class Database:
    """DuckDB file in a folder, and its dataset.

    Args:
        folder: Folder of the file spotify.duckdb.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "spotify.duckdb"

    def sql(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a query in the dataset."""
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(f'USE "{self.database.stem}".spotify_raw')
            return connection.execute(query, list(parameters)).fetchall()

    def one(self, query: str, *parameters: object) -> Any:
        """Return the only value of the only row."""
        ((value,),) = self.sql(query, *parameters)
        return value

    def count(self, table: str) -> int:
        """Return the number of rows of a table."""
        return int(self.one(f"SELECT count(*) FROM {table}"))

    def tables(self) -> set[str]:
        """Return the names of the tables, without dlt's own."""
        found = self.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'spotify_raw'")
        return {name for (name,) in found if not name.startswith("_dlt")}

    def album_ids(self) -> list[str]:
        """Return the ids of the loaded albums, repeats included."""
        return [album_id for (album_id,) in self.sql("SELECT id FROM albums ORDER BY id")]

    def places(self) -> list[tuple[str, int, int]]:
        """Return the loaded track positions, repeats included."""
        return self.sql("SELECT album_id, disc_number, track_number FROM album_tracks ORDER BY ALL")

    def last_run(self) -> dict[str, Any]:
        """Return the newest row of load_runs, by column."""
        with duckdb.connect(str(self.database)) as connection:
            result = connection.execute(
                "SELECT * FROM spotify_raw.load_runs ORDER BY started_at DESC, finished_at DESC LIMIT 1"
            )
            names = [column[0] for column in result.description or []]
            return dict(zip(names, result.fetchall()[0], strict=True))


@contextmanager
def held_by_another_process(database: Path) -> Iterator[int]:
    """Open the file in another process, and return its id."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.communicate()
