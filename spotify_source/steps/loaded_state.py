"""Reads with SQL what the destination's tables hold. Knows their columns, not what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.destination.exceptions import DestinationUndefinedEntity, SqlClientNotAvailable
from dlt.common.pipeline import PipelineContext
from dlt.destinations.exceptions import DatabaseTerminalException
from dlt.destinations.sql_client import SqlClientBase

from ..model.values import LoadedAlbum, LoadedRelease, LoadedState
from .target import Target


def read_loaded_state(target: Target) -> LoadedState:
    """What the tables of the running pipeline hold, and will hold when it has loaded.

    Nothing where no pipeline runs, where its destination can't be read with SQL, and where there are no tables yet.

    Args:
        target: What they are called, and which of them will be emptied.
    """
    context = Container()[PipelineContext]
    if not context.is_active():
        return LoadedState()
    try:
        sql_client: SqlClientBase[Any] = context.pipeline().sql_client()  # type: ignore[attr-defined]
    except SqlClientNotAvailable:
        return LoadedState()
    with sql_client as client:
        read = partial(_rows, client, target)
        try:
            releases = read("SELECT id, market, total_tracks, content_hash FROM {}", "new_releases")
        except DatabaseTerminalException:
            # The table is from before it had a hash; this run adds the column.
            releases = read("SELECT id, market, total_tracks FROM {}", "new_releases")
        albums = read(
            "SELECT id, market, COALESCE(tracks_loaded, total_tracks) FROM {} ORDER BY _dlt_load_id", "albums"
        )
        if target.tracks_are_filtered:
            tracks = read("SELECT id, tracks_loaded FROM {} WHERE tracks_loaded IS NOT NULL", "albums")
        else:
            tracks = read("SELECT album_id, COUNT(*) FROM {} GROUP BY album_id", "album_tracks")
    return LoadedState(
        releases={album_id: LoadedRelease(*row) for album_id, *row in releases},
        albums={album_id: LoadedAlbum(*row) for album_id, *row in albums},
        track_counts=dict(tracks),
    )


def _rows(client: SqlClientBase[Any], target: Target, query: str, table: str) -> Sequence[Any]:
    if table in target.emptied:
        return []
    try:
        return client.execute_sql(query.format(client.make_qualified_table_name(target.name(table)))) or []
    except DestinationUndefinedEntity:
        return []
