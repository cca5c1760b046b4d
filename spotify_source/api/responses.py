"""What a reply means: pure functions of status, headers and body. Knows no request and no retry.

https://developer.spotify.com/documentation/web-api/concepts/api-calls#response-status-codes
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, Final, cast
from urllib.parse import parse_qs, urlsplit

from ..errors import UnreadableReplyError
from ..models import PagingObject
from . import json_text

Envelope = Callable[[Any], bool]

_TOKEN = re.compile(r"[!-~]+")


class Meaning(Enum):
    """What a reply says."""

    GOOD = "good"
    RATE_LIMITED = "rate limited"
    QUOTA_SPENT = "quota spent"
    TOKEN_REFUSED = "token refused"  # noqa: S105 - a meaning
    FORBIDDEN = "forbidden"
    PREMIUM_REQUIRED = "Premium required"
    GONE = "gone"
    BAD_REQUEST = "bad request"
    SERVER_TROUBLE = "server trouble"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Reply:
    """A reply, understood.

    Attributes:
        meaning: What it says.
        status: The HTTP status.
        seconds: What Retry-After asks for, from now; None where it is missing or senseless.
        message: Spotify's own words, or what is wrong with the reply; short enough for a log line.
        body: The parsed JSON; None where there is none.
    """

    meaning: Meaning
    status: int
    seconds: float | None = None
    message: str = ""
    body: Any = None


def classify(status: int, headers: Mapping[str, str], body: bytes, envelope: Envelope | None = None) -> Reply:
    """Tell what a reply means, by status, `reason` and headers before words.

    Args:
        status: HTTP status code.
        headers: Response headers; a mapping that ignores case, as requests has it.
        body: The whole body, decompressed. May be JSON, plain text, HTML, empty or cut short.
        envelope: Says whether the parsed body of a good reply has the shape that the endpoint documents.
    """
    content = _parse(body)
    message, reason = _words(content, body)
    seconds = retry_after(headers.get("retry-after"))
    meaning = _meaning(status, reason, message, content, envelope)
    if meaning is Meaning.UNREADABLE:
        message = "the reply is not what the API documents"
    return Reply(meaning, status, seconds, message, content)


def _meaning(status: int, reason: str, message: str, content: Any, envelope: Envelope | None) -> Meaning:
    if 200 <= status < 300:
        readable = content is not None and (envelope is None or envelope(content))
        return Meaning.GOOD if readable else Meaning.UNREADABLE
    if status == 429:
        return Meaning.QUOTA_SPENT if reason == "QUOTA_EXCEEDED" else Meaning.RATE_LIMITED
    if status == 403:
        return Meaning.PREMIUM_REQUIRED if "premium" in message.lower() else Meaning.FORBIDDEN
    named = {401: Meaning.TOKEN_REFUSED, 404: Meaning.GONE, 410: Meaning.GONE, 408: Meaning.SERVER_TROUBLE}
    if status in named:
        return named[status]
    return Meaning.BAD_REQUEST if 400 <= status < 500 else Meaning.SERVER_TROUBLE


def retry_after(value: str | None, now: float | None = None) -> float | None:
    """Seconds to wait from a Retry-After header: a number or an HTTP date (RFC 9110, section 10.2.3).

    Args:
        value: The header, or None where there is none.
        now: Unix time that a date is compared with; the machine's by default.

    Returns:
        Seconds above zero, or None for a missing, senseless or past value: then the caller chooses.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - (time.time() if now is None else now)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return seconds if seconds > 0 and math.isfinite(seconds) else None


def paging_object(content: Any, key: str | None = None) -> PagingObject:
    """The paging object in a parsed body, at the top or below `key`.

    Raises:
        UnreadableReplyError: There is none.
    """
    page = content.get(key) if key is not None and isinstance(content, dict) else content
    if not is_paging_object(page):
        where = f"at {key!r}" if key else "in the reply"
        raise UnreadableReplyError(f"No paging object {where}.")
    return cast(PagingObject, page)


def is_paging_object(content: Any) -> bool:
    """Whether it has what paging needs: a list of items, and a link or null."""
    if not isinstance(content, dict) or not isinstance(content.get("items"), list):
        return False
    link = content.get("next", False)
    return link is None or (isinstance(link, str) and link != "")


def has_albums_page(content: Any) -> bool:
    """Envelope of browse/new-releases and search?type=album."""
    return isinstance(content, dict) and is_paging_object(content.get("albums"))


def has_artists_page(content: Any) -> bool:
    """Envelope of search?type=artist."""
    return isinstance(content, dict) and is_paging_object(content.get("artists"))


def is_artist(content: Any) -> bool:
    """Envelope of artists/{id}: an id and a name."""
    return isinstance(content, dict) and bool(content.get("id")) and isinstance(content.get("name"), str)


def has_albums(content: Any) -> bool:
    """Envelope of albums?ids=: a list. What in it is no album is told one by one, so that it costs no other."""
    return isinstance(content, dict) and isinstance(content.get("albums"), list)


def is_album(content: Any) -> bool:
    """Envelope of albums/{id}: the first page of its tracks. Which album it is was said by who asked for it."""
    return isinstance(content, dict) and is_paging_object(content.get("tracks"))


def has_token(content: Any) -> bool:
    """Envelope of the token endpoint: a token that a header can carry."""
    return isinstance(content, dict) and is_token(content.get("access_token"))


def is_token(value: object) -> bool:
    """Whether it can stand behind `Bearer`: visible ASCII alone (RFC 6750, section 2.1, is stricter still)."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _parse(body: bytes) -> Any:
    try:
        return json_text.parse(body)
    except ValueError:
        return None


def _words(content: Any, body: bytes) -> tuple[str, str]:
    """Message and reason: of the Web API, of the token endpoint, or the beginning of a plain text."""
    if not isinstance(content, dict):
        text = _one_line(body[:400].decode("utf-8", "replace"))
        return ("an HTML page" if text.startswith("<") else text), ""
    error = content.get("error")
    if isinstance(error, dict):
        return _one_line(error.get("message")), str(error.get("reason") or "")
    if error:
        return _one_line(content.get("error_description") or error), str(error)
    return "", ""


def _one_line(text: object) -> str:
    return " ".join(str(text or "").split())[:200]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint.

    Attributes:
        bucket: Name of the quota that its calls count towards, as the ledger and `load_runs.calls` have it.
        path: What its URLs end in.
        envelope: The shape of its good replies.
    """

    bucket: str
    path: re.Pattern[str]
    envelope: Envelope | None


BROWSE: Final = Endpoint("browse", re.compile(r"/browse/new-releases/?$"), has_albums_page)
SEARCH: Final = Endpoint("search", re.compile(r"/search/?$"), has_albums_page)
SEARCH_ARTISTS: Final = Endpoint("search", SEARCH.path, has_artists_page)
ARTIST: Final = Endpoint("artist", re.compile(r"/artists/[^/]+/?$"), is_artist)
ARTIST_ALBUMS: Final = Endpoint("artist_albums", re.compile(r"/artists/[^/]+/albums/?$"), is_paging_object)
ALBUM: Final = Endpoint("album", re.compile(r"/albums/[^/]+/?$"), is_album)
ALBUMS: Final = Endpoint("albums", re.compile(r"/albums/?$"), has_albums)
ALBUM_TRACKS: Final = Endpoint("album_tracks", re.compile(r"/albums/[^/]+/tracks/?$"), is_paging_object)
TOKEN: Final = Endpoint("token", re.compile(r"$"), has_token)
OTHER: Final = Endpoint("other", re.compile(r""), None)

_API: Final = (BROWSE, SEARCH, ARTIST_ALBUMS, ARTIST, ALBUMS, ALBUM_TRACKS, ALBUM)


def endpoint_of(url: str) -> Endpoint:
    """The endpoint that an API URL belongs to."""
    parts = urlsplit(url)
    found = next((endpoint for endpoint in _API if endpoint.path.search(parts.path)), OTHER)
    # The only endpoint whose replies have their shape from a parameter.
    return SEARCH_ARTISTS if found is SEARCH and parse_qs(parts.query).get("type") == ["artist"] else found
