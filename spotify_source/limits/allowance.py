"""How many calls a part of a run may make, counted where they go out: repetitions too. Knows no endpoint and no reply."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class AllowanceSpentError(Exception):
    """The calls that a part of a run may make are spent."""


class Purse(Protocol):
    """What pays for calls."""

    def pay(self, bucket: str) -> None:
        """Pay for one call to a bucket.

        Raises:
            AllowanceSpentError: Nothing is left to pay with.
        """
        ...


_current: ContextVar[Purse | None] = ContextVar("purse", default=None)


@contextmanager
def paid_by(purse: Purse) -> Iterator[None]:
    """Let a purse pay for the calls that this thread makes meanwhile."""
    token = _current.set(purse)
    try:
        yield
    finally:
        _current.reset(token)


def pay(bucket: str) -> None:
    """Pay for a call that is about to go out, where calls are paid for.

    Raises:
        AllowanceSpentError: Nothing is left to pay with.
    """
    purse = _current.get()
    if purse is not None:
        purse.pay(bucket)


class Allowance:
    """Calls that may still be made. Safe to use from several threads.

    Args:
        calls: How many.

    Attributes:
        total: How many they were.
    """

    def __init__(self, calls: int) -> None:
        self.total = max(0, calls)
        self._left = self.total
        self._lock = threading.Lock()
        # Held by the one who takes from it until it has all that it needs.
        self.turn = threading.Lock()

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


class Pool:
    """What several workers pay with, each as it comes.

    Args:
        bucket: The bucket whose calls it pays for; others are free.
        allowance: Of which it takes them.
    """

    def __init__(self, bucket: str, allowance: Allowance) -> None:
        self._bucket = bucket
        self._allowance = allowance

    def pay(self, bucket: str) -> None:
        """Pay for one call to a bucket.

        Raises:
            AllowanceSpentError: Nothing is left to pay with.
        """
        if bucket == self._bucket and not self._allowance.take():
            raise AllowanceSpentError


class Share:
    """What one worker pays with: what was taken for it in its turn, then what others leave.

    What is left is given to one worker after the other: shared out among all, it would bring none of them to an end.

    Args:
        bucket: The bucket whose calls it pays for; others are free.
        allowance: That of which its own was taken, shared with others.
        held: The calls that were taken.
        further: That of which it takes what it needs beyond these, shared too.
    """

    def __init__(self, bucket: str, allowance: Allowance, held: int, further: Allowance) -> None:
        self._bucket = bucket
        self._allowance = allowance
        self._held = held
        self._further = further
        self._has_turn = False

    def close(self) -> None:
        """Give back what was taken for it and not used."""
        self._allowance.give_back(self._held)
        self._held = 0
        if self._has_turn:
            self._has_turn = False
            self._further.turn.release()

    def pay(self, bucket: str) -> None:
        """Pay for one call to a bucket.

        Raises:
            AllowanceSpentError: Nothing is left to pay with.
        """
        if bucket != self._bucket:
            return
        if self._held:
            self._held -= 1
            return
        if not self._has_turn:
            self._further.turn.acquire()
            self._has_turn = True
        if not self._further.take():
            raise AllowanceSpentError
