"""Whether dbt can be run here: it is an extra, and does not know every Python that this project does."""

from __future__ import annotations

from functools import cache
from importlib import import_module

import pytest


@cache
def why_not() -> str | None:
    """Why dbt can't be run; None where it can."""
    try:
        import_module("dbt.cli.main")
    except ModuleNotFoundError:
        return 'dbt is not installed: pip install -e ".[dbt]"'
    except Exception as error:  # noqa: BLE001 - where dbt doesn't know this Python, it fails with whatever it meets
        return f"dbt can't be imported: {error!r}"
    return None


def skip_without_dbt() -> None:
    """Skip the test that calls this."""
    if reason := why_not():
        pytest.skip(reason)
