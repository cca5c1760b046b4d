"""Fixtures of the source tests: no configuration, a run, and a place to load to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import EnvironProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from spotify_source import Run
from tests.support.clock import FakeClock
from tests.support.warehouse import Warehouse


@pytest.fixture(autouse=True, scope="module")
def nobodys_configuration() -> Iterator[None]:
    """Hide the configuration of the machine."""
    context = Container()[PluggableRunContext]
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SOURCES__")]:
            patch.delenv(name)
        only = [provider for provider in context.providers.providers if isinstance(provider, EnvironProvider)]
        patch.setattr(context.providers, "providers", only)
        yield


@pytest.fixture
def warehouse(tmp_path: Path, clock: FakeClock) -> Warehouse:
    """Return an empty place to load into."""
    return Warehouse(tmp_path, clock)


@pytest.fixture
def run(clock: FakeClock) -> Run:
    """Return a run with the clock of the test."""
    return Run(clock=clock)
