"""What each endpoint answers, given the catalogue and who asks; no sockets, no tokens, no quotas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from . import errors
from .catalogue import Catalogue
from .ids import well_formed
from .markets import MARKETS
from .rendering import (
    Regime,
    View,
    browse_page,
    full_album,
    listed_album,
    search_page,
    searched_album,
    track_page,
)
from .replies import LoggedRequest, Reply
from .wire import Album, AlbumList, Markets, SeveralAlbums, SimplifiedAlbum

ALBUM_CACHING = {"cache-control": "public, max-age=0"}
SEARCH_CACHING = {"cache-control": "public, max-age=7200"}
BATCH = 20
SEARCH_WALL = 1000
# Search has said this of tag:new for years, whatever it served.
TAG_NEW_TOTAL = 100
# Highest and default page size of search.
SEARCH_LIMITS: Mapping[Regime, tuple[int, int]] = {"development": (10, 5), "extended": (50, 20)}

_BUCKETS = (
    ("token", re.compile(r"/api/token/?")),
    ("browse", re.compile(r"/v1/browse/new-releases/?")),
    ("search", re.compile(r"/v1/search/?")),
    ("markets", re.compile(r"/v1/markets/?")),
    ("albums", re.compile(r"/v1/albums/?")),
    ("album", re.compile(r"/v1/albums/[^/]+/?")),
    ("album_tracks", re.compile(r"/v1/albums/[^/]+/tracks/?")),
)


def bucket_of(path: str) -> str:
    """The kind of call a path is, which is what quotas count by."""
    return next((name for name, pattern in _BUCKETS if pattern.fullmatch(path)), "other")


class RefusedError(Exception):
    """A request that ends in an error reply."""

    def __init__(self, reply: Reply) -> None:
        """Keep the reply."""
        super().__init__(reply.status)
        self.reply = reply


class Endpoints:
    """The Web API over one catalogue, as one kind of app sees it."""

    def __init__(self, catalogue: Catalogue, regime: Regime, allow: set[str]) -> None:
        """Look at the catalogue as an app of this regime, which may do what ``allow`` names."""
        self.catalogue = catalogue
        self.regime = regime
        self.allow = allow

    def answer(self, request: LoggedRequest) -> Reply:
        """The reply to a request that has passed the door."""
        handlers: dict[str, Callable[[LoggedRequest], Reply]] = {
            "browse": self._browse,
            "search": self._search,
            "album": self._album,
            "albums": self._albums,
            "album_tracks": self._album_tracks,
            "markets": self._markets,
        }
        handler = handlers.get(request.bucket)
        if handler is None:
            return errors.no_service
        if request.method != "GET":
            return errors.wrong_method
        try:
            return handler(request)
        except RefusedError as refusal:
            return refusal.reply

    def _browse(self, request: LoggedRequest) -> Reply:
        self._require("browse")
        view = View(self.regime, None, f"http://{request.host}")
        limit, offset = _page(request, highest=50, default=20)
        listing = self.catalogue.listing
        items = [self._item(album_id, listed_album, view) for album_id in listing[offset : offset + limit]]
        body: AlbumList = {"albums": browse_page(items, view, limit, offset, len(listing))}
        return Reply(200, body, ALBUM_CACHING)

    def _search(self, request: LoggedRequest) -> Reply:
        query = request.query.get("q") or request.query.get("query")
        if not query:
            raise RefusedError(errors.no_search_query)
        if "type" not in request.query:
            raise RefusedError(errors.no_search_type)
        if "album" not in request.query["type"].split(","):
            raise RefusedError(errors.bad_search_type)
        limit, offset = _page(request, *SEARCH_LIMITS[self.regime])
        if limit + offset > SEARCH_WALL:
            raise RefusedError(errors.offset_too_large)
        view = self._view(request)
        found, total = self._found(query, view.market)
        ids = list(islice(found, offset, offset + limit + 1))
        more = len(ids) > limit and offset + limit < SEARCH_WALL
        items = [self._item(album_id, searched_album, view) for album_id in ids[:limit]]
        body: AlbumList = {"albums": search_page(items, view, query, limit, offset, total, more)}
        return Reply(200, body, SEARCH_CACHING)

    def _found(self, query: str, market: str | None) -> tuple[Iterable[str | None], int]:
        if query == "tag:new":
            return self.catalogue.listed_in(market), TAG_NEW_TOTAL
        named = self.catalogue.named(query)
        return named, len(named)

    def _album(self, request: LoggedRequest) -> Reply:
        return Reply(200, full_album(self._asked_for(request), self._view(request)), ALBUM_CACHING)

    def _album_tracks(self, request: LoggedRequest) -> Reply:
        album = self._asked_for(request)
        limit, offset = _page(request, highest=50, default=20)
        return Reply(200, track_page(album, self._view(request), limit, offset), ALBUM_CACHING)

    def _albums(self, request: LoggedRequest) -> Reply:
        self._require("batch")
        ids = request.query.get("ids", "")
        if not ids:
            raise RefusedError(errors.no_ids)
        wanted = ids.split(",")
        if len(wanted) > BATCH:
            raise RefusedError(errors.too_many_ids)
        if not all(map(well_formed, wanted)):
            raise RefusedError(errors.bad_id)
        view = self._view(request)
        albums = [self.catalogue.find(album_id) for album_id in wanted]
        body: SeveralAlbums = {"albums": [None if album is None else full_album(album, view) for album in albums]}
        return Reply(200, body, ALBUM_CACHING)

    def _markets(self, _: LoggedRequest) -> Reply:
        if self.regime == "development":
            raise RefusedError(errors.forbidden)
        body: Markets = {"markets": sorted(MARKETS)}
        return Reply(200, body, ALBUM_CACHING)

    def _require(self, permission: str) -> None:
        if permission not in self.allow:
            raise RefusedError(errors.forbidden)

    def _item(
        self, album_id: str | None, show: Callable[[Album, View], SimplifiedAlbum], view: View
    ) -> SimplifiedAlbum | None:
        return None if album_id is None else show(self.catalogue.albums[album_id], view)

    def _asked_for(self, request: LoggedRequest) -> Album:
        album_id = request.path.split("/")[3]
        if not well_formed(album_id):
            raise RefusedError(errors.bad_id)
        album = self.catalogue.find(album_id)
        if album is None:
            raise RefusedError(errors.not_found)
        return album

    def _view(self, request: LoggedRequest) -> View:
        market = request.query.get("market")
        # A token without a user comes from nowhere, so this is as good as no market.
        if market is None or market in ("", "from_token"):
            market = None
        elif not re.fullmatch(r"[A-Za-z]{2}", market):
            raise RefusedError(errors.invalid_market)
        return View(self.regime, market and market.upper(), f"http://{request.host}")


def _page(request: LoggedRequest, highest: int, default: int) -> tuple[int, int]:
    limit = _number(request.query.get("limit"), default)
    if limit is None or not 1 <= limit <= highest:
        raise RefusedError(errors.invalid_limit)
    offset = _number(request.query.get("offset"), 0)
    if offset is None:
        raise RefusedError(errors.invalid_offset)
    return limit, offset


def _number(text: str | None, default: int) -> int | None:
    if text is None:
        return default
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None
