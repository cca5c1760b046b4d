"""What is remembered between runs, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from spotify_source.limits.source_state import Memory
from tests.support.clock import DAY, HOUR

NOW = 1_795_000_000.0


@pytest.fixture
def memory() -> Memory:
    return Memory()


def test_a_probe_is_remembered_for_seven_days(memory: Memory) -> None:
    memory.remember_allowed("browse", False, NOW)
    assert memory.allowed("browse", NOW + 7 * DAY - 1) is False
    assert memory.allowed("browse", NOW + 7 * DAY) is None


def test_a_probe_that_is_confirmed_keeps_its_date(memory: Memory) -> None:
    memory.remember_allowed("browse", True, NOW)
    memory.remember_allowed("browse", True, NOW + 6 * DAY)
    assert memory.allowed("browse", NOW + 7 * DAY) is None


def test_a_probe_that_turns_out_otherwise_is_new(memory: Memory) -> None:
    memory.remember_allowed("browse", True, NOW)
    memory.remember_allowed("browse", False, NOW + 6 * DAY)
    assert memory.allowed("browse", NOW + 12 * DAY) is False


def test_a_probe_from_the_future_is_not_believed(memory: Memory) -> None:
    memory.remember_allowed("browse", False, NOW + DAY)
    assert memory.allowed("browse", NOW) is None


def test_browse_and_batch_are_remembered_apart(memory: Memory) -> None:
    memory.remember_allowed("browse", False, NOW)
    assert memory.allowed("batch", NOW) is None


def test_the_ledger_counts_the_last_24_hours(memory: Memory) -> None:
    memory.count_call("album", NOW)
    memory.count_call("album", NOW + 5 * HOUR)
    assert memory.calls_made("album", NOW + 5 * HOUR) == 2
    assert memory.calls_made("album", NOW + 24 * HOUR) == 2
    assert memory.calls_made("album", NOW + 25 * HOUR) == 1
    assert memory.calls_made("album", NOW + 30 * HOUR) == 0


def test_the_ledger_never_counts_too_few(memory: Memory) -> None:
    last_second_of_an_hour = NOW // HOUR * HOUR + HOUR - 1
    memory.count_call("album", last_second_of_an_hour)
    assert memory.calls_made("album", last_second_of_an_hour + DAY) == 1


def test_the_ledger_keeps_buckets_apart(memory: Memory) -> None:
    memory.count_call("album", NOW)
    assert memory.calls_made("search", NOW) == 0


def test_the_budget_returns_when_the_oldest_hour_has_rolled_off(memory: Memory) -> None:
    memory.count_call("album", NOW)
    memory.count_call("album", NOW + 3 * HOUR)
    returns = memory.budget_returns("album", NOW + 3 * HOUR)
    assert memory.calls_made("album", returns - 1) == 2
    assert memory.calls_made("album", returns) == 1


def test_the_ledger_stays_small(memory: Memory) -> None:
    state: dict[str, Any] = {}
    memory.attach(state)
    for hour in range(1000):
        memory.count_call("album", NOW + hour * HOUR)
    assert len(state["ledger"]["album"]) <= 26


def test_a_block_ends_when_its_time_is_over(memory: Memory) -> None:
    memory.block("album", NOW + HOUR)
    assert memory.blocked_until("album", NOW) == NOW + HOUR
    assert memory.blocks(NOW) == {"album": NOW + HOUR}
    assert memory.blocked_until("album", NOW + HOUR) is None
    assert memory.blocks(NOW + HOUR) == {}


def test_a_block_far_ahead_was_written_under_a_wrong_clock(memory: Memory) -> None:
    memory.block("album", NOW + 31 * DAY)
    assert memory.blocked_until("album", NOW) is None


def test_an_album_is_given_up_when_three_tries_brought_what_is_there(memory: Memory) -> None:
    for _ in range(2):
        memory.note_fetched("a", 12, 11)
    assert not memory.gave_up("a", 12, 11)
    memory.note_fetched("a", 12, 11)
    assert memory.gave_up("a", 12, 11)


def test_another_listed_number_starts_the_tries_again(memory: Memory) -> None:
    for _ in range(3):
        memory.note_fetched("a", 12, 11)
    assert not memory.gave_up("a", 13, 11)
    memory.note_fetched("a", 13, 11)
    assert not memory.gave_up("a", 13, 11)


def test_an_album_that_was_given_up_is_wanted_again_when_rows_are_missing(memory: Memory) -> None:
    for _ in range(3):
        memory.note_fetched("a", 12, 11)
    assert not memory.gave_up("a", 12, 5)


def test_a_fetch_that_brings_all_forgets_the_tries(memory: Memory) -> None:
    for _ in range(3):
        memory.note_fetched("a", 12, 11)
    memory.note_fetched("a", 12, 12)
    assert not memory.gave_up("a", 12, 11)


def test_a_gone_album_that_comes_back_is_not_gone(memory: Memory) -> None:
    memory.note_gone("a", NOW)
    assert memory.is_gone("a")
    memory.note_fetched("a", 1, 1)
    assert not memory.is_gone("a")


def test_failures_are_counted_until_a_fetch_succeeds(memory: Memory) -> None:
    memory.note_failed("a")
    memory.note_failed("a")
    assert memory.failures("a") == 2
    memory.note_fetched("a", 1, 1)
    assert memory.failures("a") == 0


def test_what_is_noted_shows_in_the_state_that_is_attached(memory: Memory) -> None:
    state: dict[str, Any] = {}
    memory.attach(state)
    memory.note_gone("a", NOW)
    other = Memory()
    other.attach(state)
    assert other.is_gone("a")


def test_nothing_is_remembered_of_an_album_that_went_well(memory: Memory) -> None:
    state: dict[str, Any] = {}
    memory.attach(state)
    memory.note_fetched("a", 12, 12)
    assert not any(state.values())
