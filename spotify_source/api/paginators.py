"""Paging through Spotify's paging objects, by `next` or by offset. Knows no endpoint and sends nothing itself.

Both are dlt paginators, and both are guarded: the envelope must be there, a page must lead on, and a `next` link must
stay on the API's own origin. Use a new instance for each list: they keep state.

https://developer.spotify.com/documentation/web-api/concepts/api-calls#pagination
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response

from .. import settings
from ..errors import ForeignOriginError, PagingError
from ..models import PagingObject, whole_number
from .responses import paging_object


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL, as RFC 6454 compares them."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or default


def resolve_link(link: str, base: str) -> str:
    """The absolute URL of a link that a reply from `base` holds.

    Raises:
        ForeignOriginError: It leads away from the API's origin.
        PagingError: It is no address.
    """
    try:
        url = urljoin(base, link)
        stays = origin(url) == origin(base)
    except ValueError:
        raise PagingError("A `next` link is not a valid URL.") from None
    if not stays:
        raise ForeignOriginError(f"A `next` link leads away from the API, to {origin(url)[1]}.")
    return url


class PagingObjectPaginator(BasePaginator):
    """What both ways of paging share: where the paging object is, when it ends, and that it does end.

    Args:
        key: The key below which the reply holds its paging object; None where the reply is one.
        max_offset: The largest offset + limit that the endpoint takes, where it has one.
    """

    def __init__(self, key: str | None = None, *, max_offset: int | None = None) -> None:
        super().__init__()
        self._key = key
        self._max_offset = max_offset
        self._offset = 0
        self._pages = 0
        self._empty_pages = 0
        self._trouble: PagingError | None = None

    def init_request(self, request: Request) -> None:
        """Start at the offset that the request names, or at 0."""
        self._offset = int((request.params or {}).get("offset", 0))

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:  # noqa: ARG002 - dlt's signature
        """Read from a reply whether and where the list goes on.

        Raises:
            UnreadableReplyError: The reply holds no paging object.
        """
        page = paging_object(response.json(), self._key)
        link = page["next"]
        try:
            self._count(page)
            self._has_next_page = link is not None and self._lead_on(response, page, link)
        except PagingError as error:
            self._trouble = error

    @property
    def has_next_page(self) -> bool:
        """Whether the list goes on. It is asked for after a page was handed on, so that a bad link costs no good page.

        Raises:
            PagingError: The list leads elsewhere, in circles, or nowhere.
        """
        if self._trouble is not None:
            raise self._trouble
        return self._has_next_page

    def _lead_on(self, response: Response, page: PagingObject, link: str) -> bool:
        self._offset = self._follow(response, page, link)
        limit = _page_size(page) or len(page["items"])
        return self._max_offset is None or self._offset + limit <= self._max_offset

    def _follow(self, response: Response, page: PagingObject, link: str) -> int:
        """Take the next page in, and return its offset."""
        raise NotImplementedError

    def _count(self, page: PagingObject) -> None:
        self._pages += 1
        self._empty_pages = 0 if page["items"] else self._empty_pages + 1
        if self._pages >= settings.MAX_PAGES:
            raise PagingError(f"The list did not end after {self._pages} pages.")
        if self._empty_pages >= settings.MAX_EMPTY_PAGES:
            raise PagingError(f"The list returned {self._empty_pages} empty pages in a row.")


class NextLinkPaginator(PagingObjectPaginator):
    """Follows the `next` link, if it stays on the API's origin and leads to a later offset."""

    def __init__(self, key: str | None = None, *, max_offset: int | None = None) -> None:
        super().__init__(key, max_offset=max_offset)
        self._url = ""
        self._seen: set[str] = set()

    def _follow(self, response: Response, page: PagingObject, link: str) -> int:
        url = resolve_link(link, response.url)
        if _path(url) != _path(response.url):
            raise PagingError("A `next` link leads to another endpoint.")
        offset = _query_number(url, "offset")
        self._seen.add(response.url)
        if url in self._seen or (offset is not None and offset <= self._offset):
            raise PagingError("A `next` link leads back to a page that was read already.")
        self._url = url
        return self._offset + len(page["items"]) if offset is None else offset

    def update_request(self, request: Request) -> None:
        """Point the request at the next page; the link holds all parameters."""
        if self._has_next_page:
            request.url = self._url
            request.params = {}


class OffsetPaginator(PagingObjectPaginator):
    """Asks for the offset behind the items that came, so that a server's smaller pages skip nothing."""

    def _follow(self, response: Response, page: PagingObject, link: str) -> int:  # noqa: ARG002 - counts instead
        return self._offset + (len(page["items"]) or _page_size(page) or 1)

    def update_request(self, request: Request) -> None:
        """Ask for the next offset."""
        if self._has_next_page:
            request.params = {**(request.params or {}), "offset": self._offset}


def _path(url: str) -> str:
    return urlsplit(url).path.rstrip("/")


def _page_size(page: PagingObject) -> int | None:
    """What the page says its size is, where that is one."""
    size = whole_number(page.get("limit"))
    return size if size is not None and 0 < size <= settings.MAX_PAGE_SIZE else None


def _query_number(url: str, name: str) -> int | None:
    values = parse_qs(urlsplit(url).query).get(name, [])
    return whole_number(values[-1]) if values else None
