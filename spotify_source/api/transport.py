"""The HTTP session that all requests go through: limited, guarded, repeated, understood. Knows no album and no track."""

from __future__ import annotations

import threading
from base64 import b64decode
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

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
    TokenRefusedError,
    UnreadableReplyError,
)
from ..limits.call_budget import CallBudget
from ..limits.governor import ALL_BUCKETS, Governor
from .bodies import ACCEPTED_ENCODINGS, read_body
from .paginators import origin
from .responses import TOKEN, Endpoint, Meaning, Reply, classify, endpoint_of
from .wires import Wires

_MAX_CONNECTIONS = 50
_TOO_LONG = "the reply takes too long"


class GovernedSession(requests.Session):
    """A requests session that asks the governor before each call, repeats what is worth repeating, and raises the rest.

    What `send` returns is a good reply, read whole. Redirects are not followed: the API has none.

    Args:
        governor: Says when a call may go out.
        max_attempts: How often a call is made in all while it fails.
        api_url: The API's base URL; no request leaves its origin, but for the token's.
        token_url: The token endpoint.
        stopping: Once it is set, replies that are on their way are waited for a moment longer.
    """

    def __init__(
        self, governor: Governor, max_attempts: int, api_url: str, token_url: str, stopping: threading.Event
    ) -> None:
        super().__init__()
        self._governor = governor
        self._max_attempts = max_attempts
        self._token_url = token_url
        self._wires = Wires(stopping)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers["Accept-Encoding"] = ACCEPTED_ENCODINGS
        # With nothing here, requests puts the credentials of ~/.netrc in the place of the app's.
        self.auth = _as_it_is
        adapter = _GovernedAdapter(governor, self._wires, api_url, token_url)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def send(self, request: PreparedRequest, *, budget: CallBudget | None = None, **kwargs: Any) -> Response:
        """Send a request, and retry it while that may help.

        Args:
            request: The request.
            budget: The call budget that each attempt is charged to.
            **kwargs: Options of `requests.Session.send`.

        Raises:
            BucketClosedError: The bucket takes no more calls in this run.
            CallBudgetSpentError: `budget` has no call left.
            CredentialsError: The credentials, or a token that was just issued, are refused.
            AppRefusedError: The app may not make this call.
            ApiUnavailableError: No try brought a usable answer.
            CallFailedError: The API refuses this one call.
        """
        url = str(request.url)
        endpoint = TOKEN if url == self._token_url else endpoint_of(url)
        kwargs["budget"] = budget
        kwargs["timeout"] = (settings.CONNECT_TIMEOUT, settings.READ_TIMEOUT)
        failures = limits = 0
        while True:
            response, reply = self._attempt(request, endpoint, kwargs)
            if response is not None and reply.meaning is Meaning.GOOD:
                self._governor.succeeded()
                return response
            if reply.meaning is Meaning.QUOTA_SPENT and endpoint is not TOKEN:
                raise self._governor.quota_spent(endpoint.bucket, reply.seconds)
            if reply.meaning is Meaning.RATE_LIMITED and endpoint is not TOKEN:
                limits += 1
                self._governor.rate_limited(endpoint.bucket, reply.seconds, limits)
                continue
            failures += 1
            if failures >= self._max_attempts or not self._is_worth_repeating(endpoint, reply):
                raise self._failure(endpoint, reply, request)
            self._governor.back_off(endpoint.bucket, failures, reply.seconds)

    def _is_worth_repeating(self, endpoint: Endpoint, reply: Reply) -> bool:
        if reply.meaning is Meaning.TOKEN_REFUSED:
            # The call has been repeated with a new token already. That there is one says that the credentials are good.
            return endpoint is not TOKEN
        return reply.meaning in _PASSING

    def _attempt(
        self, request: PreparedRequest, endpoint: Endpoint, kwargs: Mapping[str, Any]
    ) -> tuple[Response | None, Reply]:
        options = {**kwargs, "stream": True, "allow_redirects": False}
        try:
            response = super().send(request, **options)
            content = response.content
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            message = _TOO_LONG if self._wires.is_late else _describe(error)
            return None, Reply(Meaning.SERVER_TROUBLE, 0, None, message)
        except UnreadableReplyError as error:
            return None, Reply(Meaning.UNREADABLE, 0, None, error.what)
        reply = classify(response.status_code, response.headers, content, endpoint.envelope)
        # Parsed once: paginators and selectors ask for it again.
        response.json = lambda **_: reply.body  # type: ignore[method-assign]
        return response, reply

    def _failure(self, endpoint: Endpoint, reply: Reply, request: PreparedRequest) -> SpotifySourceError:
        url = str(request.url)
        said = f"{reply.status or 'no reply'}{': ' + _without_secrets(reply.message, request) if reply.message else ''}"
        if endpoint is TOKEN:
            if reply.meaning in (Meaning.BAD_REQUEST, Meaning.TOKEN_REFUSED, Meaning.FORBIDDEN):
                return CredentialsError(f"Spotify refuses the client id or the client secret ({said}).")
            # Without a token nobody gets any further: the other threads need not find out for themselves.
            self._governor.close(ALL_BUCKETS, ClosedReason.TROUBLE)
            return ApiUnavailableError(
                f"No token from {sanitize_url(url)} after {self._max_attempts} attempts ({said})."
            )
        kind, what = _FAILURES.get(reply.meaning, (ApiUnavailableError, "{bucket} failed {attempts} times"))
        what = what.format(bucket=endpoint.bucket, attempts=self._max_attempts)
        return kind(f"{what} ({sanitize_url(url)}): {said}.")


class _GovernedAdapter(HTTPAdapter):
    """Lets each physical request out when the governor says so, repeats after 401 included, and reads its reply whole."""

    def __init__(self, governor: Governor, wires: Wires, api_url: str, token_url: str) -> None:
        self._wires = wires
        super().__init__(pool_maxsize=_MAX_CONNECTIONS)
        self._governor = governor
        self._api_origin = origin(api_url)
        self._token_url = token_url

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._wires.watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        self._wires.watch(manager)
        return manager

    def send(self, request: PreparedRequest, *args: Any, budget: CallBudget | None = None, **kwargs: Any) -> Response:
        url = str(request.url)
        if url == self._token_url:
            self._governor.check(TOKEN.bucket)
            return self._send(request, *args, **kwargs)
        if origin(url) != self._api_origin:
            raise ForeignOriginError(f"A request to {origin(url)[1]} was blocked: it is not the API.")
        bucket = endpoint_of(url).bucket
        call = self._governor.admit(bucket, budget)
        try:
            return self._send(request, *args, **kwargs)
        finally:
            self._governor.answered(call)

    def _send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        with self._wires.deadline(settings.MAX_CALL_SECONDS):
            response = super().send(request, *args, **kwargs)
            # requests would read it whole without a limit; this is where it keeps what it read.
            try:
                response._content = read_body(response)  # noqa: SLF001
            except BaseException:
                response.close()
                raise
            if self._wires.is_late:
                # It ended because its socket was shut.
                raise UnreadableReplyError(_TOO_LONG)
        return response


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    return request


# What may be over the next time. Rate limits and quotas come here for the token endpoint alone.
_PASSING: Final = {Meaning.SERVER_TROUBLE, Meaning.UNREADABLE, Meaning.RATE_LIMITED, Meaning.QUOTA_SPENT}
_FAILURES: Final[Mapping[Meaning, tuple[type[SpotifySourceError], str]]] = {
    Meaning.TOKEN_REFUSED: (TokenRefusedError, "Spotify rejects newly issued tokens on {bucket}"),
    Meaning.UNREADABLE: (
        UnreadableReplyError,
        "{bucket} answered {attempts} times with an undocumented reply",
    ),
    Meaning.PREMIUM_REQUIRED: (PremiumRequiredError, "Spotify refuses the app on {bucket}"),
    Meaning.FORBIDDEN: (ForbiddenError, "This app may not call {bucket}"),
    Meaning.GONE: (NotFoundError, "Not found by {bucket}"),
    Meaning.BAD_REQUEST: (BadRequestError, "The API rejects the request to {bucket}"),
}


def _without_secrets(text: str, request: PreparedRequest) -> str:
    """The text, without what the request was authorized with: a server may quote it."""
    scheme, _, secret = str(request.headers.get("Authorization", "")).partition(" ")
    secrets = [secret]
    if scheme == "Basic":
        secrets.append(b64decode(secret).decode().partition(":")[2])
    for hidden in filter(None, secrets):
        text = text.replace(hidden, "***")
    return text


def _describe(error: Exception) -> str:
    """What went wrong on the way, without the request that it went wrong with."""
    known: list[tuple[type[Exception], str]] = [
        (requests.exceptions.SSLError, "the certificate can't be verified"),
        (requests.exceptions.ProxyError, "the proxy can't be reached"),
        (requests.exceptions.ConnectTimeout, f"no connection within {settings.CONNECT_TIMEOUT:.0f} s"),
        (requests.exceptions.ReadTimeout, f"no reply within {settings.READ_TIMEOUT:.0f} s"),
        (requests.exceptions.ChunkedEncodingError, "the reply was cut short"),
        (requests.exceptions.ContentDecodingError, "the reply can't be decompressed"),
        (requests.exceptions.ConnectionError, "the connection failed or was reset"),
    ]
    return next((text for kind, text in known if isinstance(error, kind)), type(error).__name__)
