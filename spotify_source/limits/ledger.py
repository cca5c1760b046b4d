"""The calls of an app, written down as they are made, and the buckets that are closed to it.

One small SQLite file for each client id, which all processes and databases of the app share: Spotify counts calls by
developer account, https://developer.spotify.com/documentation/web-api/concepts/quota-modes. Knows no reply and no retry.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from dlt.common.pipeline import get_dlt_pipelines_dir

from .. import settings
from ..errors import ClosedReason, LedgerError

_SCHEMA: Final = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY, bucket TEXT NOT NULL, at REAL NOT NULL, done_at REAL);
    CREATE INDEX IF NOT EXISTS calls_of_bucket ON calls (bucket, at);
    CREATE INDEX IF NOT EXISTS calls_in_time ON calls (at);
    CREATE TABLE IF NOT EXISTS blocks (bucket TEXT PRIMARY KEY, until REAL NOT NULL, noted_at REAL NOT NULL);
"""
# How long a process waits for others that write; each holds the file for less than a millisecond.
_BUSY_SECONDS: Final = 30.0
# Clocks of one machine are set back by less than this. What lies further ahead was written under a wrong clock.
_CLOCK_SECONDS: Final = 60.0
# A call without a reply for so long belonged to a process that died.
_LONGEST_CALL_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Refusal:
    """Why a bucket takes no call, and until when (Unix time)."""

    reason: ClosedReason
    until: float


@dataclass(frozen=True)
class Admission:
    """Whether a call may go out.

    Attributes:
        call: Its number in the ledger; None where it may not.
        wait: Seconds until it is worth asking again, where the window is full.
        refusal: Why it may not for hours, where that is so.
    """

    call: int | None = None
    wait: float = 0.0
    refusal: Refusal | None = None


class Ledger:
    """The ledger of one app. Safe to use from several threads and processes; what is in it survives kill -9.

    Args:
        path: The file; created when it is first used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._times_are_correct = False

    @classmethod
    def of_app(cls, client_id: str) -> Ledger:
        """The ledger of an app, beside dlt's pipelines. The name of its file does not tell the client id."""
        folder = Path(get_dlt_pipelines_dir()).with_name("spotify_ledgers")
        return cls(folder / f"{sha256(client_id.encode()).hexdigest()[:16]}.sqlite")

    # -- calls

    def admit(self, bucket: str, now: float, *, daily_calls: int | None, window_calls: int | None) -> Admission:
        """Write a call down, if it may go out.

        Looking and writing are one step, so that both limits hold over all threads and processes together. The window
        is one of 30 s, https://developer.spotify.com/documentation/web-api/concepts/rate-limits. A call is in it until
        30 s after its reply, so that the window holds at the server too, however long calls travel.

        Args:
            bucket: The bucket of the call.
            now: Unix time.
            daily_calls: The most calls to the bucket in 24 hours; None is no limit.
            window_calls: The most calls, of whatever bucket, in any 30 s; None is no limit.
        """
        with self._transaction() as connection:
            self._correct_times_once(connection, now)
            refusal = self._refusal(connection, bucket, now, daily_calls)
            if refusal is not None:
                return Admission(refusal=refusal)
            wait = 0.0 if window_calls is None else self._seconds_until_free(connection, window_calls, now)
            if wait > 0:
                return Admission(wait=wait)
            added = connection.execute("INSERT INTO calls (bucket, at) VALUES (?, ?)", (bucket, now))
            return Admission(call=added.lastrowid)

    def answered(self, call: int, now: float) -> None:
        """Note that a call has ended, well or not."""
        with self._transaction() as connection:
            connection.execute("UPDATE calls SET done_at = ? WHERE id = ?", (now, call))

    def refusal(self, bucket: str, now: float, *, daily_calls: int | None) -> Refusal | None:
        """Why `bucket` takes no call now; None where it does. Writes nothing down.

        Args:
            bucket: The bucket.
            now: Unix time.
            daily_calls: The most calls to the bucket in 24 hours; None is no limit.
        """
        with self._transaction() as connection:
            self._correct_times_once(connection, now)
            return self._refusal(connection, bucket, now, daily_calls)

    def calls_made(self, bucket: str, now: float) -> int:
        """Calls to `bucket` in the last 24 hours."""
        with self._transaction() as connection:
            return self._made(connection, bucket, now)

    def all_calls_made(self, now: float) -> dict[str, int]:
        """Calls in the last 24 hours, by bucket."""
        with self._transaction() as connection:
            counts = "SELECT bucket, count(*) FROM calls WHERE at > ? GROUP BY bucket ORDER BY bucket"
            return dict(connection.execute(counts, (now - settings.LEDGER_SECONDS,)).fetchall())

    def budget_returns(self, bucket: str, now: float) -> float:
        """When the oldest call to `bucket` leaves the 24 hours (Unix time); `now` where there is none."""
        with self._transaction() as connection:
            return self._returns(connection, bucket, now)

    # -- blocks

    def block(self, bucket: str, until: float, now: float) -> None:
        """Let no call to `bucket` out before `until` (Unix time)."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?)", (bucket, until, now))

    def blocks(self, now: float) -> dict[str, float]:
        """All buckets that take no calls now, and until when (Unix time)."""
        with self._transaction() as connection:
            self._correct_times_once(connection, now)
            return self._blocks(connection, now)

    # -- the file

    def _refusal(
        self, connection: sqlite3.Connection, bucket: str, now: float, daily_calls: int | None
    ) -> Refusal | None:
        blocked = self._blocks(connection, now).get(bucket)
        if blocked is not None:
            return Refusal(ClosedReason.QUOTA, blocked)
        if daily_calls is not None and self._made(connection, bucket, now) >= daily_calls:
            return Refusal(ClosedReason.BUDGET, self._returns(connection, bucket, now))
        return None

    @staticmethod
    def _blocks(connection: sqlite3.Connection, now: float) -> dict[str, float]:
        # A block that lies further ahead than any that was ever seen is nonsense.
        found = connection.execute(
            "SELECT bucket, until FROM blocks WHERE until > ? AND until <= ? ORDER BY bucket",
            (now, now + settings.MAX_BLOCK_SECONDS),
        )
        return dict(found.fetchall())

    @staticmethod
    def _returns(connection: sqlite3.Connection, bucket: str, now: float) -> float:
        oldest = "SELECT min(at) FROM calls WHERE bucket = ? AND at > ?"
        ((at,),) = connection.execute(oldest, (bucket, now - settings.LEDGER_SECONDS)).fetchall()
        return now if at is None else float(at) + settings.LEDGER_SECONDS

    @staticmethod
    def _made(connection: sqlite3.Connection, bucket: str, now: float) -> int:
        counted = "SELECT count(*) FROM calls WHERE bucket = ? AND at > ?"
        ((count,),) = connection.execute(counted, (bucket, now - settings.LEDGER_SECONDS)).fetchall()
        return int(count)

    @staticmethod
    def _seconds_until_free(connection: sqlite3.Connection, window_calls: int, now: float) -> float:
        since = now - settings.WINDOW_SECONDS
        held = connection.execute(
            "SELECT coalesce(done_at, at) AS freed FROM calls WHERE at > ? AND coalesce(done_at, at + ?) > ? ORDER BY 1",
            (since - _LONGEST_CALL_SECONDS, _LONGEST_CALL_SECONDS - settings.WINDOW_SECONDS, since),
        ).fetchall()
        if len(held) < window_calls:
            return 0.0
        (freed,) = held[len(held) - window_calls]
        # A call that is still on its way frees its place later than its start says: that is asked again.
        return max(float(freed) + settings.WINDOW_SECONDS - now, 0.05)

    def _correct_times_once(self, connection: sqlite3.Connection, now: float) -> None:
        """Let what was written under a clock that was ahead count from now, as long as it would have counted."""
        if self._times_are_correct:
            return
        self._times_are_correct = True
        ahead = (now + _CLOCK_SECONDS,)
        connection.execute("UPDATE calls SET at = ?, done_at = ? WHERE at > ?", (now, now, *ahead))
        connection.execute(
            "UPDATE blocks SET until = until - noted_at + ?, noted_at = ? WHERE noted_at > ?", (now, now, *ahead)
        )
        connection.execute("DELETE FROM calls WHERE at <= ?", (now - 2 * settings.LEDGER_SECONDS,))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Look and write undisturbed by other threads and processes.

        Raises:
            LedgerError: The file can't be read or written.
        """
        with self._lock:
            try:
                connection = self._opened()
                connection.execute("BEGIN IMMEDIATE")
                with connection:
                    yield connection
            except sqlite3.Error as error:
                self._close()
                raise LedgerError(f"The ledger of calls, {self.path}, can't be used: {error}.") from None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = self._open()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                # It is no database, or a damaged one: kept for whoever wants to look, and begun anew.
                self.path.replace(self.path.with_suffix(".damaged"))
                self._connection = self._open()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(f"The ledger of calls, {self.path}, can't be created: {error.strerror}.") from None
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.executescript(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
