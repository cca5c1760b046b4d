"""Budget of API calls for one part of a run, passed from the caller to the governor."""

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
        self.total = max(0, calls)
        self._left = self.total
        self._lock = threading.Lock()

    @property
    def left(self) -> int:
        """Number of calls that are left."""
        return self._left

    def take(self, wanted: int = 1) -> int:
        """Take up to `wanted` calls and return how many were left to take."""
        with self._lock:
            taken = min(wanted, self._left)
            self._left -= taken
            return taken

    def give_back(self, calls: int) -> None:
        """Return calls that were taken and not made."""
        with self._lock:
            self._left += calls

    def charge(self, bucket: str) -> None:
        """Charge one call, if `bucket` is the bucket of this budget.

        Raises:
            CallBudgetSpentError: No call is left.
        """
        if bucket == self.bucket and not self.take():
            raise CallBudgetSpentError
