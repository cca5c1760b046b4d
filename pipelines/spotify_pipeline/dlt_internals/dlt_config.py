"""Configuration of dlt: defaults, names, unknown settings, progress collector."""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.exceptions import DuplicateConfigProviderException
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.common.runtime.collector import NullCollector

from spotify_source.config import SpotifyConfiguration

PROVIDER: Final = "spotify_pipeline"
_VARIABLE: Final = "SOURCES__SPOTIFY__"
# Settings that dlt reads for any source: https://dlthub.com/docs/general-usage/source
_SETTINGS_OF_DLT: Final = {"schema_contract", "max_table_nesting", "root_key", "parallelized"}


class StepCollector(NullCollector):
    """Silent progress collector that remembers the current step of a pipeline.

    dlt's own collectors print, and a pipeline without one looks for it in the configuration at each step.
    """

    step = ""  # 'Extract', 'Normalize', 'Load' or ''

    def _start(self, step: str) -> None:
        self.step = step.split(maxsplit=1)[0]


def register_defaults() -> None:
    """Register the defaults as dlt's last provider, once.

    dlt asks each provider for all sections before the next one, so any config.toml and any environment variable
    overrides them, `[extract]` too. https://dlthub.com/docs/general-usage/credentials/setup
    """
    # Locations are required: dlt lists those of each provider when a setting is missing.
    provider = CustomLoaderDocProvider(PROVIDER, _defaults, supports_secrets=False, locations=())
    with suppress(DuplicateConfigProviderException):
        dlt.config.register_provider(provider)


def pipelines_dir() -> Path:
    """Return the directory of dlt's working directories, by DLT_DATA_DIR."""
    return Path(get_dlt_pipelines_dir())


def normalize_dataset_name(name: str) -> str:
    """Return the name under which dlt loads a dataset: 'spotify_raw' for 'SpotifyRaw'."""
    return dlt.Schema("spotify").naming.normalize_table_identifier(name)


def unknown_settings() -> list[str]:
    """Return a sentence about each setting of the source that has no effect.

    Most of them are misspelled. Tables such as `[sources.spotify.extract]` are dlt's own.
    """
    known = {field.name for field in dataclasses.fields(SpotifyConfiguration)} | _SETTINGS_OF_DLT
    sentences = []
    for name, where in sorted(_settings()):
        if name not in known:
            suggestions = difflib.get_close_matches(name, sorted(known), n=1)
            suggestion = f" Did you mean {suggestions[0]!r}?" if suggestions else ""
            sentences.append(f"Unknown setting {name!r} in {where}: it has no effect.{suggestion}")
    return sentences


def _settings() -> Iterator[tuple[str, str]]:
    """Yield name and location of each setting of the source."""
    for provider in Container()[PluggableRunContext].providers.providers:
        if provider.name.endswith(".toml"):
            table, _ = provider.get_value("spotify", dict, None, "sources")
            for name, value in (table or {}).items():
                if not isinstance(value, dict):
                    yield str(name), f"[sources.spotify] of {provider.name}"
    for variable in os.environ:
        name = variable.removeprefix(_VARIABLE)
        if variable.startswith(_VARIABLE) and "__" not in name:
            yield name.lower(), f"the environment ({variable})"


def _defaults() -> dict[str, Any]:
    # Measured with tests/benchmarks/compare.py.
    return {
        # Calls in flight at once. The governor's pace decides how fast they follow each other.
        "sources": {"spotify": {"extract": {"workers": 8, "max_parallel_items": 16}}},
        # Small buffers save memory. dlt reads its files once and deletes them, so compression only costs time.
        "data_writer": {"buffer_max_items": 500, "disable_compression": True},
        # Two tables at a time take less memory than twenty.
        "load": {"workers": 2},
    }
