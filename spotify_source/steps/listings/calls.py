"""Calls that go side by side, and how many a way to find albums may make. Knows neither what they ask nor what comes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

A = TypeVar("A")
R = TypeVar("R")

# As many as dlt's worker pool has by default, which is not there yet while listings are read.
AT_ONCE: Final = 5


class Allowance:
    """Calls that may still be made. Safe to use from several threads.

    Args:
        calls: How many.
    """

    def __init__(self, calls: int) -> None:
        self._left = max(0, calls)
        self._lock = threading.Lock()

    @property
    def left(self) -> int:
        """How many may still be made."""
        return self._left

    def take(self) -> bool:
        """Take one, if there is one left."""
        with self._lock:
            if self._left <= 0:
                return False
            self._left -= 1
            return True

    def give_back(self) -> None:
        """Give back a call that was taken and not made."""
        with self._lock:
            self._left += 1


class Share:
    """What one worker takes of an allowance. The first call was taken for it, in its turn; it gives it back unmade.

    Args:
        allowance: Shared with others.

    Attributes:
        taken: Calls that were taken.
    """

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self.taken = 0

    def close(self) -> None:
        """Give back what was taken for it and not used."""
        if not self.taken:
            self._allowance.give_back()

    def take(self) -> None:
        """Take a call.

        Raises:
            AllowanceSpentError: None is left.
        """
        if self.taken and not self._allowance.take():
            raise AllowanceSpentError
        self.taken += 1


class AllowanceSpentError(Exception):
    """The calls that a way to find albums may make in this run are spent."""


def side_by_side(function: Callable[[A], R], arguments: Iterable[A], at_once: int = AT_ONCE) -> Iterator[R]:
    """What a function gives for each argument, in their order, a few of them being worked on at a time.

    An argument is drawn only when its turn has come, so that what ends the drawing ends the calls.

    Args:
        function: Makes calls, and raises nothing that the others should survive.
        arguments: What it is given.
        at_once: How many are worked on at a time.
    """
    running: deque[Future[R]] = deque()
    with ThreadPoolExecutor(at_once, thread_name_prefix="listing") as pool:
        for argument in arguments:
            running.append(pool.submit(function, argument))
            if len(running) >= at_once:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
