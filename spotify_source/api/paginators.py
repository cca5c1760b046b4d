"""dlt paginators for Spotify's paging objects, by `next` link or by offset.

Both raise PagingError for a list that never ends, and for a `next` link that leads to another endpoint, back, or away
from the API. An instance holds the state of one list.

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
    """Return scheme, host and port of a URL, as RFC 6454 compares them."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or default


def resolve_link(link: str, base: str) -> str:
    """Return the absolute URL of a link in a reply from `base`.

    Raises:
        ForeignOriginError: The link leads away from the origin of `base`.
        PagingError: The link is not a valid URL.
    """
    try:
        url = urljoin(base, link)
        is_foreign = origin(url) != origin(base)
    except ValueError:
        raise PagingError("A `next` link is not a valid URL.") from None
    if is_foreign:
        raise ForeignOriginError(f"A `next` link leads away from the API, to {origin(url)[1]}.")
    return url


class PagingObjectPaginator(BasePaginator):
    """Base class of the paginators.

    Args:
        key: Key of the paging object in a reply; None if the reply is the paging object.
    """

    def __init__(self, key: str | None = None) -> None:
        super().__init__()
        self._key = key
        self._offset = 0
        self._pages = 0
        self._empty_pages = 0
        self._error: PagingError | None = None

    def init_request(self, request: Request) -> None:
        """Start at the offset of the request, or at 0."""
        self._offset = int((request.params or {}).get("offset", 0))

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:  # noqa: ARG002 - dlt's signature
        """Read from a reply whether there is a further page.

        Raises:
            UnreadableReplyError: The reply holds no paging object.
        """
        page = paging_object(response.json(), self._key)
        self._has_next_page = page["next"] is not None
        try:
            self._count(page)
            if page["next"] is not None:
                self._offset = self._next_offset(response.url, page, page["next"])
        except PagingError as error:
            # Raised by `has_next_page`, so that the page itself is not lost.
            self._error = error

    @property
    def has_next_page(self) -> bool:
        """True if there is a further page.

        Raises:
            PagingError: The list never ends, or its `next` link can't be followed.
        """
        if self._error is not None:
            raise self._error
        return self._has_next_page

    def _next_offset(self, url: str, page: PagingObject, link: str) -> int:
        """Return the offset of the page after the one that came from `url`."""
        raise NotImplementedError

    def _count(self, page: PagingObject) -> None:
        self._pages += 1
        self._empty_pages = 0 if page["items"] else self._empty_pages + 1
        if self._pages >= settings.MAX_PAGES:
            raise PagingError(f"The list did not end after {self._pages} pages.")
        if self._empty_pages >= settings.MAX_EMPTY_PAGES:
            raise PagingError(f"The list returned {self._empty_pages} empty pages in a row.")


class NextLinkPaginator(PagingObjectPaginator):
    """Paginator that follows the `next` link as it is."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self._url = ""
        self._seen: set[str] = set()

    def update_request(self, request: Request) -> None:
        """Point the request at the next page; the link holds all parameters."""
        if self._has_next_page:
            request.url = self._url
            request.params = {}

    def _next_offset(self, url: str, page: PagingObject, link: str) -> int:
        self._url = resolve_link(link, url)
        if _path(self._url) != _path(url):
            raise PagingError("A `next` link leads to another endpoint.")
        offset = _offset_in(self._url)
        self._seen.add(url)
        if self._url in self._seen or (offset is not None and offset <= self._offset):
            raise PagingError("A `next` link leads back to a page that was read already.")
        return self._offset + len(page["items"]) if offset is None else offset


class OffsetPaginator(PagingObjectPaginator):
    """Paginator that adds the number of items to the offset."""

    def update_request(self, request: Request) -> None:
        """Set the offset of the next page."""
        if self._has_next_page:
            request.params = {**(request.params or {}), "offset": self._offset}

    def _next_offset(self, url: str, page: PagingObject, link: str) -> int:  # noqa: ARG002 - the link is not used
        size = whole_number(page.get("limit")) or 1
        if not 0 < size <= settings.MAX_PAGE_SIZE:
            size = 1
        return self._offset + (len(page["items"]) or size)


def _path(url: str) -> str:
    return urlsplit(url).path.rstrip("/")


def _offset_in(url: str) -> int | None:
    values = parse_qs(urlsplit(url).query).get("offset", [])
    return whole_number(values[-1]) if values else None
