"""HTTP session that governs, bounds, classifies and retries all requests."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import threading
import time
from base64 import b64decode
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, cast

import requests
import urllib3
from dlt.sources.helpers.rest_client.redaction import sanitize_url
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from .. import settings
from ..errors import (
    ApiUnavailableError,
    BadRequestError,
    ClosedReason,
    CredentialsError,
    ForbiddenError,
    ForeignOriginError,
    NotFoundError,
    PremiumRequiredError,
    SpotifySourceError,
    TokenRejectedError,
    UnreadableReplyError,
)
from ..limits.call_budget import CallBudget
from ..limits.governor import ALL_BUCKETS, Governor
from .paginators import origin
from .responses import TOKEN, ClassifiedReply, Endpoint, ReplyKind, classify, endpoint_of

_MAX_CONNECTIONS: Final = 50
_CHUNK_BYTES: Final = 64 * 1024
# Interval at which a read that waits for data looks for a stop signal.
_TICK_SECONDS: Final = 0.25

# Kinds that may pass. Rate limits and quotas of API endpoints are the governor's; those of the token endpoint are not.
_TRANSIENT: Final = (
    ReplyKind.SERVER_ERROR,
    ReplyKind.UNREADABLE,
    ReplyKind.RATE_LIMITED,
    ReplyKind.QUOTA_EXCEEDED,
)
_ERRORS: Final[Mapping[ReplyKind, tuple[type[SpotifySourceError], str]]] = {
    ReplyKind.TOKEN_REJECTED: (TokenRejectedError, "Spotify rejects newly issued tokens on {bucket}"),
    ReplyKind.UNREADABLE: (UnreadableReplyError, "{bucket} returned an undocumented reply {attempts} times"),
    ReplyKind.PREMIUM_REQUIRED: (PremiumRequiredError, "Spotify refuses the app on {bucket}"),
    ReplyKind.FORBIDDEN: (ForbiddenError, "This app may not call {bucket}"),
    ReplyKind.NOT_FOUND: (NotFoundError, "Not found by {bucket}"),
    ReplyKind.BAD_REQUEST: (BadRequestError, "The API rejects the request to {bucket}"),
}


class GovernedSession(requests.Session):
    """Session that retries transient failures and raises others.

    The governor admits each call. `send` returns good replies only, read in full. Redirects are not followed: the API
    has none.

    Args:
        governor: Rate limiter of all calls.
        max_attempts: Number of attempts to make for a failing call.
        api_url: Base URL of the API. Only requests to its origin, and token requests, are sent.
        token_url: Token endpoint.
    """

    def __init__(self, governor: Governor, max_attempts: int, api_url: str, token_url: str) -> None:
        super().__init__()
        self._governor = governor
        self._max_attempts = max_attempts
        self._token_url = token_url
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers["Accept-Encoding"] = "gzip, deflate"
        # Without an `auth`, requests replaces the app's credentials with those of ~/.netrc.
        self.auth = _unchanged
        adapter = _GovernedAdapter(governor, api_url, token_url)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def send(self, request: PreparedRequest, *, budget: CallBudget | None = None, **kwargs: Any) -> Response:
        """Send a request, and retry it while that may help.

        Args:
            request: The request.
            budget: Call budget that each attempt is charged to.
            **kwargs: Options of `requests.Session.send`.

        Raises:
            BucketClosedError: The bucket takes no more calls in this run.
            CallBudgetSpentError: `budget` has no call left.
            CredentialsError: Spotify rejects the credentials.
            AppRefusedError: The app may not make this call.
            ApiUnavailableError: No attempt returned a usable reply.
            CallFailedError: The API rejects this call.
        """
        endpoint = TOKEN if request.url == self._token_url else endpoint_of(str(request.url))
        kwargs |= {
            "budget": budget,
            "timeout": (settings.CONNECT_TIMEOUT, settings.READ_TIMEOUT),
            "stream": True,
            "allow_redirects": False,
        }
        failures = rate_limits = 0
        while True:
            response, reply = self._attempt(request, kwargs)
            if response is not None and reply.kind is ReplyKind.GOOD:
                self._governor.succeeded()
                return response
            if reply.kind is ReplyKind.QUOTA_EXCEEDED and endpoint is not TOKEN:
                raise self._governor.quota_exceeded(endpoint.bucket, reply.retry_after)
            if reply.kind is ReplyKind.RATE_LIMITED and endpoint is not TOKEN:
                rate_limits += 1
                self._governor.rate_limited(endpoint.bucket, reply.retry_after, rate_limits)
                continue
            failures += 1
            # A rejected token was renewed once already. That a new one was issued shows that the credentials are good.
            is_transient = reply.kind in _TRANSIENT or (
                reply.kind is ReplyKind.TOKEN_REJECTED and endpoint is not TOKEN
            )
            if failures >= self._max_attempts or not is_transient:
                raise self._error(endpoint, reply, request)
            self._governor.back_off(endpoint.bucket, failures, reply.retry_after)

    def _attempt(self, request: PreparedRequest, kwargs: Mapping[str, Any]) -> tuple[Response | None, ClassifiedReply]:
        try:
            # The adapter builds no other responses.
            response = cast(ApiResponse, super().send(request, **kwargs))
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            return None, ClassifiedReply(ReplyKind.SERVER_ERROR, 0, message=_describe(error))
        except UnreadableReplyError as error:
            return None, ClassifiedReply(ReplyKind.UNREADABLE, 0, message=error.summary)
        return response, response.reply

    def _error(self, endpoint: Endpoint, reply: ClassifiedReply, request: PreparedRequest) -> SpotifySourceError:
        url = sanitize_url(str(request.url))
        details = ": ".join(filter(None, (str(reply.status or ""), _redact(reply.message, request))))
        if endpoint is not TOKEN:
            error_type, text = _ERRORS.get(reply.kind, (ApiUnavailableError, "{bucket} failed {attempts} times"))
            text = text.format(bucket=endpoint.bucket, attempts=self._max_attempts)
            return error_type(f"{text} ({url}): {details}.")
        if reply.kind in (ReplyKind.BAD_REQUEST, ReplyKind.TOKEN_REJECTED, ReplyKind.FORBIDDEN):
            return CredentialsError(f"Spotify refuses the client id or the client secret ({details}).")
        # No call works without a token: other threads need not find out for themselves.
        self._governor.close(ALL_BUCKETS, ClosedReason.TROUBLE)
        return ApiUnavailableError(f"No token from {url} after {self._max_attempts} attempts ({details}).")


class ApiResponse(Response):
    """Response that was read in full, and its classified reply.

    Args:
        response: The response as requests built it.
        content: Its body after decompression.
        endpoint: The endpoint that it came from.
    """

    def __init__(self, response: Response, content: bytes, endpoint: Endpoint) -> None:
        super().__init__()
        vars(self).update(vars(response))
        self._body = content
        self.endpoint = endpoint
        self.reply = classify(response.status_code, response.headers, content, endpoint.has_shape)

    @property
    def content(self) -> bytes:
        """The body after decompression."""
        return self._body

    def json(self, **_: Any) -> Any:
        """Return the body as parsed once for all callers; None if it is not JSON."""
        return self.reply.body


class _GovernedAdapter(HTTPAdapter):
    """Adapter that has each physical request admitted, repeats after 401 included."""

    def __init__(self, governor: Governor, api_url: str, token_url: str) -> None:
        super().__init__(pool_maxsize=_MAX_CONNECTIONS)
        self._governor = governor
        self._api_origin = origin(api_url)
        self._token_url = token_url

    def send(self, request: PreparedRequest, *args: Any, budget: CallBudget | None = None, **kwargs: Any) -> Response:
        url = str(request.url)
        if url == self._token_url:
            self._governor.check(TOKEN.bucket)
            return _read_response(super().send(request, *args, **kwargs), TOKEN)
        if origin(url) != self._api_origin:
            raise ForeignOriginError(f"A request to {origin(url)[1]} was blocked: it is not the API.")
        endpoint = endpoint_of(url)
        call = self._governor.admit(endpoint.bucket, budget)
        try:
            return _read_response(super().send(request, *args, **kwargs), endpoint)
        finally:
            self._governor.answered(call)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        if not issubclass(pool.ConnectionCls, _BoundedConnection):
            # A subclass of what the pool has: that of a SOCKS proxy is another one.
            bases = (_BoundedConnection, pool.ConnectionCls)
            pool.ConnectionCls = type("BoundedConnection", bases, {"stopping": self._governor.stopping})
        return pool


class _BoundedConnection:
    """Mix-in of urllib3's connections that bounds the time that a response may take."""

    stopping: threading.Event

    def response_class(self, sock: socket.socket, *args: Any, **kwargs: Any) -> http.client.HTTPResponse:
        """Return the response to read from a socket, a hook that urllib3 documents."""
        return http.client.HTTPResponse(_BoundedReader(sock, self.stopping), *args, **kwargs)  # type: ignore[arg-type]


class _BoundedReader(io.RawIOBase):
    """Reader of a socket that ends at a deadline, or soon after a stop signal.

    The timeout of a socket ends a read that gets no data. A server that sends a byte now and then is waited for without
    end, in the headers as in the body. http.client reads both from the file that the socket makes: from this one.

    Args:
        sock: The socket.
        stopping: Once it is set, `settings.STOP_SECONDS` are left.
    """

    def __init__(self, sock: socket.socket, stopping: threading.Event) -> None:
        self._sock = sock
        # Keeps the socket open until it is closed too, which http.client expects of a socket's file.
        self._file = sock.makefile("rb", buffering=0)
        self._deadline = time.monotonic() + settings.MAX_CALL_SECONDS
        self._stopping = stopping
        self._is_stopping = False

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a file that reads from this reader, as http.client asks a socket for."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has arrived, or wait for data.

        Raises:
            TimeoutError: No data came for `settings.READ_TIMEOUT`, or the deadline has passed.
        """
        silent_until = time.monotonic() + settings.READ_TIMEOUT
        while True:
            now = time.monotonic()
            if self._stopping.is_set() and not self._is_stopping:
                self._is_stopping = True
                self._deadline = min(self._deadline, now + settings.STOP_SECONDS)
            left = min(silent_until, self._deadline) - now
            if left <= 0:
                raise TimeoutError
            self._sock.settimeout(min(left, _TICK_SECONDS))
            with contextlib.suppress(TimeoutError):
                return self._sock.recv_into(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def _read_response(response: Response, endpoint: Endpoint) -> ApiResponse:
    """Read a response in full.

    Raises:
        UnreadableReplyError: The body is larger than `settings.MAX_BODY_BYTES` after decompression.
        urllib3.exceptions.HTTPError: The body can't be read to its end, or not be decompressed.
    """
    body = bytearray()
    with response:
        for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > settings.MAX_BODY_BYTES:
                raise UnreadableReplyError(f"the reply is larger than {settings.MAX_BODY_BYTES} bytes")
    return ApiResponse(response, bytes(body), endpoint)


def _unchanged(request: PreparedRequest) -> PreparedRequest:
    return request


def _redact(text: str, request: PreparedRequest) -> str:
    """Return a text without the credentials of the request, which a server may quote."""
    scheme, _, secret = str(request.headers.get("Authorization", "")).partition(" ")
    secrets = [secret]
    if scheme == "Basic":
        secrets.append(b64decode(secret).decode().partition(":")[2])
    for hidden in filter(None, secrets):
        text = text.replace(hidden, "***")
    return text


def _describe(error: Exception) -> str:
    """Describe a failed exchange without the request, which may hold secrets."""
    descriptions: list[tuple[tuple[type[Exception], ...], str]] = [
        ((requests.exceptions.SSLError,), "the certificate can't be verified"),
        ((requests.exceptions.ProxyError,), "the proxy can't be reached"),
        ((requests.exceptions.ConnectTimeout,), f"no connection within {settings.CONNECT_TIMEOUT:g} s"),
        (
            (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError),
            f"the reply takes longer than {settings.MAX_CALL_SECONDS:g} s, or pauses for {settings.READ_TIMEOUT:g} s",
        ),
        ((urllib3.exceptions.DecodeError,), "the reply can't be decompressed"),
        ((urllib3.exceptions.HTTPError,), "the reply was cut short"),
        ((requests.exceptions.ConnectionError,), "the connection failed or was reset"),
    ]
    return next((text for kinds, text in descriptions if isinstance(error, kinds)), type(error).__name__)
