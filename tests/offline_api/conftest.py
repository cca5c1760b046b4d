"""What the tests of the offline API share: one of each regime, and a clock that only a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from spotify_pipeline.demo import Catalogue, OfflineApi, make_album

from tests.offline_api.caller import Caller


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        """Start at some time."""
        self.now = 1_000_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture(scope="session")
def world() -> Catalogue:
    """The default catalogue. Tests that change one make their own."""
    return Catalogue.generate(seed=1, listed=100, day=date(2026, 11, 20))


@pytest.fixture
def clock() -> HandClock:
    """The servers' clock."""
    return HandClock()


@pytest.fixture
def small() -> Catalogue:
    """Three albums, of 1, 12 and 55 tracks."""
    return Catalogue.of([make_album("One", 1), make_album("Dozen", 12), make_album("Many", 55, discs=2)])


@pytest.fixture
def extended(small: Catalogue, clock: HandClock) -> Iterator[OfflineApi]:
    """An API for an app with Extended Quota."""
    with OfflineApi(small, "extended", clock=clock) as api:
        yield api


@pytest.fixture
def development(small: Catalogue, clock: HandClock) -> Iterator[OfflineApi]:
    """An API for an app in Development Mode."""
    with OfflineApi(small, "development", clock=clock) as api:
        yield api


@pytest.fixture
def caller(extended: OfflineApi) -> Caller:
    """A caller of the extended API, with a token."""
    return Caller(extended).log_in()


@pytest.fixture
def dev_caller(development: OfflineApi) -> Caller:
    """A caller of the development API, with a token."""
    return Caller(development).log_in()
