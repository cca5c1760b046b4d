"""OAuth 2 client credentials of an app.

https://developer.spotify.com/documentation/web-api/tutorials/client-credentials-flow
"""

from __future__ import annotations

import threading
from base64 import b64encode
from typing import Annotated, Any

from dlt.common.configuration import configspec
from dlt.common.configuration.specs.base_configuration import NotResolved
from dlt.sources.helpers.rest_client.auth import OAuth2ClientCredentials
from requests import PreparedRequest, Response

from .. import settings
from ..errors import UnreadableReplyError
from ..limits.governor import Clock, SystemClock
from .responses import is_bearer_token


class _BasicAuth:
    """HTTP Basic credentials that no representation shows."""

    def __init__(self, encoded: str) -> None:
        self._encoded = encoded

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Basic {self._encoded}"
        return request


@configspec
class SpotifyClientCredentials(OAuth2ClientCredentials):
    """Thread-safe client credentials for requests and for dlt's RESTClient.

    All threads share one token, which is renewed 60 s before it expires. A call that Spotify answers with 401 is
    repeated once, with a new token.

    Args:
        client_id: Client id of the app, from https://developer.spotify.com/dashboard.
        client_secret: Client secret of the app.
        access_token_url: Token endpoint.
        session: Session for token requests; dlt's by default.
        clock: Source of the time.
    """

    access_token_url: str = settings.TOKEN_URL
    clock: Annotated[Clock, NotResolved()] = None  # type: ignore[assignment]  # dlt's specs need a default

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clock is None:
            self.clock = SystemClock()  # type: ignore[unreachable]  # the default above
        self._lock = threading.RLock()
        self._renew_at = 0.0

    def __deepcopy__(self, memo: dict[int, Any]) -> SpotifyClientCredentials:
        # dlt copies the credentials of a client; copies would not share the token and its lock.
        return self

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Authorize a request, with a new token if the present one is about to expire."""
        with self._lock:
            if self.access_token is None or self.is_token_expired():
                self.obtain_token()
            self._authorize(request)
        request.hooks["response"].append(self._repeat_after_401)
        return request

    def is_token_expired(self) -> bool:
        """Return whether the token has to be renewed."""
        return self.clock.monotonic() >= self._renew_at

    def obtain_token(self) -> None:
        """Request a token.

        Raises:
            UnreadableReplyError: The reply holds no usable token.
            requests.HTTPError: The session returned an error, which `GovernedSession` never does.
        """
        requested_at = self.clock.monotonic()
        response = self.session.post(self.access_token_url, **self.build_access_token_request())
        response.raise_for_status()
        content = response.json()
        self.access_token = self.parse_access_token(content)
        seconds = self.parse_expiration_in_seconds(content)
        margin = settings.TOKEN_MARGIN_SECONDS
        self._renew_at = requested_at + seconds - (margin if seconds >= 2 * margin else seconds / 10)

    def build_access_token_request(self) -> dict[str, Any]:
        """Build the documented request: HTTP Basic, and the grant type in the form."""
        basic = b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        return {
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
            # As `auth`, not as a header: requests would replace it with the credentials of ~/.netrc.
            "auth": _BasicAuth(basic),
            "data": {"grant_type": "client_credentials"},
        }

    def parse_access_token(self, response_json: Any) -> str:
        """Return the token in a reply.

        Raises:
            UnreadableReplyError: There is none, or a header can't hold it.
        """
        token = response_json.get("access_token") if isinstance(response_json, dict) else None
        if not is_bearer_token(token):
            raise UnreadableReplyError("The token endpoint answered without a usable token.")
        return str(token)

    def parse_expiration_in_seconds(self, response_json: Any) -> int:
        """Return the token's lifetime; an hour if it is missing or invalid."""
        try:
            seconds = int(response_json["expires_in"])
        except (KeyError, TypeError, ValueError, OverflowError):
            return settings.DEFAULT_TOKEN_SECONDS
        return seconds if 0 < seconds <= settings.MAX_TOKEN_SECONDS else settings.DEFAULT_TOKEN_SECONDS

    def _authorize(self, request: PreparedRequest) -> None:
        request.headers["Authorization"] = f"Bearer {self.access_token}"

    def _repeat_after_401(self, response: Response, **kwargs: Any) -> Response:
        """Repeat a rejected request once, with a new token.

        Another thread may have renewed the token already. The new token replaces the old one in the request, for later
        retries of the same request.
        """
        if response.status_code != 401:
            return response
        response.close()
        request = response.request
        with self._lock:
            if request.headers.get("Authorization") == f"Bearer {self.access_token}":
                self.obtain_token()
            self._authorize(request)
        repeated: Response = response.connection.send(request, **kwargs)
        repeated.history.append(response)
        return repeated
