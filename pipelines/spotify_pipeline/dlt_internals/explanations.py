"""What dlt's errors about settings say, as one sentence and a next step. Knows dlt's exceptions, and how long they are.

dlt lists all places that it has looked at, over many lines; a person needs the one where the setting belongs.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import dlt
from dlt.common.configuration.exceptions import ConfigFieldMissingException, ConfigValueCannotBeCoercedException
from dlt.common.configuration.providers.toml import TomlProviderReadException
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.common.exceptions import MissingDependencyException

from spotify_pipeline.places import installing

DESTINATIONS_URL: Final = "https://dlthub.com/docs/dlt-ecosystem/destinations/"
TOML_URL: Final = "https://toml.io/en/v1.0.0#string"
_MOST_CHARACTERS: Final = 300
_ENVIRONMENT: Final = "Environment Variables"
_TYPES: Final = {int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True)
class Explanation:
    """What a person is told.

    Attributes:
        what: What happened, in one sentence.
        guidance: What to do.
        help_url: Where to read on; None for the page on configuration.
    """

    what: str
    guidance: str
    help_url: str | None = None


def explained(error: BaseException) -> Explanation:
    """What an error about settings means.

    Args:
        error: One of `failures.CONFIGURATION`.
    """
    if isinstance(error, TomlProviderReadException):
        return _not_toml(error)
    if isinstance(error, ConfigFieldMissingException):
        return _missing(error)
    if isinstance(error, ConfigValueCannotBeCoercedException):
        return _wrong_type(error)
    if isinstance(error, UnknownDestinationModule):
        return _unknown_destination(error)
    if isinstance(error, MissingDependencyException):
        return _not_installed(error)
    return Explanation(
        in_one_line(error), "Correct it in .dlt/config.toml, in .dlt/secrets.toml or in the environment."
    )


def in_one_line(error: BaseException) -> str:
    """What an error says, up to the first line that ends a sentence, and not cut within a word."""
    said: list[str] = []
    for line in filter(None, map(str.strip, str(error).splitlines())):
        said.append(line)
        if not line.endswith((":", ",")):
            break
    text = " ".join(said).rstrip(":, ")
    if len(text) > _MOST_CHARACTERS:
        text = text[:_MOST_CHARACTERS].rpartition(" ")[0] + " ..."
    return text or type(error).__name__


def _not_toml(error: TomlProviderReadException) -> Explanation:
    reason = str(error).strip().splitlines()[-1]
    place = re.search(r" at line (\d+) col \d+$", reason)
    line = f"line {place[1]}" if place else "it"
    file = next((path for path in map(Path, error.full_paths) if path.is_file()), Path(error.file_name))
    return Explanation(
        f"{file.resolve()} is not valid TOML: {reason}.",
        f'Correct {line} of that file. Texts stand in double quotes: client_id = "...".'
        if place
        else 'Correct that file. Texts stand in double quotes: client_id = "...".',
        TOML_URL,
    )


def _missing(error: ConfigFieldMissingException) -> Explanation:
    keys = list(dict.fromkeys(_keys(error.traces)))
    names = ", ".join(dict.fromkeys(key.rpartition("__")[2].lower() for key in keys)) or ", ".join(error.fields)
    if not keys:
        return Explanation(f"Missing settings: {names}.", "Set them in .dlt/secrets.toml or in the environment.")
    *sections, _ = keys[0].lower().split("__")
    is_destination = len(sections) > 1 and sections[0] == "destination"
    whose = f" of the destination {sections[1]}" if is_destination else ""
    return Explanation(
        f"Missing settings{whose}: {names}.",
        f"Set them under [{'.'.join(sections)}] in .dlt/secrets.toml, or in the environment: {', '.join(keys)}.",
        f"{DESTINATIONS_URL}{sections[1]}" if is_destination else None,
    )


def _keys(traces: Any) -> Iterator[str]:
    """The variables that would set what is missing, each by the name that says most; of alternatives, the first."""
    for tried in traces.values():
        nested = [trace for trace in tried if hasattr(trace, "traces")]
        if nested:
            yield from _keys(nested[0].traces)
            continue
        found = [trace.key for trace in tried if trace.provider == _ENVIRONMENT]
        plain = [key for key in found if key.startswith(("DESTINATION__", "SOURCES__"))]
        if found:
            yield max(plain or found, key=len)


def _wrong_type(error: ConfigValueCannotBeCoercedException) -> Explanation:
    name = error.field_name
    wanted, may_be_shown = _in_words(error.hint)
    got = f", got {error.field_value!r}" if may_be_shown else ""
    variable = f"SOURCES__SPOTIFY__{name.upper()}"
    where = (
        f"Correct {variable} in the environment."
        if variable in os.environ
        else f"Correct {name} where it is set: in .dlt/config.toml, in .dlt/secrets.toml or in the environment."
    )
    return Explanation(f"{name} must be {wanted}{got}.", where)


def _in_words(hint: Any) -> tuple[str, bool]:
    """What a value has to be, and whether one that is not may be shown: a secret may not."""
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(repr(choice) for choice in get_args(hint)), True
    inner = next((one for one in (hint, *get_args(hint)) if one in _TYPES), None)
    return (_TYPES[inner], True) if inner else ("of another type", False)


def _unknown_destination(error: UnknownDestinationModule) -> Explanation:
    known = sorted(name for name in dlt.destinations.__all__ if name != "destination")
    meant = difflib.get_close_matches(error.ref, known, n=1)
    suggestion = f"Did you mean {meant[0]}? " if meant else ""
    return Explanation(
        f"dlt has no destination named {error.ref!r}.",
        f"{suggestion}Known destinations: {', '.join(known)}.",
        DESTINATIONS_URL,
    )


def _not_installed(error: MissingDependencyException) -> Explanation:
    return Explanation(
        f"{error.caller} needs packages that are not installed.",
        f"Install them: {installing(*error.dependencies)}",
        DESTINATIONS_URL,
    )
