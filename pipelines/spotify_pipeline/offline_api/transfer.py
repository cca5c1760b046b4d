"""How a reply travels: its headers, and what HTTP makes of it for HEAD, If-None-Match and gzip; not what it says."""

from __future__ import annotations

import gzip
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from hashlib import blake2b
from http import HTTPStatus

from .replies import LoggedRequest, Reply

# As recorded replies have them; Development Mode and errors no less.
_COMMON_HEADERS = {
    "server": "envoy",
    "access-control-allow-origin": "*",
    "access-control-allow-headers": (
        "Accept, App-Platform, Authorization, Content-Type, Origin, Retry-After, Spotify-App-Version, "
        "X-Cloud-Trace-Context, client-token, content-access-token"
    ),
    "access-control-allow-methods": "GET, POST, OPTIONS, PUT, DELETE, PATCH",
    "access-control-allow-credentials": "true",
    "access-control-max-age": "604800",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
}
_WITH_ETAG = frozenset({"album", "albums", "album_tracks", "artist", "artists", "artist_albums"})
# Of a body that is no longer, compression would make more.
_WORTH_IT = 256
_FAST = 1


@dataclass(frozen=True)
class Message:
    """What goes over the wire.

    Attributes:
        status: The HTTP status.
        headers: All headers, names in lower case.
        body: The bytes that follow them.
        cut: How many of them are sent before the connection breaks; None for all.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: int | None = None

    @property
    def head(self) -> bytes:
        """The status line and the headers."""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    @property
    def sent(self) -> bytes:
        """What is sent of the body."""
        return self.body[: self.cut]

    @property
    def whole(self) -> bool:
        """Whether all of the body is sent."""
        return self.cut is None or self.cut >= len(self.body)


def message(request: LoggedRequest, reply: Reply, body: bytes) -> Message:
    """The message that carries a reply to a request."""
    headers = {"date": formatdate(time.time(), usegmt=True), **_COMMON_HEADERS}
    if reply.content_type:
        headers["content-type"] = reply.content_type
    if reply.status == HTTPStatus.OK and request.bucket in _WITH_ETAG:
        headers["etag"] = f'"MC-{blake2b(body, digest_size=16).hexdigest()}"'
    headers |= reply.headers
    if reply.status == HTTPStatus.OK and _is_known(request.headers.get("if-none-match"), headers.get("etag")):
        return Message(HTTPStatus.NOT_MODIFIED, _without(headers, "content-type"), b"")
    if _may_be_zipped(request, reply, body):
        body = gzip.compress(body, _FAST, mtime=0)
        headers["content-encoding"] = "gzip"
    if reply.status != HTTPStatus.NO_CONTENT:
        headers["content-length"] = str(len(body))
    if request.method == "HEAD":
        return Message(reply.status, headers, b"")
    if reply.truncate is not None and reply.truncate < len(body):
        headers["connection"] = "close"
    return Message(reply.status, headers, body, reply.truncate)


def _is_known(asked: str | None, etag: str | None) -> bool:
    if asked is None or etag is None:
        return False
    known = {each.strip().removeprefix("W/") for each in asked.split(",")}
    return "*" in known or etag in known


def _may_be_zipped(request: LoggedRequest, reply: Reply, body: bytes) -> bool:
    """Whether the client takes gzip, and the reply is not one whose very bytes matter."""
    if len(body) < _WORTH_IT or isinstance(reply.body, bytes) or reply.truncate is not None or reply.drip is not None:
        return False
    return "content-encoding" not in reply.headers and _takes_gzip(request.headers.get("accept-encoding", ""))


def _takes_gzip(accepted: str) -> bool:
    for each in accepted.lower().split(","):
        coding, _, quality = each.partition(";")
        if coding.strip() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _without(headers: Mapping[str, str], name: str) -> dict[str, str]:
    return {each: value for each, value in headers.items() if each != name}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
