"""Routes of the offline API: buckets, parameters, and the objects of each reply.

The order of keys is that of recorded replies. https://developer.spotify.com/documentation/web-api/reference
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import urlencode

from spotify_source.api.markets import MARKETS
from spotify_source.models import Artist, Image, Track

from . import replies
from .catalogue import ALBUM_GROUPS, Catalogue
from .objects import CatalogueAlbum, cover
from .replies import LoggedRequest, Reply
from .search import artist_popularity, find_albums, find_artists, parse

QuotaMode = Literal["development", "extended"]
Json = dict[str, object]

_PATHS = {
    "token": r"/api/token",
    "browse": r"/v1/browse/new-releases",
    "search": r"/v1/search",
    "markets": r"/v1/markets",
    "albums": r"/v1/albums",
    "album": r"/v1/albums/[^/]+",
    "album_tracks": r"/v1/albums/[^/]+/tracks",
    "artists": r"/v1/artists",
    "artist": r"/v1/artists/[^/]+",
    "artist_albums": r"/v1/artists/[^/]+/albums",
}
BUCKETS = tuple(_PATHS)
# Endpoints that Development Mode lacks, unless the app may call them: an older one may.
PERMISSIONS: Mapping[str, str] = {"browse": "browse", "albums": "batch", "artists": "batch", "markets": "batch"}
DEFAULT_PERMISSIONS: Mapping[QuotaMode, frozenset[str]] = {
    "development": frozenset(),
    "extended": frozenset(PERMISSIONS.values()),
}

EMBEDDED_TRACKS = 50
_ALBUM_BATCH, _ARTIST_BATCH = 20, 50
# Highest and default limit of a page.
_LIMITS = (50, 20)
# The same for search and an artist's albums.
_LIMITS_BY_MODE: Mapping[QuotaMode, tuple[int, int]] = {"development": (10, 5), "extended": (50, 20)}
# A page of search must end at or before this offset.
_SEARCH_END = 1000
# Search has reported this total of tag:new for years, whatever it served.
_NEW_TOTAL = 100
# The types of a search, and the key of each one's page.
_SEARCH_TYPES = {
    "album": "albums",
    "artist": "artists",
    "track": "tracks",
    "playlist": "playlists",
    "show": "shows",
    "episode": "episodes",
    "audiobook": "audiobooks",
}


def _keys(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_TRACK_KEYS = _keys(
    "artists available_markets disc_number duration_ms explicit external_urls href id linked_from is_playable "
    "restrictions name preview_url track_number type uri is_local"
)
_LISTED_KEYS = _keys(
    "album_type artists available_markets external_urls href id images is_playable restrictions name release_date "
    "release_date_precision total_tracks type uri"
)
_FOUND_KEYS = _keys(
    "album_type total_tracks available_markets is_playable restrictions external_urls href id images name release_date "
    "release_date_precision type uri artists album_group"
)
_FULL_KEYS = _FOUND_KEYS[:-1] + _keys("tracks copyrights external_ids genres label popularity")
_ARTIST_KEYS = _keys("external_urls followers genres href id images name popularity type uri")
# https://developer.spotify.com/documentation/web-api/references/changes/february-2026; genres are empty in albums.
_NOT_IN_DEVELOPMENT = frozenset(
    _keys("available_markets album_group label popularity linked_from preview_url followers")
)
_LARGEST_LAST = (300, 64, 640)


def bucket_of(path: str) -> str:
    """Return the bucket of a path, 'other' if no endpoint has that path."""
    path = path.removesuffix("/")
    return next((bucket for bucket, pattern in _PATHS.items() if re.fullmatch(pattern, path)), "other")


class RejectedError(Exception):
    """Request that gets an error reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Routes:
    """Replies to one request.

    Args:
        catalogue: The albums.
        quota_mode: The app's quota mode.
        permissions: What the app may call of `PERMISSIONS`.
        request: The request. It has a valid token, and its quota is not spent.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        quota_mode: QuotaMode,
        permissions: frozenset[str] | set[str],
        request: LoggedRequest,
    ) -> None:
        self._catalogue = catalogue
        self._quota_mode: QuotaMode = quota_mode
        self._permissions = permissions
        self._request = request
        self._market: str | None = None

    def reply(self) -> Reply:
        """Return the reply; that to HEAD is the one to GET."""
        endpoints = {
            "browse": self._browse,
            "search": self._search,
            "markets": self._markets,
            "albums": self._albums,
            "album": self._album,
            "album_tracks": self._album_tracks,
            "artists": self._artists,
            "artist": self._artist,
            "artist_albums": self._artist_albums,
        }
        bucket = self._request.bucket
        if bucket not in endpoints:
            return replies.no_service
        if self._request.method not in ("GET", "HEAD"):
            return replies.wrong_method
        if bucket in PERMISSIONS and PERMISSIONS[bucket] not in self._permissions:
            return replies.forbidden
        try:
            # The new releases have no market, whatever the request says.
            self._market = None if bucket == "browse" else self._requested_market()
            body = endpoints[bucket]()
        except RejectedError as rejection:
            return rejection.reply
        return Reply(200, body, {"cache-control": f"public, max-age={7200 if bucket == 'search' else 0}"})

    # -- endpoints

    def _browse(self) -> Json:
        limit, offset = self._limit_and_offset(*_LIMITS)
        listing = self._catalogue.listing
        items = [self._listed_album(album_id) for album_id in listing[offset : offset + limit]]
        return {"albums": self._page(items, limit, offset, len(listing))}

    def _search(self) -> Json:
        query = self._request.query
        text = query.get("q") or query.get("query")
        if not text:
            raise RejectedError(replies.no_search_query)
        if "type" not in query:
            raise RejectedError(replies.no_search_type)
        types = query["type"].split(",")
        if not set(types) <= _SEARCH_TYPES.keys():
            raise RejectedError(replies.bad_search_type)
        limit, offset = self._limit_and_offset(*_LIMITS_BY_MODE[self._quota_mode])
        if limit + offset > _SEARCH_END:
            raise RejectedError(replies.offset_too_large)
        return {_SEARCH_TYPES[kind]: self._search_page(kind, text, limit, offset) for kind in types}

    def _search_page(self, kind: str, text: str, limit: int, offset: int) -> Json:
        query = parse(text)
        items: list[object] = []
        count = total = 0
        if kind == "album":
            ids = find_albums(self._catalogue, query, self._market)
            items = [self._found_album(album_id) for album_id in ids[offset : offset + limit]]
            count = len(ids)
            total = _NEW_TOTAL if "new" in query.tags and ids else count
        elif kind == "artist":
            artists = find_artists(self._catalogue, query)
            items = [self._full_artist(artist) for artist in artists[offset : offset + limit]]
            count = total = len(artists)
        count = min(count, _SEARCH_END)
        # The links of search spell `q` as `query`.
        return self._page(items, limit, offset, count, total, items_last=True, parameters={"query": text, "type": kind})

    def _markets(self) -> Json:
        return {"markets": list(MARKETS)}

    def _albums(self) -> Json:
        albums = [self._catalogue.album(album_id) for album_id in self._ids(_ALBUM_BATCH)]
        return {"albums": [None if album is None else self._full_album(album) for album in albums]}

    def _album(self) -> Json:
        return self._full_album(self._requested_album())

    def _album_tracks(self) -> Json:
        return self._track_page(self._requested_album(), *self._limit_and_offset(*_LIMITS))

    def _artists(self) -> Json:
        artists = [self._catalogue.artist(artist_id) for artist_id in self._ids(_ARTIST_BATCH)]
        return {"artists": [None if artist is None else self._full_artist(artist) for artist in artists]}

    def _artist(self) -> Json:
        return self._full_artist(self._requested_artist())

    def _artist_albums(self) -> Json:
        artist = self._requested_artist()
        limit, offset = self._limit_and_offset(*_LIMITS_BY_MODE[self._quota_mode])
        sent = self._request.query.get("include_groups")
        groups = set(sent.split(",")) if sent else set(ALBUM_GROUPS)
        if not groups <= set(ALBUM_GROUPS):
            raise RejectedError(replies.bad_groups)
        albums = [
            (group, album)
            for group, album in self._catalogue.artist_albums(artist["id"])
            if group in groups and (self._market is None or self._market in album["available_markets"])
        ]
        items = [self._found_album(album["id"], album_group=group) for group, album in albums[offset : offset + limit]]
        return self._page(items, limit, offset, len(albums), parameters={"include_groups": sent} if sent else None)

    # -- parameters

    def _limit_and_offset(self, highest: int, default: int) -> tuple[int, int]:
        limit = self._number("limit", default)
        if limit is None or not 1 <= limit <= highest:
            raise RejectedError(replies.invalid_limit)
        offset = self._number("offset", 0)
        if offset is None:
            raise RejectedError(replies.invalid_offset)
        return limit, offset

    def _number(self, name: str, default: int) -> int | None:
        text = self._request.query.get(name)
        if text is None:
            return default
        return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None

    def _requested_market(self) -> str | None:
        market = self._request.query.get("market", "")
        # A token without a user has no market of its own.
        if market in ("", "from_token"):
            return None
        if not re.fullmatch(r"[A-Za-z]{2}", market):
            raise RejectedError(replies.invalid_market)
        return market.upper()

    def _id(self) -> str:
        object_id = self._request.path.split("/")[3]
        if not _is_id(object_id):
            raise RejectedError(replies.bad_id)
        return object_id

    def _ids(self, most: int) -> list[str]:
        ids = self._request.query.get("ids", "").split(",")
        if ids == [""]:
            raise RejectedError(replies.no_ids)
        if len(ids) > most:
            raise RejectedError(replies.too_many_ids)
        if not all(map(_is_id, ids)):
            raise RejectedError(replies.bad_id)
        return ids

    def _requested_album(self) -> CatalogueAlbum:
        album = self._catalogue.album(self._id())
        if album is None:
            raise RejectedError(replies.not_found)
        return album

    def _requested_artist(self) -> Artist:
        artist = self._catalogue.artist(self._id())
        if artist is None:
            raise RejectedError(replies.not_found)
        return artist

    # -- objects

    def _listed_album(self, album_id: str | None) -> Json | None:
        """Return an album of the new releases.

        EPs keep their type there, and the largest cover comes last.
        """
        if album_id is None:
            return None
        album = self._catalogue.albums[album_id]
        order = {size: place for place, size in enumerate(_LARGEST_LAST)}
        images = sorted(album["images"], key=lambda image: order.get(image["width"] or 0, -1))
        return self._shown(album, _LISTED_KEYS, images=_in_lists(images))

    def _found_album(self, album_id: str | None, **more: str) -> Json | None:
        """Return an album of a search, or of an artist's albums."""
        if album_id is None:
            return None
        album = self._catalogue.albums[album_id]
        images = _in_lists(album["images"])
        return self._shown(album, _FOUND_KEYS, album_type=_type_by_id(album), images=images, **more)

    def _full_album(self, album: CatalogueAlbum) -> Json:
        tracks = self._track_page(album, EMBEDDED_TRACKS, 0, items_last=True)
        return self._shown(album, _FULL_KEYS, album_type=_type_by_id(album), tracks=tracks)

    def _track_page(self, album: CatalogueAlbum, limit: int, offset: int, items_last: bool = False) -> Json:
        """Return a page of tracks. `total` is the album's claim, `next` is not."""
        items = [self._track(track) for track in album["tracks"][offset : offset + limit]]
        path = f"/v1/albums/{album['id']}/tracks"
        return self._page(items, limit, offset, len(album["tracks"]), album["total_tracks"], path, items_last)

    def _track(self, track: Track) -> Json:
        original = track.get("linked_from")
        if self._market or not original:
            return self._shown(track, _TRACK_KEYS)
        # Without a market, the original stands in the place of its substitute.
        return self._shown(track, _TRACK_KEYS, **{key: original[key] for key in ("href", "id", "uri")})

    def _full_artist(self, artist: Artist) -> Json:
        popularity = artist_popularity(artist)
        shown: Json = {
            **artist,
            "followers": {"href": None, "total": popularity**3},
            "images": cover(artist["id"]),
            "popularity": popularity,
        }
        if self._quota_mode == "extended":
            shown["genres"] = []
        return self._allowed(shown, _ARTIST_KEYS)

    def _shown(self, thing: CatalogueAlbum | Track, keys: Sequence[str], **changes: object) -> Json:
        """Return an album or a track as the market shows it."""
        shown: Json = {**thing, **changes}
        if self._market is None:
            shown.pop("linked_from", None)
        else:
            del shown["available_markets"]
            shown["is_playable"] = self._market in thing["available_markets"]
            if not shown["is_playable"]:
                shown["restrictions"] = {"reason": "market"}
        return self._allowed(shown, keys)

    def _allowed(self, shown: Json, keys: Sequence[str]) -> Json:
        """Return the fields that the quota mode has, in the order of the keys."""
        hidden = _NOT_IN_DEVELOPMENT if self._quota_mode == "development" else ()
        return {key: shown[key] for key in keys if key in shown and key not in hidden}

    def _page(
        self,
        items: Sequence[object],
        limit: int,
        offset: int,
        count: int,
        total: int | None = None,
        path: str | None = None,
        items_last: bool = False,
        parameters: Mapping[str, str] | None = None,
    ) -> Json:
        """Return a paging object.

        Args:
            items: The items of the page.
            limit: The limit of the request.
            offset: The offset of the request.
            count: The number of items on all pages.
            total: The number that the page claims, if it is another one.
            path: The path of the links, if it is not the request's.
            items_last: The order of the keys, which differs.
            parameters: More parameters of the links.
        """
        more = {**(parameters or {}), **({"market": self._market} if self._market else {})}
        root = f"http://{self._request.host}{path or self._request.path.removesuffix('/')}"

        def link(offset: int) -> str:
            return f"{root}?{urlencode({'offset': offset, 'limit': limit, **more})}"

        page = {
            "href": link(offset),
            "items": items,
            "limit": limit,
            "next": link(offset + limit) if offset + limit < count else None,
            "offset": offset,
            "previous": link(max(0, offset - limit)) if offset else None,
            "total": count if total is None else total,
        }
        if items_last:
            page["items"] = page.pop("items")
        return page


def _is_id(text: str) -> bool:
    return re.fullmatch(r"[0-9A-Za-z]{22}", text) is not None


def _type_by_id(album: CatalogueAlbum) -> str:
    return "single" if album["album_type"] == "ep" else album["album_type"]


def _in_lists(images: Sequence[Image]) -> list[Json]:
    return [{"height": image["height"], "url": image["url"], "width": image["width"]} for image in images]
