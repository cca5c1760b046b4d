"""The endpoints that are called: their buckets, and the shape of their good replies. Data only.

https://developer.spotify.com/documentation/web-api/concepts/quota-modes: calls are counted in buckets of endpoints.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from . import responses
from .responses import Envelope


@dataclass(frozen=True)
class Endpoint:
    """One endpoint.

    Attributes:
        bucket: Name of the quota that its calls count towards, as the ledger and `load_runs.calls` have it.
        path: What its URLs end in.
        envelope: The shape of its good replies.
    """

    bucket: str
    path: re.Pattern[str]
    envelope: Envelope | None


BROWSE: Final = Endpoint("browse", re.compile(r"/browse/new-releases/?$"), responses.has_albums_page)
SEARCH: Final = Endpoint("search", re.compile(r"/search/?$"), responses.has_albums_page)
SEARCH_ARTISTS: Final = Endpoint("search", SEARCH.path, responses.has_artists_page)
ARTIST: Final = Endpoint("artist", re.compile(r"/artists/[^/]+/?$"), responses.is_artist)
ARTIST_ALBUMS: Final = Endpoint("artist_albums", re.compile(r"/artists/[^/]+/albums/?$"), responses.is_paging_object)
ALBUM: Final = Endpoint("album", re.compile(r"/albums/[^/]+/?$"), responses.is_album)
ALBUMS: Final = Endpoint("albums", re.compile(r"/albums/?$"), responses.has_albums)
ALBUM_TRACKS: Final = Endpoint("album_tracks", re.compile(r"/albums/[^/]+/tracks/?$"), responses.is_paging_object)
TOKEN: Final = Endpoint("token", re.compile(r"$"), responses.has_token)
OTHER: Final = Endpoint("other", re.compile(r""), None)

_API: Final = (BROWSE, SEARCH, ARTIST_ALBUMS, ARTIST, ALBUMS, ALBUM_TRACKS, ALBUM)


def endpoint_of(url: str) -> Endpoint:
    """The endpoint that an API URL belongs to."""
    parts = urlsplit(url)
    found = next((endpoint for endpoint in _API if endpoint.path.search(parts.path)), OTHER)
    # The only endpoint whose replies have their shape from a parameter.
    return SEARCH_ARTISTS if found is SEARCH and parse_qs(parts.query).get("type") == ["artist"] else found
