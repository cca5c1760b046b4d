"""What is remembered between runs, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from spotify_source.limits.state import SourceState
from tests.support.clock import DAY

NOW = 1_795_000_000.0


@pytest.fixture
def state() -> SourceState:
    return SourceState()


def test_a_probe_is_remembered_for_seven_days(state: SourceState) -> None:
    state.record_allowed("browse", False, NOW)
    assert state.allowed("browse", NOW + 7 * DAY - 1) is False
    assert state.allowed("browse", NOW + 7 * DAY) is None


def test_a_probe_that_is_confirmed_keeps_its_date(state: SourceState) -> None:
    state.record_allowed("browse", True, NOW)
    state.record_allowed("browse", True, NOW + 6 * DAY)
    assert state.allowed("browse", NOW + 7 * DAY) is None


def test_a_probe_that_turns_out_otherwise_is_new(state: SourceState) -> None:
    state.record_allowed("browse", True, NOW)
    state.record_allowed("browse", False, NOW + 6 * DAY)
    assert state.allowed("browse", NOW + 12 * DAY) is False


def test_a_probe_from_the_future_is_not_believed(state: SourceState) -> None:
    state.record_allowed("browse", False, NOW + DAY)
    assert state.allowed("browse", NOW) is None


def test_browse_and_batch_are_remembered_apart(state: SourceState) -> None:
    state.record_allowed("browse", False, NOW)
    assert state.allowed("batch", NOW) is None


def test_an_album_is_given_up_when_three_tries_brought_what_is_there(state: SourceState) -> None:
    for _ in range(2):
        state.record_fetched("a", 12, 11)
    assert not state.tries_exhausted("a", 12, 11)
    state.record_fetched("a", 12, 11)
    assert state.tries_exhausted("a", 12, 11)


def test_another_listed_number_starts_the_tries_again(state: SourceState) -> None:
    for _ in range(3):
        state.record_fetched("a", 12, 11)
    assert not state.tries_exhausted("a", 13, 11)
    state.record_fetched("a", 13, 11)
    assert not state.tries_exhausted("a", 13, 11)


def test_an_album_that_was_given_up_is_wanted_again_when_rows_are_missing(state: SourceState) -> None:
    for _ in range(3):
        state.record_fetched("a", 12, 11)
    assert not state.tries_exhausted("a", 12, 5)


def test_a_fetch_that_brings_all_forgets_the_tries(state: SourceState) -> None:
    for _ in range(3):
        state.record_fetched("a", 12, 11)
    state.record_fetched("a", 12, 12)
    assert not state.tries_exhausted("a", 12, 11)


def test_a_gone_album_that_comes_back_is_not_gone(state: SourceState) -> None:
    state.record_gone("a", NOW)
    assert state.is_gone("a")
    state.record_fetched("a", 1, 1)
    assert not state.is_gone("a")


def test_failures_are_counted_until_a_fetch_succeeds(state: SourceState) -> None:
    state.record_failure("a")
    state.record_failure("a")
    assert state.failures("a") == 2
    state.record_fetched("a", 1, 1)
    assert state.failures("a") == 0


def test_what_is_noted_shows_in_the_state_that_is_attached(state: SourceState) -> None:
    stored: dict[str, Any] = {}
    state.attach(stored)
    state.record_gone("a", NOW)
    other = SourceState()
    other.attach(stored)
    assert other.is_gone("a")


def test_nothing_is_remembered_of_an_album_that_went_well(state: SourceState) -> None:
    stored: dict[str, Any] = {}
    state.attach(stored)
    state.record_fetched("a", 12, 12)
    assert not any(stored.values())
