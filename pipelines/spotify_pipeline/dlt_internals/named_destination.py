"""What dlt says of a destination by its name: that it exists, what it can do, where its data lies. Asks no server.

Public are `Destination.from_reference`, a client's `config.data_location()` and `capabilities`
(https://dlthub.com/docs/general-usage/destination); which merge strategy a load would take is only in dlt.common.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Final

import dlt
from dlt.common.destination.capabilities import DestinationCapabilitiesContext
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.reference import Destination
from dlt.common.destination.utils import resolve_merge_strategy
from dlt.common.schema.utils import new_table
from dlt.destinations.sql_client import WithSqlClient

from spotify_pipeline.dlt_internals.destinations import AnyDestination
from spotify_source.errors import ConfigurationError

# The strategy that replaces an album whole: `upsert` ignores `merge_key`, and takes no hard deletes of nested tables.
_REPLACING: Final = "delete-insert"


@dataclass(frozen=True)
class Declared:
    """What dlt declares of a destination.

    Attributes:
        replaces: Whether a load can replace rows by key, with what is nested in them.
        answers_sql: Whether its tables can be asked with SQL.
        takes_parquet: Whether it can be loaded from parquet and keeps what our tables hold.
        dialect: Its SQL, by sqlglot's name.
        location: Where the data lies, without credentials; None where dlt does not know.
    """

    replaces: bool
    answers_sql: bool
    takes_parquet: bool
    dialect: str | None
    location: str | None


def by_name(name: str) -> AnyDestination:
    """The destination, with the formats that keep what our tables hold.

    Raises:
        UnknownDestinationModule: dlt has none of this name.
        ImportError: Its driver is not installed.
        ConfigurationError: The name is empty.
    """
    # What dlt writes in a way that SQLAlchemy 2 warns of is nothing that a person could change.
    warnings.filterwarnings("ignore", module=r"dlt\.destinations\.impl\.sqlalchemy")
    plain = Destination.from_reference(name)
    if plain is None:
        raise ConfigurationError("--destination has no name.", guidance="Name one, as postgres, or leave it out.")
    capabilities = plain.capabilities()
    formats = list(capabilities.supported_loader_file_formats or [])
    # Parquet has no type for JSON: unless the destination is at home in it, a JSON column is stored as a quoted text.
    if "parquet" not in formats or _is_at_home_in_parquet(capabilities):
        return plain
    formats.remove("parquet")
    # A selector would take parquet off the list once more, and fail to find it there.
    return Destination.from_reference(name, supported_loader_file_formats=formats, loader_file_format_selector=None)


def _is_at_home_in_parquet(capabilities: DestinationCapabilitiesContext) -> bool:
    return capabilities.preferred_loader_file_format == "parquet" or capabilities.sqlglot_dialect == "duckdb"


def declared(destination: AnyDestination, dataset: str) -> Declared:
    """What dlt declares of it, its configuration resolved.

    Raises:
        ConfigurationException: Something that it needs is not configured.
    """
    with apart(destination, dataset) as pipeline:
        client = pipeline.destination_client()
        return Declared(
            replaces=_replaces(client.capabilities),
            answers_sql=isinstance(client, WithSqlClient) and isinstance(client, WithStateSync),
            takes_parquet="parquet" in (client.capabilities.supported_loader_file_formats or ()),
            dialect=client.capabilities.sqlglot_dialect,
            location=client.config.data_location(),
        )


@contextmanager
def apart(destination: AnyDestination, dataset: str, name: str = "spotify_probe") -> Iterator[dlt.Pipeline]:
    """A pipeline in a folder that goes away with it."""
    with TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(name, destination=destination, dataset_name=dataset, pipelines_dir=folder)
        try:
            yield pipeline
        finally:
            pipeline.deactivate()


def _replaces(capabilities: DestinationCapabilitiesContext) -> bool:
    # Some destinations choose by the format of the table, and fall to append where nothing fits.
    table = new_table("probe", write_disposition="merge", columns=[{"name": "id", "data_type": "text"}])
    return resolve_merge_strategy({"probe": table}, table, capabilities) == _REPLACING
