"""Reads with SQL what the destination's tables hold. Knows their names and columns, not what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any, Final

from dlt.common.configuration.container import Container
from dlt.common.destination.exceptions import DestinationUndefinedEntity, SqlClientNotAvailable
from dlt.common.json import json
from dlt.common.pipeline import PipelineContext
from dlt.destinations.exceptions import DatabaseTerminalException
from dlt.destinations.sql_client import SqlClientBase

from ..models import Candidate, LoadedAlbum, LoadedRelease, LoadedState, QueryYield, Resolution, WatchedArtist
from .target import Target

Read = Callable[..., Sequence[Any]]

_RELEASES: Final = "SELECT id, market, total_tracks, {}, album_type, released_on, _dlt_load_id FROM {{}}"
_PLAIN_SEARCH: Final = "FROM {} WHERE discovered_via = 'search' AND query IS NULL"
_DEPTHS: Final = (
    f"SELECT market, MAX(position) {_PLAIN_SEARCH} AND run_id = (SELECT MAX(run_id) {_PLAIN_SEARCH}) GROUP BY market"
)
_ARTISTS: Final = (
    "SELECT artist_id, listed_as, name, resolved, candidates, checked_at, due_at, albums_found, failures, last_error, "
    "swept_at, run_id FROM {}"
)
# What queries show is of the last two weeks: what they brought long ago says nothing any more.
_YIELDS: Final = (
    "SELECT run_id, market, query, asked_at, calls, albums_listed, albums_new, is_whole FROM {} "
    "ORDER BY asked_at DESC, run_id DESC, query LIMIT 20000"
)


def read_loaded_state(target: Target, *, artists: bool = False, yields: bool = False) -> LoadedState:
    """What the tables of the running pipeline hold, and will hold when it has loaded.

    Nothing where no pipeline runs, where its destination can't be read with SQL, and where there are no tables yet.

    Args:
        target: What they are called, and which of them will be emptied.
        artists: Whether to read what is known of watched artists, and of which albums they are.
        yields: Whether to read what queries brought.
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
        releases = _releases(read)
        albums = read(
            "SELECT id, market, COALESCE(tracks_loaded, total_tracks) FROM {} ORDER BY _dlt_load_id", "albums"
        )
        if target.tracks_are_filtered:
            tracks = read("SELECT id, tracks_loaded FROM {} WHERE tracks_loaded IS NOT NULL", "albums")
        else:
            tracks = read("SELECT album_id, COUNT(*) FROM {} GROUP BY album_id", "album_tracks")
        watched = _artists(read) if artists else []
        return LoadedState(
            releases=releases,
            albums={album_id: LoadedAlbum(*row) for album_id, *row in albums},
            track_counts=dict(tracks),
            credits=_credits(read) if artists else {},
            depths=_depths(read),
            artists={artist.key: artist for artist, _ in watched},
            artist_runs={run_id for _, run_id in watched},
            yields=_yields(read) if yields else (),
        )


def _releases(read: Read) -> Mapping[str, LoadedRelease]:
    try:
        rows = read(_RELEASES.format("content_hash"), "new_releases")
    except DatabaseTerminalException:
        # The table is from before it had a hash; this run adds the column.
        rows = read(_RELEASES.format("NULL"), "new_releases")
    return {
        album_id: LoadedRelease(market, total, content_hash, kind, str(released) if released else None, load_id or "")
        for album_id, market, total, content_hash, kind, released, load_id in rows
    }


def _depths(read: Read) -> Mapping[str, int]:
    """How deep the plain listing of a search was in the latest run that read it."""
    try:
        return dict(read(_DEPTHS, "release_sightings", "release_sightings"))
    except DatabaseTerminalException:
        # The table is from before it had a query; this run adds the column.
        return {}


def _credits(read: Read) -> Mapping[str, Collection[str]]:
    """Ids of the artists of listed albums."""
    found: dict[str, set[str]] = {}
    query = "SELECT album.id, artist.id FROM {} AS album JOIN {} AS artist ON artist._dlt_parent_id = album._dlt_id"
    for album_id, artist_id in read(query, "new_releases", "new_releases__artists"):
        found.setdefault(album_id, set()).add(artist_id)
    return found


def _artists(read: Read) -> list[tuple[WatchedArtist, str]]:
    """The watched artists, and the runs that wrote them."""
    return [
        (
            WatchedArtist(
                key,
                listed_as=listed_as or key,
                name=name,
                resolved=Resolution(resolved or "pending"),
                candidates=_candidates(candidates),
                checked_at=_seconds(checked_at),
                due_at=_seconds(due_at) or 0.0,
                albums_found=found or 0,
                failures=failures or 0,
                last_error=error,
                swept_at=_seconds(swept_at),
            ),
            run_id or "",
        )
        for (
            key,
            listed_as,
            name,
            resolved,
            candidates,
            checked_at,
            due_at,
            found,
            failures,
            error,
            swept_at,
            run_id,
        ) in read(_ARTISTS, "watched_artists")
    ]


def _candidates(stored: Any) -> tuple[Candidate, ...]:
    if not stored:
        return ()
    found = json.loads(stored) if isinstance(stored, str) else stored
    return tuple(Candidate(one["id"], one["name"]) for one in found)


def _yields(read: Read) -> Sequence[QueryYield]:
    """What the latest queries brought, the oldest first."""
    rows = read(_YIELDS, "search_yields")
    return [
        QueryYield(run_id, market, asked, _seconds(at) or 0.0, calls, listed, new, bool(is_whole))
        for run_id, market, asked, at, calls, listed, new, is_whole in reversed(rows)
    ]


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _rows(client: SqlClientBase[Any], target: Target, query: str, *tables: str) -> Sequence[Any]:
    """The rows of a query. A nested table is named after the one that it is in, and emptied with it."""
    roots = [table.partition("__") for table in tables]
    if target.emptied.intersection(root for root, *_ in roots):
        return []
    names = (client.make_qualified_table_name("".join((target.name(root), *nested))) for root, *nested in roots)
    try:
        return client.execute_sql(query.format(*names)) or []
    except DestinationUndefinedEntity:
        return []
