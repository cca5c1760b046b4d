"""Measures what the API answers at a given interval. Knows which calls to make; what limits them is as in any run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from requests import Response

from spotify_pipeline.run.reasons import closed_reason
from spotify_source.api.responses import ClassifiedReply, ReplyKind, classify, endpoint_of
from spotify_source.config import Connection
from spotify_source.errors import ApiUnavailableError, BucketClosedError

# What is asked of each bucket: path and parameters; {id} stands for an album.
_CALLS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "search": ("search", {"q": "tag:new", "type": "album", "limit": 1}),
    "browse": ("browse/new-releases", {"limit": 1}),
    "album": ("albums/{id}", {}),
    "albums": ("albums", {"ids": "{id}"}),
    "album_tracks": ("albums/{id}/tracks", {"limit": 1}),
}


class _EnoughError(Exception):
    """All calls are made. Raised past the session, which would send the last one again."""


@dataclass
class Measurement:
    """What came back. Goes on counting while calls are made, so that it is there even after Ctrl-C.

    Attributes:
        connection: What the calls are made with.
        bucket: The calls that are measured.
        calls: The most of them.
        tell: Is told, in a line, of each reply that is not good.
        good: When good replies came, by a clock that never goes back.
        limited: How many were 429.
        first_retry_after: The first one, in words.
        closed: Why the API takes no more, if it does not.
    """

    connection: Connection
    bucket: str
    calls: int
    tell: Callable[[str], None]
    good: list[float] = field(default_factory=list)
    limited: int = 0
    first_retry_after: str | None = None
    closed: BucketClosedError | None = None

    @property
    def requests(self) -> int:
        """Calls that were made, repetitions included."""
        return self.connection.governor.counts().by_bucket.get(self.bucket, 0)

    def run(self, interval: float) -> None:
        """Make the calls; a Retry-After is waited for, as in any run.

        Args:
            interval: Seconds from one call to the next.

        Raises:
            SpotifySourceError: One of them was refused, or brought no answer.
        """
        try:
            path, parameters = self._call()
            self.connection.client.session.hooks["response"].append(self._note)
            while self.requests < self.calls:
                self._send(path, parameters, interval)
        except BucketClosedError as closed:
            self.closed = closed
        except _EnoughError:
            pass

    def lines(self) -> Iterator[str]:
        """The report."""
        troubled = self.requests - len(self.good) - self.limited
        yield (
            f"Requests: {self.requests}; {len(self.good)} successful, {self.limited} answered with 429, "
            f"{troubled} without a usable answer."
        )
        gaps = len(self.good) - 1
        mean = f"{(self.good[-1] - self.good[0]) / gaps:.2f} s on average" if gaps > 0 else "not measured"
        yield f"Between successful replies: {mean}."
        yield f"First Retry-After: {self.first_retry_after or 'none came'}."
        if self.closed:
            yield f"Stopped: {closed_reason(self.closed)}."

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
        found = [album for album in page["items"] if album]
        if not found:
            raise ApiUnavailableError("No album to request: the search found none.")
        return str(found[0]["id"])

    def _send(self, path: str, parameters: dict[str, Any], interval: float) -> None:
        clock, before, started = self.connection.run.clock, self.requests, self.connection.run.clock.monotonic()
        self.connection.client.get(path, dict(parameters))
        if self.requests < self.calls:
            # A call that had to be repeated was sent some time after it was begun.
            since = started if self.requests == before + 1 else clock.monotonic()
            clock.wait(max(0.0, since + interval - clock.monotonic()), self.connection.run.stopping)

    def _note(self, response: Response, **_: Any) -> None:
        """Count a reply; a hook of requests, which calls it for each one, those that are repeated too."""
        if endpoint_of(str(response.url)).bucket != self.bucket:
            return
        reply = classify(response.status_code, response.headers, response.content)
        if reply.kind is ReplyKind.GOOD:
            self.good.append(self.connection.run.clock.monotonic())
            return
        if response.status_code == 429:
            self.limited += 1
            if self.first_retry_after is None and reply.retry_after is not None:
                self.first_retry_after = f"{reply.retry_after:.0f} s, for {_kind(reply)}, at call {self.requests}"
        self.tell(f"Call {self.requests}: {_words(reply)}.")
        if reply.kind is ReplyKind.RATE_LIMITED and self.requests >= self.calls:
            raise _EnoughError


def needs_album(bucket: str) -> bool:
    """Whether calls to this bucket are about an album, which has to be found first."""
    path, parameters = _CALLS[bucket]
    return "{id}" in path or "{id}" in parameters.values()


def _kind(reply: ClassifiedReply) -> str:
    return "a quota" if reply.kind is ReplyKind.QUOTA_EXCEEDED else "a rate limit"


def _words(reply: ClassifiedReply) -> str:
    if reply.status != 429:
        return f"{reply.status} ({reply.kind.value})"
    after = "no Retry-After" if reply.retry_after is None else f"Retry-After {reply.retry_after:.0f} s"
    return f"429 for {_kind(reply)}, {after}"
