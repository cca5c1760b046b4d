"""What was read and is not loaded yet, written down as it is read: dlt keeps nothing of an extract that is killed.

A small SQLite file beside the pipeline's working folder. The tables stay the truth: what they hold is forgotten here at
the start of the next run, and what they do not hold is taken up by it, without its calls being made again.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext

from ...errors import LedgerError
from ...models import ArtistCheck, Candidate, Resolution, WatchedArtist

_SCHEMA: Final = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS checks (
        artist TEXT, via TEXT, run_id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (artist, via)
    );
"""
_BUSY_SECONDS: Final = 30.0


class Journal:
    """The journal of one pipeline. Safe to use from several threads.

    Args:
        path: The file, created when it is first written; None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()

    @classmethod
    def of_pipeline(cls) -> Journal:
        """The journal of the running pipeline; where none runs, one that keeps nothing."""
        context = Container()[PipelineContext]
        if not context.is_active():
            return cls(None)
        pipeline: Any = context.pipeline()
        folder = Path(pipeline.pipelines_dir)
        return cls(folder / f"{pipeline.pipeline_name}.{pipeline.dataset_name}.unloaded.sqlite")

    def write(self, check: ArtistCheck, run_id: str) -> None:
        """Keep what came of a check, instead of what came of an earlier one."""
        row = (check.artist.key, check.via, run_id, json.dumps(asdict(check)))
        with self._transaction() as connection:
            if connection is not None:
                connection.execute("INSERT OR REPLACE INTO checks VALUES (?, ?, ?, ?)", row)

    def take_up(self, run_id: str, loaded_runs: Collection[str] | None) -> list[ArtistCheck]:
        """Forget what is loaded, and make the rest part of a run.

        Args:
            run_id: That run.
            loaded_runs: The runs that the tables know; None where that can't be told, and nothing is taken up.
        """
        if self._path is None or not self._path.exists():
            return []
        with self._transaction() as connection:
            if connection is None:
                return []
            rows = connection.execute("SELECT artist, via, run_id, body FROM checks ORDER BY rowid").fetchall()
            left = [row for row in rows if loaded_runs is not None and row[2] not in loaded_runs]
            connection.execute("DELETE FROM checks")
            connection.executemany(
                "INSERT INTO checks VALUES (?, ?, ?, ?)", [(artist, via, run_id, body) for artist, via, _, body in left]
            )
            return [check for _, _, _, body in left if (check := _check(body)) is not None]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection | None]:
        """Look and write undisturbed.

        Raises:
            LedgerError: The file can't be read or written.
        """
        if self._path is None:
            yield None
            return
        with self._lock:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS)
                try:
                    connection.executescript(_SCHEMA)
                    with connection:
                        yield connection
                finally:
                    connection.close()
            except (sqlite3.Error, OSError) as error:
                raise LedgerError(
                    f"The file of what is not loaded yet, {self._path}, can't be used: {error}."
                ) from None


def _check(text: str) -> ArtistCheck | None:
    """What came of a check; None where another version wrote it otherwise: the artist is asked for again."""
    try:
        body = json.loads(text)
        artist = body["artist"]
        candidates = tuple(Candidate(**candidate) for candidate in artist["candidates"])
        known = WatchedArtist(**{**artist, "resolved": Resolution(artist["resolved"]), "candidates": candidates})
        return ArtistCheck(**{**body, "artist": known, "albums": dict(body["albums"])})
    except (TypeError, ValueError, KeyError):
        return None
