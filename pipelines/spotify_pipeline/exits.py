"""The exit codes, as BSD's sysexits.h has them, and what each means. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    """The command's exit codes. Where several would be right, the one that stands first here is taken."""

    CONFIGURATION = 78
    REFUSED = 77
    UNAVAILABLE = 69
    PENDING = 75
    DEFECT = 1
    INTERRUPTED = 130
    COMPLETE = 0

    def __str__(self) -> str:
        """The number, on every Python: before 3.11 it would be the name."""
        return str(self.value)


MEANINGS: Final[Mapping[Exit, str]] = {
    Exit.COMPLETE: "everything requested is loaded",
    Exit.DEFECT: "a defect in the program, or --transform found the models wrong",
    Exit.UNAVAILABLE: "the API or the destination can't be reached",
    Exit.PENDING: "loaded what was possible, the rest is pending; or another run is in progress. Run it again later",
    Exit.REFUSED: "Spotify refuses the app",
    Exit.CONFIGURATION: "the configuration is wrong, credentials included",
    Exit.INTERRUPTED: "stopped immediately by a second signal",
}
