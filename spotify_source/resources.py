"""What is loaded: albums as listed and in full, their tracks, and how they were found; and how one feeds the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn, cast

import dlt
from dlt.common.utils import chunks
from dlt.extract import DltResource

from . import schema, settings
from .config import Connection
from .errors import ConfigurationError
from .extraction import Extraction
from .models import CompleteAlbum, FetchedAlbum, LoadedRelease, Plan
from .rows import (
    Row,
    album_row,
    artist_row,
    new_release_row,
    removal_row,
    sighting_row,
    track_row,
    yield_row,
)


class LoadedWhole(DltResource):
    """A resource that refuses `add_limit`: dlt would leave out the limit with a line in its log, and all is fetched."""

    def add_limit(self, *_: object, **__: object) -> NoReturn:
        """Say what does it instead.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(
            "add_limit has no effect on this source: all albums are planned in one step.",
            guidance="Use the argument limit: spotify_source(limit=10) lists and fetches at most 10 albums.",
        )


def _loaded_from(step: DltResource) -> Callable[[Callable[..., Iterator[Any]]], DltResource]:
    """Make a table of what a step yields."""
    # The overloads of dlt.transformer leave out the argument that it documents.
    transformer = dlt.transformer(data_from=step, _impl_cls=LoadedWhole)  # type: ignore[call-overload]
    return cast("Callable[[Callable[..., Iterator[Any]]], DltResource]", transformer)


def spotify_resources(connection: Connection) -> list[DltResource]:
    """The tables as resources, and the steps between them, which are not loaded.

    `plan` finds what is new; `new_releases`, `release_sightings`, `watched_artists` and `search_yields` are made of it. `fetched_albums` makes the calls
    for the albums that need one, `complete_albums` those for their further tracks; `albums` and `album_tracks` are
    made of these. A step that no requested table needs does not run.
    """
    extraction = Extraction(connection)

    @dlt.resource(selected=False, _impl_cls=LoadedWhole)
    def plan() -> Iterator[Plan]:
        connection.state.attach(dlt.current.source_state())
        yield extraction.plan(dlt.current.source().resources.selected)

    @dlt.transformer(data_from=plan, selected=False)
    def fetched_albums(planned: Plan) -> Iterator[Any]:
        # Nothing comes first, so that the tables exist even when nothing follows.
        yield []
        yield from extraction.fetch(planned)

    @dlt.transformer(data_from=fetched_albums, selected=False)
    def complete_albums(fetched: Sequence[FetchedAlbum]) -> Iterator[Any]:
        yield from extraction.complete(fetched)

    @_loaded_from(complete_albums)
    def albums(complete: Sequence[CompleteAlbum]) -> Iterator[Any]:
        if not complete:
            yield from schema.creation(schema.ALBUMS)
        yield [extraction.noted(album_row(one), one.request.album_id) for one in complete]

    @_loaded_from(complete_albums)
    def album_tracks(complete: Sequence[CompleteAlbum]) -> Iterator[Any]:
        if not complete:
            yield from schema.creation(schema.ALBUM_TRACKS)
        yield [
            extraction.noted(track_row(track, one.request.album_id), one.request.album_id)
            for one in complete
            for track in one.tracks
        ]
        yield [removal_row(one.request.album_id) for one in complete if one.request.loaded_tracks and not one.tracks]

    return [
        plan,
        *_listed(plan, connection, extraction),
        fetched_albums,
        complete_albums,
        schema.declare(albums, schema.ALBUMS),
        schema.declare(album_tracks, schema.ALBUM_TRACKS),
    ]


def _listed(plan: DltResource, connection: Connection, extraction: Extraction) -> list[DltResource]:
    """The tables that are made of what was listed, and cost no further call."""
    run, options = connection.run, connection.options

    @_loaded_from(plan)
    def new_releases(planned: Plan) -> Iterator[Any]:
        yield from schema.creation(schema.NEW_RELEASES)
        listing, known = planned.listing, planned.loaded.releases
        rows = ((key, new_release_row(album, next(iter(listing.totals[key])))) for key, album in listing.albums.items())
        changed = (
            extraction.noted(row, key) for key, row in rows if options.full_refresh or _has_changed(row, known.get(key))
        )
        yield from chunks(changed, settings.BROWSE_PAGE_SIZE)

    @_loaded_from(plan)
    def release_sightings(planned: Plan) -> Iterator[Any]:
        yield from schema.creation(schema.RELEASE_SIGHTINGS)
        yield _few_or_many(
            [sighting_row(sighting, run.run_id, run.started_at) for sighting in planned.listing.sightings]
        )

    @_loaded_from(plan)
    def watched_artists(planned: Plan) -> Iterator[Any]:
        yield from schema.creation(schema.WATCHED_ARTISTS)
        yield _few_or_many([artist_row(artist, run.run_id) for artist in planned.listing.artists])

    @_loaded_from(plan)
    def search_yields(planned: Plan) -> Iterator[Any]:
        yield from schema.creation(schema.SEARCH_YIELDS)
        yield _few_or_many([yield_row(brought) for brought in planned.listing.yields])

    return [
        schema.declare(new_releases, schema.NEW_RELEASES),
        schema.declare(release_sightings, schema.RELEASE_SIGHTINGS),
        schema.declare(watched_artists, schema.WATCHED_ARTISTS),
        schema.declare(search_yields, schema.SEARCH_YIELDS),
    ]


def _few_or_many(rows: list[dict[str, Any]]) -> Any:
    return rows if len(rows) <= settings.FEW_ROWS else schema.as_many(rows)


def _has_changed(row: Row, loaded: LoadedRelease | None) -> bool:
    return loaded is None or loaded.content_hash != row.values["content_hash"]
