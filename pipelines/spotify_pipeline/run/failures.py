"""Exceptions that end a run, with their exit codes and what to do about them."""

from __future__ import annotations

import errno
import sys
import traceback
from dataclasses import dataclass
from typing import Final

import duckdb

from spotify_pipeline.destinations.base import AnotherRunError, DestinationUnavailableError
from spotify_pipeline.destinations.driver_errors import (
    driver_exception,
    driver_message,
    redact_passwords,
    translate_driver_error,
)
from spotify_pipeline.dlt_internals.exceptions import (
    CONFIGURATION_TRANSLATIONS,
    DestinationError,
    Translation,
    causes,
    first_line,
)
from spotify_pipeline.exits import Exit
from spotify_source.errors import (
    ApiUnavailableError,
    AppRefusedError,
    CallFailedError,
    ConfigurationError,
    LedgerError,
    SpotifySourceError,
)


@dataclass(frozen=True)
class Failure:
    """Meaning of an exception: an exit code, and an error with guidance."""

    exit: Exit
    error: SpotifySourceError | None  # None for a bug

    @property
    def reason(self) -> str:
        """The reason in one line, without passwords."""
        return redact_passwords(self.error.summary) if self.error else "a bug in spotify_source"


def classify_error(error: BaseException) -> Failure:
    """Return the meaning of an exception: that of its outermost cause that has one."""
    for cause in causes(error):
        if isinstance(cause, SpotifySourceError):
            return Failure(next(code for kind, code in _EXITS if isinstance(cause, kind)), cause)
        for kind, translate in _TRANSLATIONS:
            if isinstance(cause, kind):
                return classify_error(translate(cause))
    return Failure(Exit.BUG, None)


def report_error(error: BaseException) -> Failure:
    """Write an exception with its guidance to standard error, and return its meaning.

    A bug is written with its traceback.
    """
    failure = classify_error(error)
    if failure.error is not None:
        text = str(failure.error)
    else:
        text = "".join(traceback.format_exception(error)) + "This is a bug. Please report it with the lines above."
    print(redact_passwords(text), file=sys.stderr)  # noqa: T201 - output of the commands
    return failure


def unreadable_state(dataset: str, error: BaseException) -> ConfigurationError:
    """Return the error for state at the destination that was changed by hand."""
    return ConfigurationError(
        f"dlt's state in {dataset}._dlt_pipeline_state and {dataset}._dlt_version can't be read ({first_line(error)}).",
        guidance="Drop these two tables and run this again: it recreates them, and no loaded data is lost. "
        f"DROP TABLE {dataset}._dlt_pipeline_state; DROP TABLE {dataset}._dlt_version;",
    )


def _translate_destination_error(error: BaseException) -> SpotifySourceError:
    # dlt's own message begins with a traceback.
    cause = driver_exception(error) or error
    if not isinstance(cause, duckdb.Error):
        return translate_driver_error(cause)
    if isinstance(cause, (duckdb.CatalogException, duckdb.BinderException, duckdb.ConversionException)):
        guidance = (
            "A table was changed by hand. Undo the change, or drop the table: the next run creates it again. "
            "Or load into another dataset with --dataset."
        )
    else:
        guidance = (
            "Run it again when the destination is available: fetched data waits in the working directory and is "
            "loaded first."
        )
    return DestinationUnavailableError(f"The destination failed: {driver_message(cause)}", guidance=guidance)


def _translate_system_error(error: OSError) -> SpotifySourceError:
    if error.errno in {errno.EEXIST, errno.ENOTDIR, errno.EISDIR}:
        guidance = "Something else exists at that path: move or delete it, then run this again."
    else:
        guidance = "Free disk space or fix the permissions, then run it again."
    return DestinationUnavailableError(f"System error: {driver_message(error)}", guidance=guidance)


# Both in order: the first match counts.
_TRANSLATIONS: Final[tuple[tuple[type[BaseException], Translation], ...]] = (
    *CONFIGURATION_TRANSLATIONS,
    (duckdb.Error, _translate_destination_error),
    (DestinationError, _translate_destination_error),
    (OSError, _translate_system_error),
)
_EXITS: Final[tuple[tuple[type[SpotifySourceError], Exit], ...]] = (
    (AnotherRunError, Exit.PENDING),
    (ConfigurationError, Exit.CONFIGURATION),
    (AppRefusedError, Exit.REFUSED),
    (ApiUnavailableError, Exit.UNAVAILABLE),
    (DestinationUnavailableError, Exit.UNAVAILABLE),
    (LedgerError, Exit.UNAVAILABLE),
    (CallFailedError, Exit.UNAVAILABLE),
    (SpotifySourceError, Exit.BUG),
)
