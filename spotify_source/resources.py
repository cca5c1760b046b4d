"""Resources of the source: the tables, and the steps that feed them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NoReturn, cast

import dlt
from dlt.common.utils import chunks
from dlt.extract import DltResource

from . import schema, settings
from .albums import AlbumFetcher
from .backlog import album_requests, given_up_albums
from .config import Connection
from .discovery import discover
from .errors import ConfigurationError
from .loaded_state import read_loaded_state
from .models import CompleteAlbum, FetchedAlbum, Listing, LoadedRelease, LoadedState, Plan, is_id
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
from .run import Run


def spotify_resources(connection: Connection) -> list[DltResource]:
    """Return the tables as resources, and the steps that feed them.

    `plan` lists albums and compares them with the loaded state. Its listing becomes `new_releases`,
    `release_sightings`, `watched_artists` and `search_yields`. Its album requests are fetched by `fetched_albums` and
    `complete_albums`, and become `albums` and `album_tracks`. These three steps are not loaded themselves, and dlt
    skips a step that no requested table needs.
    """

    @dlt.resource(selected=False, _impl_cls=_WithoutLimit)
    def plan() -> Iterator[Plan]:
        connection.run.state.attach(dlt.current.source_state())
        tables = dlt.current.source().resources.selected
        loaded = read_loaded_state(connection.options, tables)
        listing = discover(connection, loaded, tables)
        yield plan_albums(connection, listing, loaded, tables)

    return [plan, *_listing_tables(plan, connection), *_album_tables(plan, connection)]


def _listing_tables(plan: DltResource, connection: Connection) -> list[DltResource]:
    """Return the tables of the listing, which need no further call."""
    run, options = connection.run, connection.options

    @_transformer(plan)
    def new_releases(planned: Plan) -> Iterator[Any]:
        yield from schema.create_if_missing(schema.NEW_RELEASES)
        listing, known = planned.listing, planned.loaded.releases
        rows = ((key, new_release_row(album, next(iter(listing.totals[key])))) for key, album in listing.albums.items())
        changed = (
            _values(row, key, run) for key, row in rows if options.full_refresh or _has_changed(row, known.get(key))
        )
        yield from chunks(changed, settings.BROWSE_PAGE_SIZE)

    @_transformer(plan)
    def release_sightings(planned: Plan) -> Iterator[Any]:
        yield from schema.create_if_missing(schema.RELEASE_SIGHTINGS)
        yield _few_or_many([sighting_row(one, run.run_id, run.started_at) for one in planned.listing.sightings])

    @_transformer(plan)
    def watched_artists(planned: Plan) -> Iterator[Any]:
        yield from schema.create_if_missing(schema.WATCHED_ARTISTS)
        yield _few_or_many([artist_row(artist, run.run_id) for artist in planned.listing.artists.values()])

    @_transformer(plan)
    def search_yields(planned: Plan) -> Iterator[Any]:
        yield from schema.create_if_missing(schema.SEARCH_YIELDS)
        yield _few_or_many([yield_row(one) for one in planned.listing.yields])

    return [
        schema.declare(new_releases, schema.NEW_RELEASES),
        schema.declare(release_sightings, schema.RELEASE_SIGHTINGS),
        schema.declare(watched_artists, schema.WATCHED_ARTISTS),
        schema.declare(search_yields, schema.SEARCH_YIELDS),
    ]


def _album_tables(plan: DltResource, connection: Connection) -> list[DltResource]:
    """Return the tables of fetched albums, and the two steps that fetch them."""
    run, fetcher = connection.run, AlbumFetcher(connection)

    @dlt.transformer(data_from=plan, selected=False)
    def fetched_albums(planned: Plan) -> Iterator[Any]:
        # An empty list creates the tables even if nothing follows.
        yield []
        yield from fetcher.fetch(planned.requests)

    @dlt.transformer(data_from=fetched_albums, selected=False)
    def complete_albums(fetched: Sequence[FetchedAlbum]) -> Iterator[Any]:
        yield from fetcher.complete(fetched)

    @_transformer(complete_albums)
    def albums(complete: Sequence[CompleteAlbum]) -> Iterator[Any]:
        if not complete:
            yield from schema.create_if_missing(schema.ALBUMS)
        yield [_values(album_row(album), album.request.album_id, run) for album in complete]

    @_transformer(complete_albums)
    def album_tracks(complete: Sequence[CompleteAlbum]) -> Iterator[Any]:
        if not complete:
            yield from schema.create_if_missing(schema.ALBUM_TRACKS)
        yield [
            _values(track_row(track, album.request.album_id), album.request.album_id, run)
            for album in complete
            for track in album.tracks
        ]
        yield [removal_row(one.request.album_id) for one in complete if one.request.loaded_tracks and not one.tracks]

    return [
        fetched_albums,
        complete_albums,
        schema.declare(albums, schema.ALBUMS),
        schema.declare(album_tracks, schema.ALBUM_TRACKS),
    ]


def plan_albums(connection: Connection, listing: Listing, loaded: LoadedState, tables: Collection[str]) -> Plan:
    """Return the album requests of the run, and enter their number in its counts.

    Raises:
        SpotifySourceError: Discovery failed, and no album of earlier runs needs a call.
    """
    run, options = connection.run, connection.options
    market = options.markets[0]
    needed = album_requests(
        listing,
        loaded,
        run.state,
        tables=tables,
        default_market=market,
        full_refresh=options.full_refresh,
        only_types=options.only_types,
    )
    # Albums with a malformed id are listed, and cannot be requested.
    requests = [request for request in needed if is_id(request.album_id)]
    if run.failure is not None and not requests:
        raise run.failure
    run.albums.wanted = len(requests[: options.limit])
    run.albums.over_limit = len(requests) - run.albums.wanted
    if not options.full_refresh:
        run.albums.given_up = given_up_albums(listing, loaded, run.state, tables=tables, default_market=market)
    return Plan(listing, loaded, requests[: options.limit])


class _WithoutLimit(DltResource):
    """Resource that rejects `add_limit`.

    dlt would fetch everything, and only log that the limit has no effect.
    """

    def add_limit(self, *_: object, **__: object) -> NoReturn:
        """Reject the call.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(
            "add_limit has no effect on this source. It plans all albums in one step.",
            guidance="Use the argument limit: spotify_source(limit=10) lists and fetches at most 10 albums.",
        )


def _transformer(data_from: DltResource) -> Callable[[Callable[..., Iterator[Any]]], DltResource]:
    # The overloads of dlt.transformer lack its documented argument _impl_cls.
    transformer = dlt.transformer(data_from=data_from, _impl_cls=_WithoutLimit)  # type: ignore[call-overload]
    return cast("Callable[[Callable[..., Iterator[Any]]], DltResource]", transformer)


def _values(row: Row, album_id: str, run: Run) -> dict[str, Any]:
    """Return the values of a row, and count its data issues."""
    run.data_issues.note(row.issues, album_id)
    return row.values


def _few_or_many(rows: list[dict[str, Any]]) -> Any:
    return rows if len(rows) <= settings.FEW_ROWS else schema.as_parquet(rows)


def _has_changed(row: Row, loaded: LoadedRelease | None) -> bool:
    return loaded is None or loaded.content_hash != row.values["content_hash"]
