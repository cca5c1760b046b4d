"""Destinations as dlt resolves them, and the capabilities that it declares.

Public are `Destination.from_reference`, a client's `config.data_location()` and `capabilities`
(https://dlthub.com/docs/general-usage/destination). The merge strategy of a load is only in dlt.common.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias

import dlt
from dlt.common.destination.capabilities import DestinationCapabilitiesContext
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.reference import Destination
from dlt.common.destination.utils import resolve_merge_strategy
from dlt.common.schema.typing import TColumnSchema
from dlt.common.schema.utils import new_table
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.destinations.sql_client import SqlClientBase, WithSqlClient

from spotify_source.errors import ConfigurationError

# dlt has no public names for these.
DltDestination: TypeAlias = Destination[Any, Any]
SqlClient: TypeAlias = SqlClientBase[Any]
ColumnSchema: TypeAlias = TColumnSchema

# The only strategy that replaces an album with all its tracks: `upsert` ignores `merge_key` and does not support hard
# deletes of nested tables. https://dlthub.com/docs/general-usage/merge-loading
_REPLACING: Final = "delete-insert"


@dataclass(frozen=True)
class Capabilities:
    """Capabilities that dlt declares for a configured destination."""

    kind: str  # dlt's type of destination, as 'dlt.destinations.postgres'
    merges: bool  # rows can be replaced by key, nested rows included
    reads_sql: bool  # tables can be read with SQL
    takes_parquet: bool  # parquet can be loaded without loss
    dialect: str | None  # sqlglot's name of its SQL
    location: str | None  # where the data is, without credentials; None if dlt does not know


def duckdb_destination(file: Path) -> DltDestination:
    """Return a DuckDB file as a dlt destination, its credentials resolved.

    The documented ways to name a file, a path or a connection, make each of dlt's steps resolve the credentials again
    and accept no pragma.
    """
    # DuckDB's own default. dlt raises it to 1 GB, and everything loaded stays in memory until then.
    credentials = DuckDbCredentials(str(file), pragmas=["checkpoint_threshold='16MB'"])
    credentials.resolve()
    return dlt.destinations.duckdb(credentials)


def destination_by_name(name: str) -> DltDestination:
    """Return the dlt destination of a name, limited to lossless file formats.

    Raises:
        UnknownDestinationModule: dlt has no destination of this name.
        ImportError: Its driver is not installed.
        ConfigurationError: The name is empty.
    """
    # SQLAlchemy 2 warns about dlt's code, which a user can't change.
    warnings.filterwarnings("ignore", module=r"dlt\.destinations\.impl\.sqlalchemy")
    if not name:
        raise ConfigurationError(
            "--destination is empty.", guidance="Name a destination, such as postgres, or leave out --destination."
        )
    destination: DltDestination = Destination.from_reference(name)  # type: ignore[assignment]  # None only without a name
    capabilities = destination.capabilities()
    formats = list(capabilities.supported_loader_file_formats or [])
    # Parquet has no JSON type: unless parquet is its native format, a destination stores JSON as a quoted string.
    is_native = capabilities.preferred_loader_file_format == "parquet" or capabilities.sqlglot_dialect == "duckdb"
    if is_native or "parquet" not in formats:
        return destination
    formats.remove("parquet")
    # A format selector would remove parquet again and fail because it is not in the list.
    limited: DltDestination = Destination.from_reference(  # type: ignore[assignment]  # the same
        name, supported_loader_file_formats=formats, loader_file_format_selector=None
    )
    return limited


def declared_capabilities(destination: DltDestination, dataset: str) -> Capabilities:
    """Return the capabilities that dlt declares for a destination.

    It does not connect to it.

    Raises:
        ConfigurationException: A setting that it needs is missing.
    """
    with temporary_pipeline(destination, dataset) as pipeline:
        client = pipeline.destination_client()
        return Capabilities(
            kind=destination.destination_type,
            merges=_merge_strategy(client.capabilities) == _REPLACING,
            reads_sql=isinstance(client, WithSqlClient) and isinstance(client, WithStateSync),
            takes_parquet="parquet" in (client.capabilities.supported_loader_file_formats or ()),
            dialect=client.capabilities.sqlglot_dialect,
            location=client.config.data_location(),
        )


@contextmanager
def temporary_pipeline(destination: DltDestination, dataset: str) -> Iterator[dlt.Pipeline]:
    """Yield a pipeline whose working directory is deleted afterwards."""
    with TemporaryDirectory() as directory:
        pipeline = dlt.pipeline("spotify_probe", destination=destination, dataset_name=dataset, pipelines_dir=directory)
        try:
            yield pipeline
        finally:
            pipeline.deactivate()


def _merge_strategy(capabilities: DestinationCapabilitiesContext) -> str | None:
    # Some destinations choose by table format and fall back to append if no strategy fits.
    table = new_table("probe", write_disposition="merge", columns=[{"name": "id", "data_type": "text"}])
    return resolve_merge_strategy({"probe": table}, table, capabilities)
