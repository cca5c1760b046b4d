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

    def take(self, wanted: int = 1) -> int:
        """Take so many, or those that are left, and say how many they are."""
        with self._lock:
            taken = min(wanted, self._left)
            self._left -= taken
            return taken

    def give_back(self, calls: int) -> None:
        """Give back calls that were taken and not made."""
        with self._lock:
            self._left += calls


class Share:
    """What one worker takes of allowances. What it is sure to need was taken for it, in its turn.

    Args:
        allowance: That of which it was taken, shared with others.
        held: The calls that were taken.
        further: That of which it takes what it needs beyond these, shared too.

    Attributes:
        taken: Calls that it took.
    """

    def __init__(self, allowance: Allowance, held: int, further: Allowance) -> None:
        self._allowance = allowance
        self._held = held
        self._further = further
        self.taken = 0

    def close(self) -> None:
        """Give back what was taken for it and not used."""
        self._allowance.give_back(self._held)
        self._held = 0

    def take(self) -> None:
        """Take a call.

        Raises:
            AllowanceSpentError: None is left.
        """
        if self._held:
            self._held -= 1
        elif not self._further.take():
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
