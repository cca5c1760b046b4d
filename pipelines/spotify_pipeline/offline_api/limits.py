"""Limits of the offline API: access tokens, the rate limit, and quotas."""

from __future__ import annotations

import math
import secrets
from base64 import b64decode
from collections import Counter, UserDict, deque
from collections.abc import Callable, Mapping
from threading import Lock

from . import replies
from .replies import LoggedRequest, Reply

# A day's calls of an ordinary app in Development Mode, as public reports measured them. For albums none was published:
# 600 is the number of the neighbouring buckets.
# https://developer.spotify.com/documentation/web-api/concepts/quota-modes publishes no numbers.
ORDINARY_QUOTAS: Mapping[str, int] = {
    "search": 700,
    "album": 600,
    "album_tracks": 600,
    "artist": 600,
    "artist_albums": 100,
}


class Tokens:
    """Access tokens of one app."""

    def __init__(self, client_id: str, client_secret: str, clock: Callable[[], float]) -> None:
        self._client = (client_id, client_secret)
        self._clock = clock
        self._ends: dict[str, float] = {}
        self._lock = Lock()

    def revoke(self) -> None:
        """Invalidate all tokens."""
        with self._lock:
            self._ends.clear()

    def grant(self, request: LoggedRequest, lifetime: int) -> Reply:
        """Answer a token request with a token of `lifetime` seconds, or with an error."""
        if request.method != "POST":
            return replies.wrong_token_method
        client = _client(request)
        if client is None:
            return replies.missing_client
        if client != self._client:
            return replies.invalid_client
        if request.form.get("grant_type") != "client_credentials":
            return replies.wrong_grant_type
        token = "BQ" + secrets.token_urlsafe(120)
        with self._lock:
            self._ends[token] = self._clock() + lifetime
        body = {"access_token": token, "token_type": "Bearer", "expires_in": lifetime}
        return Reply(200, body, {"cache-control": "no-store"})

    def refusal(self, request: LoggedRequest) -> Reply | None:
        """Return the error for a request without a valid token, else None."""
        authorization = request.headers.get("authorization")
        if not authorization:
            return replies.missing_token
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return replies.no_bearer
        end = self._ends.get(token.strip())
        if end is None:
            return replies.bad_token
        return None if self._clock() < end else replies.expired_token


def _client(request: LoggedRequest) -> tuple[str, str] | None:
    """Return the client id and secret of a Basic header or of the form."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:  # neither base64 nor UTF-8
            return None
        return client_id, secret
    if "client_id" in request.form:
        return request.form["client_id"], request.form.get("client_secret", "")
    return None


class RateLimit:
    """Sliding window over the calls that were served."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._served: deque[float] = deque()
        self._lock = Lock()

    def refusal(self, limit: tuple[int, float] | None, retry_after: int | None) -> Reply | None:
        """Return the error for a call over the limit. Count any other call."""
        if limit is None:
            return None
        calls, window = limit
        with self._lock:
            now = self._clock()
            while self._served and self._served[0] <= now - window:
                self._served.popleft()
            if len(self._served) >= calls:
                return replies.rate_limited(retry_after)
            self._served.append(now)
        return None


class Quotas(UserDict[str, int]):
    """Calls that each bucket allows, counted from when the number is set."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()
        self._closed_until: dict[str, float] = {}
        self._lock = Lock()
        super().__init__()

    def __setitem__(self, bucket: str, calls: int) -> None:
        """Allow that many calls from now on."""
        self._used[bucket] = 0
        self._closed_until.pop(bucket, None)
        super().__setitem__(bucket, calls)

    def refusal(self, bucket: str, now: float, retry_after: int | None) -> Reply | None:
        """Return the error for a call whose quota is spent. Count any other call.

        The bucket reopens `retry_after` seconds after the first refused call, and never if that is None.
        """
        with self._lock:
            if bucket not in self:
                return None
            if now >= self._closed_until.get(bucket, math.inf):
                self[bucket] = self[bucket]
            if self._used[bucket] < self[bucket]:
                self._used[bucket] += 1
                return None
            if retry_after is None:
                return replies.quota_exceeded(None)
            end = self._closed_until.setdefault(bucket, now + retry_after)
            return replies.quota_exceeded(math.ceil(end - now))
