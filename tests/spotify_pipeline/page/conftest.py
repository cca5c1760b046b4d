"""What the tests of the page share: the demo loaded on three days, in either quota mode, and the page of it."""

from __future__ import annotations

from datetime import date

import pytest

from tests.support.clock import DAY, FakeClock
from tests.support.page import Shown, page_of
from tests.support.place import Place

# 2026-11-16, before noon (UTC).
BEFORE = 1_794_827_200.0
DAYS = ("2026-11-17", "2026-11-18", "2026-11-20")


def load_days(factory: pytest.TempPathFactory, quota_mode: str, *days: str) -> Shown:
    """The demo of these days, and the page an hour after the last load."""
    place = Place(factory.mktemp(quota_mode), FakeClock(start=BEFORE))
    for day in days:
        place.clock.move((date.fromisoformat(day) - place.clock.today()).days * DAY)
        ran = place.load(None, "--demo", "--demo-date", day, "--demo-regime", quota_mode)
        assert ran.code == 0, ran.err
    place.clock.move(3600)
    return Shown(place, page_of(place.database, place.clock.now()))


@pytest.fixture(scope="session")
def development(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Three days, read by an app in Development Mode. Nobody changes it."""
    return load_days(tmp_path_factory, "development", *DAYS)


@pytest.fixture(scope="session")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Three days, read by an app with Extended Quota. Nobody changes it."""
    return load_days(tmp_path_factory, "extended", *DAYS)


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """One day. Nobody changes it."""
    return load_days(tmp_path_factory, "development", DAYS[0])


@pytest.fixture(scope="session", params=["development", "extended"])
def loaded(request: pytest.FixtureRequest) -> Shown:
    """Both quota modes, one after the other."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Shown)
    return found
