"""Faults of the offline API: scripted, or at random from a seed."""

from __future__ import annotations

import gzip
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from threading import Lock

from . import replies
from .objects import fraction
from .replies import JSON_TYPE, LoggedRequest, Reply

Step = Reply | Callable[[LoggedRequest, Reply], Reply | None] | None
Match = Callable[[LoggedRequest], bool]

# At random, no call fails more often than this before it succeeds, so that five attempts suffice.
MOST_IN_A_ROW = 3
# Token requests fail this much less often.
_TOKEN_SHARE = 0.25


@cache
def gzip_bomb(megabytes: int = 64) -> Reply:
    """Return a small body that decompresses to megabytes of JSON, nearly all blanks."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as bomb:
        bomb.write(b"{")
        for _ in range(megabytes):
            bomb.write(b" " * 2**20)
        bomb.write(b"}")
    return Reply(200, packed.getvalue(), {"content-encoding": "gzip", "content-type": JSON_TYPE})


def dripping(size: int = 1, seconds: float = 1.0) -> Step:
    """Send the normal reply in small pieces, so that no read times out.

    Args:
        size: Bytes of each piece.
        seconds: Pause after each piece.
    """
    return lambda _, normal: replace(normal, drip=(size, seconds))


def hanging(seconds: float) -> Step:
    """Send the normal reply late."""
    return lambda _, normal: replace(normal, hang=seconds)


def _truncated(_: LoggedRequest, normal: Reply) -> Reply:
    return replace(normal, truncate=len(normal.encoded()) // 2)


# The faults of the command line. The bomb takes a moment to make: not before it is sent.
NAMED_FAULTS: Mapping[str, Step] = {
    "429": replies.rate_limited(1),
    "429-text": replies.rate_limited_text(1),
    "quota": replies.quota_exceeded(),
    "401": replies.expired_token,
    "403": replies.forbidden,
    "404": replies.not_found,
    "premium": replies.premium_lapsed,
    "500": replies.server_error,
    "502": replies.bad_gateway,
    "503": replies.unavailable_empty,
    "504": replies.gateway_timeout,
    "html": replace(replies.html_error_page, status=200),
    "empty": Reply(200, ""),
    "truncated": _truncated,
    "reset": Reply(reset=True),
    "hang": hanging(60),
    "drip": dripping(),
    "bomb": lambda *_: gzip_bomb(),
}
_RANDOM_FAULTS: tuple[Step, ...] = (
    replies.bad_gateway,
    replies.unavailable_empty,
    replies.gateway_timeout,
    replies.html_error_page,
    replies.token_upstream_text,
    replies.rate_limited(1),
    replies.rate_limited_text(1),
    _truncated,
    Reply(reset=True),
    Reply(200, ""),
    replace(replies.html_error_page, status=200),
)


class Faults:
    """Scripts and random faults of one server.

    Scripts go first, in the order they were added.
    """

    def __init__(self) -> None:
        self._scripts: list[tuple[str, Match | None, Iterator[Step]]] = []
        self._chaos: tuple[int, float] | None = None
        self._attempts: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, bucket: str, steps: Iterable[Step], match: Match | None = None) -> None:
        """Let each matching request of a bucket take the next step."""
        with self._lock:
            self._scripts.append((bucket, match, iter(steps)))

    def clear(self) -> None:
        """Remove the scripts. Random faults continue."""
        with self._lock:
            self._scripts.clear()

    def chaos(self, seed: int, rate: float) -> None:
        """Let requests fail at random with a probability; 0 ends it."""
        with self._lock:
            self._chaos = (seed, rate) if rate else None
            self._attempts.clear()
            self._in_a_row.clear()

    def apply(self, request: LoggedRequest, normal: Reply) -> Reply:
        """Return the reply to send in place of the normal one, or the normal one."""
        with self._lock:
            step = self._next_step(request)
        # A callable may take its time, or call the server: not under the lock.
        changed = step(request, normal) if callable(step) else step
        return normal if changed is None else changed

    def _next_step(self, request: LoggedRequest) -> Step:
        for bucket, match, steps in self._scripts:
            if bucket == request.bucket and (match is None or match(request)):
                for step in steps:
                    return step
        return None if self._chaos is None else self._random_step(request, *self._chaos)

    def _random_step(self, request: LoggedRequest, seed: int, rate: float) -> Step:
        call = f"{request.path}?{sorted(request.query.items())}"
        self._attempts[call] += 1
        # A function of the call and its attempt: the order in which threads call makes no difference.
        key = (seed, call, self._attempts[call])
        chance = rate * _TOKEN_SHARE if request.bucket == "token" else rate
        if self._in_a_row[call] >= MOST_IN_A_ROW or fraction("whether", *key) >= chance:
            self._in_a_row[call] = 0
            return None
        self._in_a_row[call] += 1
        return _RANDOM_FAULTS[int(fraction("which", *key) * len(_RANDOM_FAULTS))]
