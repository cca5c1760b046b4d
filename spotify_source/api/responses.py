"""Endpoints of the Web API, and the meaning of their replies as pure functions.

https://developer.spotify.com/documentation/web-api/concepts/api-calls#response-status-codes
"""

from __future__ import annotations

import json
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

# Python converts at most 4,300 digits: https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
_MAX_DIGITS: Final = 100
# Albums nest five levels. Parsers recurse, and fail at about a thousand.
_MAX_DEPTH: Final = 64
_JSON_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
# Visible ASCII, which a header can hold. RFC 6750, section 2.1, allows fewer characters.
_BEARER_TOKEN: Final = re.compile(r"[!-~]+")


class ReplyKind(Enum):
    """Meaning of a reply."""

    GOOD = "good"
    RATE_LIMITED = "rate limit"
    QUOTA_EXCEEDED = "quota exceeded"
    TOKEN_REJECTED = "token rejected"  # noqa: S105 - a meaning
    FORBIDDEN = "forbidden"
    PREMIUM_REQUIRED = "Premium required"
    NOT_FOUND = "not found"
    BAD_REQUEST = "bad request"
    SERVER_ERROR = "server error"
    UNREADABLE = "undocumented reply"


@dataclass(frozen=True)
class ClassifiedReply:
    """Reply with its meaning."""

    kind: ReplyKind
    # HTTP status; 0 if there was no reply.
    status: int
    # Seconds to wait by Retry-After; None if the header is missing or invalid.
    retry_after: float | None = None
    # Spotify's message, or the reason why the reply can't be used; short enough for a log line.
    message: str = ""
    # Parsed JSON; None if there is none.
    body: Any = None


# -- classification


def classify(
    status: int, headers: Mapping[str, str], body: bytes, has_shape: Callable[[Any], bool] | None = None
) -> ClassifiedReply:
    """Classify a reply by its status, then by `reason`, headers and words.

    Args:
        status: HTTP status code.
        headers: Response headers, as a mapping that ignores case.
        body: Body after decompression: JSON, plain text, HTML, empty or truncated.
        has_shape: Check of the shape that the endpoint documents for good replies.
    """
    content = _parse_or_none(body)
    message, reason = _message_and_reason(content, body)
    kind = _kind(status, reason, message)
    if kind is ReplyKind.GOOD and (content is None or not (has_shape is None or has_shape(content))):
        kind, message = ReplyKind.UNREADABLE, "the reply is not what the API documents"
    return ClassifiedReply(kind, status, retry_after(headers.get("retry-after")), message, content)


def _kind(status: int, reason: str, message: str) -> ReplyKind:
    if 200 <= status < 300:
        return ReplyKind.GOOD
    if status == 429:
        return ReplyKind.QUOTA_EXCEEDED if reason == "QUOTA_EXCEEDED" else ReplyKind.RATE_LIMITED
    if status == 403:
        return ReplyKind.PREMIUM_REQUIRED if "premium" in message.lower() else ReplyKind.FORBIDDEN
    if status == 401:
        return ReplyKind.TOKEN_REJECTED
    if status in (404, 410):
        return ReplyKind.NOT_FOUND
    return ReplyKind.BAD_REQUEST if 400 <= status < 500 and status != 408 else ReplyKind.SERVER_ERROR


def _message_and_reason(content: Any, body: bytes) -> tuple[str, str]:
    """Return message and reason, of the Web API, the token endpoint or a plain text."""
    error = content.get("error") if isinstance(content, dict) else None
    if isinstance(error, dict):
        return _one_line(error.get("message")), str(error.get("reason") or "")
    if isinstance(content, dict):
        return _one_line(content.get("error_description") or error) if error else "", str(error or "")
    text = _one_line(body[:400].decode("utf-8", "replace"))
    return "an HTML page" if text.startswith("<") else text, ""


def _one_line(text: object) -> str:
    return " ".join(str(text or "").split())[:200]


def retry_after(value: str | None, now: float | None = None) -> float | None:
    """Return the seconds to wait by a Retry-After header.

    The header is a number or an HTTP date: RFC 9110, section 10.2.3.

    Args:
        value: The header; None if it is missing.
        now: Unix time that a date is compared with; the system time by default.

    Returns:
        Seconds above zero; None if the value is missing, invalid or in the past.
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


# -- JSON


def parse_json(body: bytes) -> Any:
    """Parse JSON without losing a reply to a single value that strict parsers reject.

    Integers keep their digits, `NaN` and lone surrogates are kept, bytes that are not UTF-8 become U+FFFD, and values
    that are nested too deeply to be parsed become text.

    Raises:
        ValueError: The body is not JSON.
    """
    text = body.decode("utf-8-sig", "replace")
    try:
        return json.loads(text, parse_int=_parse_integer)
    except RecursionError:
        return json.loads(_flatten(text), parse_int=_parse_integer)


def _parse_or_none(body: bytes) -> Any:
    try:
        return parse_json(body)
    except ValueError:
        return None


def _parse_integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MAX_DIGITS else digits


def _flatten(text: str) -> str:
    """Replace each list or object below the maximum depth with a JSON string."""
    parts: list[str] = []
    depth = start = end = 0
    for token in _JSON_TOKEN.finditer(text):
        if token.group() in ("[", "{"):
            depth += 1
            if depth == _MAX_DEPTH + 1:
                start = token.start()
        elif token.group() in ("]", "}"):
            depth -= 1
            if depth == _MAX_DEPTH:
                parts += [text[end:start], json.dumps(text[start : token.end()])]
                end = token.end()
    if depth > _MAX_DEPTH:
        raise ValueError("The text ends within a list or an object.")
    return "".join([*parts, text[end:]])


# -- shapes


def paging_object(content: Any, key: str | None = None) -> PagingObject:
    """Return the paging object of a parsed body, at the top or below `key`.

    Raises:
        UnreadableReplyError: There is none.
    """
    page = content.get(key) if key is not None and isinstance(content, dict) else content
    if not is_paging_object(page):
        where = f"at {key!r}" if key else "in the reply"
        raise UnreadableReplyError(f"No paging object {where}.")
    return cast(PagingObject, page)


def is_paging_object(content: Any) -> bool:
    """Return whether `content` has a list of items, and a `next` link or null."""
    if not isinstance(content, dict) or not isinstance(content.get("items"), list):
        return False
    link = content.get("next", False)
    return link is None or (isinstance(link, str) and link != "")


def is_album(content: Any) -> bool:
    """Return whether `content` has the first page of an album's tracks."""
    return isinstance(content, dict) and is_paging_object(content.get("tracks"))


def is_bearer_token(value: object) -> bool:
    """Return whether a header can hold the value after `Bearer`."""
    return isinstance(value, str) and _BEARER_TOKEN.fullmatch(value) is not None


def _has_albums_page(content: Any) -> bool:
    return isinstance(content, dict) and is_paging_object(content.get("albums"))


def _has_artists_page(content: Any) -> bool:
    return isinstance(content, dict) and is_paging_object(content.get("artists"))


def _has_albums(content: Any) -> bool:
    # Items that are not albums are reported one by one, and cost no other album.
    return isinstance(content, dict) and isinstance(content.get("albums"), list)


def _is_artist(content: Any) -> bool:
    return isinstance(content, dict) and bool(content.get("id")) and isinstance(content.get("name"), str)


def _has_token(content: Any) -> bool:
    return isinstance(content, dict) and is_bearer_token(content.get("access_token"))


# -- endpoints


@dataclass(frozen=True)
class Endpoint:
    """Endpoint of the API, with the bucket that its calls count towards.

    https://developer.spotify.com/documentation/web-api/concepts/quota-modes
    """

    # As in the ledger and in `load_runs.calls`.
    bucket: str
    # Matches the end of a URL's path.
    path: re.Pattern[str]
    # Check of the shape of a good reply.
    has_shape: Callable[[Any], bool] | None


BROWSE: Final = Endpoint("browse", re.compile(r"/browse/new-releases/?$"), _has_albums_page)
SEARCH: Final = Endpoint("search", re.compile(r"/search/?$"), _has_albums_page)
SEARCH_ARTISTS: Final = Endpoint("search", SEARCH.path, _has_artists_page)
ARTIST: Final = Endpoint("artist", re.compile(r"/artists/[^/]+/?$"), _is_artist)
ARTIST_ALBUMS: Final = Endpoint("artist_albums", re.compile(r"/artists/[^/]+/albums/?$"), is_paging_object)
ALBUM: Final = Endpoint("album", re.compile(r"/albums/[^/]+/?$"), is_album)
ALBUMS: Final = Endpoint("albums", re.compile(r"/albums/?$"), _has_albums)
ALBUM_TRACKS: Final = Endpoint("album_tracks", re.compile(r"/albums/[^/]+/tracks/?$"), is_paging_object)
TOKEN: Final = Endpoint("token", re.compile(r"$"), _has_token)
OTHER: Final = Endpoint("other", re.compile(r""), None)

_API: Final = (BROWSE, SEARCH, ARTIST_ALBUMS, ARTIST, ALBUMS, ALBUM_TRACKS, ALBUM, OTHER)


def endpoint_of(url: str) -> Endpoint:
    """Return the endpoint that an API URL belongs to."""
    parts = urlsplit(url)
    found = next(endpoint for endpoint in _API if endpoint.path.search(parts.path))
    # Search is the only endpoint with a parameter that selects the shape of its replies.
    return SEARCH_ARTISTS if found is SEARCH and parse_qs(parts.query).get("type") == ["artist"] else found
