"""What a database's driver says, told from what dlt says around it, and never with a password. Knows no destination."""

from __future__ import annotations

import re
from typing import Final

from spotify_pipeline.destinations.errors import DestinationUnavailableError
from spotify_pipeline.dlt_internals.failures import causes
from spotify_pipeline.places import installing
from spotify_source.errors import ConfigurationError, SpotifySourceError

HELP_URL: Final = "https://dlthub.com/docs/general-usage/credentials/setup"

# SQLSTATE: wrong role or password, no such database, no privilege, no schema.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_LASTING_STATES: Final = ("28", "3D000", "42501")
# Where a connection fails there is no state but in words: of PostgreSQL, MySQL and MariaDB.
_LASTING_WORDS: Final = re.compile(
    r"password authentication failed|no password supplied|no pg_hba.conf entry|does not exist$|permission denied"
    r"|access denied|unknown database|authentication failed|not authorized|unable to open database file"
    r"|could not translate host name",
    re.IGNORECASE,
)
_PASSWORD_IN_URL: Final = re.compile(r"(://[^:/@\s]*):\S*@")
_PASSWORD_AS_FIELD: Final = re.compile(
    r"""(?i)\b(password|pwd|passwd|token|secret)(['"]?\s*[=:]\s*)('[^']*'|"[^"]*"|[^\s;,&'"]+)"""
)


class DestinationRefusesError(ConfigurationError):
    """The destination can be reached, and does not take what is configured."""

    help_url = HELP_URL


def without_passwords(text: str) -> str:
    """A message in which no password stands: of a URL, or of a list of fields."""
    return _PASSWORD_AS_FIELD.sub(r"\1\2***", _PASSWORD_IN_URL.sub(r"\1:***@", text))


def of_driver(error: BaseException) -> BaseException | None:
    """The driver's own exception, the innermost one: as PEP 249 has them. None where no driver has said anything.

    https://peps.python.org/pep-0249/#exceptions
    """
    found = [cause for cause in causes(error) if any(base.__name__ == "Error" for base in type(cause).__mro__)]
    return found[-1] if found else None


def told(error: BaseException) -> str:
    """What a driver says, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return without_passwords(lines[0])[:300] if lines else type(error).__name__


def meaning(error: BaseException) -> SpotifySourceError:
    """What an error of a driver means: that something is configured wrong, or that it may work later.

    Args:
        error: The driver's exception.
    """
    said = told(error)
    if _is_lasting(error, said):
        return DestinationRefusesError(
            f"The destination refuses: {said}",
            guidance="Fix the credentials or the rights: [destination] in .dlt/secrets.toml, or DESTINATION__... in "
            "the environment; see --check.",
        )
    failed = DestinationUnavailableError(
        f"The destination failed: {said}",
        guidance="Run it again when it is back: what was fetched waits in the working directory and is loaded first.",
    )
    failed.help_url = HELP_URL
    return failed


def not_installed(error: ImportError, requirement: str) -> ConfigurationError:
    """A driver that is missing.

    Args:
        error: What the import said.
        requirement: What pip takes to install it.
    """
    names = [name for cause in causes(error) if (name := getattr(cause, "name", None))]
    failed = ConfigurationError(
        f"The destination needs a driver that is not installed{f': {names[-1]}' if names else ''}.",
        guidance=f"Install it: {installing(requirement)}",
    )
    failed.help_url = "https://dlthub.com/docs/dlt-ecosystem/destinations/"
    return failed


def _is_lasting(error: BaseException, said: str) -> bool:
    state = str(getattr(error, "pgcode", None) or "")
    return state.startswith(_LASTING_STATES) or _LASTING_WORDS.search(said) is not None
