"""Substitute for dbt's adapter, with which sqlfluff reads the models without dbt."""

from __future__ import annotations

from collections.abc import Callable


def dispatch(_macro: str, _package: str) -> Callable[..., str]:
    """Return a macro that renders a call with its first argument."""

    def call(first: str | list[str], *_more: object) -> str:
        return f"count({first if isinstance(first, str) else ', '.join(first)})"

    return call
