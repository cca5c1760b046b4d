"""What ``/v1/search`` answers: a page for each type that is asked for; not what a query means, nor what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from . import errors
from .asking import RefusedError, page_of
from .catalogue import Catalogue
from .query import Query, parse
from .rendering import QuotaMode, View, full_artist, search_page, searched_album
from .replies import LoggedRequest

WALL = 1000
# Search has said this of tag:new for years, whatever it served.
TAG_NEW_TOTAL = 100
# Highest and default page size.
LIMITS: Mapping[QuotaMode, tuple[int, int]] = {"development": (10, 5), "extended": (50, 20)}
# The types that can be asked for, by the name of the page that answers.
PAGES = {
    "album": "albums",
    "artist": "artists",
    "track": "tracks",
    "playlist": "playlists",
    "show": "shows",
    "episode": "episodes",
    "audiobook": "audiobooks",
}


def answer_search(request: LoggedRequest, catalogue: Catalogue, view: View) -> dict[str, object]:
    """The pages that answer the search; an empty one for a type that the catalogue holds nothing of."""
    text = request.query.get("q") or request.query.get("query")
    if not text:
        raise RefusedError(errors.no_search_query)
    if "type" not in request.query:
        raise RefusedError(errors.no_search_type)
    types = request.query["type"].split(",")
    if not set(types) <= PAGES.keys():
        raise RefusedError(errors.bad_search_type)
    limit, offset = page_of(request, *LIMITS[view.quota_mode])
    if limit + offset > WALL:
        raise RefusedError(errors.offset_too_large)
    query = parse(text)
    pages: dict[str, object] = {}
    for kind in types:
        items, total, more = _found(kind, query, catalogue, view, limit, offset)
        more = more and offset + limit < WALL
        pages[PAGES[kind]] = search_page(items, view, text, kind, limit, offset, total, more)
    return pages


def _found(
    kind: str, query: Query, catalogue: Catalogue, view: View, limit: int, offset: int
) -> tuple[list[object], int, bool]:
    """The items of a page, the total that it claims, and whether there are more."""
    if kind == "album":
        return _albums(query, catalogue, view, limit, offset)
    if kind == "artist":
        artists = catalogue.search_artists(query)
        items: list[object] = [full_artist(artist, view) for artist in artists[offset : offset + limit]]
        return items, len(artists), len(artists) > offset + limit
    return [], 0, False


def _albums(query: Query, catalogue: Catalogue, view: View, limit: int, offset: int) -> tuple[list[object], int, bool]:
    found = catalogue.listed_in(view.market) if query.plain else catalogue.search(query, view.market)
    ids = list(found) if not query.new else list(islice(found, offset + limit + 1))
    shown = ids[offset : offset + limit]
    items: list[object] = [None if each is None else searched_album(catalogue.sketch(each), view) for each in shown]
    total = len(ids) if not query.new else TAG_NEW_TOTAL if ids else 0
    return items, total, len(ids) > offset + limit
