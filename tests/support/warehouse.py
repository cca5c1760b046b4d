"""The source in a dlt pipeline of its own, without the application."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dlt
from spotify_pipeline.offline_api import OfflineApi

from spotify_source import Run
from tests.support.apis import calls_since
from tests.support.clock import FakeClock
from tests.support.database import Database
from tests.support.source import source_of


@dataclass(frozen=True)
class Loaded:
    """A run and the API calls that it made, without token requests."""

    run: Run
    calls: Counter[str]


class Warehouse(Database):
    """A DuckDB file and the working directory of a machine that loads into it."""

    def __init__(self, folder: Path, clock: FakeClock | None = None) -> None:
        super().__init__(folder)
        self.clock = clock or FakeClock()
        self.working_directory = folder / "work"
        self._pipelines: dict[Path, dlt.Pipeline] = {}

    def pipeline(self) -> dlt.Pipeline:
        """Return the pipeline, created once for each file, which saves time."""
        if self.database not in self._pipelines:
            self._pipelines[self.database] = dlt.pipeline(
                pipeline_name="spotify",
                pipelines_dir=str(self.working_directory),
                destination=dlt.destinations.duckdb(str(self.database)),
                dataset_name="spotify_raw",
            )
        return self._pipelines[self.database]

    def load(
        self, api: OfflineApi, *, only: Sequence[str] | None = None, run: Run | None = None, **options: Any
    ) -> Loaded:
        """Run the pipeline once, and return the run with its calls."""
        run = run or Run(clock=self.clock)
        before = api.calls
        with patch.dict(os.environ, {"DLT_DATA_DIR": str(self.working_directory)}):
            source = source_of(api, run=run, **options)
            self.pipeline().run(source.with_resources(*only) if only else source)
        return Loaded(run, calls_since(api, before))

    def copy_of_database(self, name: str) -> Path:
        """Return a backup of the file."""
        return Path(shutil.copy(self.database, self.folder / name))

    def restore(self, backup: Path) -> None:
        """Replace the file by a backup."""
        shutil.copy(backup, self.database)

    def on_a_fresh_machine(self, name: str = "elsewhere") -> Warehouse:
        """Return the same file with an empty working directory."""
        other = Warehouse(self.folder, self.clock)
        other.working_directory = self.folder / name
        return other
