"""Exit codes of the commands, as in BSD's sysexits.h."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit code of a command. Where several apply, the first of this list is returned."""

    meaning: str

    CONFIGURATION = 78, "the configuration is wrong, credentials included"
    REFUSED = 77, "Spotify refuses the app"
    UNAVAILABLE = 69, "the API or the destination is unavailable"
    PENDING = 75, "part of the data is pending, or another run is in progress; run it again later"
    BUG = 1, "a bug, or failed dbt models or tests after --transform"
    INTERRUPTED = 130, "stopped immediately by a second signal"
    COMPLETE = 0, "all requested data is loaded"

    def __new__(cls, code: int, meaning: str) -> Exit:
        """Create a member from its number and meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    def __str__(self) -> str:
        # Before Python 3.11 it would be the name.
        return str(self.value)
