"""Settings that nothing reads: misspelled keys of [sources.spotify]. Knows dlt's providers, and what a source may be told."""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Iterator
from typing import Final

from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from spotify_source.config import SpotifyConfiguration

_VARIABLE: Final = "SOURCES__SPOTIFY__"
# What dlt itself reads for any source: https://dlthub.com/docs/general-usage/source
_OF_DLT: Final = {"schema_contract", "max_table_nesting", "root_key", "parallelized"}


def unknown_settings() -> list[str]:
    """What is set for the source and read by nothing, one sentence each; tables (`[sources.spotify.extract]`) aside."""
    known = {field.name for field in dataclasses.fields(SpotifyConfiguration)} | _OF_DLT
    return [_told(name, where, known) for name, where in sorted(_set()) if name not in known]


def _set() -> Iterator[tuple[str, str]]:
    for provider in Container()[PluggableRunContext].providers.providers:
        found, _ = provider.get_value("spotify", dict, None, "sources") if provider.name.endswith(".toml") else ({}, "")
        for name, value in (found or {}).items():
            if not isinstance(value, dict):
                yield str(name), f"[sources.spotify] of {provider.name}"
    for variable in os.environ:
        name = variable.removeprefix(_VARIABLE)
        if variable.startswith(_VARIABLE) and "__" not in name:
            yield name.lower(), f"the environment ({variable})"


def _told(name: str, where: str, known: set[str]) -> str:
    meant = difflib.get_close_matches(name, sorted(known), n=1)
    return f"Unknown setting {name!r} in {where}: it has no effect.{f' Did you mean {meant[0]!r}?' if meant else ''}"
