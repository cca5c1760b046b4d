"""How dlt names a destination, opens a DuckDB file, and where it keeps its working folders. Knows no table."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import dlt
from dlt.common.destination.reference import TDestinationReferenceArg
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.common.schema.typing import TColumnSchema
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.destinations.sql_client import SqlClientBase

# `dlt.pipeline` takes it, and dlt has no public name for it.
AnyDestination: TypeAlias = TDestinationReferenceArg
SqlClient: TypeAlias = SqlClientBase[Any]
ColumnSchema: TypeAlias = TColumnSchema


def pipelines_folder() -> Path:
    """The folder of dlt's working folders, with DLT_DATA_DIR and the user's own folder considered.

    A pipeline that is given no folder uses it, and tells; but we make one of our own in it before there is a pipeline.
    """
    return Path(get_dlt_pipelines_dir())


def duckdb_destination(file: Path) -> AnyDestination:
    """A DuckDB file, as dlt takes it without looking for more of it in its configuration at each step.

    The documented ways to name a file, a path or a connection, leave the credentials to be resolved again by each of
    dlt's steps, and take no pragma.
    """
    # DuckDB's own default. dlt raises it to 1 GB, and until then all that is loaded stays in memory.
    credentials = DuckDbCredentials(str(file), pragmas=["checkpoint_threshold='16MB'"])
    credentials.resolve()
    return dlt.destinations.duckdb(credentials)


def dataset_name(name: str) -> str:
    """The name under which dlt loads a dataset: 'SpotifyRaw' is spotify_raw at the destination.

    Args:
        name: As a person wrote it.
    """
    return dlt.Schema("spotify").naming.normalize_table_identifier(name)
