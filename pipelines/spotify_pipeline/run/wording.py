"""Numbers and times as a person reads them. Knows nothing of a run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone


def count(number: int, what: str) -> str:
    """The number and the noun, in the plural where it is not one."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def by_bucket(calls: Mapping[str, int]) -> str:
    """Calls by bucket, in order; 'none' where there are none."""
    return ", ".join(f"{bucket} {number}" for bucket, number in sorted(calls.items()) if number) or "none"


def local_time(until: float) -> str:
    """A moment (Unix time) in the zone of the machine."""
    return f"{datetime.fromtimestamp(until, timezone.utc).astimezone():%Y-%m-%d %H:%M %Z}"


def utc(seconds: float) -> datetime:
    """A moment (Unix time) in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc)
