"""Single pages of searches and of discographies, each one call. Knows parameters, not what is looked for or why.

Both endpoints take ten items a page in Development Mode:
https://developer.spotify.com/documentation/web-api/references/changes/february-2026
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from .. import settings
from ..limits.call_budget import CallBudget
from ..models import Artist, PagingObject, SimplifiedAlbum, checked_id, is_id, whole_number
from .client import SpotifyClient
from .responses import paging_object

PAGE_SIZE: Final = settings.SEARCH_PAGE_SIZE


@dataclass(frozen=True)
class AlbumPage:
    """One page of albums.

    Attributes:
        albums: As they came; null items are real.
        has_more: Whether a page follows that can be asked for.
        total: What the API says about the size of the whole; of a search no count.
    """

    albums: Sequence[SimplifiedAlbum | None]
    has_more: bool
    total: int


@dataclass(frozen=True)
class ArtistPage:
    """One page of artists, and whether a page follows that can be asked for."""

    artists: Sequence[Artist]
    has_more: bool


def search_albums(
    client: SpotifyClient, query: str, market: str, offset: int, budget: CallBudget | None = None
) -> AlbumPage:
    """GET search?type=album.

    https://developer.spotify.com/documentation/web-api/reference/search

    Args:
        client: The door to the API.
        query: With its filters, such as `tag:new artist:"NAME"`.
        market: ISO 3166-1 alpha-2 code.
        offset: Of the first item.
        budget: The call budget that each call is charged to.
    """
    page = paging_object(_search(client, "album", query, market, offset, budget), "albums")
    return AlbumPage(_albums(page), _has_more(page, offset), whole_number(page.get("total")) or 0)


def search_artists(
    client: SpotifyClient, query: str, market: str, offset: int, budget: CallBudget | None = None
) -> ArtistPage:
    """GET search?type=artist; see `search_albums`."""
    page = paging_object(_search(client, "artist", query, market, offset, budget), "artists")
    # What has no id of Spotify's, or no name, can be nobody's artist.
    found = [cast(Artist, item) for item in page["items"] if isinstance(item, dict) and is_id(item.get("id"))]
    return ArtistPage([one for one in found if isinstance(one.get("name"), str)], _has_more(page, offset))


def artist(client: SpotifyClient, artist_id: str, budget: CallBudget | None = None) -> Artist:
    """GET artists/{id}.

    https://developer.spotify.com/documentation/web-api/reference/get-an-artist
    """
    return cast(Artist, client.get(f"artists/{checked_id(artist_id)}", budget=budget).json())


def artist_albums(
    client: SpotifyClient, artist_id: str, groups: str, market: str, offset: int, budget: CallBudget | None = None
) -> AlbumPage:
    """GET artists/{id}/albums: the discography, the newest first in each group.

    https://developer.spotify.com/documentation/web-api/reference/get-an-artists-albums

    Args:
        client: The door to the API.
        artist_id: Spotify id of the artist.
        groups: Of 'album', 'single', 'appears_on' and 'compilation', with commas between them.
        market: ISO 3166-1 alpha-2 code.
        offset: Of the first item.
        budget: The call budget that each call is charged to.
    """
    params = {"include_groups": groups, "limit": PAGE_SIZE, "offset": offset, "market": market}
    page = paging_object(client.get(f"artists/{checked_id(artist_id)}/albums", params, budget=budget).json())
    return AlbumPage(_albums(page), _has_more(page, offset), whole_number(page.get("total")) or 0)


def _search(client: SpotifyClient, kind: str, query: str, market: str, offset: int, budget: CallBudget | None) -> Any:
    params = {"q": query, "type": kind, "limit": PAGE_SIZE, "offset": offset, "market": market}
    return client.get("search", params, budget=budget).json()


def _albums(page: PagingObject) -> list[SimplifiedAlbum | None]:
    return cast("list[SimplifiedAlbum | None]", page["items"])


def _has_more(page: PagingObject, offset: int) -> bool:
    return page["next"] is not None and offset + 2 * PAGE_SIZE <= settings.SEARCH_MAX_OFFSET
