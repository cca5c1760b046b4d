"""Who stands in the credits of an album, as far as the reply can be read. Knows one field."""

from __future__ import annotations

from typing import Any, cast

from ..models import Artist, SimplifiedAlbum


def credits_of(album: SimplifiedAlbum | None) -> list[Artist]:
    """The artists of an album that are objects; none where it is no album or has none."""
    named: Any = album.get("artists") if isinstance(album, dict) else None
    return [cast(Artist, artist) for artist in named if isinstance(artist, dict)] if isinstance(named, list) else []
