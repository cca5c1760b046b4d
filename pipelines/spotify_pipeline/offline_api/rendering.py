"""How a master copy looks in a reply: which keys, in which order, in which quota mode and market; no HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import quote_plus

from .albums import cover
from .people import popularity
from .wire import (
    Album,
    AlbumGroup,
    AlbumPage,
    Artist,
    FullAlbum,
    FullArtist,
    Image,
    SearchPage,
    SimplifiedAlbum,
    Track,
    TrackPage,
)

QuotaMode = Literal["development", "extended"]


def _keys(names: str) -> tuple[str, ...]:
    return tuple(names.split())


# The orders are those of recorded replies; a key that the master copy lacks, or that the view hides, is left out.
_TRACK_KEYS = _keys(
    "artists available_markets disc_number duration_ms explicit external_urls href id linked_from is_playable "
    "restrictions name preview_url track_number type uri is_local"
)
_LISTED_KEYS = _keys(
    "album_type artists available_markets external_urls href id images is_playable restrictions name release_date "
    "release_date_precision total_tracks type uri"
)
_SEARCHED_KEYS = _keys(
    "album_type total_tracks available_markets is_playable restrictions external_urls href id images name release_date "
    "release_date_precision type uri artists"
)
_FULL_KEYS = _SEARCHED_KEYS + _keys("tracks copyrights external_ids genres label popularity")

_ARTIST_KEYS = _keys("external_urls followers genres href id images name popularity type uri")

_GONE_IN_DEVELOPMENT = frozenset(
    _keys("available_markets album_group label popularity linked_from preview_url followers")
)
_LARGEST_LAST = (300, 64, 640)

EMBEDDED_TRACKS = 50


@dataclass(frozen=True)
class View:
    """Who is looking.

    Attributes:
        quota_mode: What the app may see.
        market: The market that was sent, if one was.
        origin: The server as the client calls it, ``http://host:port``.
    """

    quota_mode: QuotaMode
    market: str | None
    origin: str

    def show(self, thing: Album | Track, keys: Sequence[str], **instead: object) -> dict[str, object]:
        """The thing with these keys, as far as it has them and the viewer may see them."""
        known: dict[str, object] = {**thing, **instead}
        if self.market is None:
            known.pop("linked_from", None)
        else:
            known |= self._playability(thing)
            known.pop("available_markets", None)
        return self.pick(known, keys)

    def pick(self, known: Mapping[str, object], keys: Sequence[str]) -> dict[str, object]:
        """What the viewer may see of what is known."""
        hidden = _GONE_IN_DEVELOPMENT if self.quota_mode == "development" else ()
        return {key: known[key] for key in keys if key in known and key not in hidden}

    def _playability(self, thing: Album | Track) -> dict[str, object]:
        if self.market in thing.get("available_markets", ()):
            return {"is_playable": True}
        return {"is_playable": False, "restrictions": {"reason": "market"}}

    def link(self, path: str, *query: tuple[str, object]) -> str:
        """An address on this server, with the market that was sent."""
        pairs = [*query, ("market", self.market)] if self.market else query
        return f"{self.origin}{path}?" + "&".join(f"{name}={quote_plus(str(value))}" for name, value in pairs)


def listed_album(album: Album, view: View) -> SimplifiedAlbum:
    """The album as browse shows it: an EP is called so here alone, and the largest cover comes last."""
    order = {size: place for place, size in enumerate(_LARGEST_LAST)}
    images = sorted(album["images"], key=lambda image: order.get(image["width"] or 0, -1))
    return cast(SimplifiedAlbum, view.show(album, _LISTED_KEYS, images=_listed_images(images)))


def searched_album(album: Album, view: View, group: AlbumGroup | None = None) -> SimplifiedAlbum:
    """The album as search shows it, and an artist's albums, which say to which group it belongs."""
    instead: dict[str, object] = {"album_type": _type_by_id(album), "images": _listed_images(album["images"])}
    if group is not None:
        instead["album_group"] = group
    return cast(SimplifiedAlbum, view.show(album, (*_SEARCHED_KEYS, "album_group"), **instead))


def full_artist(artist: Artist, view: View) -> FullArtist:
    """The artist as read by the id. Development Mode keeps little but the name and the pictures."""
    known: dict[str, object] = {
        **artist,
        "followers": {"href": None, "total": popularity(artist) ** 3},
        "images": cover(artist["id"]),
        "popularity": popularity(artist),
    }
    # Of an album they are empty but there, of an artist they are gone.
    if view.quota_mode == "extended":
        known["genres"] = []
    return cast(FullArtist, view.pick(known, _ARTIST_KEYS))


def full_album(album: Album, view: View) -> FullAlbum:
    """The album as read by its id, with its first fifty tracks."""
    page = track_page(album, view, EMBEDDED_TRACKS, 0)
    # Embedded, a paging object has its items last; on its own they come second.
    tracks = {**{key: value for key, value in page.items() if key != "items"}, "items": page["items"]}
    return cast(FullAlbum, view.show(album, _FULL_KEYS, album_type=_type_by_id(album), tracks=tracks))


def track_page(album: Album, view: View, limit: int, offset: int) -> TrackPage:
    """A page of the album's tracks. ``total`` is what the album claims, ``next`` what there is."""

    def link(start: int) -> str:
        return view.link(f"/v1/albums/{album['id']}/tracks", ("offset", start), ("limit", limit))

    tracks = album["tracks"]
    return {
        "href": link(offset),
        "items": [_track(track, view) for track in tracks[offset : offset + limit]],
        "limit": limit,
        "next": link(offset + limit) if offset + limit < len(tracks) else None,
        "offset": offset,
        "previous": link(max(0, offset - limit)) if offset else None,
        "total": album["total_tracks"],
    }


def browse_page(items: list[SimplifiedAlbum | None], view: View, limit: int, offset: int, total: int) -> AlbumPage:
    """A page of browse, which knows no market."""

    def link(start: int) -> str:
        return view.link("/v1/browse/new-releases", ("offset", start), ("limit", limit))

    return {
        "href": link(offset),
        "items": items,
        "limit": limit,
        "next": link(offset + limit) if offset + limit < total else None,
        "offset": offset,
        "previous": link(max(0, offset - limit)) if offset else None,
        "total": total,
    }


def artist_albums_page(
    items: list[SimplifiedAlbum], view: View, artist_id: str, groups: str | None, limit: int, offset: int, total: int
) -> AlbumPage:
    """A page of an artist's albums, with the groups that were sent in its links."""
    sent = [] if groups is None else [("include_groups", groups)]

    def link(start: int) -> str:
        return view.link(f"/v1/artists/{artist_id}/albums", *sent, ("offset", start), ("limit", limit))

    return {
        "href": link(offset),
        "items": list(items),
        "limit": limit,
        "next": link(offset + limit) if offset + limit < total else None,
        "offset": offset,
        "previous": link(max(0, offset - limit)) if offset else None,
        "total": total,
    }


def search_page(
    items: list[object], view: View, query: str, kind: str, limit: int, offset: int, total: int, more: bool
) -> SearchPage:
    """A page of search for one type. Its links say ``query`` where the request said ``q``; ``total`` is no count."""

    def link(start: int) -> str:
        return view.link("/v1/search", ("offset", start), ("limit", limit), ("query", query), ("type", kind))

    return {
        "href": link(offset),
        "limit": limit,
        "next": link(offset + limit) if more else None,
        "offset": offset,
        "previous": link(max(0, offset - limit)) if offset else None,
        "total": total,
        "items": items,
    }


def _track(track: Track, view: View) -> Track:
    if view.market is None and "linked_from" in track:
        original = track["linked_from"]
        return cast(
            Track,
            view.show(track, _TRACK_KEYS, href=original["href"], id=original["id"], uri=original["uri"]),
        )
    return cast(Track, view.show(track, _TRACK_KEYS))


def _type_by_id(album: Album) -> str:
    return "single" if album["album_type"] == "ep" else album["album_type"]


def _listed_images(images: Sequence[Image]) -> list[dict[str, object]]:
    return [{"height": image["height"], "url": image["url"], "width": image["width"]} for image in images]
