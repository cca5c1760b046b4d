"""Measurement of the API's rate limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from requests import Response

from spotify_pipeline.run.outcome import closed_reason
from spotify_source.api.responses import ClassifiedReply, ReplyKind, classify, endpoint_of
from spotify_source.config import Connection
from spotify_source.errors import ApiUnavailableError, BucketClosedError

# Path and parameters of a small call to each bucket; {id} stands for an album.
_CALLS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "search": ("search", {"q": "tag:new", "type": "album", "limit": 1}),
    "browse": ("browse/new-releases", {"limit": 1}),
    "album": ("albums/{id}", {}),
    "albums": ("albums", {"ids": "{id}"}),
    "album_tracks": ("albums/{id}/tracks", {"limit": 1}),
}


class _LastCallMadeError(Exception):
    """The last call was rate limited. Raised past the session, which would repeat it."""


@dataclass
class Measurement:
    """Calls to one bucket and their replies.

    They are counted as they come, so that they can be reported after Ctrl-C.
    """

    connection: Connection
    bucket: str
    calls: int  # at most
    print_line: Callable[[str], None]  # called for each reply that is not a success
    successes: list[float] = field(default_factory=list)  # times of the monotonic clock
    rate_limited: int = 0
    first_retry_after: str | None = None
    closed: BucketClosedError | None = None

    @property
    def requests(self) -> int:
        """Calls made, retries included."""
        return self.connection.governor.counts().by_bucket.get(self.bucket, 0)

    def run(self, interval: float) -> None:
        """Make the calls, waiting as long as Retry-After demands.

        Args:
            interval: Seconds from one call to the next.

        Raises:
            SpotifySourceError: A call was refused, or had no usable reply.
        """
        try:
            path, parameters = self._call()
            self.connection.client.session.hooks["response"].append(self._count)
            while self.requests < self.calls:
                self._send(path, parameters, interval)
        except BucketClosedError as closed:
            self.closed = closed
        except _LastCallMadeError:
            pass

    def report(self) -> str:
        """Return the results in a few lines."""
        unusable = self.requests - len(self.successes) - self.rate_limited
        intervals = len(self.successes) - 1
        mean = f"{(self.successes[-1] - self.successes[0]) / intervals:.2f} s" if intervals > 0 else "not measured"
        lines = [
            (
                f"Requests: {self.requests}; {len(self.successes)} successful, {self.rate_limited} rate limited (429), "
                f"{unusable} without a usable reply."
            ),
            f"Mean time between successful replies: {mean}.",
            f"First Retry-After: {self.first_retry_after or 'none'}.",
        ]
        if self.closed:
            lines.append(f"Stopped: {closed_reason(self.closed)}.")
        return "\n".join(lines)

    def _call(self) -> tuple[str, dict[str, Any]]:
        path, parameters = _CALLS[self.bucket]
        album = self._find_album() if needs_album(self.bucket) else ""
        filled = {name: album if value == "{id}" else value for name, value in parameters.items()}
        market = {} if self.bucket == "browse" else {"market": self.connection.options.markets[0]}
        return path.replace("{id}", album), {**filled, **market}

    def _find_album(self) -> str:
        path, parameters = _CALLS["search"]
        market = self.connection.options.markets[0]
        page = self.connection.client.get(path, {**parameters, "market": market}).json()["albums"]
        albums = [album for album in page["items"] if album]
        if not albums:
            raise ApiUnavailableError("No album to request: the search returned none.")
        return str(albums[0]["id"])

    def _send(self, path: str, parameters: dict[str, Any], interval: float) -> None:
        clock = self.connection.run.clock
        requests_before, started = self.requests, clock.monotonic()
        self.connection.client.get(path, dict(parameters))
        if self.requests < self.calls:
            # A call that was repeated was last sent later than it was started.
            since = started if self.requests == requests_before + 1 else clock.monotonic()
            clock.wait(max(0.0, since + interval - clock.monotonic()), self.connection.run.stopping)

    def _count(self, response: Response, **_: Any) -> None:
        """Count a reply: a response hook of requests, called for repeated calls too."""
        if endpoint_of(str(response.url)).bucket != self.bucket:
            return
        reply = classify(response.status_code, response.headers, response.content)
        if reply.kind is ReplyKind.GOOD:
            self.successes.append(self.connection.run.clock.monotonic())
            return
        if response.status_code == 429:
            self.rate_limited += 1
            if self.first_retry_after is None and reply.retry_after is not None:
                self.first_retry_after = f"{reply.retry_after:.0f} s, for a {_limit(reply)}, at call {self.requests}"
        self.print_line(f"Call {self.requests}: {_describe(reply)}.")
        if reply.kind is ReplyKind.RATE_LIMITED and self.requests >= self.calls:
            raise _LastCallMadeError


def needs_album(bucket: str) -> bool:
    """Return whether calls to the bucket name an album, which one search finds first."""
    path, parameters = _CALLS[bucket]
    return "{id}" in path or "{id}" in parameters.values()


def _limit(reply: ClassifiedReply) -> str:
    return "quota" if reply.kind is ReplyKind.QUOTA_EXCEEDED else "rate limit"


def _describe(reply: ClassifiedReply) -> str:
    if reply.status != 429:
        return f"{reply.status} ({reply.kind.value})"
    retry_after = "no Retry-After" if reply.retry_after is None else f"Retry-After {reply.retry_after:.0f} s"
    return f"429 for a {_limit(reply)}, {retry_after}"
