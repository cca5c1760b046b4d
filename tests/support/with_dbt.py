"""Availability of dbt, an extra that does not support every Python version."""

from __future__ import annotations

from functools import cache
from importlib import import_module

import pytest


@cache
def why_not() -> str | None:
    """Return the reason for which dbt cannot run, or None."""
    try:
        import_module("dbt.cli.main")
    except ModuleNotFoundError:
        return 'dbt is not installed: pip install -e ".[dbt]"'
    except Exception as error:  # noqa: BLE001 - dbt raises arbitrary errors on unsupported Pythons
        return f"dbt can't be imported: {error!r}"
    return None


def skip_without_dbt() -> None:
    """Skip the calling test if dbt cannot run."""
    if reason := why_not():
        pytest.skip(reason)
