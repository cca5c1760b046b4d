"""Demo database that the tests of the documentation share."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from spotify_pipeline.cli.load_command import run as load
from spotify_pipeline.cli.options import parse_load

# The second day adds what the example queries compare with the first.
DAYS = ("2026-11-20", "2026-11-21")


@dataclass(frozen=True)
class Demo:
    """DuckDB file of the demo after DAYS, and the JSON report of the last run."""

    database: Path
    report: Mapping[str, Any]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Load the demo."""
    folder = tmp_path_factory.mktemp("demo")
    database = folder / "spotify_demo.duckdb"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLT_DATA_DIR", str(folder / "dlt"))
        for day in DAYS:
            output = io.StringIO()
            with redirect_stdout(output):
                code = load(parse_load(["--demo", "--demo-date", day, "--report", "json", "--db", str(database)]))
            assert code == 0
    return Demo(database, json.loads(output.getvalue()))
