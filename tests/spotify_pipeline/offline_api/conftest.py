"""An offline API of each quota mode, and callers that have a token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi

from tests.support.caller import Caller
from tests.support.clock import FakeClock


@pytest.fixture
def small(three: list[Album]) -> Catalogue:
    """Return a catalogue of three albums, with 1, 12 and 60 tracks."""
    return Catalogue.of(three)


@pytest.fixture
def extended(small: Catalogue, clock: FakeClock) -> Iterator[OfflineApi]:
    """Serve the three albums in Extended Quota Mode."""
    with OfflineApi(small, "extended", clock=clock.now) as api:
        yield api


@pytest.fixture
def caller(extended: OfflineApi) -> Caller:
    """Return a caller of the extended API."""
    return Caller(extended).log_in()


@pytest.fixture
def dev_caller(small: Catalogue, clock: FakeClock) -> Iterator[Caller]:
    """Return a caller of an API in Development Mode."""
    with OfflineApi(small, "development", clock=clock.now) as api:
        yield Caller(api).log_in()
