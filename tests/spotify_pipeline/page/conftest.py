"""Demo databases of three days, loaded by both kinds of app, and their pages."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from tests.support.clock import DAY, FakeClock
from tests.support.database import Database
from tests.support.page import DemoPage, render_page
from tests.support.place import Place

# 2026-11-16, before noon (UTC).
BEFORE = 1_794_827_200.0
DAYS = ("2026-11-17", "2026-11-18", "2026-11-20")


def load_days(folder: Path, quota_mode: str) -> DemoPage:
    """Load the demo of each day; the page is rendered an hour after the last load.

    The database after the first day is kept in the folder `first_run`.
    """
    place = Place(folder, FakeClock(start=BEFORE))
    for day in DAYS:
        place.clock.move((date.fromisoformat(day) - place.clock.today()).days * DAY)
        ran = place.load(None, "--demo", "--demo-date", day, "--demo-regime", quota_mode)
        assert ran.code == 0, ran.err
        if day == DAYS[0]:
            (folder / "first_run").mkdir()
            shutil.copy(place.database, folder / "first_run" / "spotify.duckdb")
    place.clock.move(3600)
    return DemoPage(place, render_page(place.database, place.clock.now()), place.clock.now())


@pytest.fixture(scope="session")
def development(tmp_path_factory: pytest.TempPathFactory) -> DemoPage:
    """Three days, loaded by an app in Development Mode."""
    return load_days(tmp_path_factory.mktemp("development"), "development")


@pytest.fixture(scope="session")
def extended(tmp_path_factory: pytest.TempPathFactory) -> DemoPage:
    """Three days, loaded by an app with Extended Quota."""
    return load_days(tmp_path_factory.mktemp("extended"), "extended")


@pytest.fixture(scope="session")
def first_run(development: DemoPage) -> DemoPage:
    """Return the first of the three days."""
    database = Database(development.database.folder / "first_run")
    return DemoPage(database, render_page(database.database, development.now), development.now)


@pytest.fixture(scope="session", params=["development", "extended"])
def demo(request: pytest.FixtureRequest) -> DemoPage:
    """Both databases, one after the other."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, DemoPage)
    return found
