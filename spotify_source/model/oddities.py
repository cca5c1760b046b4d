"""What came otherwise than documented, and what was done about it. Knows no table's form and no call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Oddity(str, Enum):
    """What was odd. `load_runs.values_dropped` holds these values.

    The first group is about values: the row is there, without them or with them in another form. The second is about
    items of a list, which make no row, or one in another place.
    """

    UNFIT = "unfit"
    ROUNDED = "rounded"
    BROKEN_TEXT = "broken_text"
    AS_JSON = "as_json"
    RENAMED = "renamed"
    LEFT_OUT = "left_out"

    EMPTY = "empty"
    WITHOUT_ID = "without_id"
    MALFORMED_ID = "malformed_id"
    REPEATED = "repeated"
    PLACED_BY_ORDER = "placed_by_order"

    @property
    def is_about_items(self) -> bool:
        """Whether it is about whole items, not about a value in one."""
        return self in _ABOUT_ITEMS


_ABOUT_ITEMS = frozenset(
    (Oddity.EMPTY, Oddity.WITHOUT_ID, Oddity.MALFORMED_ID, Oddity.REPEATED, Oddity.PLACED_BY_ORDER)
)


@dataclass(frozen=True)
class Finding:
    """One odd value or item.

    Attributes:
        what: What was odd about it.
        where: Its 'table.column', or the table alone where it is an item.
    """

    what: Oddity
    where: str


@dataclass(frozen=True)
class OddityCount:
    """What was found in one place in one run.

    Attributes:
        what: What was odd.
        where: Its 'table.column', or the table alone.
        count: How often.
        album_id: The first album that had it; None where it is known of none.
    """

    what: Oddity
    where: str
    count: int
    album_id: str | None
