"""Destinations of a run: a DuckDB file, Postgres, or another dlt destination."""

from __future__ import annotations

from typing import Final

from spotify_pipeline.destinations.driver_errors import missing_driver
from spotify_pipeline.destinations.other import OtherDestination
from spotify_pipeline.destinations.postgres import PostgresDestination
from spotify_pipeline.dlt_internals.capabilities import declared_capabilities, destination_by_name
from spotify_pipeline.installation import extra_requirement

_POSTGRES: Final = "dlt.destinations.postgres"


def named_destination(name: str, dataset: str) -> OtherDestination:
    """Return the destination of a name, configured by dlt.

    Args:
        name: Name of a dlt destination, such as 'postgres', or of a configured one with a `destination_type`.
        dataset: The dataset in it.

    Raises:
        ConfigurationError: Its driver is not installed, or a setting is missing.
    """
    try:
        destination = destination_by_name(name)
        capabilities = declared_capabilities(destination, dataset)
    except ImportError as error:
        raise missing_driver(error, extra_requirement("postgres") if name == "postgres" else f"dlt[{name}]") from None
    kind = PostgresDestination if capabilities.kind == _POSTGRES else OtherDestination
    return kind(name, dataset, destination, capabilities)
