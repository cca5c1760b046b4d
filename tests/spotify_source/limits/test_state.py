"""Source state: facts that runs remember, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from spotify_source.limits.state import SourceState
from tests.support.clock import DAY

NOW = 1_795_000_000.0


@pytest.fixture
def state() -> SourceState:
    return SourceState()


def test_permission_is_remembered_for_a_week(state: SourceState) -> None:
    state.record_allowed("browse", False, NOW)
    assert state.allowed("browse", NOW + 7 * DAY - 1) is False
    assert state.allowed("browse", NOW + 7 * DAY) is None
    assert state.allowed("batch", NOW) is None


def test_only_a_changed_permission_gets_a_new_date(state: SourceState) -> None:
    state.record_allowed("browse", True, NOW)
    state.record_allowed("browse", True, NOW + 6 * DAY)
    assert state.allowed("browse", NOW + 7 * DAY) is None
    state.record_allowed("browse", False, NOW + 6 * DAY)
    assert state.allowed("browse", NOW + 12 * DAY) is False


def test_permission_from_the_future_is_unknown(state: SourceState) -> None:
    state.record_allowed("browse", False, NOW + DAY)
    assert state.allowed("browse", NOW) is None


def test_second_refusal_without_a_success_is_remembered(state: SourceState) -> None:
    state.record_refusal("batch", NOW)
    state.record_allowed("batch", True, NOW)
    state.record_refusal("batch", NOW)
    assert state.allowed("batch", NOW) is True
    state.record_refusal("batch", NOW)
    assert state.allowed("batch", NOW) is False


def test_tries_are_exhausted_after_three_fetches_of_the_same_tracks(state: SourceState) -> None:
    for _ in range(2):
        state.record_fetched("a", 12, 11)
    assert not state.tries_exhausted("a", 12, 11)
    state.record_fetched("a", 12, 11)
    assert state.tries_exhausted("a", 12, 11)
    # Rows are missing, or the listed number changed.
    assert not state.tries_exhausted("a", 12, 5)
    assert not state.tries_exhausted("a", 13, 11)
    state.record_fetched("a", 13, 11)
    assert not state.tries_exhausted("a", 13, 11)


def test_complete_fetch_clears_what_is_remembered_of_an_album(state: SourceState) -> None:
    stored: dict[str, Any] = {}
    state.attach(stored)
    for _ in range(3):
        state.record_fetched("a", 12, 11)
        state.record_failure("a")
    state.record_gone("a", NOW)
    assert (state.is_gone("a"), state.failures("a")) == (True, 0)
    state.record_failure("a")
    state.record_failure("a")
    assert state.failures("a") == 2
    state.record_fetched("a", 12, 12)
    assert not any(stored.values())


def test_changes_show_in_the_attached_state(state: SourceState) -> None:
    stored: dict[str, Any] = {}
    state.attach(stored)
    state.record_gone("a", NOW)
    other = SourceState()
    other.attach(stored)
    assert other.is_gone("a")
