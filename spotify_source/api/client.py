"""SpotifyClient: the one door to the API. Knows the endpoints' parameters, not what their answers are used for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from dlt.common import jsonpath
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator

from .. import settings
from ..limits.call_budget import CallBudget
from ..limits.governor import Clock, Governor
from ..models import Album, Artist, Paging, PagingObject, SimplifiedAlbum, Track, checked_id, is_id, whole_number
from .auth import SpotifyClientCredentials
from .paginators import NextLinkPaginator, OffsetPaginator, resolve_link
from .responses import paging_object
from .transport import GovernedSession

PAGE_SIZE: Final = settings.SEARCH_PAGE_SIZE
# Compiled once: a selector given as text is parsed again for every page.
_ALBUM_ITEMS = jsonpath.compile_path("albums.items")
_ITEMS = jsonpath.compile_path("items")


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


class SpotifyClient(RESTClient):
    """Calls the Web API on behalf of an app.

    All methods raise what `GovernedSession.send` raises, and those that page what the paginators raise.

    Args:
        client_id: Of the app.
        client_secret: Of the app.
        governor: Says when a call may go out.
        clock: Where the time comes from.
        max_attempts: How often a call is made in all while it fails.
        api_url: The API's base URL.
        token_url: The token endpoint.
        stopping: Once it is set, no reply is waited for for long.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        governor: Governor,
        clock: Clock,
        *,
        max_attempts: int = settings.MAX_ATTEMPTS,
        api_url: str = settings.API_URL,
        token_url: str = settings.TOKEN_URL,
        stopping: threading.Event | None = None,
    ) -> None:
        session = GovernedSession(governor, max_attempts, api_url, token_url, stopping or threading.Event())
        auth = SpotifyClientCredentials(
            client_id=client_id,
            client_secret=client_secret,
            access_token_url=token_url,
            session=session,
            clock=clock,
        )
        super().__init__(base_url=api_url, auth=auth, session=session)

    def browse_new_releases(
        self, paging: Paging = "next", budget: CallBudget | None = None
    ) -> Iterator[list[SimplifiedAlbum | None]]:
        """Pages of GET browse/new-releases.

        https://developer.spotify.com/documentation/web-api/reference/get-new-releases

        Args:
            paging: Follow the `next` links, or count offsets.
            budget: The call budget that each call is charged to.
        """
        paginator = NextLinkPaginator("albums") if paging == "next" else OffsetPaginator("albums")
        params = {"limit": settings.BROWSE_PAGE_SIZE, "offset": 0}
        return self._pages("browse/new-releases", params, paginator, _ALBUM_ITEMS, budget)

    def search_new_releases(
        self, market: str, offset: int = 0, budget: CallBudget | None = None
    ) -> Iterator[list[SimplifiedAlbum | None]]:
        """Pages of GET search for albums of the last two weeks.

        https://developer.spotify.com/documentation/web-api/reference/search

        Args:
            market: ISO 3166-1 alpha-2 code.
            offset: Of the first item.
            budget: The call budget that each call is charged to.
        """
        paginator = NextLinkPaginator("albums", max_offset=settings.SEARCH_MAX_OFFSET)
        params = {
            "q": settings.NEW_QUERY,
            "type": "album",
            "limit": settings.SEARCH_PAGE_SIZE,
            "offset": offset,
            "market": market,
        }
        return self._pages("search", params, paginator, _ALBUM_ITEMS, budget)

    def ask_browse(self, budget: CallBudget | None = None) -> None:
        """Find out with the smallest call whether the app may browse."""
        self.get("browse/new-releases", {"limit": 1}, budget=budget)

    def ask_search(self, market: str, budget: CallBudget | None = None) -> None:
        """Find out with the smallest call whether the app may search."""
        self.get("search", {"q": settings.NEW_QUERY, "type": "album", "limit": 1, "market": market}, budget=budget)

    def album(self, album_id: str, market: str, budget: CallBudget | None = None) -> Album:
        """GET albums/{id}: an album with its first 50 tracks.

        https://developer.spotify.com/documentation/web-api/reference/get-an-album
        """
        return cast(Album, self.get(f"albums/{checked_id(album_id)}", {"market": market}, budget=budget).json())

    def albums(self, album_ids: Sequence[str], market: str, budget: CallBudget | None = None) -> list[object]:
        """GET albums?ids=: up to 20 albums with their first 50 tracks, in order; None for one that is gone.

        What is in the list may be anything: nobody has looked at it yet.

        https://developer.spotify.com/documentation/web-api/reference/get-multiple-albums
        """
        answer = self.get(
            "albums", {"ids": ",".join(map(checked_id, album_ids)), "market": market}, budget=budget
        ).json()
        return cast("list[object]", answer["albums"])

    def further_tracks(
        self, album_id: str, first: PagingObject, market: str, budget: CallBudget | None = None
    ) -> Iterator[list[Track | None]]:
        """Pages of GET albums/{id}/tracks, from where the tracks that came with the album end.

        https://developer.spotify.com/documentation/web-api/reference/get-an-albums-tracks

        Args:
            album_id: The album.
            first: The page that came with it. Its link says that there are more, and not where.
            market: ISO 3166-1 alpha-2 code.
            budget: The call budget that each call is charged to.
        """
        if first["next"] is None:
            return iter(())
        resolve_link(first["next"], self.base_url)
        params = {"limit": settings.TRACKS_PAGE_SIZE, "offset": len(first["items"]), "market": market}
        return self._pages(f"albums/{checked_id(album_id)}/tracks", params, NextLinkPaginator(), _ITEMS, budget)

    def search_albums(self, query: str, market: str, offset: int, budget: CallBudget | None = None) -> AlbumPage:
        """GET search?type=album.

        https://developer.spotify.com/documentation/web-api/reference/search

        Args:
            query: With its filters, such as `tag:new artist:"NAME"`.
            market: ISO 3166-1 alpha-2 code.
            offset: Of the first item.
            budget: The call budget that each call is charged to.
        """
        page = paging_object(self._search("album", query, market, offset, budget), "albums")
        return AlbumPage(_albums(page), _has_more(page, offset), whole_number(page.get("total")) or 0)

    def search_artists(self, query: str, market: str, offset: int, budget: CallBudget | None = None) -> ArtistPage:
        """GET search?type=artist; see `search_albums`."""
        page = paging_object(self._search("artist", query, market, offset, budget), "artists")
        # What has no id of Spotify's, or no name, can be nobody's artist.
        found = [cast(Artist, item) for item in page["items"] if isinstance(item, dict) and is_id(item.get("id"))]
        return ArtistPage([one for one in found if isinstance(one.get("name"), str)], _has_more(page, offset))

    def artist(self, artist_id: str, budget: CallBudget | None = None) -> Artist:
        """GET artists/{id}.

        https://developer.spotify.com/documentation/web-api/reference/get-an-artist
        """
        return cast(Artist, self.get(f"artists/{checked_id(artist_id)}", budget=budget).json())

    def artist_albums(
        self, artist_id: str, groups: str, market: str, offset: int, budget: CallBudget | None = None
    ) -> AlbumPage:
        """GET artists/{id}/albums: the discography, the newest first in each group.

        https://developer.spotify.com/documentation/web-api/reference/get-an-artists-albums

        Args:
            artist_id: Spotify id of the artist.
            groups: Of 'album', 'single', 'appears_on' and 'compilation', with commas between them.
            market: ISO 3166-1 alpha-2 code.
            offset: Of the first item.
            budget: The call budget that each call is charged to.
        """
        params = {"include_groups": groups, "limit": PAGE_SIZE, "offset": offset, "market": market}
        page = paging_object(self.get(f"artists/{checked_id(artist_id)}/albums", params, budget=budget).json())
        return AlbumPage(_albums(page), _has_more(page, offset), whole_number(page.get("total")) or 0)

    def _search(self, kind: str, query: str, market: str, offset: int, budget: CallBudget | None) -> Any:
        params = {"q": query, "type": kind, "limit": PAGE_SIZE, "offset": offset, "market": market}
        return self.get("search", params, budget=budget).json()

    def _pages(
        self,
        path: str,
        params: dict[str, Any],
        paginator: BasePaginator,
        selector: jsonpath.TJsonPath,
        budget: CallBudget | None,
    ) -> Iterator[Any]:
        # The session raises what is wrong; an empty list keeps dlt from raising it first, in its own words.
        return self.paginate(
            path, params=params, paginator=paginator, data_selector=selector, hooks={"response": []}, budget=budget
        )


def _albums(page: PagingObject) -> list[SimplifiedAlbum | None]:
    return cast("list[SimplifiedAlbum | None]", page["items"])


def _has_more(page: PagingObject, offset: int) -> bool:
    return page["next"] is not None and offset + 2 * PAGE_SIZE <= settings.SEARCH_MAX_OFFSET
