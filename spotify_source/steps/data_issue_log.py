"""Counts what came otherwise than documented, over one run. Knows what was found, not how."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from ..models import DataIssue, DataIssueCount, DataIssueKind

# A reply can make up names without end; a report and a row of load_runs can't hold them.
_MOST_PLACES: Final = 100
_ELSEWHERE: Final = "elsewhere"


class DataIssueLog:
    """The findings of a run. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[DataIssueKind, str], DataIssueCount] = {}

    def note(self, findings: Iterable[DataIssue], album_id: str | None) -> None:
        """Count findings.

        Args:
            findings: What was found.
            album_id: The album in which.
        """
        for finding in findings:
            self._add(finding.what, finding.where, album_id)

    def counts(self) -> tuple[DataIssueCount, ...]:
        """What was found so far, in the order in which it first was."""
        with self._lock:
            return tuple(self._counts.values())

    def _add(self, what: DataIssueKind, where: str, album_id: str | None) -> None:
        with self._lock:
            if (what, where) not in self._counts and len(self._counts) >= _MOST_PLACES:
                where = _ELSEWHERE
            before = self._counts.get((what, where))
            count, first = (before.count, before.album_id) if before else (0, album_id)
            self._counts[what, where] = DataIssueCount(what, where, count + 1, first)
