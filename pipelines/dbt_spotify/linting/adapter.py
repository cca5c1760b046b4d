"""Stands in for dbt's adapter where sqlfluff reads the models without dbt. Knows no engine: any function will do there."""

from __future__ import annotations

from collections.abc import Callable


def dispatch(_macro: str, _package: str) -> Callable[..., str]:
    """What a macro of the project gives on any engine, as far as a linter can tell: a call with its first argument."""

    def call(first: str | list[str], *_more: object) -> str:
        return f"count({first if isinstance(first, str) else ', '.join(first)})"

    return call
