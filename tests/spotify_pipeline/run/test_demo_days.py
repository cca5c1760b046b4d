"""The demo's days are days: what a run writes down is of the day that `--demo-date` names."""

from __future__ import annotations

from datetime import date

import pytest

from tests.support.place import Place

pytestmark = pytest.mark.slow


def run_on(place: Place, day: str, *more: str) -> str:
    """What a run of the demo on that day says."""
    ran = place.load(None, "--demo", "--demo-date", day, *more)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def test_sightings_and_runs_are_of_the_day_that_is_named(place: Place) -> None:
    for day in ("2026-03-01", "2026-03-02"):
        run_on(place, day)

    days = [(date(2026, 3, 1),), (date(2026, 3, 2),)]
    assert place.sql("SELECT DISTINCT seen_at::DATE FROM release_sightings ORDER BY 1") == days
    assert place.sql("SELECT finished_at::DATE FROM load_runs ORDER BY started_at") == days
    assert place.sql("SELECT DISTINCT left(run_id, 8) FROM load_runs ORDER BY 1") == [("20260301",), ("20260302",)]


def test_what_was_not_listed_for_days_of_the_demo_is_removed(place: Place) -> None:
    run_on(place, "2026-03-01")
    listed = place.count("new_releases")

    said = run_on(place, "2026-05-01", "--retain-days", "30")

    assert "albums no longer listed" in said
    assert place.count("new_releases") < listed * 2
    assert place.one("SELECT count(*) FROM release_sightings WHERE album_id = 'removed'") > 0


def test_a_day_before_the_last_one_loads_too(place: Place) -> None:
    run_on(place, "2026-03-02")

    run_on(place, "2026-03-01")

    assert place.sql("SELECT seen_at::DATE FROM release_sightings GROUP BY ALL ORDER BY 1") == [
        (date(2026, 3, 1),),
        (date(2026, 3, 2),),
    ]
