"""What came otherwise than documented, in words and as data. Knows the reasons, not where they were found out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from spotify_source.models import DataIssueCount, DataIssueKind

# More than that nobody reads; load_runs has them all.
_MOST_PLACES: Final = 5

_WORDS: Final[Mapping[DataIssueKind, str]] = {
    DataIssueKind.INVALID: "that can't be stored there, set to null",
    DataIssueKind.ROUNDED: "with a fraction, rounded",
    DataIssueKind.BROKEN_TEXT: "with a broken character, replaced by U+FFFD",
    DataIssueKind.AS_JSON: "that no column can hold, kept as JSON text",
    DataIssueKind.RENAMED: "stored under this name because its own is reserved",
    DataIssueKind.LEFT_OUT: "under a name that no column can have, left out",
    DataIssueKind.EMPTY: "empty, left out",
    DataIssueKind.WITHOUT_ID: "without an id, left out",
    DataIssueKind.MALFORMED_ID: "with a malformed id, never requested",
    DataIssueKind.REPEATED: "that came twice, loaded once",
    DataIssueKind.PLACED_BY_ORDER: "without a position of its own, numbered by the order of the list",
}


def as_lines(data_issues: Sequence[DataIssueCount]) -> Iterator[str]:
    """A line on odd values and one on odd items, where there were any."""
    for label, about_items in (("Unexpected values", False), ("Unexpected items", True)):
        found = [one for one in data_issues if one.what.is_about_items is about_items]
        if found:
            told = "; ".join(_told(one) for one in found[:_MOST_PLACES])
            more = f"; and in {len(found) - _MOST_PLACES} more places" if len(found) > _MOST_PLACES else ""
            yield f"{label}: {told}{more}. See load_runs.values_dropped."


def as_data(data_issues: Sequence[DataIssueCount]) -> dict[str, dict[str, int]]:
    """How often, by reason and table.column."""
    counts: dict[str, dict[str, int]] = {}
    for one in data_issues:
        counts.setdefault(one.what.value, {})[one.where] = one.count
    return counts


def _told(one: DataIssueCount) -> str:
    where = f" (album {one.album_id})" if one.album_id and one.count == 1 else ""
    where = f" (the first in album {one.album_id})" if one.album_id and one.count > 1 else where
    return f"{one.where}: {one.count} {_WORDS[one.what]}{where}"
