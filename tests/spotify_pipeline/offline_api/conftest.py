"""What the tests of the offline API share: one of each quota mode, with a caller that has a token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi

from tests.support.caller import Caller
from tests.support.clock import FakeClock


@pytest.fixture
def small(three: list[Album]) -> Catalogue:
    """Three albums, of 1, 12 and 60 tracks."""
    return Catalogue.of(three)


@pytest.fixture
def extended(small: Catalogue, clock: FakeClock) -> Iterator[OfflineApi]:
    """An API for an app with Extended Quota."""
    with OfflineApi(small, "extended", clock=clock.now) as api:
        yield api


@pytest.fixture
def development(small: Catalogue, clock: FakeClock) -> Iterator[OfflineApi]:
    """An API for an app in Development Mode."""
    with OfflineApi(small, "development", clock=clock.now) as api:
        yield api


@pytest.fixture
def caller(extended: OfflineApi) -> Caller:
    """A caller of the extended API, with a token."""
    return Caller(extended).log_in()


@pytest.fixture
def dev_caller(development: OfflineApi) -> Caller:
    """A caller of the development API, with a token."""
    return Caller(development).log_in()
