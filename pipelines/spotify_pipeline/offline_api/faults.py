"""What goes wrong on purpose: scripted by a test, or at random from a seed."""

from __future__ import annotations

import gzip
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from . import errors
from .ids import fraction
from .replies import JSON_TYPE, LoggedRequest, Reply

Step = Reply | Callable[[LoggedRequest, Reply], Reply | None] | None
Match = Callable[[LoggedRequest], bool]

# Five tries of any call get through.
MOST_IN_A_ROW = 3
TOKEN_SHARE = 0.25

_RANDOM_FAULTS: tuple[Callable[[Reply], Reply], ...] = (
    lambda _: errors.bad_gateway,
    lambda _: errors.unavailable_empty,
    lambda _: errors.gateway_timeout,
    lambda _: errors.html_error_page,
    lambda _: errors.token_upstream_text,
    lambda _: errors.rate_limited(1),
    lambda _: errors.rate_limited_text(1),
    lambda normal: replace(normal, truncate=len(normal.encoded()) // 2),
    lambda _: Reply(reset=True),
    lambda _: Reply(200, ""),
    lambda _: replace(errors.html_error_page, status=200),
)


def gzip_bomb(megabytes: int = 64) -> Reply:
    """A small body that unpacks to JSON of so many megabytes, nearly all of it blanks."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9, mtime=0) as bomb:
        bomb.write(b"{")
        for _ in range(megabytes):
            bomb.write(b" " * 2**20)
        bomb.write(b"}")
    return Reply(200, packed.getvalue(), {"content-encoding": "gzip", "content-type": JSON_TYPE})


def dripping(size: int = 1, seconds: float = 1.0) -> Step:
    """The normal reply, so many bytes at a time with a pause after each: no read ever times out."""
    return lambda _, normal: replace(normal, drip=(size, seconds))


def hanging(seconds: float) -> Step:
    """The normal reply, so many seconds late."""
    return lambda _, normal: replace(normal, hang=seconds)


# What can go wrong, by the names that the command line knows.
NAMED: Mapping[str, Callable[[], Step]] = {
    "429": lambda: errors.rate_limited(1),
    "429-text": lambda: errors.rate_limited_text(1),
    "quota": errors.quota_exceeded,
    "401": lambda: errors.expired_token,
    "403": lambda: errors.forbidden,
    "404": lambda: errors.not_found,
    "premium": lambda: errors.premium_lapsed,
    "500": lambda: errors.server_error,
    "502": lambda: errors.bad_gateway,
    "503": lambda: errors.unavailable_empty,
    "504": lambda: errors.gateway_timeout,
    "html": lambda: replace(errors.html_error_page, status=200),
    "empty": lambda: Reply(200, ""),
    "truncated": lambda: _truncated,
    "reset": lambda: Reply(reset=True),
    "hang": lambda: hanging(60),
    "drip": dripping,
    "bomb": gzip_bomb,
}


def _truncated(_: LoggedRequest, normal: Reply) -> Reply:
    return replace(normal, truncate=len(normal.encoded()) // 2)


@dataclass
class _Script:
    bucket: str
    steps: list[Step]
    match: Match | None
    forever: bool

    def applies(self, request: LoggedRequest) -> bool:
        return request.bucket == self.bucket and bool(self.steps) and (self.match is None or self.match(request))

    def step(self) -> Step:
        return self.steps[0] if self.forever else self.steps.pop(0)


class Faults:
    """The scripts and the chaos of one server. Scripts go first, in the order they were given."""

    def __init__(self) -> None:
        """Let everything go well."""
        self._scripts: list[_Script] = []
        self._chaos: tuple[int, float] | None = None
        self._tries: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()
        self._lock = Lock()

    def script(self, bucket: str, steps: Sequence[Step], match: Match | None, forever: bool) -> None:
        """Let the matching requests of the bucket take one step each, or all of them the first."""
        with self._lock:
            self._scripts.append(_Script(bucket, list(steps), match, forever))

    def clear_scripts(self) -> None:
        """Forget every script; the chaos goes on."""
        with self._lock:
            self._scripts.clear()

    def chaos(self, seed: int, rate: float) -> None:
        """Let requests misbehave with this probability; 0 ends it."""
        with self._lock:
            self._chaos = (seed, rate) if rate else None
            self._tries.clear()
            self._in_a_row.clear()

    def apply(self, request: LoggedRequest, normal: Reply) -> Reply:
        """What is sent in place of the normal reply, or that itself."""
        with self._lock:
            script = next((script for script in self._scripts if script.applies(request)), None)
            if script is None:
                return self._at_random(request, normal)
            step = script.step()
        # A callable may take its time, or ask the server something: not under the lock.
        made = step(request, normal) if callable(step) else step
        return normal if made is None else made

    def _at_random(self, request: LoggedRequest, normal: Reply) -> Reply:
        if self._chaos is None:
            return normal
        seed, rate = self._chaos
        call = f"{request.path}?{sorted(request.query.items())}"
        self._tries[call] += 1
        # A function of the call and its try, so that threads can't change what happens to which call.
        key = (seed, call, self._tries[call])
        chance = rate * TOKEN_SHARE if request.bucket == "token" else rate
        if self._in_a_row[call] >= MOST_IN_A_ROW or fraction("whether", *key) >= chance:
            self._in_a_row[call] = 0
            return normal
        self._in_a_row[call] += 1
        return _RANDOM_FAULTS[int(fraction("which", *key) * len(_RANDOM_FAULTS))](normal)
