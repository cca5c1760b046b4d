"""The exit codes, as BSD's sysexits.h has them. Data only."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the command's exit code means."""

    COMPLETE = 0
    DEFECT = 1
    UNAVAILABLE = 69
    PENDING = 75
    REFUSED = 77
    CONFIGURATION = 78
    INTERRUPTED = 130
