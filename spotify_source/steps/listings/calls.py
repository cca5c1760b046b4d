"""Calls that go side by side. Knows neither what they ask nor what comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

A = TypeVar("A")
R = TypeVar("R")

# As many as dlt's worker pool has by default, which is not there yet while listings are read.
AT_ONCE: Final = 5


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
