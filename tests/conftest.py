"""What all tests share: dlt keeps to itself, and property tests take the time they need, always the same examples."""

from __future__ import annotations

import os

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("suite")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is about the things on top of the tables as slow: the default run is to end within two minutes."""
    on_top = {Path(__file__).parent / folder for folder in ("dbt", "extras", "page")}
    for item in items:
        if on_top.intersection(item.path.parents):
            item.add_marker(pytest.mark.slow)
