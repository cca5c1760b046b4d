"""One run at a time, and who holds what is locked. Knows a folder and DuckDB's words, not what is loaded."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from filelock import FileLock, Timeout

from spotify_pipeline.destinations.errors import AnotherRunError


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock, as far as it is known.

    Attributes:
        pid: Its number.
        program: What it runs.
        since: When it took the lock, in ISO 8601.
    """

    pid: int | None = None
    program: str | None = None
    since: str | None = None

    def __str__(self) -> str:
        """In words, to stand after a colon."""
        if self.pid is None:
            return "another process"
        program = f" ({self.program})" if self.program else ""
        return f"process {self.pid}{program}{f', since {self.since}' if self.since else ''}"


@contextmanager
def one_run_at_a_time(folder: Path) -> Iterator[None]:
    """Keep other runs that use the same folder out.

    Args:
        folder: Created if need be; where the lock lies, and who holds it.

    Raises:
        AnotherRunError: One is at work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "running.json"
    lock = FileLock(folder / "running.lock", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise AnotherRunError(f"Another run is loading into the same place: {_noted(note)}.") from None
    try:
        started = datetime.now(timezone.utc).isoformat(timespec="seconds")
        note.write_text(json.dumps({"pid": os.getpid(), "started_at": started}), encoding="utf-8")
        yield
        note.unlink(missing_ok=True)
    finally:
        lock.release()


def holder_of_file(said: str) -> Holder | None:
    """Who holds a DuckDB file, from the error of an attempt to open it; None where that is about something else.

    https://duckdb.org/docs/stable/connect/concurrency
    """
    if "lock" not in said.lower() and "used by another process" not in said.lower():
        return None
    named = re.search(r"(?:held in|already open in)\s+(.+?) \(PID (\d+)\)", said)
    return Holder(int(named[2]), named[1]) if named else Holder()


def _noted(note: Path) -> Holder:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        return Holder(found["pid"], since=found["started_at"])
    except (OSError, ValueError, KeyError, TypeError):
        # It has only just started, or the note is damaged.
        return Holder()
