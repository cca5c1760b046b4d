"""Client of the Web API, with a method for each call that the source makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from dlt.common import jsonpath
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator

from .. import settings
from ..limits.call_budget import CallBudget
from ..limits.governor import Governor
from ..models import Album, Artist, Paging, PagingObject, SimplifiedAlbum, Track, checked_id, is_id, whole_number
from .auth import SpotifyClientCredentials
from .paginators import NextLinkPaginator, OffsetPaginator, resolve_link
from .responses import paging_object
from .transport import GovernedSession

# Items on a page of a search or a discography.
PAGE_SIZE: Final = settings.SEARCH_PAGE_SIZE

# Compiled once: dlt parses a selector that is text again for every page.
_ALBUM_ITEMS: Final = jsonpath.compile_path("albums.items")
_ITEMS: Final = jsonpath.compile_path("items")


@dataclass(frozen=True)
class AlbumPage:
    """One page of albums, of a search or a discography."""

    # Null items occur: https://github.com/spotify/web-api/issues/1547
    albums: Sequence[SimplifiedAlbum | None]
    # Whether a further page can be requested.
    has_more: bool
    # Size of the whole list; for a search an estimate that changes from page to page.
    total: int


@dataclass(frozen=True)
class ArtistPage:
    """One page of artists that a search found."""

    artists: Sequence[Artist]
    # Whether a further page can be requested.
    has_more: bool


class SpotifyClient(RESTClient):
    """Client that calls the Web API on behalf of an app.

    All methods raise the errors of `GovernedSession.send`, and methods that page also PagingError. Each takes a call
    budget that its calls are charged to, retries included.

    Args:
        client_id: Client id of the app.
        client_secret: Client secret of the app.
        governor: Rate limiter of all calls.
        max_attempts: Number of attempts to make for a failing call.
        api_url: Base URL of the API.
        token_url: Token endpoint.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        governor: Governor,
        *,
        max_attempts: int = settings.MAX_ATTEMPTS,
        api_url: str = settings.API_URL,
        token_url: str = settings.TOKEN_URL,
    ) -> None:
        session = GovernedSession(governor, max_attempts, api_url, token_url)
        auth = SpotifyClientCredentials(
            client_id=client_id,
            client_secret=client_secret,
            access_token_url=token_url,
            session=session,
            clock=governor.clock,
        )
        super().__init__(base_url=api_url, auth=auth, session=session)

    # -- listings

    def browse_new_releases(
        self, paging: Paging = "next", budget: CallBudget | None = None
    ) -> Iterator[list[SimplifiedAlbum | None]]:
        """Yield the pages of GET browse/new-releases.

        https://developer.spotify.com/documentation/web-api/reference/get-new-releases

        Args:
            paging: Follow the `next` links, or count offsets.
            budget: Call budget.
        """
        paginator = NextLinkPaginator("albums") if paging == "next" else OffsetPaginator("albums")
        params = {"limit": settings.BROWSE_PAGE_SIZE, "offset": 0}
        return self._paginate("browse/new-releases", params, paginator, _ALBUM_ITEMS, budget)

    def probe_browse(self, budget: CallBudget | None = None) -> None:
        """Make the smallest call that shows whether the app may browse."""
        self.get("browse/new-releases", {"limit": 1}, budget=budget)

    def probe_search(self, market: str, budget: CallBudget | None = None) -> None:
        """Make the smallest call that shows whether the app may search."""
        self.get("search", {"q": settings.NEW_QUERY, "type": "album", "limit": 1, "market": market}, budget=budget)

    def search_albums(self, query: str, market: str, offset: int, budget: CallBudget | None = None) -> AlbumPage:
        """Return one page of GET search?type=album.

        https://developer.spotify.com/documentation/web-api/reference/search

        Args:
            query: Search query with its filters, such as `tag:new artist:"NAME"`.
            market: ISO 3166-1 alpha-2 code.
            offset: Offset of the first item.
            budget: Call budget.
        """
        return _album_page(self._search("album", query, market, offset, budget), offset)

    def search_artists(self, query: str, market: str, offset: int, budget: CallBudget | None = None) -> ArtistPage:
        """Return one page of GET search?type=artist; see `search_albums`."""
        page = self._search("artist", query, market, offset, budget)
        found = [cast(Artist, item) for item in page["items"] if isinstance(item, dict) and is_id(item.get("id"))]
        return ArtistPage([artist for artist in found if isinstance(artist.get("name"), str)], _has_more(page, offset))

    # -- artists

    def artist(self, artist_id: str, budget: CallBudget | None = None) -> Artist:
        """Return GET artists/{id}.

        https://developer.spotify.com/documentation/web-api/reference/get-an-artist
        """
        return cast(Artist, self.get(f"artists/{checked_id(artist_id)}", budget=budget).json())

    def artist_albums(
        self, artist_id: str, groups: str, market: str, offset: int, budget: CallBudget | None = None
    ) -> AlbumPage:
        """Return one page of GET artists/{id}/albums, the newest of each group first.

        https://developer.spotify.com/documentation/web-api/reference/get-an-artists-albums

        Args:
            artist_id: Spotify id of the artist.
            groups: 'album', 'single', 'appears_on' and 'compilation', or some of them, separated by commas.
            market: ISO 3166-1 alpha-2 code.
            offset: Offset of the first item.
            budget: Call budget.
        """
        params = {"include_groups": groups, "limit": PAGE_SIZE, "offset": offset, "market": market}
        reply = self.get(f"artists/{checked_id(artist_id)}/albums", params, budget=budget).json()
        return _album_page(paging_object(reply), offset)

    # -- albums

    def album(self, album_id: str, market: str, budget: CallBudget | None = None) -> Album:
        """Return GET albums/{id}: an album with its first 50 tracks.

        https://developer.spotify.com/documentation/web-api/reference/get-an-album
        """
        return cast(Album, self.get(f"albums/{checked_id(album_id)}", {"market": market}, budget=budget).json())

    def albums(self, album_ids: Sequence[str], market: str, budget: CallBudget | None = None) -> list[object]:
        """Return GET albums?ids=: up to 20 albums with their first 50 tracks, in order.

        The shape of the items is not checked. An album that does not exist is None.

        https://developer.spotify.com/documentation/web-api/reference/get-multiple-albums
        """
        params = {"ids": ",".join(map(checked_id, album_ids)), "market": market}
        return cast("list[object]", self.get("albums", params, budget=budget).json()["albums"])

    def further_tracks(
        self, album_id: str, first: PagingObject, market: str, budget: CallBudget | None = None
    ) -> Iterator[list[Track | None]]:
        """Yield the pages of GET albums/{id}/tracks after the album's first page.

        https://developer.spotify.com/documentation/web-api/reference/get-an-albums-tracks

        Args:
            album_id: Spotify id of the album.
            first: The page that came with the album.
            market: ISO 3166-1 alpha-2 code.
            budget: Call budget.
        """
        if first["next"] is None:
            return iter(())
        # The link only shows that there are more: its offset and limit depend on the call that returned the album.
        resolve_link(first["next"], self.base_url)
        params = {"limit": settings.TRACKS_PAGE_SIZE, "offset": len(first["items"]), "market": market}
        return self._paginate(f"albums/{checked_id(album_id)}/tracks", params, NextLinkPaginator(), _ITEMS, budget)

    def _search(self, kind: str, query: str, market: str, offset: int, budget: CallBudget | None) -> PagingObject:
        params = {"q": query, "type": kind, "limit": PAGE_SIZE, "offset": offset, "market": market}
        return paging_object(self.get("search", params, budget=budget).json(), f"{kind}s")

    def _paginate(
        self,
        path: str,
        params: dict[str, Any],
        paginator: BasePaginator,
        selector: jsonpath.TJsonPath,
        budget: CallBudget | None,
    ) -> Iterator[Any]:
        # The session raises all errors. Without hooks, dlt would add one that raises others.
        return self.paginate(
            path, params=params, paginator=paginator, data_selector=selector, hooks={"response": []}, budget=budget
        )


def _album_page(page: PagingObject, offset: int) -> AlbumPage:
    albums = cast("list[SimplifiedAlbum | None]", page["items"])
    return AlbumPage(albums, _has_more(page, offset), whole_number(page.get("total")) or 0)


def _has_more(page: PagingObject, offset: int) -> bool:
    return page["next"] is not None and offset + 2 * PAGE_SIZE <= settings.SEARCH_MAX_OFFSET
