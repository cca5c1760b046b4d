"""Fixtures of the dbt tests: the project, and demo databases after three days."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from spotify_pipeline.cli.main import main
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi

from tests.dbt.support import DbtProject, Ran
from tests.support.clock import FakeClock
from tests.support.with_dbt import why_not

DAYS = ("2026-11-19", "2026-11-20", "2026-11-21")
REGIMES = ("extended", "development")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests that run dbt if it cannot be imported."""
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in here:
        if "project" in getattr(item, "fixturenames", ()) and (reason := why_not()):
            item.add_marker(pytest.mark.skip(reason))


@dataclass(frozen=True)
class Built:
    """Database of the demo after three days, with the result of each build."""

    quota_mode: str
    database: Path
    builds: list[Ran]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> DbtProject:
    """Return the dbt project."""
    return DbtProject(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def demo_of(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Built]:
    """Return the demo of a quota mode, built on three days; read it, or change a copy."""

    @cache
    def build(quota_mode: str) -> Built:
        folder = tmp_path_factory.mktemp(quota_mode)
        database = folder / "spotify.duckdb"
        builds = []
        for day in DAYS:
            with pytest.MonkeyPatch.context() as environment:
                environment.setenv("DLT_DATA_DIR", str(folder / "dlt"))
                assert (
                    main(["load", "--demo", "--demo-regime", quota_mode, "--demo-date", day, "--db", str(database)])
                    == 0
                )
            builds.append(project.build(database))
        return Built(quota_mode, database, builds)

    return build


@pytest.fixture(params=REGIMES)
def demo(request: pytest.FixtureRequest, demo_of: Callable[[str], Built]) -> Built:
    """Return the demo of each quota mode."""
    return demo_of(request.param)


@pytest.fixture
def extended(demo_of: Callable[[str], Built]) -> Built:
    """Return the demo in Extended Quota Mode."""
    return demo_of("extended")


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Built], Path]:
    """Return a function that copies a demo's database."""

    def copy(built: Built) -> Path:
        return Path(shutil.copy(built.database, tmp_path / "spotify.duckdb"))

    return copy


@pytest.fixture
def clock() -> FakeClock:
    """Return a fake clock at noon on Thursday, 2026-11-19."""
    return FakeClock(start=1_795_089_600.0)


@pytest.fixture
def serve(clock: FakeClock) -> Iterator[Callable[..., OfflineApi]]:
    """Return a function that serves albums for the duration of the test."""
    with ExitStack() as stack:

        def start(*albums: Album, **options: Any) -> OfflineApi:
            return stack.enter_context(OfflineApi(Catalogue.of(albums), clock=clock.now, **options))

        yield start
