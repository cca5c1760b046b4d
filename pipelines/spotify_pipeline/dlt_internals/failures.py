"""What dlt raises, by what it means. Knows dlt's exceptions, not what is said of them.

dlt's documentation names few of them, and its wrappers keep the cause where only `__cause__` leads.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Final

import duckdb
from dlt.common.configuration.exceptions import ConfigFieldMissingException, ConfigurationException
from dlt.common.destination.exceptions import (
    DestinationException,
    DestinationTransientException,
    UnknownDestinationModule,
)
from dlt.common.exceptions import MissingDependencyException
from dlt.load.exceptions import (
    FollowupJobCreationFailedException,
    LoadClientJobRetry,
    TableChainFollowupJobCreationFailedException,
)

from spotify_source.errors import SpotifySourceError

# Something that a person has set, or left out, or not installed.
CONFIGURATION = (ConfigurationException, UnknownDestinationModule, MissingDependencyException)
# Something about the place that is loaded to.
DESTINATION = (DestinationException,)

# The file is missing or is something else. All other errors of the machine pass: no room, no permission, no disk.
_LASTING_ERRNOS: Final = {errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, None}
# dlt tries again whatever it was.
_OF_ANY_CAUSE: Final = (
    LoadClientJobRetry,
    FollowupJobCreationFailedException,
    TableChainFollowupJobCreationFailedException,
)
# Where dlt and sqlalchemy keep what they wrap, if `__cause__` does not lead there.
_WRAPPED: Final = ("client_exception", "dbapi_exception", "inner_exc", "orig")
_PASSING_IN_DUCKDB: Final = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.ConnectionException,
    duckdb.TransactionException,
    duckdb.InterruptException,
    duckdb.FatalException,
)


def missing_settings(error: BaseException) -> set[str]:
    """The settings that were looked for and not found; none where it is about something else."""
    return set(error.fields) if isinstance(error, ConfigFieldMissingException) else set()


def causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and what caused it: dlt wraps what happened, several times."""
    current: BaseException | None = error
    while current is not None:
        yield current
        current = (
            current.__cause__
            or next((found for name in _WRAPPED if isinstance(found := getattr(current, name, None), Exception)), None)
            or (None if current.__suppress_context__ else current.__context__)
        )


def first_line(error: BaseException) -> str:
    """What the innermost cause says, in one line: what dlt says around it begins with its own steps."""
    *_, innermost = causes(error)
    lines = str(innermost).strip().splitlines()
    return f"{type(innermost).__name__}: {lines[0][:300]}" if lines else type(innermost).__name__


def will_pass(error: BaseException) -> bool:
    """Whether what failed may succeed as it is, once the machine, the destination or the settings are good again."""
    found = list(causes(error))
    if any(isinstance(cause, (*CONFIGURATION, SpotifySourceError, MemoryError)) for cause in found):
        return True
    of_duckdb = [cause for cause in found if isinstance(cause, duckdb.Error)]
    if of_duckdb:
        return all(isinstance(cause, _PASSING_IN_DUCKDB) and "No files found" not in str(cause) for cause in of_duckdb)
    if any(isinstance(cause, OSError) for cause in found):
        return any(isinstance(cause, OSError) and cause.errno not in _LASTING_ERRNOS for cause in found)
    return any(
        isinstance(cause, DestinationTransientException) and not isinstance(cause, _OF_ANY_CAUSE) for cause in found
    )
