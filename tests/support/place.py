"""Folder to load into with the command."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext
from spotify_pipeline.cli.load_command import run as load
from spotify_pipeline.cli.options import parse_load
from spotify_pipeline.offline_api import OfflineApi

from spotify_source.limits.governor import Clock
from tests.support.apis import calls_since
from tests.support.checkout import LOAD_PY
from tests.support.clock import FakeClock
from tests.support.database import Database
from tests.support.ran import Ran, run_here


class Place(Database):
    """Folder with a DuckDB file and dlt's files, configured by the environment only."""

    def __init__(self, folder: Path, clock: FakeClock | None = None) -> None:
        super().__init__(folder)
        self.clock = clock or FakeClock()
        self.data_dir = folder / "dlt"

    def environment(self, api: OfflineApi | None = None, **settings: object) -> dict[str, str]:
        """Return the environment: dlt's folders, the API and settings of the source.

        A setting of None is left out.
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
        """Return a command line that loads into this folder by default."""
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
            api: The API to load from, unless the arguments select the demo.
            arguments: The command line, without `--db`.
            clock: A clock instead of the place's.
            env: Further environment variables.
            settings: Settings of the source, by their keys in [sources.spotify].
        """
        # A separate process would have no active pipeline.
        Container()[PipelineContext].deactivate()
        before = api.calls if api else Counter[str]()
        with patch.dict(os.environ, {**self.environment(api, **settings), **(env or {})}):
            ran = run_here(lambda: load(parse_load(self.arguments(*arguments)), clock or self.clock))
        if api is None:
            return ran
        return dataclasses.replace(ran, calls=calls_since(api, before), tokens=api.calls["token"] - before["token"])

    def command_line(self, *arguments: str) -> list[str]:
        """Return the command line of a separate process."""
        return [sys.executable, str(LOAD_PY), *self.arguments(*arguments)]

    def files(self) -> list[Path]:
        """Return all files of the command: the database and dlt's."""
        return [path for path in self.folder.rglob("*") if path.is_file()]
