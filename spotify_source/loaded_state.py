"""Loaded state: contents of the destination's tables when a run starts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, MutableMapping, Sequence
from datetime import datetime, timezone
from string import Formatter
from typing import Any, Final

import dlt
from dlt.common.configuration.container import Container
from dlt.common.destination.exceptions import DestinationUndefinedEntity, SqlClientNotAvailable
from dlt.common.json import json
from dlt.common.pipeline import PipelineContext
from dlt.common.storages.exceptions import CurrentLoadPackageStateNotAvailable
from dlt.destinations.sql_client import SqlClientBase
from dlt.extract import DltResource, DltSource
from dlt.extract.exceptions import CurrentSourceNotAvailable
from dlt.extract.items_transform import FilterItem

from .config import SourceOptions
from .errors import ConfigurationError
from .models import ArtistCandidate, LoadedAlbum, LoadedRelease, LoadedState, QueryYield, Resolution, WatchedArtist
from .schema import ALBUM_TRACKS, ALBUMS, RELEASE_SIGHTINGS, RESOURCES, TABLES

_RELEASES: Final = (
    "SELECT id, market, total_tracks, content_hash, album_type, released_on, _dlt_load_id FROM {new_releases}"
)
_ALBUMS: Final = "SELECT id, market, COALESCE(tracks_loaded, total_tracks) FROM {albums} ORDER BY _dlt_load_id"
_TRACKS: Final = "SELECT album_id, COUNT(*) FROM {album_tracks} GROUP BY album_id"
_TRACKS_LOADED: Final = "SELECT id, tracks_loaded FROM {albums} WHERE tracks_loaded IS NOT NULL"
_CREDITS: Final = (
    "SELECT album.id, artist.id FROM {new_releases} AS album "
    "JOIN {new_releases__artists} AS artist ON artist._dlt_parent_id = album._dlt_id"
)
_PLAIN_SEARCH: Final = "FROM {release_sightings} WHERE discovered_via = 'search' AND query IS NULL"
# Depth of the plain listing in the latest run that searched.
_DEPTHS: Final = (
    f"SELECT market, MAX(position) {_PLAIN_SEARCH} AND run_id = (SELECT MAX(run_id) {_PLAIN_SEARCH}) GROUP BY market"
)
_ARTISTS: Final = (
    "SELECT artist_id, listed_as, name, resolved, candidates, checked_at, due_at, albums_found, failures, last_error, "
    "swept_at FROM {watched_artists}"
)
# Queries return albums of the last two weeks: older yields say little.
_YIELDS: Final = (
    "SELECT run_id, market, query, asked_at, calls, albums_listed, albums_new, is_whole FROM {search_yields} "
    "ORDER BY asked_at DESC, run_id DESC, query LIMIT 20000"
)


def read_loaded_state(options: SourceOptions, tables: Collection[str]) -> LoadedState:
    """Return the contents of the running pipeline's tables.

    Tables that this run will drop, truncate or replace count as empty. All are empty outside of a pipeline, before the
    first load, and for a destination without SQL.

    Args:
        options: Whether artists are watched and extra queries are read.
        tables: Names of the tables to load.

    Raises:
        ConfigurationError: A resource has hints or a filter with which every run would fetch everything again.
    """
    names, tracks_are_filtered = _tables_of_run()
    context = Container()[PipelineContext]
    if not context.is_active():
        return LoadedState()
    try:
        sql_client: SqlClientBase[Any] = context.pipeline().sql_client()  # type: ignore[attr-defined]
    except SqlClientNotAvailable:
        return LoadedState()
    with sql_client as client:
        stored = _Tables(client, names)
        artists = options.wants_watchlist(tables)
        return LoadedState(
            releases={album_id: _release(*row) for album_id, *row in stored.rows(_RELEASES)},
            albums={album_id: LoadedAlbum(*row) for album_id, *row in stored.rows(_ALBUMS)},
            track_counts=dict(stored.rows(_TRACKS_LOADED if tracks_are_filtered else _TRACKS)),
            credits=_credits(stored.rows(_CREDITS)) if artists else {},
            depths=dict(stored.rows(_DEPTHS)),
            artists={row[0]: _artist(*row) for row in stored.rows(_ARTISTS)} if artists else {},
            yields=[_yield(*row) for row in reversed(stored.rows(_YIELDS))]
            if options.wants_extra_queries(tables)
            else (),
        )


class _Tables:
    """Tables of the running pipeline.

    Args:
        client: Client of the destination.
        names: Current name of each resource's table; None where the run will empty it.
    """

    def __init__(self, client: SqlClientBase[Any], names: Mapping[str, str | None]) -> None:
        self._client = client
        self._names = names

    def rows(self, query: str) -> Sequence[Any]:
        """Return the rows of a query with table names in braces.

        There are none if a table is missing or will be emptied.
        """
        tables = [name for _, name, _, _ in Formatter().parse(query) if name]
        names = {}
        for table in tables:
            root, *nested = table.partition("__")
            if (name := self._names.get(root, root)) is None:
                return []
            names[table] = self._client.make_qualified_table_name("".join((name, *nested)))
        try:
            return self._client.execute_sql(query.format(**names)) or []
        except DestinationUndefinedEntity:
            return []


# -- rows


def _release(
    market: str, total: int | None, content_hash: str | None, kind: str | None, released: Any, load_id: str | None
) -> LoadedRelease:
    return LoadedRelease(market, total, content_hash, kind, str(released) if released else None, load_id or "")


def _credits(rows: Sequence[Any]) -> Mapping[str, Collection[str]]:
    """Return the artist ids of each listed album."""
    found: dict[str, set[str]] = {}
    for album_id, artist_id in rows:
        found.setdefault(album_id, set()).add(artist_id)
    return found


def _artist(
    key: str,
    listed_as: str | None,
    name: str | None,
    resolved: str | None,
    candidates: Any,
    checked_at: datetime | str | None,
    due_at: datetime | str | None,
    albums_found: int | None,
    failures: int | None,
    last_error: str | None,
    swept_at: datetime | str | None,
) -> WatchedArtist:
    # JSON columns come as text or parsed, by destination.
    parsed = json.loads(candidates) if isinstance(candidates, str) else candidates
    return WatchedArtist(
        key,
        listed_as=listed_as or key,
        name=name,
        resolved=Resolution(resolved or "pending"),
        candidates=tuple(ArtistCandidate(one["id"], one["name"]) for one in parsed or ()),
        checked_at=_unix_time(checked_at),
        due_at=_unix_time(due_at) or 0.0,
        albums_found=albums_found or 0,
        failures=failures or 0,
        last_error=last_error,
        swept_at=_unix_time(swept_at),
    )


def _yield(run_id: str, market: str, query: str, asked_at: datetime | str | None, *counts: Any) -> QueryYield:
    calls, listed, new, is_whole = counts
    return QueryYield(run_id, market, query, _unix_time(asked_at) or 0.0, calls, listed, new, bool(is_whole))


def _unix_time(moment: datetime | str | None) -> float | None:
    if moment is None:
        return None
    # SQLite returns text.
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


# -- what dlt will do to the tables


def _tables_of_run() -> tuple[dict[str, str | None], bool]:
    """Return the tables' names, and whether `album_tracks` is filtered.

    The name is None if the run will empty the table. dlt announces that in the state of the load package, and authors
    of scripts set hints on the resources. Irreplaceable tables are taken out of those that dlt is about to drop,
    truncate or replace.

    Raises:
        ConfigurationError: A resource has hints or a filter with which every run would fetch everything again.
    """
    try:
        source = dlt.current.source()
        state: MutableMapping[str, Any] = dlt.current.load_package_state()["state"]  # type: ignore[assignment]
    except (CurrentSourceNotAvailable, CurrentLoadPackageStateNotAvailable):
        return {}, False
    _protect_irreplaceable(source, state)
    lost = {table["name"] for key in ("dropped_tables", "truncated_tables") for table in state.get(key, ())}
    names: dict[str, str | None] = {}
    for table in RESOURCES:
        if table.name in source.resources and not table.is_irreplaceable:
            resource = source.resources[table.name]
            name = _table_name(source, resource)
            is_replaced = resource.selected and resource.write_disposition == "replace"
            names[table.name] = None if name in lost or is_replaced else name
    return names, _tracks_are_filtered(source)


def _protect_irreplaceable(source: DltSource, state: MutableMapping[str, Any]) -> None:
    kept = {table.name for table in TABLES if table.is_irreplaceable}
    for key in ("dropped_tables", "truncated_tables"):
        if key in state:
            state[key] = [table for table in state[key] if table["name"] not in kept]
    sightings = source.resources.get(RELEASE_SIGHTINGS.name)
    if sightings is not None and sightings.write_disposition == "replace":
        sightings.apply_hints(write_disposition=RELEASE_SIGHTINGS.write_disposition)


def _table_name(source: DltSource, resource: DltResource) -> str:
    name = resource.table_name
    if not isinstance(name, str):
        raise ConfigurationError(
            f"A function names the table of {resource.name}. The loaded rows could not be found again, and every run "
            "would fetch everything.",
            guidance="Give it one name: apply_hints(table_name='...').",
        )
    return source.schema.naming.normalize_table_identifier(name)


def _tracks_are_filtered(source: DltSource) -> bool:
    """Return whether `album_tracks` has a filter, and cannot tell fetched albums."""
    selected = source.resources.selected
    if ALBUMS.name in selected and _has_filter(selected[ALBUMS.name]):
        raise ConfigurationError(
            "albums has a filter. Every run would fetch again the albums that it leaves out.",
            guidance="Load all albums, and filter where you read them.",
        )
    filtered = ALBUM_TRACKS.name in selected and _has_filter(selected[ALBUM_TRACKS.name])
    if filtered and ALBUMS.name not in selected:
        raise ConfigurationError(
            "album_tracks has a filter, and albums is not loaded. Every run would fetch everything again, because only "
            "albums tells what was fetched.",
            guidance="Load albums as well, or load all tracks and filter where you read them.",
        )
    return filtered


def _has_filter(resource: DltResource) -> bool:
    return any(isinstance(step, FilterItem) for step in resource._pipe.steps)  # noqa: SLF001 - dlt has no public way
