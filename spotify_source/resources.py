"""What is loaded: new_releases, release_sightings, albums, album_tracks, and how one feeds the other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dlt
from dlt.common.utils import chunks
from dlt.extract import DltResource

from . import schema, settings
from .api.client import SpotifyClient
from .errors import SpotifySourceError
from .limits.governor import Governor
from .options import Wishes
from .run import Run
from .steps.albums import AlbumFetcher, FetchedAlbum, WholeAlbum
from .steps.backlog import Claim, Release, Tables, claim
from .steps.discovery import Discoverer, Listing, probe
from .steps.loaded_state import read_tables
from .steps.rows import album_row, new_release_row, removal_row, sighting_row, track_row

_ALBUM_TABLES = {schema.ALBUMS.name, schema.ALBUM_TRACKS.name}


@dataclass(frozen=True)
class Plan:
    """A listing, what was loaded before it, and the albums that are to be fetched after it."""

    listing: Listing
    tables: Tables
    claims: Sequence[Claim]


def spotify_resources(  # noqa: C901 - one inner function a resource
    client: SpotifyClient, governor: Governor, run: Run, wishes: Wishes
) -> list[DltResource]:
    """The four tables as resources, and the steps between them, which are not loaded.

    `plan` finds what is new; `new_releases` and `release_sightings` are made of it. `fetched_albums` makes the calls
    for the albums that need one, `whole_albums` those for their further tracks; `albums` and `album_tracks` are made
    of these. A step that no requested table needs does not run. `probes` stands alone: it asks what the app may do.
    """
    fetchers: list[AlbumFetcher] = []

    @dlt.resource(selected=False)
    def plan() -> Iterator[Plan]:
        run.memory.attach(dlt.current.source_state())
        _note_what_is_known(run, wishes)
        requested = _ALBUM_TABLES.intersection(run.resources or dlt.current.source().resources.selected)
        listing = _discover(client, run, wishes)
        tables = read_tables()
        claims = _claims(listing, tables, run, requested, wishes)
        if run.failure is not None and not claims:
            raise run.failure
        run.albums_new = len(listing.albums.keys() - tables.releases.keys())
        run.albums_pending = len(claims)
        run.albums_wanted = len(claims[: wishes.limit])
        run.albums_over_limit = len(claims) - run.albums_wanted
        fetchers[:] = [AlbumFetcher(client, governor, run, with_tracks=schema.ALBUM_TRACKS.name in requested)]
        yield Plan(listing, tables, claims[: wishes.limit])

    @dlt.resource(selected=False)
    def probes() -> Iterator[dict[str, SpotifySourceError | None]]:
        run.memory.attach(dlt.current.source_state())
        _note_what_is_known(run, wishes)
        yield probe(client, run, wishes.markets[0])

    @dlt.transformer(data_from=plan)
    def new_releases(found: Plan) -> Iterator[Any]:
        yield from schema.creation(schema.NEW_RELEASES)
        listing, known = found.listing, found.tables.releases
        rows = (new_release_row(album, next(iter(listing.totals[key]))) for key, album in listing.albums.items())
        changed = (row for row in rows if wishes.full_refresh or _has_changed(row, known.get(row["id"])))
        yield from chunks(changed, settings.BROWSE_PAGE_SIZE)

    @dlt.transformer(data_from=plan)
    def release_sightings(found: Plan) -> Iterator[Any]:
        yield from schema.creation(schema.RELEASE_SIGHTINGS)
        rows = [sighting_row(sighting, run) for sighting in found.listing.sightings]
        yield rows if len(rows) <= settings.FEW_ROWS else schema.as_many(rows)

    @dlt.transformer(data_from=plan, selected=False)
    def fetched_albums(found: Plan) -> Iterator[Any]:
        # Nothing comes first, so that the tables exist even when nothing follows.
        yield []
        yield from fetchers[0].fetch(found.claims)

    @dlt.transformer(data_from=fetched_albums, selected=False)
    def whole_albums(fetched: Sequence[FetchedAlbum]) -> Iterator[Any]:
        yield from fetchers[0].complete(fetched)

    @dlt.transformer(data_from=whole_albums)
    def albums(whole: Sequence[WholeAlbum]) -> Iterator[Any]:
        if not whole:
            yield from schema.creation(schema.ALBUMS)
        yield [album_row(one.album, one.claim.album_id, one.claim.market, one.tracks_loaded) for one in whole]

    @dlt.transformer(data_from=whole_albums)
    def album_tracks(whole: Sequence[WholeAlbum]) -> Iterator[Any]:
        if not whole:
            yield from schema.creation(schema.ALBUM_TRACKS)
        yield [track_row(track, one.claim.album_id) for one in whole for track in one.tracks]
        yield [removal_row(one.claim.album_id) for one in whole if one.claim.loaded_tracks and not one.tracks]

    return [
        probes,
        plan,
        schema.declare(new_releases, schema.NEW_RELEASES),
        schema.declare(release_sightings, schema.RELEASE_SIGHTINGS),
        fetched_albums,
        whole_albums,
        schema.declare(albums, schema.ALBUMS),
        schema.declare(album_tracks, schema.ALBUM_TRACKS),
    ]


def _has_changed(row: Mapping[str, Any], loaded: Release | None) -> bool:
    return loaded is None or loaded.content_hash != row["content_hash"]


def _note_what_is_known(run: Run, wishes: Wishes) -> None:
    now = run.clock.now()
    run.markets = list(wishes.markets)
    run.browse_allowed = run.memory.allowed("browse", now)
    run.batch_allowed = run.memory.allowed("batch", now)
    run.blocked_until.update(run.memory.blocks(now))


def _discover(client: SpotifyClient, run: Run, wishes: Wishes) -> Listing:
    return Discoverer(
        client,
        run,
        discovery=wishes.discovery,
        paging=wishes.paging,
        markets=wishes.markets,
        limit=wishes.limit,
    ).discover()


def _claims(listing: Listing, tables: Tables, run: Run, requested: Collection[str], wishes: Wishes) -> list[Claim]:
    if not requested:
        return []
    return claim(
        listing,
        tables,
        run.memory,
        requested=requested,
        default_market=wishes.markets[0],
        full_refresh=wishes.full_refresh,
    )
