"""Call budget of one part of a run, passed from the caller to the governor."""

from __future__ import annotations

import threading


class CallBudgetSpentError(Exception):
    """A part of a run has no calls left in its budget."""


class CallBudget:
    """Thread-safe budget of calls to one bucket; retries and further pages count.

    Args:
        bucket: The bucket whose calls are charged. Calls to other buckets are free.
        calls: Number of calls that may be made.
    """

    def __init__(self, bucket: str, calls: int) -> None:
        self.bucket = bucket
        self._left = max(0, calls)
        self._lock = threading.Lock()
        # Held by the share that draws on this budget.
        self.turn = threading.Lock()

    @property
    def left(self) -> int:
        """Return the number of calls left."""
        return self._left

    def take(self, wanted: int) -> int:
        """Take up to `wanted` calls and return their number."""
        with self._lock:
            taken = min(wanted, self._left)
            self._left -= taken
            return taken

    def give_back(self, calls: int) -> None:
        """Return calls that were taken and not made."""
        with self._lock:
            self._left += calls

    def share(self, calls: int, extra: CallBudget) -> CallBudgetShare:
        """Return a budget of up to `calls` of these calls, then of `extra`."""
        return CallBudgetShare(self, self.take(calls), extra)

    def charge(self, bucket: str) -> None:
        """Charge one call, if `bucket` is the bucket of this budget.

        Raises:
            CallBudgetSpentError: No call is left.
        """
        if bucket == self.bucket and not self.take(1):
            raise CallBudgetSpentError


class CallBudgetShare(CallBudget):
    """Part of a call budget, and of an extra budget when the part is spent.

    Close it to return the calls that are left. The extra budget serves one share at a time: divided among all that need
    it, it would complete none of them.
    """

    def __init__(self, source: CallBudget, calls: int, extra: CallBudget) -> None:
        super().__init__(source.bucket, calls)
        self._source = source
        self._extra = extra
        self._draws = False

    def charge(self, bucket: str) -> None:
        """Charge one call, to the extra budget once the own calls are spent.

        Raises:
            CallBudgetSpentError: No call is left in either.
        """
        if bucket != self.bucket or self.take(1):
            return
        if not self._draws:
            self._extra.turn.acquire()
            self._draws = True
        self._extra.charge(bucket)

    def close(self) -> None:
        """Return the calls that are left, and let another share draw on the extra budget."""
        self._source.give_back(self.take(self.left))
        if self._draws:
            self._extra.turn.release()
            self._draws = False
