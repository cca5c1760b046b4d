"""Exceptions of dlt: causes, transience, and translation of those about settings.

dlt documents few of its exceptions, and its wrappers hold the cause in various attributes. An exception about a setting
lists every place that dlt has searched, over many lines; a reader needs the one where the setting belongs.
"""

from __future__ import annotations

import difflib
import errno
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args, get_origin

import dlt
import duckdb
from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigurationException,
    ConfigValueCannotBeCoercedException,
)
from dlt.common.configuration.providers.toml import TomlProviderReadException
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

from spotify_pipeline.installation import install_command
from spotify_source.errors import ConfigurationError, CredentialsError, SpotifySourceError

Translation: TypeAlias = Callable[[Any], SpotifySourceError]

DESTINATIONS_URL: Final = "https://dlthub.com/docs/dlt-ecosystem/destinations/"
TOML_URL: Final = "https://toml.io/en/v1.0.0#string"
_MAX_LENGTH: Final = 300
_ENVIRONMENT: Final = "Environment Variables"  # dlt's name of the provider
_TYPES: Final = {int: "a whole number", float: "a number", bool: "true or false"}

# A wrong path, or something else at it. Every other system error may pass: disk space, permissions, devices.
_LASTING_ERRNOS: Final = {errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, None}
# Transient by their class, but dlt raises them for any cause.
_RETRIED: Final = (
    LoadClientJobRetry,
    FollowupJobCreationFailedException,
    TableChainFollowupJobCreationFailedException,
)
# Attributes in which dlt and SQLAlchemy hold a wrapped exception, if it is not `__cause__`.
_WRAPPED: Final = ("client_exception", "dbapi_exception", "inner_exc", "orig")
_TRANSIENT_IN_DUCKDB: Final = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.ConnectionException,
    duckdb.TransactionException,
    duckdb.InterruptException,
    duckdb.FatalException,
)


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and the exceptions that caused it, outermost first."""
    current: BaseException | None = error
    while current is not None:
        yield current
        current = (
            current.__cause__
            or next((found for name in _WRAPPED if isinstance(found := getattr(current, name, None), Exception)), None)
            or (None if current.__suppress_context__ else current.__context__)
        )


def first_line(error: BaseException) -> str:
    """Return the first line of the innermost cause.

    The message of a wrapper starts with dlt's own steps.
    """
    *_, innermost = causes(error)
    lines = str(innermost).strip().splitlines()
    return f"{type(innermost).__name__}: {lines[0][:_MAX_LENGTH]}" if lines else type(innermost).__name__


def is_transient(error: BaseException) -> bool:
    """Return whether the same step may succeed later.

    That is, once the machine, the destination or the settings are in order.
    """
    chain = list(causes(error))
    if any(isinstance(cause, (*CONFIGURATION_ERRORS, SpotifySourceError, MemoryError)) for cause in chain):
        return True
    of_duckdb = [cause for cause in chain if isinstance(cause, duckdb.Error)]
    if of_duckdb:
        return all(
            isinstance(cause, _TRANSIENT_IN_DUCKDB) and "No files found" not in str(cause) for cause in of_duckdb
        )
    if any(isinstance(cause, OSError) for cause in chain):
        return any(isinstance(cause, OSError) and cause.errno not in _LASTING_ERRNOS for cause in chain)
    return any(isinstance(cause, DestinationTransientException) and not isinstance(cause, _RETRIED) for cause in chain)


# -- exceptions about settings


def _invalid_toml(error: TomlProviderReadException) -> ConfigurationError:
    reason = str(error).strip().splitlines()[-1]
    position = re.search(r" at line (\d+) col \d+$", reason)
    file = next((path for path in map(Path, error.full_paths) if path.is_file()), Path(error.file_name))
    return _configuration_error(
        f"{file.resolve()} is not valid TOML: {reason}.",
        f"Correct {f'line {position[1]} of ' if position else ''}that file. "
        'Strings must be double-quoted: client_id = "...".',
        TOML_URL,
    )


def _missing_setting(error: ConfigFieldMissingException) -> ConfigurationError:
    credentials = {"client_id", "client_secret"}.intersection(error.fields)
    if credentials:
        return CredentialsError(f"Missing credentials of the Spotify app: {' and '.join(sorted(credentials))}.")
    keys = list(dict.fromkeys(_keys(error.traces)))
    names = ", ".join(dict.fromkeys(key.rpartition("__")[2].lower() for key in keys)) or ", ".join(error.fields)
    if not keys:
        return _configuration_error(
            f"Missing settings: {names}.", "Set them in .dlt/secrets.toml or in the environment."
        )
    *sections, _ = keys[0].lower().split("__")
    is_destination = len(sections) > 1 and sections[0] == "destination"
    return _configuration_error(
        f"Missing settings{f' of the destination {sections[1]}' if is_destination else ''}: {names}.",
        f"Set them under [{'.'.join(sections)}] in .dlt/secrets.toml, or in the environment: {', '.join(keys)}.",
        f"{DESTINATIONS_URL}{sections[1]}" if is_destination else None,
    )


def _keys(traces: Mapping[str, Any]) -> Iterator[str]:
    """Yield the most specific environment variable for each missing setting."""
    for lookups in traces.values():
        nested = [trace for trace in lookups if hasattr(trace, "traces")]
        if nested:
            # Alternatives: the first is enough.
            yield from _keys(nested[0].traces)
            continue
        variables = [trace.key for trace in lookups if trace.provider == _ENVIRONMENT]
        specific = [key for key in variables if key.startswith(("DESTINATION__", "SOURCES__"))]
        if variables:
            yield max(specific or variables, key=len)


def _wrong_type(error: ConfigValueCannotBeCoercedException) -> ConfigurationError:
    expected, is_secret = _describe_type(error.hint)
    value = "" if is_secret else f", got {error.field_value!r}"
    variable = f"SOURCES__SPOTIFY__{error.field_name.upper()}"
    return _configuration_error(
        f"{error.field_name} must be {expected}{value}.",
        f"Correct {variable} in the environment."
        if variable in os.environ
        else f"Correct {error.field_name} in .dlt/config.toml, in .dlt/secrets.toml or in the environment.",
    )


def _describe_type(hint: Any) -> tuple[str, bool]:
    """Return a type in words, and whether its values may be secret."""
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(repr(choice) for choice in get_args(hint)), False
    known = next((one for one in (hint, *get_args(hint)) if one in _TYPES), None)
    return (_TYPES[known], False) if known else ("of another type", True)


def _unknown_destination(error: UnknownDestinationModule) -> ConfigurationError:
    known = sorted(name for name in dlt.destinations.__all__ if name != "destination")
    suggestions = difflib.get_close_matches(error.ref, known, n=1)
    return _configuration_error(
        f"dlt has no destination named {error.ref!r}.",
        f"{f'Did you mean {suggestions[0]}? ' if suggestions else ''}Known destinations: {', '.join(known)}.",
        DESTINATIONS_URL,
    )


def _missing_dependency(error: MissingDependencyException) -> ConfigurationError:
    return _configuration_error(
        f"{error.caller} needs packages that are not installed.",
        f"Install them: {install_command(*error.dependencies)}",
        DESTINATIONS_URL,
    )


def _wrong_setting(error: ConfigurationException) -> ConfigurationError:
    """Translate any other exception about a setting.

    The message is kept up to the first line that ends a sentence, and cut between words.
    """
    lines: list[str] = []
    for line in filter(None, map(str.strip, str(error).splitlines())):
        lines.append(line)
        if not line.endswith((":", ",")):
            break
    text = " ".join(lines).rstrip(":, ")
    if len(text) > _MAX_LENGTH:
        text = text[:_MAX_LENGTH].rpartition(" ")[0] + " ..."
    return _configuration_error(
        text or type(error).__name__, "Correct it in .dlt/config.toml, in .dlt/secrets.toml or in the environment."
    )


def _configuration_error(what: str, guidance: str, help_url: str | None = None) -> ConfigurationError:
    error = ConfigurationError(what, guidance=guidance)
    error.help_url = help_url or error.help_url
    return error


# In this order: a class comes before its bases.
CONFIGURATION_TRANSLATIONS: Final[tuple[tuple[type[BaseException], Translation], ...]] = (
    (TomlProviderReadException, _invalid_toml),
    (ConfigFieldMissingException, _missing_setting),
    (ConfigValueCannotBeCoercedException, _wrong_type),
    (UnknownDestinationModule, _unknown_destination),
    (MissingDependencyException, _missing_dependency),
    (ConfigurationException, _wrong_setting),
)
CONFIGURATION_ERRORS: Final = tuple(kind for kind, _ in CONFIGURATION_TRANSLATIONS)
# Only this package imports from dlt.common.
DestinationError: Final = DestinationException
