"""What an exception means for the person who ran the command. Looks through dlt's wrappers to the cause."""

from __future__ import annotations

import errno
import sys
import traceback
from dataclasses import dataclass

import duckdb

from spotify_pipeline.destinations.base import AnotherRunError, DestinationUnavailableError
from spotify_pipeline.destinations.driver_errors import (
    driver_exception,
    driver_message,
    redact_passwords,
    translate_driver_error,
)
from spotify_pipeline.dlt_internals import failures as dlt_failures
from spotify_pipeline.dlt_internals.explanations import explained
from spotify_pipeline.exits import Exit
from spotify_source.errors import (
    ApiUnavailableError,
    AppRefusedError,
    CallFailedError,
    ConfigurationError,
    CredentialsError,
    LedgerError,
    SpotifySourceError,
)

_EXITS: list[tuple[type[SpotifySourceError], Exit]] = [
    (AnotherRunError, Exit.PENDING),
    (ConfigurationError, Exit.CONFIGURATION),
    (AppRefusedError, Exit.REFUSED),
    (ApiUnavailableError, Exit.UNAVAILABLE),
    (DestinationUnavailableError, Exit.UNAVAILABLE),
    (LedgerError, Exit.UNAVAILABLE),
    (CallFailedError, Exit.UNAVAILABLE),
]


@dataclass(frozen=True)
class Failure:
    """What ended a run.

    Attributes:
        exit: The exit code.
        error: What to tell the person; None for a defect, which is shown with its traceback.
    """

    exit: Exit
    error: SpotifySourceError | None

    @property
    def reason(self) -> str:
        """In one line."""
        return self.error.summary if self.error else "a defect in the program"


def understand(error: BaseException) -> Failure:
    """What an exception means."""
    for cause in dlt_failures.causes(error):
        known = _known(cause)
        if known is not None:
            code = next((code for kind, code in _EXITS if isinstance(known, kind)), Exit.DEFECT)
            return Failure(code, known)
    return Failure(Exit.DEFECT, None)


def unreadable_state(dataset: str, error: BaseException) -> ConfigurationError:
    """What dlt keeps at the destination was changed by hand, and can't be read."""
    why = dlt_failures.first_line(error)
    return ConfigurationError(
        f"dlt's state in {dataset}._dlt_pipeline_state and {dataset}._dlt_version can't be read ({why}).",
        guidance="Drop these two tables and run this again: it recreates them, and no loaded data is lost. "
        f"DROP TABLE {dataset}._dlt_pipeline_state; DROP TABLE {dataset}._dlt_version;",
    )


def tell(error: BaseException) -> Failure:
    """Say on standard error what happened, why, and what to do; a defect with its traceback."""
    failure = understand(error)
    if failure.error is not None:
        print(failure.error, file=sys.stderr)  # noqa: T201
    else:
        print(redact_passwords("".join(traceback.format_exception(error))), file=sys.stderr)  # noqa: T201
        print("This is a defect in the program. Please report it with the lines above.", file=sys.stderr)  # noqa: T201
    return failure


def _known(error: BaseException) -> SpotifySourceError | None:
    """The error as one of ours, if a person can act on it."""
    if isinstance(error, SpotifySourceError):
        return error
    missing = dlt_failures.missing_settings(error)
    if missing & {"client_id", "client_secret"}:
        return CredentialsError(f"Missing credentials of the Spotify app: {' and '.join(sorted(missing))}.")
    if isinstance(error, dlt_failures.CONFIGURATION):
        return _misconfigured(error)
    if isinstance(error, (duckdb.Error, *dlt_failures.DESTINATION)):
        # dlt's own words begin with a traceback.
        return _of_destination(driver_exception(error) or error)
    if isinstance(error, OSError):
        in_the_way = error.errno in {errno.EEXIST, errno.ENOTDIR, errno.EISDIR}
        return DestinationUnavailableError(
            f"System error: {driver_message(error)}",
            guidance="Something else exists at that path: move or delete it, then run this again."
            if in_the_way
            else "Free disk space or fix the permissions, then run it again.",
        )
    return None


def _of_destination(said: BaseException) -> SpotifySourceError:
    if not isinstance(said, duckdb.Error):
        return translate_driver_error(said)
    return DestinationUnavailableError(f"The destination failed: {driver_message(said)}", guidance=_guidance(said))


def _misconfigured(error: BaseException) -> ConfigurationError:
    """What dlt says of a setting, in a sentence."""
    explanation = explained(error)
    said = ConfigurationError(redact_passwords(explanation.what), guidance=explanation.guidance)
    said.help_url = explanation.help_url or said.help_url
    return said


def _guidance(said: BaseException) -> str:
    """What to do about a destination that failed: to wait does not help where its tables are not what they were."""
    if isinstance(said, (duckdb.CatalogException, duckdb.BinderException, duckdb.ConversionException)):
        return (
            "Somebody has changed a table there. Undo that, or drop the table: the next run makes it anew. Or load into "
            "another dataset with --dataset."
        )
    return "Run it again when it is back: what was fetched waits in the working directory and is loaded first."
