"""Exit codes of the commands, as in BSD's sysexits.h."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    """Exit code of a command. Where several apply, the first of this list is returned."""

    CONFIGURATION = 78
    REFUSED = 77
    UNAVAILABLE = 69
    PENDING = 75
    BUG = 1
    INTERRUPTED = 130
    COMPLETE = 0

    def __str__(self) -> str:
        # Before Python 3.11 it would be the name.
        return str(self.value)


MEANINGS: Final[Mapping[Exit, str]] = {
    Exit.COMPLETE: "all requested data is loaded",
    Exit.BUG: "a bug, or failed dbt models or tests after --transform",
    Exit.UNAVAILABLE: "the API or the destination is unavailable",
    Exit.PENDING: "part of the data is pending, or another run is in progress; run it again later",
    Exit.REFUSED: "Spotify refuses the app",
    Exit.CONFIGURATION: "the configuration is wrong, credentials included",
    Exit.INTERRUPTED: "stopped immediately by a second signal",
}
