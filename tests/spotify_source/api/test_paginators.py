"""Paginators: every item once, in order, and no request astray."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import Request, Response

from spotify_source import NextLinkPaginator, OffsetPaginator, settings
from spotify_source.api.paginators import PagingObjectPaginator, origin
from spotify_source.errors import ForeignOriginError, PagingError, UnreadableReplyError

URL = "http://api.test:8080/v1/things"
Server = Callable[[str], dict[str, Any]]
BOTH = pytest.mark.parametrize("paginator", [NextLinkPaginator, OffsetPaginator])


def page(items: list[Any], link: str | None, **more: Any) -> dict[str, Any]:
    return {"href": URL, "limit": 2, "next": link, "offset": 0, "previous": None, "total": 99, "items": items, **more}


def response(body: object, url: str = URL) -> Response:
    made = Response()
    made.status_code, made.url = 200, url
    made._content = json.dumps(body).encode()
    return made


def paginate(
    paginator: PagingObjectPaginator, server: Server, key: str | None = None, **params: int
) -> Iterator[list[Any]]:
    """Page as dlt's RESTClient does: it yields a page before it looks for the next."""
    request = Request("GET", URL, params=dict(params))
    paginator.init_request(request)
    while True:
        url = str(request.prepare().url)
        body = server(url)
        paginator.update_state(response(body, url), [])
        paginator.update_request(request)
        yield (body[key] if key else body)["items"]
        if not paginator.has_next_page:
            return


def offset_of(url: str) -> int:
    return int(parse_qs(urlsplit(url).query).get("offset", ["0"])[0])


def scripted(*pages: dict[str, Any]) -> Server:
    """Serve these pages in turn, and fail if one more is requested."""
    left = list(pages)
    return lambda _: left.pop(0)


def endless(items: list[Any]) -> Server:
    return lambda url: page(items, f"{URL}?offset={offset_of(url) + 2}&limit=2")


def listing(items: list[Any], cap: int, key: str | None = None) -> Server:
    """Serve a list in pages of at most `cap` items."""

    def serve(url: str) -> dict[str, Any]:
        offset = offset_of(url)
        limit = min(int(parse_qs(urlsplit(url).query)["limit"][0]), cap)
        link = f"{URL}?{urlencode({'offset': offset + limit, 'limit': limit})}"
        body = page(items[offset : offset + limit], link if offset + limit < len(items) else None, limit=limit)
        return {key: body} if key else body

    return serve


@BOTH
@given(
    items=st.lists(st.none() | st.integers(), max_size=60),
    start=st.integers(0, 10),
    limit=st.integers(1, 50),
    cap=st.integers(1, 50),
    key=st.sampled_from([None, "albums"]),
)
def test_every_item_comes_once_and_in_order(
    paginator: type[PagingObjectPaginator], items: list[Any], start: int, limit: int, cap: int, key: str | None
) -> None:
    pages = list(paginate(paginator(key), listing(items, cap, key), key, limit=limit, offset=start))
    assert [item for page in pages for item in page] == items[start:]
    assert len(pages) == max(1, -(-len(items[start:]) // min(limit, cap)))


@BOTH
@pytest.mark.parametrize("limit", [2, "10", 10.0, None, 0, -5, 10**30, "x", [], 2**70])
def test_only_the_next_link_ends_a_list(paginator: type[PagingObjectPaginator], limit: object) -> None:
    # Neither empty pages nor the total nor an undocumented limit do.
    links = [f"{URL}?offset={offset}" for offset in (2, 4, 6)]
    pages = [page([1, 2], links[0], total=2), page([], links[1]), page([], links[2]), page([7], None, total=1000)]
    for one in pages:
        one["limit"] = limit
    assert list(paginate(paginator(), scripted(*pages), limit=2, offset=0)) == [[1, 2], [], [], [7]]


@BOTH
@pytest.mark.parametrize(
    ("items", "error", "pages"),
    [([], "empty pages", settings.MAX_EMPTY_PAGES), ([1, 2], "did not end", settings.MAX_PAGES)],
)
def test_endless_list_raises_after_its_last_page(
    paginator: type[PagingObjectPaginator], items: list[Any], error: str, pages: int
) -> None:
    read = paginate(paginator(), endless(items))
    assert [next(read) for _ in range(pages)] == [items] * pages
    with pytest.raises(PagingError, match=error):
        next(read)


@BOTH
@pytest.mark.parametrize("body", [{}, {"items": []}, {"albums": None}, {"albums": []}, {"albums": {"items": []}}, []])
def test_missing_paging_object_raises(paginator: type[PagingObjectPaginator], body: Any) -> None:
    with pytest.raises(UnreadableReplyError):
        paginator("albums").update_state(response(body), [])


# -- next links


@pytest.mark.parametrize(
    ("link", "error"),
    [
        ("http://elsewhere.test:8080/v1/things?offset=2", ForeignOriginError),
        ("http://api.test:9090/v1/things?offset=2", ForeignOriginError),
        ("https://api.test:8080/v1/things?offset=2", ForeignOriginError),
        ("//elsewhere.test/v1/things?offset=2", ForeignOriginError),
        ("http://api.test:8080@elsewhere.test/v1/things?offset=2", ForeignOriginError),
        ("http://api.test:8080\\@elsewhere.test/?offset=2", ForeignOriginError),
        ("ftp://api.test:8080/v1/things?offset=2", ForeignOriginError),
        ("http://[::1/v1/things", "not a valid URL"),
        ("http://api.test:eighty/v1/things?offset=2", "not a valid URL"),
        ("http://api.test:99999/v1/?offset=2", "not a valid URL"),
        ("/v1/me", "another endpoint"),
        ("/v1/albums?ids=x", "another endpoint"),
        (f"{URL}/x?offset=2", "another endpoint"),
        ("/v1/things/../albums?offset=2", "another endpoint"),
        ("/v1/Things?offset=2", "another endpoint"),
        (f"{URL}?offset=0&limit=2", "read already"),
        (URL, "read already"),
    ],
)
def test_link_that_leads_astray_raises_after_its_page(link: str, error: str | type[Exception]) -> None:
    pages = paginate(NextLinkPaginator(), scripted(page([1, 2], link)))
    assert next(pages) == [1, 2]
    expected, match = (PagingError, error) if isinstance(error, str) else (error, None)
    with pytest.raises(expected, match=match):
        next(pages)


@pytest.mark.parametrize("last", [f"{URL}?offset=1&limit=2", f"{URL}?cursor=x"])
def test_link_back_raises_after_its_page(last: str) -> None:
    first = f"{URL}?offset=2&limit=2" if "offset" in last else last
    pages = paginate(NextLinkPaginator(), scripted(page([1, 2], first), page([3, 4], last)))
    assert [next(pages), next(pages)] == [[1, 2], [3, 4]]
    with pytest.raises(PagingError, match="read already"):
        next(pages)


@pytest.mark.parametrize(
    ("link", "requested"),
    [
        ("/v1/things?offset=2&limit=2", f"{URL}?offset=2&limit=2"),
        (f"{URL}?offset=2&query=tag%3Anew&locale=*", f"{URL}?offset=2&query=tag%3Anew&locale=*"),
        *((f"{URL}?offset={invalid}", f"{URL}?offset={invalid}") for invalid in ("x", "", "-4", "9" * 5000)),
    ],
)
def test_link_is_followed_as_it_is(link: str, requested: str) -> None:
    urls: list[str] = []

    def serve(url: str) -> dict[str, Any]:
        urls.append(url)
        return page([1], link if len(urls) == 1 else None)

    list(paginate(NextLinkPaginator(), serve, offset=0, limit=2))
    assert urls == [f"{URL}?offset=0&limit=2", requested]


# -- offsets


@pytest.mark.parametrize(("limit", "offsets"), [(2, [0, 1, 3]), (None, [0, 1, 2])])
def test_offset_grows_by_the_items_or_by_an_empty_pages_size(limit: int | None, offsets: list[int]) -> None:
    requested: list[int] = []

    def serve(url: str) -> dict[str, Any]:
        requested.append(offset_of(url))
        return page([[1], [], [3]][len(requested) - 1], "x" if len(requested) < 3 else None, limit=limit)

    list(paginate(OffsetPaginator(), serve, offset=0, limit=50))
    assert requested == offsets


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://api.test/v1/", "https://api.test:443/x", True),
        ("http://api.test/", "http://API.TEST:80", True),
        ("https://api.test/", "http://api.test/", False),
        ("https://api.test/", "https://api.test.elsewhere.test/", False),
        ("https://api.test/", "https://elsewhere.test/api.test", False),
    ],
)
def test_origin_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert (origin(one) == origin(other)) is same
