"""Both ways of paging: the same items, each once, and never astray."""

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
BOTH = pytest.mark.parametrize("kind", [NextLinkPaginator, OffsetPaginator])


def page(items: list[Any], link: str | None, **more: Any) -> dict[str, Any]:
    return {"href": URL, "limit": 2, "next": link, "offset": 0, "previous": None, "total": 99, "items": items, **more}


def response(body: object, url: str = URL) -> Response:
    made = Response()
    made.status_code, made.url = 200, url
    made._content = json.dumps(body).encode()
    return made


def walk(
    paginator: PagingObjectPaginator, server: Server, key: str | None = None, **params: int
) -> Iterator[list[Any]]:
    """Page as dlt's RESTClient does: the page is handed on before it is asked whether there is another."""
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


def scripted(*pages: dict[str, Any]) -> Server:
    """Serves these pages in turn, and fails where one more is asked for."""
    left = list(pages)
    return lambda _: left.pop(0)


def listing(items: list[Any], cap: int, key: str | None = None) -> Server:
    """Serves a list as Spotify does, in pages of at most `cap`."""

    def serve(url: str) -> dict[str, Any]:
        query = {name: int(values[0]) for name, values in parse_qs(urlsplit(url).query).items()}
        offset, limit = query.get("offset", 0), min(query["limit"], cap)
        link = f"{URL}?{urlencode({'offset': offset + limit, 'limit': limit})}"
        body = page(items[offset : offset + limit], link if offset + limit < len(items) else None, limit=limit)
        return {key: body} if key else body

    return serve


@BOTH
@given(
    items=st.lists(st.none() | st.integers(), max_size=60),
    limit=st.integers(1, 50),
    cap=st.integers(1, 50),
    key=st.sampled_from([None, "albums"]),
)
def test_every_item_comes_once_in_order_whatever_the_size_of_the_pages(
    kind: type[PagingObjectPaginator], items: list[Any], limit: int, cap: int, key: str | None
) -> None:
    pages = list(walk(kind(key), listing(items, cap, key), key, limit=limit, offset=0))
    assert [item for page in pages for item in page] == items


@BOTH
def test_a_list_of_one_page_is_one_call(kind: type[PagingObjectPaginator]) -> None:
    assert list(walk(kind(), scripted(page([1], None)))) == [[1]]


@BOTH
def test_the_total_is_not_believed(kind: type[PagingObjectPaginator]) -> None:
    pages = scripted(page([1, 2], f"{URL}?offset=2&limit=2", total=2), page([3], None, total=1000))
    assert [item for page in walk(kind(), pages) for item in page] == [1, 2, 3]


@BOTH
def test_empty_pages_before_the_end_do_not_end_it(kind: type[PagingObjectPaginator]) -> None:
    links = [f"{URL}?offset={offset}&limit=2" for offset in (2, 4, 6)]
    pages = scripted(page([1, 2], links[0]), page([], links[1]), page([], links[2]), page([7], None))
    assert list(walk(kind(), pages)) == [[1, 2], [], [], [7]]


@BOTH
def test_empty_pages_without_end_are_an_error(kind: type[PagingObjectPaginator]) -> None:
    def serve(url: str) -> dict[str, Any]:
        offset = int(parse_qs(urlsplit(url).query).get("offset", ["0"])[0])
        return page([], f"{URL}?offset={offset + 2}&limit=2")

    pages = walk(kind(), serve)
    assert [next(pages) for _ in range(settings.MAX_EMPTY_PAGES)] == [[]] * settings.MAX_EMPTY_PAGES
    with pytest.raises(PagingError, match="empty pages"):
        next(pages)


@BOTH
def test_a_list_without_end_is_an_error(kind: type[PagingObjectPaginator]) -> None:
    def serve(url: str) -> dict[str, Any]:
        offset = int(parse_qs(urlsplit(url).query).get("offset", ["0"])[0])
        return page([1, 2], f"{URL}?offset={offset + 2}&limit=2")

    with pytest.raises(PagingError, match="did not end"):
        list(walk(kind(), serve))


@BOTH
@pytest.mark.parametrize("body", [{}, {"items": []}, {"albums": None}, {"albums": []}, {"albums": {"items": []}}, []])
def test_a_missing_paging_object_is_an_error_and_no_end(kind: type[PagingObjectPaginator], body: Any) -> None:
    with pytest.raises(UnreadableReplyError):
        kind("albums").update_state(response(body), [])


@BOTH
def test_paging_ends_at_the_max_offset(kind: type[PagingObjectPaginator]) -> None:
    server = listing(list(range(5000)), cap=10)
    items = [item for page in walk(kind(max_offset=1000), server, limit=10, offset=0) for item in page]
    assert items == list(range(1000))


@BOTH
def test_no_page_reaches_over_the_max_offset(kind: type[PagingObjectPaginator]) -> None:
    server = listing(list(range(5000)), cap=30)
    items = [item for page in walk(kind(max_offset=1000), server, limit=30, offset=0) for item in page]
    assert items == list(range(990))


def test_a_link_without_an_offset_leads_on_by_what_came() -> None:
    pages = scripted(*(page(list(range(10)), f"{URL}?cursor={number}", limit=10) for number in range(9)))
    assert len(list(walk(NextLinkPaginator(max_offset=30), pages, limit=10, offset=0))) == 3


def test_a_short_page_at_the_max_offset_does_not_make_room_for_another() -> None:
    pages = scripted(
        page(list(range(10)), f"{URL}?offset=10", limit=10), page(list(range(5)), f"{URL}?offset=15", limit=10)
    )
    assert len(list(walk(NextLinkPaginator(max_offset=20), pages, limit=10, offset=0))) == 2


@pytest.mark.parametrize("limit", ["10", 10.0, None, 0, -5, 10**30, "x", [], 2**70])
@BOTH
def test_a_limit_in_whatever_form_ends_no_list(kind: type[PagingObjectPaginator], limit: object) -> None:
    pages = scripted(
        page([1, 2], f"{URL}?offset=2", limit=limit), page([], f"{URL}?offset=4", limit=limit), page([3], None)
    )
    assert [item for page in walk(kind(max_offset=1000), pages, limit=2, offset=0) for item in page] == [1, 2, 3]


@pytest.mark.parametrize("offset", ["²", "9" * 5000, "x", "", "-4", "%00"])
def test_an_offset_that_is_no_number_is_none(offset: str) -> None:
    pages = scripted(page([1, 2], f"{URL}?offset={offset}"), page([3], None))
    assert list(walk(NextLinkPaginator(), pages, limit=2, offset=0)) == [[1, 2], [3]]


@pytest.mark.parametrize(("limit", "asked"), [(2, [0, 2, 4]), (None, [0, 2, 3])])
def test_an_empty_page_is_passed_by_its_size(limit: int | None, asked: list[int]) -> None:
    offsets: list[int] = []

    def serve(url: str) -> dict[str, Any]:
        offsets.append(int(parse_qs(urlsplit(url).query)["offset"][0]))
        return page([[1, 2], [], [3]][len(offsets) - 1], "x" if len(offsets) < 3 else None, limit=limit)

    list(walk(OffsetPaginator(), serve, offset=0, limit=2))
    assert offsets == asked


@pytest.mark.parametrize(
    "link", ["/v1/me", "/v1/albums?ids=x", f"{URL}/x?offset=2", "/v1/things/../albums?offset=2", "/v1/Things?offset=2"]
)
def test_a_link_to_another_endpoint_is_an_error_that_costs_no_good_page(link: str) -> None:
    pages = walk(NextLinkPaginator(), scripted(page([1, 2], link)))
    assert next(pages) == [1, 2]
    with pytest.raises(PagingError, match="another endpoint"):
        next(pages)


@BOTH
def test_paging_starts_where_the_request_says(kind: type[PagingObjectPaginator]) -> None:
    pages = list(walk(kind(), listing(list(range(130)), cap=50), limit=50, offset=50))
    assert [item for page in pages for item in page] == list(range(50, 130))


FOREIGN = [
    pytest.param("http://elsewhere.test:8080/v1/things?offset=2", id="host"),
    pytest.param("http://api.test:9090/v1/things?offset=2", id="port"),
    pytest.param("https://api.test:8080/v1/things?offset=2", id="scheme"),
    pytest.param("//elsewhere.test/v1/things?offset=2", id="host, scheme left out"),
    pytest.param("http://api.test:8080@elsewhere.test/v1/things?offset=2", id="host as user"),
    pytest.param("http://api.test:8080\\@elsewhere.test/?offset=2", id="backslash"),
    pytest.param("ftp://api.test:8080/v1/things?offset=2", id="no http"),
]


@pytest.mark.parametrize("link", FOREIGN)
def test_a_link_to_another_origin_is_an_error(link: str) -> None:
    pages = walk(NextLinkPaginator(), scripted(page([1, 2], link)))
    assert next(pages) == [1, 2]
    with pytest.raises(ForeignOriginError):
        next(pages)


@pytest.mark.parametrize(
    "link", ["http://[::1/v1/things", "http://api.test:eighty/v1/things?offset=2", "http://api.test:99999/v1/?offset=2"]
)
def test_a_link_that_is_no_address_is_an_error_of_paging(link: str) -> None:
    pages = walk(NextLinkPaginator(), scripted(page([1, 2], link)))
    assert next(pages) == [1, 2]
    with pytest.raises(PagingError):
        next(pages)


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(f"{URL}?offset=0&limit=2", id="to the beginning"),
        pytest.param(URL, id="to itself"),
        pytest.param(f"{URL}?cursor=x", id="to a page without offset, twice"),
    ],
)
def test_a_link_in_a_circle_is_an_error(link: str) -> None:
    pages = walk(NextLinkPaginator(), lambda _: page([1, 2], link))
    with pytest.raises(PagingError, match="read already"):
        for _ in zip(range(5), pages, strict=False):
            pass


def test_a_link_back_is_an_error_that_costs_no_good_page() -> None:
    pages = walk(
        NextLinkPaginator(),
        scripted(page([1, 2], f"{URL}?offset=2&limit=2"), page([3, 4], f"{URL}?offset=1&limit=2")),
    )
    assert [next(pages), next(pages)] == [[1, 2], [3, 4]]
    with pytest.raises(PagingError):
        next(pages)


def test_a_relative_link_is_followed() -> None:
    asked: list[str] = []

    def serve(url: str) -> dict[str, Any]:
        asked.append(url)
        return page([1], "/v1/things?offset=2&limit=2" if len(asked) == 1 else None)

    list(walk(NextLinkPaginator(), serve, offset=0, limit=2))
    assert asked == [f"{URL}?offset=0&limit=2", f"{URL}?offset=2&limit=2"]


def test_a_link_is_followed_as_it_is() -> None:
    asked: list[str] = []

    def serve(url: str) -> dict[str, Any]:
        asked.append(url)
        return page([1], f"{URL}?offset=2&limit=2&query=tag%3Anew&locale=*" if len(asked) == 1 else None)

    list(walk(NextLinkPaginator(), serve, offset=0, limit=2))
    assert asked[1] == f"{URL}?offset=2&limit=2&query=tag%3Anew&locale=*"


def test_smaller_pages_than_asked_for_skip_nothing() -> None:
    asked: list[int] = []

    def serve(url: str) -> dict[str, Any]:
        offset = int(parse_qs(urlsplit(url).query)["offset"][0])
        asked.append(offset)
        # What was asked for is echoed, but fewer come.
        return page([offset, offset + 1], "x" if offset < 4 else None, limit=50)

    items = [item for page in walk(OffsetPaginator(), serve, offset=0, limit=50) for item in page]
    assert (asked, items) == ([0, 2, 4], [0, 1, 2, 3, 4, 5])


def test_two_lists_are_paged_apart() -> None:
    one = list(walk(NextLinkPaginator(), listing(list(range(9)), cap=3), limit=3))
    two = list(walk(NextLinkPaginator(), listing(list(range(5)), cap=3), limit=3))
    assert (len(one), len(two)) == (3, 2)


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
def test_origins_are_compared_by_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert (origin(one) == origin(other)) is same
