"""SQLite log of an app's calls and blocked buckets, shared by its processes.

Spotify counts calls by app: https://developer.spotify.com/documentation/web-api/concepts/quota-modes. So there is one
small file for each client id, whatever the databases that its processes load into.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from dlt.common.pipeline import get_dlt_pipelines_dir

from .. import settings
from ..errors import BucketClosedError, ClosedReason, LedgerError

_SCHEMA: Final = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY, bucket TEXT NOT NULL, at REAL NOT NULL, done_at REAL);
    CREATE INDEX IF NOT EXISTS calls_of_bucket ON calls (bucket, at);
    CREATE INDEX IF NOT EXISTS calls_in_time ON calls (at);
    CREATE TABLE IF NOT EXISTS blocks (bucket TEXT PRIMARY KEY, until REAL NOT NULL, noted_at REAL NOT NULL);
"""
# Each process holds the file for less than a millisecond.
_BUSY_SECONDS: Final = 30.0
# Times that are further ahead were written while the machine's clock was wrong.
_CLOCK_TOLERANCE_SECONDS: Final = 60.0
# A call that has no reply after this time belongs to a process that died.
_MAX_CALL_SECONDS: Final = 120.0


class Ledger:
    """Thread-safe and process-safe log of one app's calls.

    It survives kill -9. All times are Unix times in seconds. All methods raise LedgerError if the file can't be used.

    Args:
        path: The file. It is created on first use.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    @classmethod
    def of_app(cls, client_id: str) -> Ledger:
        """Return the ledger of an app, a file beside dlt's pipelines.

        The name of the file is a hash of the client id.
        """
        folder = Path(get_dlt_pipelines_dir()).with_name("spotify_ledgers")
        return cls(folder / f"{sha256(client_id.encode()).hexdigest()[:16]}.sqlite")

    # -- calls

    def admit(
        self, bucket: str, now: float, *, daily_calls: int | None, window_calls: int | None
    ) -> tuple[int | None, float]:
        """Log a call if it may be sent.

        The check and the entry are one transaction, so that both limits hold for all threads and processes together.
        A call counts in the window of 30 s until 30 s after its reply, so that the window also holds for the server,
        which counts calls when they arrive: https://developer.spotify.com/documentation/web-api/concepts/rate-limits.

        Args:
            bucket: The bucket of the call.
            now: The time.
            daily_calls: Maximum calls to the bucket in 24 hours; None for no limit.
            window_calls: Maximum calls to all buckets in any 30 s; None for no limit.

        Returns:
            The number of the call and 0, or None and the seconds to wait for a place in the window.

        Raises:
            BucketClosedError: The bucket is blocked, or its daily calls are spent.
        """
        with self._transaction(now) as connection:
            refusal = self._refusal(connection, bucket, now, daily_calls)
            if refusal is not None:
                raise refusal
            wait = 0.0 if window_calls is None else self._window_wait(connection, window_calls, now)
            if wait > 0:
                return None, wait
            return connection.execute("INSERT INTO calls (bucket, at) VALUES (?, ?)", (bucket, now)).lastrowid, 0.0

    def answered(self, call: int, now: float) -> None:
        """Log the end of a call, whether it succeeded or not."""
        with self._transaction(now) as connection:
            connection.execute("UPDATE calls SET done_at = ? WHERE id = ?", (now, call))

    def refusal(self, bucket: str, now: float, *, daily_calls: int | None) -> BucketClosedError | None:
        """Return the error that `admit` would raise for a bucket, if any."""
        with self._transaction(now, write=False) as connection:
            return self._refusal(connection, bucket, now, daily_calls)

    def calls_made(self, bucket: str, now: float) -> int:
        """Return the number of calls to a bucket in the last 24 hours."""
        with self._transaction(now, write=False) as connection:
            return self._made(connection, bucket, now)

    def all_calls_made(self, now: float) -> dict[str, int]:
        """Return the number of calls in the last 24 hours by bucket."""
        query = "SELECT bucket, count(*) FROM calls WHERE at > ? GROUP BY bucket ORDER BY bucket"
        with self._transaction(now, write=False) as connection:
            return dict(connection.execute(query, (now - settings.LEDGER_SECONDS,)).fetchall())

    def budget_returns(self, bucket: str, now: float) -> float:
        """Return when the oldest call in 24 hours no longer counts; else `now`."""
        with self._transaction(now, write=False) as connection:
            return self._returns(connection, bucket, now)

    # -- blocks

    def block(self, bucket: str, until: float, now: float) -> None:
        """Admit no calls to a bucket before `until`."""
        with self._transaction(now) as connection:
            connection.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?)", (bucket, until, now))

    def blocks(self, now: float) -> dict[str, float]:
        """Return the blocked buckets, with the times at which they open."""
        with self._transaction(now, write=False) as connection:
            return self._blocks(connection, now)

    # -- queries

    def _refusal(
        self, connection: sqlite3.Connection, bucket: str, now: float, daily_calls: int | None
    ) -> BucketClosedError | None:
        until = self._blocks(connection, now).get(bucket)
        if until is not None:
            return BucketClosedError(bucket, ClosedReason.QUOTA, until)
        if daily_calls is not None and self._made(connection, bucket, now) >= daily_calls:
            return BucketClosedError(bucket, ClosedReason.BUDGET, self._returns(connection, bucket, now))
        return None

    @staticmethod
    def _blocks(connection: sqlite3.Connection, now: float) -> dict[str, float]:
        # A block beyond the maximum would be an error.
        query = "SELECT bucket, until FROM blocks WHERE until > ? AND until <= ? ORDER BY bucket"
        return dict(connection.execute(query, (now, now + settings.MAX_BLOCK_SECONDS)).fetchall())

    @staticmethod
    def _returns(connection: sqlite3.Connection, bucket: str, now: float) -> float:
        query = "SELECT min(at) FROM calls WHERE bucket = ? AND at > ?"
        ((oldest,),) = connection.execute(query, (bucket, now - settings.LEDGER_SECONDS)).fetchall()
        return now if oldest is None else float(oldest) + settings.LEDGER_SECONDS

    @staticmethod
    def _made(connection: sqlite3.Connection, bucket: str, now: float) -> int:
        query = "SELECT count(*) FROM calls WHERE bucket = ? AND at > ?"
        ((count,),) = connection.execute(query, (bucket, now - settings.LEDGER_SECONDS)).fetchall()
        return int(count)

    @staticmethod
    def _window_wait(connection: sqlite3.Connection, window_calls: int, now: float) -> float:
        since = now - settings.WINDOW_SECONDS
        in_window = connection.execute(
            "SELECT coalesce(done_at, at) FROM calls WHERE at > ? AND coalesce(done_at, at + ?) > ? ORDER BY 1",
            (since - _MAX_CALL_SECONDS, _MAX_CALL_SECONDS - settings.WINDOW_SECONDS, since),
        ).fetchall()
        if len(in_window) < window_calls:
            return 0.0
        (ended,) = in_window[len(in_window) - window_calls]
        # A call without a reply keeps its place longer than its start says: then the caller asks again.
        return max(float(ended) + settings.WINDOW_SECONDS - now, 0.05)

    # -- file

    @contextmanager
    def _transaction(self, now: float, *, write: bool = True) -> Iterator[sqlite3.Connection]:
        """Open the file if necessary, and isolate reads and writes from other users."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open(now)
                # A transaction that first reads and then writes would fail if another process wrote in between.
                self._connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
                with self._connection:
                    yield self._connection
            except sqlite3.Error as error:
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None
                raise LedgerError(f"The ledger of calls, {self.path}, can't be used: {error}.") from None

    def _open(self, now: float) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(f"The ledger of calls, {self.path}, can't be created: {error.strerror}.") from None
        try:
            return self._connect(now)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # Not a database, or a damaged one. It is kept for inspection.
            self.path.replace(self.path.with_suffix(".damaged"))
            return self._connect(now)

    def _connect(self, now: float) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.executescript(_SCHEMA)
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                _correct_times(connection, now)
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def _correct_times(connection: sqlite3.Connection, now: float) -> None:
    """Shift times from a clock that was ahead to now, and delete old calls."""
    ahead = now + _CLOCK_TOLERANCE_SECONDS
    connection.execute("UPDATE calls SET at = ?, done_at = ? WHERE at > ?", (now, now, ahead))
    connection.execute(
        "UPDATE blocks SET until = until - noted_at + ?, noted_at = ? WHERE noted_at > ?", (now, now, ahead)
    )
    connection.execute("DELETE FROM calls WHERE at <= ?", (now - 2 * settings.LEDGER_SECONDS,))
