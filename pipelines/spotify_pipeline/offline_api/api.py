"""The offline API as a whole: catalogue, tokens, limits and faults behind one server."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from types import TracebackType

from . import errors
from .catalogue import Catalogue
from .endpoints import Endpoints
from .faults import Faults, Match, Step
from .limits import Quotas, RateLimit, window_max
from .rendering import QuotaMode
from .replies import LoggedRequest, Reply
from .server import LoopbackServer
from .tokens import Tokens

_FREE = frozenset({"token", "preflight"})
ALLOWED: Mapping[QuotaMode, frozenset[str]] = {"development": frozenset(), "extended": frozenset({"browse", "batch"})}


class OfflineApi:
    """A Spotify-compatible API on loopback, for as long as the ``with`` block lasts.

    Attributes:
        catalogue: What is served. Another one may take its place at any time: tomorrow's.
        allow: What the app may do, of "browse" and "batch".
        token_lifetime: Seconds that tokens are good for, from now on.
        newest_token_only: Whether a new token ends the older ones.
        rate_limit: Calls and the seconds within which no more are served, or None.
        rate_limit_retry_after: Retry-After of a call that came too fast; None sends none.
        quota: Calls by bucket that are still served, counted from when the number is set.
        quota_retry_after: Seconds until a spent quota is whole again; None sends no Retry-After.
    """

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
        """Bind a port; serving starts with the ``with`` block.

        Args:
            catalogue: What is served.
            quota_mode: "development" or "extended".
            client_id: The id that gets a token.
            client_secret: The secret that goes with it.
            latency: Seconds every reply takes, as a network would.
            clock: What tokens, limits and the log take the time from.
            allow: What the app may do where that is not what its quota mode says: an older app may browse.
            port: The port; 0 takes a free one.
        """
        self.catalogue = catalogue
        self.quota_mode = quota_mode
        if allow is not None:
            self.allow = allow
        self.token_lifetime = 3600
        self.newest_token_only = False
        self.rate_limit: tuple[int, float] | None = None
        self.rate_limit_retry_after: int | None = 1
        self.quota = Quotas()
        self.quota_retry_after: int | None = 48925
        self._tokens = Tokens(client_id, client_secret, clock)
        self._rate = RateLimit(clock)
        self._clock = clock
        self._faults = Faults()
        self._server = LoopbackServer(self._answer, clock, latency, port)

    @property
    def quota_mode(self) -> QuotaMode:
        """The shape of the replies. Another quota mode brings what it allows."""
        return self._quota_mode

    @quota_mode.setter
    def quota_mode(self, quota_mode: QuotaMode) -> None:
        self._quota_mode = quota_mode
        self.allow = set(ALLOWED[quota_mode])

    @property
    def api_url(self) -> str:
        """Where the Web API is, with a slash at its end."""
        return f"{self._server.origin}/v1/"

    @property
    def token_url(self) -> str:
        """Where tokens are."""
        return f"{self._server.origin}/api/token"

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every request so far, in the order they came."""
        return self._server.requests

    @property
    def calls(self) -> Counter[str]:
        """How many requests came, by bucket."""
        return Counter(request.bucket for request in list(self.requests))

    def window_max(self, seconds: float = 30, buckets: Collection[str] | None = None) -> int:
        """The highest number of calls that came within any so many seconds, by the server's clock.

        Args:
            seconds: How long the window is. Spotify's is 30 s, over all calls of an app.
                https://developer.spotify.com/documentation/web-api/concepts/rate-limits
            buckets: Which kinds of calls count; by default all but tokens and preflights, which the limit knows not.
        """
        counted = [
            request.at
            for request in list(self.requests)
            if (request.bucket not in _FREE if buckets is None else request.bucket in buckets)
        ]
        return window_max(counted, seconds)

    def script(self, bucket: str, *steps: Step, match: Match | None = None) -> None:
        """Let the next requests of a bucket take one step each, and be normal again after the last.

        Args:
            bucket: The kind of call.
            steps: A reply, a callable that is given the request and its normal reply, or None to behave.
            match: Which requests take a step; the others behave.
        """
        self._faults.script(bucket, steps, match, forever=False)

    def always(self, bucket: str, step: Step, match: Match | None = None) -> None:
        """Let every request of a bucket take this step, until `clear_scripts`."""
        self._faults.script(bucket, [step], match, forever=True)

    def clear_scripts(self) -> None:
        """Let every request behave again."""
        self._faults.clear_scripts()

    def chaos(self, seed: int, rate: float) -> None:
        """Let requests misbehave at random, each at most three times in a row; a rate of 0 ends it."""
        self._faults.chaos(seed, rate)

    def revoke_tokens(self) -> None:
        """Make every token so far invalid."""
        self._tokens.revoke()

    def __enter__(self) -> OfflineApi:
        """Start to serve."""
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and cut what is still connected."""
        self._server.stop()

    def _answer(self, request: LoggedRequest) -> Reply:
        return self._faults.apply(request, self._normal(request))

    def _normal(self, request: LoggedRequest) -> Reply:
        if request.method == "OPTIONS":
            return errors.preflight
        if request.bucket == "token":
            return self._tokens.grant(request, self.token_lifetime, self.newest_token_only)
        return (
            self._tokens.refusal(request)
            or self._rate.refusal(self.rate_limit, self.rate_limit_retry_after)
            or self.quota.refusal(request.bucket, self._clock(), self.quota_retry_after)
            or Endpoints(self.catalogue, self.quota_mode, self.allow).answer(request)
        )
