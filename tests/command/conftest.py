"""What the tests of the command share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from spotify_pipeline.demo import Album, Catalogue, OfflineApi, make_album

from tests.command.support import Place
from tests.source.support import FakeClock

Serve = Callable[..., OfflineApi]


@pytest.fixture
def clock() -> FakeClock:
    """Time that passes only where it is waited for; command and API go by it."""
    return FakeClock()


@pytest.fixture
def place(tmp_path: Path, clock: FakeClock) -> Place:
    """An empty place to load to."""
    return Place(tmp_path, clock)


@pytest.fixture
def serve(clock: FakeClock) -> Iterator[Serve]:
    """Start an API that serves these albums, listed in this order, for as long as the test lasts."""
    with ExitStack() as stack:

        def start(*albums: Album, regime: str = "development", **options: Any) -> OfflineApi:
            return stack.enter_context(OfflineApi(Catalogue.of(albums), regime, clock=clock.now, **options))  # type: ignore[arg-type]

        yield start


@pytest.fixture
def three() -> list[Album]:
    """A single, an album, and one that needs a second page."""
    return [make_album("One", 1), make_album("Dozen", 12), make_album("Many", 60, discs=2)]


@pytest.fixture
def api(serve: Serve, three: list[Album]) -> OfflineApi:
    """An API for an app in Development Mode, with these three."""
    return serve(*three)
