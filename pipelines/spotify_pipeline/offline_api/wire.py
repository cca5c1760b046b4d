"""The shapes of Spotify's replies, as they travel; nothing about how they are made or served.

What a reply may leave out is declared in a base with ``total=False``, as Python 3.10 knows no ``NotRequired``.
"""

from __future__ import annotations

from typing import Literal, TypedDict

AlbumType = Literal["album", "single", "compilation", "ep"]
AlbumGroup = Literal["album", "single", "compilation", "appears_on"]
Precision = Literal["day", "month", "year"]


class ExternalUrls(TypedDict):
    """Where a person finds the object."""

    spotify: str


class ExternalIds(TypedDict):
    """What the trade calls the album. The UPC is text: it may begin with zeros."""

    upc: str


class Restrictions(TypedDict):
    """Why something can't be played."""

    reason: str


class Image(TypedDict):
    """A cover in one size."""

    url: str
    height: int | None
    width: int | None


class Copyright(TypedDict):
    """A line of small print: C for the work, P for the recording."""

    text: str
    type: Literal["C", "P"]


class Artist(TypedDict):
    """An artist as albums and tracks name them."""

    external_urls: ExternalUrls
    href: str
    id: str
    name: str
    type: Literal["artist"]
    uri: str


class Followers(TypedDict):
    """How many follow an artist; the address has been null forever."""

    href: None
    total: int


class _FullArtistExtras(TypedDict, total=False):
    followers: Followers
    genres: list[str]
    popularity: int


class FullArtist(_FullArtistExtras, Artist):
    """An artist read by the id, or found by a search."""

    images: list[Image]


class SeveralArtists(TypedDict):
    """What the batch of artists answers: null where there is none."""

    artists: list[FullArtist | None]


class LinkedFrom(TypedDict):
    """The track that was asked for, where another one stands in."""

    external_urls: ExternalUrls
    href: str
    id: str
    type: Literal["track"]
    uri: str


class _TrackExtras(TypedDict, total=False):
    available_markets: list[str]
    is_playable: bool
    linked_from: LinkedFrom
    preview_url: str | None
    restrictions: Restrictions


class Track(_TrackExtras):
    """A track as an album holds it."""

    artists: list[Artist]
    disc_number: int
    duration_ms: int
    explicit: bool
    external_urls: ExternalUrls
    href: str
    id: str
    name: str
    track_number: int
    type: Literal["track"]
    uri: str
    is_local: bool


class _AlbumExtras(TypedDict, total=False):
    album_group: AlbumGroup
    available_markets: list[str]
    is_playable: bool
    restrictions: Restrictions


class SimplifiedAlbum(_AlbumExtras):
    """An album as lists show it."""

    album_type: AlbumType
    artists: list[Artist]
    external_urls: ExternalUrls
    href: str
    id: str
    images: list[Image]
    name: str
    release_date: str
    release_date_precision: Precision
    total_tracks: int
    type: Literal["album"]
    uri: str


class Album(SimplifiedAlbum):
    """A master copy: everything that is known of an album, with all its tracks in one list."""

    copyrights: list[Copyright]
    external_ids: ExternalIds
    genres: list[str]
    label: str
    popularity: int
    tracks: list[Track]


class TrackPage(TypedDict):
    """A paging object of tracks."""

    href: str
    items: list[Track]
    limit: int
    next: str | None
    offset: int
    previous: str | None
    total: int


class AlbumPage(TypedDict):
    """A paging object of albums. An item may be null."""

    href: str
    items: list[SimplifiedAlbum | None]
    limit: int
    next: str | None
    offset: int
    previous: str | None
    total: int


class SearchPage(TypedDict):
    """A paging object of search: of albums, of artists, or of something that isn't here and so empty."""

    href: str
    items: list[object]
    limit: int
    next: str | None
    offset: int
    previous: str | None
    total: int


class AlbumList(TypedDict):
    """What browse answers."""

    albums: AlbumPage


class _FullAlbumExtras(TypedDict, total=False):
    label: str
    popularity: int


class FullAlbum(_FullAlbumExtras, SimplifiedAlbum):
    """An album read by its id, with its first tracks."""

    tracks: TrackPage
    copyrights: list[Copyright]
    external_ids: ExternalIds
    genres: list[str]


class SeveralAlbums(TypedDict):
    """What the batch of albums answers: null where there is none."""

    albums: list[FullAlbum | None]


class Markets(TypedDict):
    """Where Spotify is at home."""

    markets: list[str]


class TokenGrant(TypedDict):
    """What the token endpoint answers."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
