"""What each endpoint answers, given the catalogue and who asks; no sockets, no tokens, no quotas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from . import errors
from .asking import RefusedError, id_of, ids_of, page_of, view_of
from .catalogue import Catalogue
from .markets import MARKETS
from .rendering import (
    QuotaMode,
    View,
    artist_albums_page,
    browse_page,
    full_album,
    full_artist,
    listed_album,
    searched_album,
    track_page,
)
from .replies import LoggedRequest, Reply
from .searching import answer_search
from .wire import Album, AlbumGroup, AlbumList, Artist, Markets, SeveralAlbums, SeveralArtists, SimplifiedAlbum

ALBUM_CACHING = {"cache-control": "public, max-age=0"}
SEARCH_CACHING = {"cache-control": "public, max-age=7200"}
ALBUM_BATCH = 20
ARTIST_BATCH = 50
# Highest and default page size of an artist's albums.
ARTIST_ALBUM_LIMITS: Mapping[QuotaMode, tuple[int, int]] = {"development": (10, 5), "extended": (50, 20)}
ALBUM_GROUPS: tuple[AlbumGroup, ...] = ("album", "single", "compilation", "appears_on")

_BUCKETS = (
    ("token", re.compile(r"/api/token/?")),
    ("browse", re.compile(r"/v1/browse/new-releases/?")),
    ("search", re.compile(r"/v1/search/?")),
    ("markets", re.compile(r"/v1/markets/?")),
    ("albums", re.compile(r"/v1/albums/?")),
    ("album", re.compile(r"/v1/albums/[^/]+/?")),
    ("album_tracks", re.compile(r"/v1/albums/[^/]+/tracks/?")),
    ("artists", re.compile(r"/v1/artists/?")),
    ("artist", re.compile(r"/v1/artists/[^/]+/?")),
    ("artist_albums", re.compile(r"/v1/artists/[^/]+/albums/?")),
)

BUCKETS = tuple(name for name, _ in _BUCKETS)


def bucket_of(path: str) -> str:
    """The kind of call a path is, which is what quotas count by."""
    return next((name for name, pattern in _BUCKETS if pattern.fullmatch(path)), "other")


class Endpoints:
    """The Web API over one catalogue, as one kind of app sees it."""

    def __init__(self, catalogue: Catalogue, quota_mode: QuotaMode, allow: set[str]) -> None:
        """Look at the catalogue as an app of this quota mode, which may do what ``allow`` names."""
        self.catalogue = catalogue
        self.quota_mode = quota_mode
        self.allow = allow

    def answer(self, request: LoggedRequest) -> Reply:
        """The reply to a request that has passed the door; that to HEAD is the one to GET."""
        handlers: dict[str, Callable[[LoggedRequest], Reply]] = {
            "browse": self._browse,
            "search": self._search,
            "album": self._album,
            "albums": self._albums,
            "album_tracks": self._album_tracks,
            "artist": self._artist,
            "artists": self._artists,
            "artist_albums": self._artist_albums,
            "markets": self._markets,
        }
        handler = handlers.get(request.bucket)
        if handler is None:
            return errors.no_service
        if request.method not in ("GET", "HEAD"):
            return errors.wrong_method
        try:
            return handler(request)
        except RefusedError as refusal:
            return refusal.reply

    # -- lists

    def _browse(self, request: LoggedRequest) -> Reply:
        self._require("browse")
        view = View(self.quota_mode, None, f"http://{request.host}")
        limit, offset = page_of(request, highest=50, default=20)
        listing = self.catalogue.listing
        items = [self._listed(album_id, view) for album_id in listing[offset : offset + limit]]
        body: AlbumList = {"albums": browse_page(items, view, limit, offset, len(listing))}
        return Reply(200, body, ALBUM_CACHING)

    def _listed(self, album_id: str | None, view: View) -> SimplifiedAlbum | None:
        return None if album_id is None else listed_album(self.catalogue.sketch(album_id), view)

    def _search(self, request: LoggedRequest) -> Reply:
        return Reply(200, answer_search(request, self.catalogue, view_of(request, self.quota_mode)), SEARCH_CACHING)

    # -- albums

    def _album(self, request: LoggedRequest) -> Reply:
        return Reply(200, full_album(self._album_of(request), view_of(request, self.quota_mode)), ALBUM_CACHING)

    def _album_tracks(self, request: LoggedRequest) -> Reply:
        album = self._album_of(request)
        limit, offset = page_of(request, highest=50, default=20)
        return Reply(200, track_page(album, view_of(request, self.quota_mode), limit, offset), ALBUM_CACHING)

    def _albums(self, request: LoggedRequest) -> Reply:
        self._require("batch")
        wanted = ids_of(request, ALBUM_BATCH)
        view = view_of(request, self.quota_mode)
        albums = [self.catalogue.read(album_id) for album_id in wanted]
        body: SeveralAlbums = {"albums": [None if album is None else full_album(album, view) for album in albums]}
        return Reply(200, body, ALBUM_CACHING)

    def _album_of(self, request: LoggedRequest) -> Album:
        album = self.catalogue.read(id_of(request))
        if album is None:
            raise RefusedError(errors.not_found)
        return album

    # -- artists

    def _artist(self, request: LoggedRequest) -> Reply:
        return Reply(200, full_artist(self._artist_of(request), view_of(request, self.quota_mode)), ALBUM_CACHING)

    def _artists(self, request: LoggedRequest) -> Reply:
        self._require("batch")
        view = view_of(request, self.quota_mode)
        artists = [self.catalogue.artist(artist_id) for artist_id in ids_of(request, ARTIST_BATCH)]
        body: SeveralArtists = {
            "artists": [None if artist is None else full_artist(artist, view) for artist in artists]
        }
        return Reply(200, body, ALBUM_CACHING)

    def _artist_albums(self, request: LoggedRequest) -> Reply:
        artist = self._artist_of(request)
        view = view_of(request, self.quota_mode)
        limit, offset = page_of(request, *ARTIST_ALBUM_LIMITS[self.quota_mode])
        groups = _groups_of(request)
        albums = list(self._discography(artist["id"], groups, view.market))
        items = [searched_album(album, view, group) for group, album in albums[offset : offset + limit]]
        sent = request.query.get("include_groups")
        body = artist_albums_page(items, view, artist["id"], sent, limit, offset, len(albums))
        return Reply(200, body, ALBUM_CACHING)

    def _discography(
        self, artist_id: str, groups: tuple[AlbumGroup, ...], market: str | None
    ) -> Iterator[tuple[AlbumGroup, Album]]:
        """The artist's albums, group by group and the newest first in each: in all, not by date."""
        own, guest = self.catalogue.works(artist_id)
        grouped: dict[AlbumGroup, list[Album]] = {group: [] for group in groups}
        for album_id in (*own, *guest):
            album = self.catalogue.sketch(album_id)
            group = _group_of(album) if album_id in own else "appears_on"
            gone = album_id in self.catalogue.gone or (market and market not in album.get("available_markets", ()))
            if group in grouped and not gone:
                grouped[group].append(album)
        for group, albums in grouped.items():
            for album in sorted(albums, key=lambda album: (album["release_date"], album["id"]), reverse=True):
                yield group, album

    def _artist_of(self, request: LoggedRequest) -> Artist:
        artist = self.catalogue.artist(id_of(request))
        if artist is None:
            raise RefusedError(errors.not_found)
        return artist

    # -- the rest

    def _markets(self, _: LoggedRequest) -> Reply:
        if self.quota_mode == "development":
            raise RefusedError(errors.forbidden)
        body: Markets = {"markets": sorted(MARKETS)}
        return Reply(200, body, ALBUM_CACHING)

    def _require(self, permission: str) -> None:
        if permission not in self.allow:
            raise RefusedError(errors.forbidden)


def _group_of(album: Album) -> AlbumGroup:
    return "single" if album["album_type"] == "ep" else album["album_type"]


def _groups_of(request: LoggedRequest) -> tuple[AlbumGroup, ...]:
    """The groups that were asked for, in the order in which they are served, whatever the order they were named in."""
    sent = request.query.get("include_groups")
    if not sent:
        return ALBUM_GROUPS
    named = sent.split(",")
    if not set(named) <= set(ALBUM_GROUPS):
        raise RefusedError(errors.bad_groups)
    return tuple(group for group in ALBUM_GROUPS if group in named)
