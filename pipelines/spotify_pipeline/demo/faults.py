"""What goes wrong on purpose: scripted by a test, or at random from a seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from . import errors
from .ids import fraction
from .replies import LoggedRequest, Reply

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
