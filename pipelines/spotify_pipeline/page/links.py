"""Addresses that the page may lead to or show. Knows which are safe, not what is on them."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

SPOTIFY = "https://open.spotify.com"


def page_of(kind: str, spotify_id: str | None, url: str | None) -> str:
    """The page on Spotify: the address that came with the thing, else one made of its id, else the front page."""
    if url and urlsplit(url).scheme == "https":
        return url
    return f"{SPOTIFY}/{kind}/{quote(spotify_id, safe='')}" if spotify_id else SPOTIFY


def image(url: str | None) -> str | None:
    """The address of a cover, where it is one that a browser should load."""
    return url if url and urlsplit(url).scheme == "https" and not is_invented(url) else None


def is_invented(url: str | None) -> bool:
    """Whether this is an address of the demo's, at which there is nothing: it ends in .invalid (RFC 6761)."""
    return url is not None and (urlsplit(url).hostname or "").endswith(".invalid")
