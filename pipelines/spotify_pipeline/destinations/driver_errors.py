"""Translation of database drivers' errors, without passwords."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from spotify_pipeline.destinations.base import DestinationUnavailableError
from spotify_pipeline.dlt_internals.exceptions import causes
from spotify_pipeline.installation import install_command
from spotify_source.errors import ConfigurationError, SpotifySourceError

CREDENTIALS_URL: Final = "https://dlthub.com/docs/general-usage/credentials/setup"
DESTINATIONS_URL: Final = "https://dlthub.com/docs/dlt-ecosystem/destinations/"

# SQLSTATE: wrong role or password, unknown database, missing privilege.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_LASTING_STATES: Final = ("28", "3D000", "42501")
# A connection that fails has no SQLSTATE, only a message: of PostgreSQL, MySQL, MariaDB and SQLite.
_LASTING_MESSAGES: Final = re.compile(
    r"password authentication failed|no password supplied|no pg_hba.conf entry|does not exist$|permission denied"
    r"|access denied|unknown database|authentication failed|not authorized|unable to open database file"
    r"|could not translate host name",
    re.IGNORECASE,
)
_PASSWORD_IN_URL: Final = re.compile(r"(://[^:/@\s]*):\S*@")
_PASSWORD_AS_FIELD: Final = re.compile(
    r"""(?i)\b(password|pwd|passwd|token|secret)(['"]?\s*[=:]\s*)('[^']*'|"[^"]*"|[^\s;,&'"]+)"""
)


class DestinationRefusedError(ConfigurationError):
    """The destination can be reached but rejects the configured credentials or rights."""

    help_url = CREDENTIALS_URL


@contextmanager
def translating_driver_errors() -> Iterator[None]:
    """Translate errors of a database driver that are raised inside the context.

    Raises:
        ConfigurationError: The driver is missing, or the destination refuses.
        DestinationUnavailableError: The destination fails for another reason.
    """
    try:
        yield
    except SpotifySourceError:
        raise
    except Exception as error:
        if isinstance(error, ImportError) and error.name:
            raise missing_driver(error, error.name) from None
        cause = driver_exception(error)
        if cause is None:
            raise
        raise translate_driver_error(cause) from None


def translate_driver_error(error: BaseException) -> SpotifySourceError:
    """Return an error with guidance for a driver's exception.

    It is lasting (refused) or transient (unavailable).
    """
    message = driver_message(error)
    state = str(getattr(error, "pgcode", None) or "")
    if state.startswith(_LASTING_STATES) or _LASTING_MESSAGES.search(message):
        return DestinationRefusedError(
            f"The destination refused: {message}",
            guidance="Correct the credentials or grant the rights: [destination] in .dlt/secrets.toml, or "
            "DESTINATION__... in the environment. Test them with --check.",
        )
    unavailable = DestinationUnavailableError(
        f"The destination failed: {message}",
        guidance="Run it again when the destination is available: fetched data waits in the working directory and is "
        "loaded first.",
    )
    unavailable.help_url = CREDENTIALS_URL
    return unavailable


def missing_driver(error: ImportError, requirement: str) -> ConfigurationError:
    """Return the error for a driver that is not installed.

    Args:
        error: The failed import.
        requirement: Requirement that installs the driver.
    """
    names = [name for cause in causes(error) if (name := getattr(cause, "name", None))]
    missing = ConfigurationError(
        f"The destination needs a driver that is not installed{f': {names[-1]}' if names else ''}.",
        guidance=f"Install it: {install_command(requirement)}",
    )
    missing.help_url = DESTINATIONS_URL
    return missing


def driver_exception(error: BaseException) -> BaseException | None:
    """Return the innermost cause that a driver raised, or None.

    Drivers derive their exceptions from a class named Error:
    https://peps.python.org/pep-0249/#exceptions
    """
    found = [cause for cause in causes(error) if any(base.__name__ == "Error" for base in type(cause).__mro__)]
    return found[-1] if found else None


def driver_message(error: BaseException) -> str:
    """Return the first line of an exception's message, without passwords."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return redact_passwords(lines[0])[:300] if lines else type(error).__name__


def redact_passwords(text: str) -> str:
    """Replace passwords in URLs and in lists of fields with ***."""
    return _PASSWORD_AS_FIELD.sub(r"\1\2***", _PASSWORD_IN_URL.sub(r"\1:***@", text))
