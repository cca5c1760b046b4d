"""What is measured of a row of calls at an interval, and when it is over. Knows replies, not how they are asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from spotify_source.api.responses import Meaning, Reply
from spotify_source.errors import ApiUnavailableError
from spotify_source.limits.clock import Clock

# A longer Retry-After ends the measurement: load.py, too, waits no longer.
LONGEST_RETRY_AFTER: Final = 60.0
# What a 429 without Retry-After is taken to ask for.
_PAUSE_SECONDS: Final = 5.0
_TROUBLES_IN_A_ROW: Final = 5


@dataclass
class Measurement:
    """What came back so far.

    Attributes:
        requests: Calls that were made.
        limited: Those answered with 429.
        troubled: Those without a usable answer.
        successes: When the good answers came, in seconds of a clock that never goes back.
        first_retry_after: The first one, in words.
        closed: Why no more calls are made before all were, where the API closed the bucket.
    """

    requests: int = 0
    limited: int = 0
    troubled: int = 0
    successes: list[float] = field(default_factory=list)
    first_retry_after: str | None = None
    closed: str | None = None

    @property
    def mean_between_successes(self) -> float | None:
        """Seconds from one good answer to the next, on average; None for fewer than two."""
        gaps = len(self.successes) - 1
        return (self.successes[-1] - self.successes[0]) / gaps if gaps > 0 else None

    def note(self, reply: Reply, at: float) -> None:
        """Count a reply that came at this time."""
        self.requests += 1
        if reply.meaning is Meaning.GOOD:
            self.successes.append(at)
        elif reply.status == 429:
            self.limited += 1
            if self.first_retry_after is None and reply.seconds is not None:
                self.first_retry_after = f"{reply.seconds:.0f} s, for {_kind(reply)}, at call {self.requests}"
        else:
            self.troubled += 1

    def __str__(self) -> str:
        """In words."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield (
            f"Requests: {self.requests}; {len(self.successes)} good, {self.limited} answered with 429, "
            f"{self.troubled} without a usable answer."
        )
        mean = self.mean_between_successes
        yield f"Between good answers: {'not measured' if mean is None else f'{mean:.2f} s on average'}."
        yield f"First Retry-After: {self.first_retry_after or 'none came'}."
        if self.closed:
            yield f"Stopped: {self.closed}"


def measure(
    call: Callable[[], Reply],
    calls: int,
    interval: float,
    clock: Clock,
    measurement: Measurement,
    tell: Callable[[str], None],
) -> None:
    """Make calls at an interval, until all are made or the API closes the bucket; a Retry-After is waited for.

    Args:
        call: Makes one call.
        calls: How many.
        interval: Seconds from one call to the next.
        clock: What is waited by.
        measurement: Where replies are counted, so that it is there even after Ctrl-C.
        tell: Is told, in a line, of each reply that is not good.

    Raises:
        ApiUnavailableError: Five calls in a row brought no usable answer.
    """
    troubles = 0
    for number in range(1, calls + 1):
        started = clock.monotonic()
        reply = call()
        measurement.note(reply, clock.monotonic())
        if reply.meaning is not Meaning.GOOD:
            tell(f"Call {number}: {_words(reply)}.")
        if _closes(reply):
            measurement.closed = f"{_words(reply)}. More calls would be answered alike, or make it longer."
            return
        troubles = 0 if reply.meaning is Meaning.GOOD or reply.status == 429 else troubles + 1
        if troubles == _TROUBLES_IN_A_ROW:
            raise ApiUnavailableError(
                f"{troubles} calls in a row brought no usable answer (the last: {_words(reply)})."
            )
        if number < calls:
            clock.wait(max(started + interval - clock.monotonic(), _pause(reply), 0.0), threading.Event())


def _closes(reply: Reply) -> bool:
    return reply.meaning is Meaning.QUOTA_SPENT or (
        reply.meaning is Meaning.RATE_LIMITED and (reply.seconds or 0.0) > LONGEST_RETRY_AFTER
    )


def _pause(reply: Reply) -> float:
    if reply.meaning is not Meaning.RATE_LIMITED:
        return 0.0
    return _PAUSE_SECONDS if reply.seconds is None else reply.seconds


def _kind(reply: Reply) -> str:
    return "a quota" if reply.meaning is Meaning.QUOTA_SPENT else "a rate limit"


def _words(reply: Reply) -> str:
    if reply.status != 429:
        return f"{reply.status} ({reply.meaning.value})" if reply.status else f"no answer ({reply.message})"
    after = "no Retry-After" if reply.seconds is None else f"Retry-After {reply.seconds:.0f} s"
    return f"429 for {_kind(reply)}, {after}"
