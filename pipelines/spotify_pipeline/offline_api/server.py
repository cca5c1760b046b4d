"""The HTTP server: sockets, threads and the log of requests; what is answered is decided elsewhere."""

from __future__ import annotations

import socket
import struct
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from . import errors
from .endpoints import bucket_of
from .replies import LoggedRequest, Reply
from .transfer import Message, message

Answer = Callable[[LoggedRequest], Reply]

# Seconds on, seconds lingering: closing such a socket resets the connection.
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class LoopbackServer(ThreadingHTTPServer):
    """Serves what ``answer`` says on a port of the loopback interface, one thread a connection."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, answer: Answer, clock: Callable[[], float], latency: float, port: int = 0) -> None:
        """Bind; serving starts with `start`."""
        super().__init__(("127.0.0.1", port), Handler)
        self.answer = answer
        self.clock = clock
        self.latency = latency
        self.closing = Event()
        self.requests: list[LoggedRequest] = []
        self._connections: set[socket.socket] = set()
        self._lock = Lock()
        # A short poll: stopping waits for it.
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def origin(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        """Serve, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, wake whoever hangs, and cut every connection that is still open."""
        self.closing.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that `stop` can cut it."""
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Be silent about a client that went away; show anything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def log(self, request: LoggedRequest) -> None:
        """Add a request to the log."""
        with self._lock:
            self.requests.append(request)

    def answer_safely(self, request: LoggedRequest) -> tuple[Reply, bytes]:
        """The reply and its body; a defect shows on standard error and answers 500."""
        try:
            reply = self.answer(request)
            return reply, reply.encoded()
        except Exception:  # noqa: BLE001 - whatever it is must show, and must not hang the client
            traceback.print_exc()
            return errors.server_error, errors.server_error.encoded()


class Handler(BaseHTTPRequestHandler):
    """Reads requests off one connection and writes replies to it."""

    protocol_version = "HTTP/1.1"
    # Without it a reply can wait 40 ms for the acknowledgement of the one before.
    disable_nagle_algorithm = True
    server: LoopbackServer

    def handle_one_request(self) -> None:
        """Read a request, as the base class does, and end the connection when the client is gone."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def respond(self) -> None:
        """Answer one request, whatever its method."""
        request = self._read()
        if request.path in ("/_calls", "/_reset"):
            reply = self._control(request)
            self._write(reply, reply.encoded(), request)
            return
        self.server.log(request)
        if self.server.latency:
            self.server.closing.wait(self.server.latency)
        reply, body = self.server.answer_safely(request)
        if reply.hang is not None and self.server.closing.wait(reply.hang):
            self.close_connection = True
        elif reply.reset:
            self._reset()
        else:
            self._write(reply, body, request)

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_DELETE = do_PATCH = respond  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - the base class names them
        """Refuse what is no request, or of a method that nobody knows, as a balancer does: without a banner."""
        self.close_connection = True
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else code
        refusal = Reply(status, "", {"connection": "close"})
        unread = LoggedRequest("", "", {}, {}, "other", self.server.clock())
        self._write(refusal, b"", unread)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Write nothing: the log is a list."""

    def _read(self) -> LoggedRequest:
        parts = urlsplit(self.path)
        length = _number(self.headers.get("Content-Length"))
        body = self.rfile.read(length).decode(errors="replace") if length else ""
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        return LoggedRequest(
            method=self.command,
            path=parts.path,
            query=dict(reversed(pairs)),
            headers={name.lower(): value for name, value in self.headers.items()},
            bucket="preflight" if self.command == "OPTIONS" else bucket_of(parts.path),
            at=self.server.clock(),
            host=self.headers.get("Host") or self.server.origin.removeprefix("http://"),
            form=dict(parse_qsl(body)),
        )

    def _control(self, request: LoggedRequest) -> Reply:
        if (request.method, request.path) == ("POST", "/_reset"):
            self.server.requests.clear()
            return Reply(204)
        counts: dict[str, int] = {}
        for logged in list(self.server.requests):
            counts[logged.bucket] = counts.get(logged.bucket, 0) + 1
        return Reply(200, counts)

    def _write(self, reply: Reply, body: bytes, request: LoggedRequest) -> None:
        sent = message(request, reply, body)
        if not sent.whole:
            self.close_connection = True
        *before, last = _pieces(sent, reply)
        pause = reply.drip[1] if reply.drip else 0
        try:
            for piece in before:
                self.wfile.write(piece)
                if self.server.closing.wait(pause):
                    raise BrokenPipeError
            if sent.whole:
                # Before the last is sent: the client may look at the log as soon as it has the reply.
                request.status = sent.status
            self.wfile.write(last)
        except OSError:
            request.status = None
            self.close_connection = True

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self.connection.close()


def _pieces(sent: Message, reply: Reply) -> list[bytes]:
    if reply.drip is None:
        # One write: two would meet the delayed acknowledgement.
        return [sent.head + sent.sent]
    size, _ = reply.drip
    return [sent.head, *(sent.sent[start : start + size] for start in range(0, len(sent.sent), size))]


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0
