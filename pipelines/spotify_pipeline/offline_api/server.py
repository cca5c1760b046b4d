"""HTTP server of the offline API."""

from __future__ import annotations

import gzip
import re
import socket
import struct
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.utils import formatdate
from hashlib import blake2b
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

from . import replies
from .catalogue import Catalogue
from .faults import Faults, Match, Step
from .limits import Quotas, RateLimit, Tokens
from .replies import JSON_TYPE, LoggedRequest, Reply
from .routes import DEFAULT_PERMISSIONS, QuotaMode, Routes, bucket_of

# Headers of recorded replies.
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
# Shorter bodies are not worth compressing.
_LEAST_TO_COMPRESS = 256
# No request of a client of the Web API has a longer body.
_MOST_BODY_BYTES = 100_000
# Linger on, for 0 seconds: closing such a socket resets the connection.
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class OfflineApi(ThreadingHTTPServer):
    """Web API on a loopback port, for the duration of the `with` block.

    Its public attributes may be changed while it serves.
    """

    daemon_threads = True
    request_queue_size = 512

    def __init__(
        self,
        catalogue: Catalogue,
        quota_mode: QuotaMode = "extended",
        client_id: str = "demo",
        client_secret: str = "demo",
        latency: float = 0.0,
        clock: Callable[[], float] = time.time,
        allow: set[str] | None = None,
        port: int = 0,
    ) -> None:
        """Bind a port. The `with` block starts the server.

        Args:
            catalogue: The albums that it serves.
            quota_mode: The app's quota mode: "development" or "extended".
            client_id: The app's client id.
            client_secret: The app's client secret.
            latency: Seconds that each reply takes.
            clock: Returns seconds, for tokens, limits and the log.
            allow: What the app may call of "browse" and "batch"; by default what its quota mode allows.
            port: The port; 0 takes a free one.

        Raises:
            OSError: The port cannot be used.
        """
        super().__init__(("127.0.0.1", port), _Handler)
        self.catalogue = catalogue
        self.quota_mode: QuotaMode = quota_mode
        self.allow = allow
        self.latency = latency
        self.clock = clock
        # Every request, in the order of arrival.
        self.requests: list[LoggedRequest] = []
        # Seconds until a new token expires.
        self.token_lifetime = 3600
        # Calls that are served within a number of seconds.
        self.rate_limit: tuple[int, float] | None = None
        # Retry-After of a call over the rate limit; None sends none.
        self.rate_limit_retry_after: int | None = 1
        # Calls of each bucket, counted from when the number is set.
        self.quota = Quotas()
        # Seconds until a spent quota is restored; None sends no Retry-After.
        self.quota_retry_after: int | None = 48925
        # Set when the server stops: replies that wait end.
        self.closing = Event()
        self._tokens = Tokens(client_id, client_secret, clock)
        self._rate = RateLimit(clock)
        self.faults = Faults()
        self._connections: set[socket.socket] = set()
        self._lock = Lock()
        # Stopping takes as long as one poll.
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def api_url(self) -> str:
        """Base URL of the Web API, with a slash at its end."""
        return f"{self.origin}/v1/"

    @property
    def token_url(self) -> str:
        """URL of the token endpoint."""
        return f"{self.origin}/api/token"

    @property
    def calls(self) -> Counter[str]:
        """Number of requests by bucket."""
        return Counter(request.bucket for request in list(self.requests))

    def script(self, bucket: str, *steps: Step, match: Match | None = None) -> None:
        """Let the next requests of a bucket take one step each.

        Args:
            bucket: The bucket.
            steps: A reply, a function of the request and its normal reply, or None for the normal reply.
            match: Returns true for the requests that take a step.
        """
        self.faults.add(bucket, iter(steps), match)

    def always(self, bucket: str, step: Step, match: Match | None = None) -> None:
        """Let every request of a bucket take a step, until `clear_scripts`."""
        self.faults.add(bucket, repeat(step), match)

    def clear_scripts(self) -> None:
        """Remove all scripts. Random faults continue."""
        self.faults.clear()

    def chaos(self, seed: int, rate: float) -> None:
        """Let requests fail at random with a probability; 0 ends it.

        No call fails more than three times in a row.
        """
        self.faults.chaos(seed, rate)

    def revoke_tokens(self) -> None:
        """Invalidate all tokens."""
        self._tokens.revoke()

    def __enter__(self) -> OfflineApi:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def reply_to(self, request: LoggedRequest) -> tuple[Reply, bytes]:
        """Return the reply and its body. A bug is printed and answered with 500."""
        try:
            reply = self.faults.apply(request, self._normal_reply(request))
            return reply, reply.encoded()
        except Exception:  # noqa: BLE001 - a test's function may raise anything, and the client needs a reply
            traceback.print_exc()
            return replies.server_error, replies.server_error.encoded()

    def _normal_reply(self, request: LoggedRequest) -> Reply:
        if request.method == "OPTIONS":
            return replies.preflight
        if request.bucket == "token":
            return self._tokens.grant(request, self.token_lifetime)
        permissions = DEFAULT_PERMISSIONS[self.quota_mode] if self.allow is None else self.allow
        return (
            self._tokens.refusal(request)
            or self._rate.refusal(self.rate_limit, self.rate_limit_retry_after)
            or self.quota.refusal(request.bucket, self.clock(), self.quota_retry_after)
            or Routes(self.catalogue, self.quota_mode, permissions, request).reply()
        )

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a connection, and keep it so that the server can cut it."""
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print an exception, unless the client closed the connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Handler of one connection."""

    protocol_version = "HTTP/1.1"
    # Without it, a reply can wait 40 ms for the acknowledgement of the one before.
    disable_nagle_algorithm = True
    # Seconds of silence after which a connection is closed, also within a request.
    timeout = 30
    server: OfflineApi

    def handle_one_request(self) -> None:
        """Handle a request, and end the connection when the client has closed it."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def respond(self) -> None:
        """Answer a request of any method."""
        request = self._read()
        if request is None:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        elif request.path == "/_calls":
            self._write(request, Reply(200, self.server.calls))
        elif request.path == "/_reset" and request.method == "POST":
            self.server.requests.clear()
            self._write(request, Reply(204))
        else:
            self.server.requests.append(request)
            if self.server.latency:
                self.server.closing.wait(self.server.latency)
            reply, body = self.server.reply_to(request)
            if reply.hang is not None and self.server.closing.wait(reply.hang):
                self.close_connection = True
            elif reply.reset:
                self._reset()
            else:
                self._write(request, reply, body)

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_DELETE = do_PATCH = respond  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - the base class names them
        """Reject a malformed request or an unknown method.

        Like a balancer, it does not name the software.
        """
        self.close_connection = True
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else code
        unread = LoggedRequest("", "", {}, {}, "other", self.server.clock())
        self._write(unread, Reply(status, "", {"connection": "close"}))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Write nothing: the log is a list."""

    def _read(self) -> LoggedRequest | None:
        """Read a request, unless its body is too long."""
        length = self.headers.get("Content-Length", "")
        length = length if re.fullmatch("[0-9]+", length) else "0"
        if len(length) > 9 or int(length) > _MOST_BODY_BYTES:
            return None
        body = self.rfile.read(int(length)).decode(errors="replace")
        path, _, query = self.path.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        return LoggedRequest(
            method=self.command,
            path=path,
            query=dict(reversed(pairs)),
            headers={name.lower(): value for name, value in self.headers.items()},
            bucket="preflight" if self.command == "OPTIONS" else bucket_of(path),
            at=self.server.clock(),
            host=self.headers.get("Host") or self.server.origin.removeprefix("http://"),
            form=dict(parse_qsl(body)),
        )

    def _write(self, request: LoggedRequest, reply: Reply, body: bytes | None = None) -> None:
        """Write a reply, and log its status when all of it was sent."""
        status, headers, body = _message(request, reply, reply.encoded() if body is None else body)
        is_cut = reply.truncate is not None and reply.truncate < len(body)
        if is_cut:
            headers["connection"] = "close"
            body = body[: reply.truncate]
            self.close_connection = True
        lines = [f"HTTP/1.1 {status} {_phrase(status)}", *(f"{name}: {value}" for name, value in headers.items())]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        # One write: a second one would wait for the delayed acknowledgement of the first.
        pieces = [head + body] if reply.drip is None else [head, *_pieces(body, reply.drip[0])]
        try:
            for piece in pieces[:-1]:
                self.wfile.write(piece)
                if self.server.closing.wait(reply.drip[1] if reply.drip else 0):
                    raise BrokenPipeError
            # Before the last piece: the client may read the log as soon as it has the reply.
            request.status = None if is_cut else status
            self.wfile.write(pieces[-1])
        except OSError:
            request.status = None
            self.close_connection = True

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self.connection.close()


def _message(request: LoggedRequest, reply: Reply, body: bytes) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body as they are sent."""
    headers = {"date": formatdate(time.time(), usegmt=True), **_COMMON_HEADERS}
    # Text has no type, as that of balancers.
    if not isinstance(reply.body, (str, bytes, type(None))):
        headers["content-type"] = JSON_TYPE
    if reply.status == HTTPStatus.OK and request.bucket in _WITH_ETAG:
        headers["etag"] = f'"MC-{blake2b(body, digest_size=16).hexdigest()}"'
    headers |= reply.headers
    if reply.status == HTTPStatus.OK and _has_etag(request, headers.get("etag")):
        headers.pop("content-type", None)
        return HTTPStatus.NOT_MODIFIED, headers, b""
    is_exact = isinstance(reply.body, bytes) or reply.truncate is not None or reply.drip is not None
    if len(body) >= _LEAST_TO_COMPRESS and not is_exact and _accepts_gzip(request):
        body = gzip.compress(body, 1, mtime=0)
        headers["content-encoding"] = "gzip"
    if reply.status != HTTPStatus.NO_CONTENT:
        headers["content-length"] = str(len(body))
    return reply.status, headers, b"" if request.method == "HEAD" else body


def _has_etag(request: LoggedRequest, etag: str | None) -> bool:
    known = request.headers.get("if-none-match", "")
    return etag is not None and (known == "*" or etag in known)


def _accepts_gzip(request: LoggedRequest) -> bool:
    accepted = request.headers.get("accept-encoding", "").lower()
    return "gzip" in accepted and not re.search(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)", accepted)


def _pieces(body: bytes, size: int) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
