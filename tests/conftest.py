"""What all tests share: a clock, albums and an API to load from, and dlt and hypothesis as the suite wants them."""

from __future__ import annotations

import os
import tempfile

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
# Calls are written down beside dlt's pipelines: those of the tests nowhere near those of a person.
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
# What stands on top of the tables: the default run is to end within two minutes.
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
    """How much of what can be repeated without end is repeated."""
    parser.addoption("--mutations", type=int, default=300, help="about how many mutated replies the fuzzer sends")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of whole folders as slow, except those that belong to the engines."""
    for item in items:
        if SLOW.intersection(item.path.parents) and not item.get_closest_marker("engines"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _a_ledger_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test counts the calls of another."""
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))


@pytest.fixture
def clock() -> FakeClock:
    """Time that passes only where it is waited for; source, command and API go by it."""
    return FakeClock()


@pytest.fixture
def serve(clock: FakeClock) -> Iterator[Serve]:
    """Start an API that serves these albums, listed in this order, for as long as the test lasts."""
    with serving(clock) as start:
        yield start


@pytest.fixture
def three() -> list[Album]:
    """A single, an album, and one that needs a second page."""
    return [make_album("One", 1), make_album("Dozen", 12), make_album("Many", 60, discs=2)]


@pytest.fixture
def api(serve: Serve, three: list[Album]) -> OfflineApi:
    """An API for an app in Development Mode, with these three."""
    return serve(*three, quota_mode="development")


@pytest.fixture(scope="session")
def world() -> Catalogue:
    """A believable list of a hundred. Nobody changes it."""
    return Catalogue.generate(seed=1, listed=100, day=date(2026, 11, 20))


@pytest.fixture
def place(tmp_path: Path, clock: FakeClock) -> Place:
    """An empty place that the command loads to."""
    return Place(tmp_path, clock)
