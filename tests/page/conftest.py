"""What the tests of the page share: the demo loaded on three days, in either regime, and the page of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.command.support import Place
from tests.page.support import Page, page_of
from tests.source.support import DAY

DAYS = ("2026-11-17", "2026-11-18", "2026-11-20")


@dataclass(frozen=True)
class Loaded:
    """A database and the page of it."""

    place: Place
    page: Page

    @property
    def now(self) -> float:
        """When the page was made."""
        return self.place.clock.now()


def load_days(factory: pytest.TempPathFactory, regime: str, *days: str) -> Loaded:
    """The demo of these days, and the page an hour after the last load."""
    place = Place(factory.mktemp(regime))
    for day in days:
        place.clock.move(DAY)
        ran = place.load(None, "--demo", "--demo-date", day, "--demo-regime", regime)
        assert ran.code == 0, ran.err
    place.clock.move(3600)
    return Loaded(place, page_of(place.database, place.clock.now()))


@pytest.fixture(scope="session")
def development(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Three days, read by an app in Development Mode. Nobody changes it."""
    return load_days(tmp_path_factory, "development", *DAYS)


@pytest.fixture(scope="session")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Three days, read by an app with Extended Quota. Nobody changes it."""
    return load_days(tmp_path_factory, "extended", *DAYS)


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """One day. Nobody changes it."""
    return load_days(tmp_path_factory, "development", DAYS[0])


@pytest.fixture(scope="session", params=["development", "extended"])
def loaded(request: pytest.FixtureRequest) -> Loaded:
    """Both regimes, one after the other."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Loaded)
    return found
