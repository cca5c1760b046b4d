"""Defaults, names and progress collector that this application gives to dlt."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import dlt
from dlt.common.configuration.exceptions import DuplicateConfigProviderException
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.common.runtime.collector import NullCollector

PROVIDER: Final = "spotify_pipeline"


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
