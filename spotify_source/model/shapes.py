"""The JSON objects of the Web API that this source reads, as TypedDicts.

All keys are optional: which ones come depends on the app's quota mode, on whether a market was sent, and on the year.
https://developer.spotify.com/documentation/web-api/reference/get-an-album
"""

from __future__ import annotations

from typing import TypedDict


class ExternalUrls(TypedDict, total=False):
    """Known external URLs."""

    spotify: str


class Artist(TypedDict, total=False):
    """SimplifiedArtistObject."""

    external_urls: ExternalUrls
    href: str
    id: str
    name: str
    type: str
    uri: str


class Image(TypedDict, total=False):
    """ImageObject; height and width in pixels, null where unknown."""

    url: str
    height: int | None
    width: int | None


class Copyright(TypedDict, total=False):
    """CopyrightObject; type is C (the copyright) or P (the sound recording)."""

    text: str
    type: str


class Restrictions(TypedDict, total=False):
    """Why content may not be played: 'market', 'product' or 'explicit'."""

    reason: str


class Track(TypedDict, total=False):
    """SimplifiedTrackObject."""

    artists: list[Artist]
    available_markets: list[str]
    disc_number: int
    duration_ms: float
    explicit: bool
    external_urls: ExternalUrls
    href: str
    id: str | None
    is_local: bool
    is_playable: bool
    linked_from: dict[str, object] | None
    name: str
    preview_url: str | None
    restrictions: Restrictions
    track_number: int
    type: str
    uri: str


class PagingObject(TypedDict, total=False):
    """A page of a list; `next` is an absolute URL or null."""

    href: str
    limit: int
    next: str | None
    offset: int
    previous: str | None
    total: int
    items: list[object]


class SimplifiedAlbum(TypedDict, total=False):
    """SimplifiedAlbumObject, as listings have it."""

    album_type: str
    artists: list[Artist]
    available_markets: list[str]
    external_urls: ExternalUrls
    href: str
    id: str
    images: list[Image]
    is_playable: bool
    name: str
    release_date: str
    release_date_precision: str
    restrictions: Restrictions
    total_tracks: int
    type: str
    uri: str


class Album(SimplifiedAlbum, total=False):
    """AlbumObject, with the first 50 tracks in it."""

    copyrights: list[Copyright]
    external_ids: dict[str, str]
    genres: list[str]
    label: str
    popularity: int
    tracks: PagingObject
