"""What the tests of the source share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import EnvironProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from spotify_pipeline.demo import Album, Catalogue, OfflineApi, make_album

from spotify_source import Run
from tests.source.support import FakeClock, Warehouse

Serve = Callable[..., OfflineApi]


@pytest.fixture(autouse=True, scope="module")
def nobodys_configuration() -> Iterator[None]:
    """What is configured on the machine that tests run on is no matter of theirs."""
    context = Container()[PluggableRunContext]
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SOURCES__")]:
            patch.delenv(name)
        only = [provider for provider in context.providers.providers if isinstance(provider, EnvironProvider)]
        patch.setattr(context.providers, "providers", only)
        yield


@pytest.fixture
def clock() -> FakeClock:
    """Time that passes only where it is waited for; source and API go by it."""
    return FakeClock()


@pytest.fixture
def warehouse(tmp_path: Path, clock: FakeClock) -> Warehouse:
    """An empty place to load to."""
    return Warehouse(tmp_path, clock)


@pytest.fixture
def run(clock: FakeClock) -> Run:
    """A run under the clock of the test."""
    return Run(clock=clock)


@pytest.fixture
def serve(clock: FakeClock) -> Iterator[Serve]:
    """Start an API that serves these albums, listed in this order, for as long as the test lasts."""
    with ExitStack() as stack:

        def start(*albums: Album, **options: Any) -> OfflineApi:
            return stack.enter_context(OfflineApi(Catalogue.of(albums), clock=clock.now, **options))

        yield start


@pytest.fixture
def three() -> list[Album]:
    """A single, an album, and one that needs a second page."""
    return [make_album("One", 1), make_album("Dozen", 12), make_album("Many", 60, discs=2)]


@pytest.fixture(scope="session")
def world() -> Catalogue:
    """A believable list of a hundred. Nobody changes it."""
    return Catalogue.generate(seed=1, listed=100, day=date(2026, 11, 20))
