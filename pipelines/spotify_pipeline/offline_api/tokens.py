"""Access tokens: who gets one, how long it is good for, and what a request with a wrong one hears."""

from __future__ import annotations

import secrets
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from threading import Lock

from . import errors
from .replies import LoggedRequest, Reply
from .wire import TokenGrant


class Tokens:
    """The tokens of one app."""

    def __init__(self, client_id: str, client_secret: str, clock: Callable[[], float]) -> None:
        """Issue tokens to whoever names this id and secret; time is the clock's."""
        self._client = (client_id, client_secret)
        self._clock = clock
        self._ends: dict[str, float] = {}
        self._lock = Lock()

    def revoke(self) -> None:
        """Make every token so far invalid."""
        with self._lock:
            self._ends.clear()

    def grant(self, request: LoggedRequest, lifetime: int, newest_only: bool) -> Reply:
        """The reply of the token endpoint, with a token that lives that many seconds, maybe as the only one."""
        if request.method != "POST":
            return errors.wrong_token_method
        client = _client(request)
        if client is None:
            return errors.missing_client
        if client != self._client:
            return errors.invalid_client
        if request.form.get("grant_type") != "client_credentials":
            return errors.wrong_grant_type
        token = "BQ" + secrets.token_urlsafe(120)
        with self._lock:
            if newest_only:
                self._ends.clear()
            self._ends[token] = self._clock() + lifetime
        body: TokenGrant = {"access_token": token, "token_type": "Bearer", "expires_in": lifetime}
        return Reply(200, body, {"cache-control": "no-store"})

    def refusal(self, request: LoggedRequest) -> Reply | None:
        """What a request hears whose token is not good; None for one whose token is."""
        authorization = request.headers.get("authorization")
        if not authorization:
            return errors.missing_token
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return errors.no_bearer
        end = self._ends.get(token.strip())
        if end is None:
            return errors.bad_token
        return None if self._clock() < end else errors.expired_token


def _client(request: LoggedRequest) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = b64decode(encoded, validate=True).decode().partition(":")
        except (NotBase64, UnicodeDecodeError):
            return None
        return client_id, secret
    if "client_id" in request.form:
        return request.form["client_id"], request.form.get("client_secret", "")
    return None
