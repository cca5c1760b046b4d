"""Settings of dlt that suit this source, where a person has set none. Knows values and how dlt comes to them.

Measured with tests/benchmarks/compare.py. dlt asks its providers one after the other, each for all sections: what is
registered last is asked last, so that any config.toml and any variable go before, `[extract]` too. Registering is
public (https://dlthub.com/docs/general-usage/credentials/setup), the provider and the exception lie in dlt.common.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import dlt
from dlt.common.configuration.exceptions import DuplicateConfigProviderException
from dlt.common.configuration.providers import CustomLoaderDocProvider

NAME: Final = "spotify_pipeline"


def register_defaults() -> None:
    """Let dlt ask here last. To be called before a run; again does no harm."""
    # Without locations dlt can't say which setting is missing: it looks through those of each provider.
    provider = CustomLoaderDocProvider(NAME, _defaults, supports_secrets=False, locations=())
    with suppress(DuplicateConfigProviderException):
        dlt.config.register_provider(provider)


def _defaults() -> dict[str, Any]:
    return {
        # How many calls may be in the air at once. The governor's pace decides how fast they follow each other.
        "sources": {"spotify": {"extract": {"workers": 8, "max_parallel_items": 16}}},
        # In small portions it takes less memory; and dlt's files are read once and removed: to compress them is lost time.
        "data_writer": {"buffer_max_items": 500, "disable_compression": True},
        # Two tables at a time take less memory than twenty.
        "load": {"workers": 2},
    }
