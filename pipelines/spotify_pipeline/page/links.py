"""Addresses that the page may lead to or show. Knows which are safe, not what is on them."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

SPOTIFY = "https://open.spotify.com"
# i.scdn.co holds nearly all covers, mosaic.scdn.co and others the rest.
IMAGE_HOSTS = (".scdn.co", ".spotifycdn.com")


def page_of(kind: str, spotify_id: str | None, url: str | None) -> str:
    """The page on Spotify: the address that came with the thing, else one made of its id, else the front page."""
    if url and _host(url) == "open.spotify.com":
        return url
    return f"{SPOTIFY}/{kind}/{quote(spotify_id, safe='')}" if spotify_id else SPOTIFY


def image(url: str | None) -> str | None:
    """The address of a cover, where it is one of Spotify's: https://developer.spotify.com/documentation/design."""
    host = _host(url) if url else None
    return url if host and host.endswith(IMAGE_HOSTS) else None


def _host(url: str) -> str | None:
    """The host of an address that is of https and names no port and no user."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme == "https" else None


def is_invented(url: str | None) -> bool:
    """Whether this is an address of the demo's, at which there is nothing: it ends in .invalid (RFC 6761)."""
    return url is not None and (_host(url) or "").endswith(".invalid")


def is_id(text: str) -> bool:
    """Whether this is an id as Spotify makes them: https://developer.spotify.com/documentation/web-api/concepts/spotify-uris-ids."""
    return re.fullmatch(r"[0-9A-Za-z]{22}", text) is not None
