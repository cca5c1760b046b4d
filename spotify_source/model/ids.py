"""Spotify's ids: what one is. An id from a reply stands in a URL only after it has been looked at here.

https://developer.spotify.com/documentation/web-api/concepts/spotify-uris-ids: 22 characters of base62.
"""

from __future__ import annotations

import re
from typing import Final

from ..errors import BadRequestError

_ID: Final = re.compile(r"[0-9A-Za-z]{22}", re.ASCII)


def is_id(value: object) -> bool:
    """Whether it can be an id of Spotify's."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def checked_id(value: str) -> str:
    """The id, for a URL.

    Raises:
        BadRequestError: It is none, and could lead anywhere.
    """
    if not is_id(value):
        raise BadRequestError("Malformed Spotify id: it is not requested.")
    return value
