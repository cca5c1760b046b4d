"""Where a run loads to: the destination, its working folder and its lock, all checked before any call is made."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.common.runtime.collector import NullCollector
from dlt.common.runtime.collector_base import Collector
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from filelock import FileLock, Timeout

from spotify_source.errors import ConfigurationError, SpotifySourceError

PIPELINE_NAME = "spotify"
_DUCKDB_URL = "https://duckdb.org/docs/stable/connect/concurrency"


class DestinationUnavailableError(SpotifySourceError):
    """The destination can't be reached or written."""

    guidance = "Close the other program and run this again, or load into another file with --db. Nothing is lost."
    help_url = _DUCKDB_URL


class AnotherRunError(SpotifySourceError):
    """Another run loads into the same place."""

    guidance = "Wait until it ends, then run this again."
    help_url = _DUCKDB_URL


class Target:
    """A destination and a dataset in it.

    Args:
        name: Name of a dlt destination, or None for DuckDB.
        db: The DuckDB file, where it is DuckDB.
        dataset: The dataset (DuckDB calls it a schema).
    """

    def __init__(self, name: str | None, db: Path, dataset: str) -> None:
        self.db = Path(os.path.abspath(db.expanduser())) if name is None else None  # noqa: PTH100 - keeps links
        self.name = name
        self.dataset = dataset
        place = str(self.db.resolve()) if self.db else name
        digest = hashlib.sha256(f"{place}\n{dataset}".encode()).hexdigest()[:12]
        label = re.sub(r"\W+", "_", self.db.stem if self.db else str(name))[:40]
        self.working_folder = Path(get_dlt_pipelines_dir()) / f"{PIPELINE_NAME}-{label}-{digest}"

    def pipeline(self, progress: Collector | None = None) -> dlt.Pipeline:
        """The dlt pipeline into it, always of the same name: by that dlt finds its state again.

        Args:
            progress: What dlt tells how it gets on.
        """
        return dlt.pipeline(
            PIPELINE_NAME,
            destination=dlt.destinations.duckdb(_credentials(self.db)) if self.db else self.name,
            dataset_name=self.dataset,
            pipelines_dir=str(self.working_folder),
            progress=progress or NullCollector(),
        )

    @contextmanager
    def as_it_is(self) -> Iterator[dict[str, Any]]:
        """Let what is loaded be read, without a run. Creates no file.

        Yields:
            A copy of what earlier runs left in dlt's source state.
        """
        if self.db is not None and not self.db.exists():
            yield {}
            return
        pipeline = self.pipeline()
        pipeline.sync_destination()
        pipeline.activate()
        try:
            yield deepcopy(dict(pipeline.state.get("sources", {}).get(PIPELINE_NAME, {})))
        finally:
            pipeline.deactivate()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs into the same place out.

        Raises:
            AnotherRunError: One is at work.
        """
        self.working_folder.mkdir(parents=True, exist_ok=True)
        holder = self.working_folder / "running.json"
        lock = FileLock(self.working_folder / "running.lock", blocking=False)
        try:
            lock.acquire()
        except Timeout:
            raise AnotherRunError(f"Another run loads into the same place: {_describe(holder)}.") from None
        try:
            started = datetime.now(timezone.utc).isoformat(timespec="seconds")
            holder.write_text(json.dumps({"pid": os.getpid(), "started_at": started}), encoding="utf-8")
            yield
            holder.unlink(missing_ok=True)
        finally:
            lock.release()

    def check(self, *, create: bool = True) -> None:
        """Open the DuckDB file once.

        Args:
            create: Whether to create a file that is missing.

        Raises:
            ConfigurationError: It can't be what is wanted: misnamed, in no folder, no database, not writable.
            DestinationUnavailableError: Another program holds it.
        """
        if self.db is not None:
            self._check_name(self.db)
            self._check_folder(self.db)
            if create or self.db.exists():
                with self.opened():
                    pass

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep the DuckDB file open, so that dlt does not open and close it once more at each of its steps.

        Raises:
            ConfigurationError: It is no database, or not writable.
            DestinationUnavailableError: Another program holds it.
        """
        if self.db is None:
            yield
            return
        with self._connect(self.db):
            yield

    def _check_name(self, db: Path) -> None:
        # DuckDB names the catalog after the stem; a schema of that name makes every statement ambiguous.
        taken = {self.dataset.lower(), f"{self.dataset}_staging".lower()}
        if db.stem.lower() in taken:
            free = next(stem for stem in ("spotify", "spotify_data", "warehouse") if stem not in taken)
            raise ConfigurationError(
                f"A DuckDB file named {db.name} can't hold a schema named {self.dataset}: both are called {db.stem!r}.",
                guidance=f"Use --db {db.with_name(free + '.duckdb')}, or another --dataset.",
            )

    @staticmethod
    def _check_folder(db: Path) -> None:
        if not db.parent.is_dir():
            raise ConfigurationError(
                f"There is no folder {db.parent}.", guidance="Create it, or choose another file with --db."
            )
        if db.is_dir():
            raise ConfigurationError(f"{db} is a folder.", guidance=f"Use --db {db / 'spotify.duckdb'}.")

    @staticmethod
    def _connect(db: Path) -> duckdb.DuckDBPyConnection:
        try:
            return duckdb.connect(str(db))
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            if "lock" in said.lower() or "used by another process" in said.lower():
                raise DestinationUnavailableError(f"{db} is in use. {_lock_holder(said)}") from None
            raise ConfigurationError(
                f"{db} can't be opened as a DuckDB database: {said}",
                guidance="Choose another file with --db, or mend the permissions of this one.",
            ) from None


def _credentials(db: Path) -> DuckDbCredentials:
    """The file, as dlt takes it without looking for more of it in its configuration at each step."""
    # DuckDB's own default. dlt raises it to 1 GB, and until then all that is loaded stays in memory.
    credentials = DuckDbCredentials(str(db), pragmas=["checkpoint_threshold='16MB'"])
    credentials.resolve()
    return credentials


def _lock_holder(said: str) -> str:
    holder = re.search(r"held in (.+?) \(PID (\d+)\)", said)
    return f"Process {holder[2]} ({holder[1]}) holds it." if holder else "Another process holds it."


def _describe(holder: Path) -> str:
    try:
        found = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {found['pid']}, since {found['started_at']}"
    except (OSError, ValueError, KeyError):
        return "it has only just started"
