"""Fixtures and settings of all tests: clock, albums, offline API, dlt, hypothesis."""

from __future__ import annotations

import os
import tempfile

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
# The ledger is in this folder: keep the tests out of the user's.
os.environ["DLT_DATA_DIR"] = tempfile.mkdtemp(prefix="spotify-tests-")

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, make_album

from tests.support.apis import Serve, serving
from tests.support.clock import FakeClock
from tests.support.place import Place

HERE = Path(__file__).parent
# Slow folders, so that the default tests end within two minutes.
SLOW = {
    HERE / folder
    for folder in (
        "dbt",
        "schedules",
        "spotify_pipeline/after_load",
        "spotify_pipeline/page",
    )
}

settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the number of mutated replies."""
    parser.addoption(
        "--mutations", type=int, default=300, help="approximate number of mutated replies in the fuzz test"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow folders, except those of the engines."""
    for item in items:
        if SLOW.intersection(item.path.parents) and not item.get_closest_marker("engines"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _a_ledger_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test its own ledger."""
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock of source, command and API that only waiting moves."""
    return FakeClock()


@pytest.fixture
def serve(clock: FakeClock) -> Iterator[Serve]:
    """Start offline APIs that list the given albums and stop after the test."""
    with serving(clock) as start:
        yield start


@pytest.fixture
def three() -> list[Album]:
    """Return a single, an album, and an album with a second page of tracks."""
    return [make_album("One", 1), make_album("Dozen", 12), make_album("Many", 60, discs=2)]


@pytest.fixture
def api(serve: Serve, three: list[Album]) -> OfflineApi:
    """Start an API for an app in Development Mode with the three albums."""
    return serve(*three, quota_mode="development")


@pytest.fixture(scope="session")
def world() -> Catalogue:
    """Generate a catalogue that lists 100 albums. Tests do not change it."""
    return Catalogue.generate(seed=1, listed=100, day=date(2026, 11, 20))


@pytest.fixture
def place(tmp_path: Path, clock: FakeClock) -> Place:
    """Return an empty folder to load into with the command."""
    return Place(tmp_path, clock)
