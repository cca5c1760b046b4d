"""Ledger: shared by all processes of an app, and safe from kills and damage."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from pathlib import Path

import pytest

from spotify_source.errors import BucketClosedError, ClosedReason, LedgerError
from spotify_source.limits.ledger import Ledger
from tests.support.clock import DAY, HOUR

NOW = 1_795_000_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledgers" / "app.sqlite"


@pytest.fixture
def ledger(path: Path) -> Ledger:
    return Ledger(path)


def call(ledger: Ledger, at: float = NOW, bucket: str = "album", daily_calls: int | None = None) -> bool:
    """Make a call, and return whether it was admitted."""
    try:
        ledger.admit(bucket, at, daily_calls=daily_calls, window_calls=None)
    except BucketClosedError:
        return False
    return True


def test_calls_of_the_last_24_hours_are_counted(ledger: Ledger) -> None:
    call(ledger, NOW)
    call(ledger, NOW + 5 * HOUR)
    assert ledger.calls_made("album", NOW + DAY - 1) == 2
    assert ledger.calls_made("album", NOW + DAY) == 1
    assert ledger.calls_made("album", NOW + DAY + 5 * HOUR) == 0


def test_buckets_are_counted_separately(ledger: Ledger) -> None:
    call(ledger)
    call(ledger, bucket="search")
    call(ledger, bucket="search")
    assert ledger.all_calls_made(NOW) == {"album": 1, "search": 2}


def test_daily_calls_return_when_the_oldest_is_a_day_old(ledger: Ledger) -> None:
    assert call(ledger, NOW, daily_calls=2)
    assert call(ledger, NOW + HOUR, daily_calls=2)
    assert not call(ledger, NOW + 2 * HOUR, daily_calls=2)
    refusal = ledger.refusal("album", NOW + 2 * HOUR, daily_calls=2)
    assert refusal is not None
    assert (refusal.reason, refusal.until) == (ClosedReason.BUDGET, NOW + DAY)
    assert call(ledger, NOW + DAY, daily_calls=2)


def test_block_holds_for_all_processes_until_its_end(path: Path) -> None:
    Ledger(path).block("album", NOW + HOUR, NOW)
    other = Ledger(path)
    assert other.blocks(NOW) == {"album": NOW + HOUR}
    assert not call(other, NOW + HOUR - 1)
    assert call(other, NOW + HOUR)
    assert call(other, NOW, bucket="search")


def test_block_of_more_than_a_month_is_ignored(ledger: Ledger) -> None:
    ledger.block("album", NOW + 31 * DAY, NOW)
    assert ledger.blocks(NOW) == {}


def test_times_of_a_clock_that_was_ahead_are_corrected(path: Path) -> None:
    wrong = NOW + 365 * DAY
    ahead = Ledger(path)
    for _ in range(3):
        call(ahead, wrong)
    ahead.block("search", wrong + HOUR, wrong)

    again = Ledger(path)

    assert not call(again, NOW, daily_calls=3)
    assert again.blocks(NOW) == {"search": NOW + HOUR}
    assert call(Ledger(path), NOW + DAY, daily_calls=3)


def test_old_calls_are_deleted(path: Path) -> None:
    for day in range(5):
        call(Ledger(path), NOW + day * DAY)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM calls").fetchone() == (2,)


def _spend(path: Path, admitted: multiprocessing.Queue[int]) -> None:
    ledger = Ledger(path)
    admitted.put(sum(call(ledger, daily_calls=100) for _ in range(60)))


@pytest.mark.slow
def test_daily_calls_hold_across_processes(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    admitted = context.Queue()
    processes = [context.Process(target=_spend, args=(path, admitted)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert sum(admitted.get() for _ in processes) == 100
    assert Ledger(path).calls_made("album", NOW) == 100


def _spend_and_die(path: Path) -> None:
    ledger = Ledger(path)
    for _ in range(7):
        call(ledger)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="There is no SIGKILL on this system")
def test_call_survives_kill_9(path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_spend_and_die, args=(path,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert Ledger(path).calls_made("album", NOW) == 7


@pytest.mark.parametrize(
    "damage", [b"not a database at all, but long enough to be looked at " * 40, b"SQLite format 3\0junk"]
)
def test_damaged_file_is_quarantined(path: Path, damage: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(damage)
    assert call(Ledger(path))
    assert path.with_suffix(".damaged").read_bytes() == damage


def test_empty_file_is_a_new_ledger(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert call(Ledger(path))


def test_unusable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="file"):
        call(Ledger(tmp_path / "file" / "ledger.sqlite"))


def test_file_name_hides_the_client_id() -> None:
    one, other = Ledger.of_app("my-client-id"), Ledger.of_app("another")
    assert "my-client-id" not in str(one.path)
    assert one.path != other.path
    assert one.path == Ledger.of_app("my-client-id").path
