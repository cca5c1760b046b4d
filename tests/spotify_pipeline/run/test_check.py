"""Tests of `--check`: its lines, its exit code, and its three calls."""

from __future__ import annotations

import re

import pytest
from spotify_pipeline.exits import Exit
from spotify_pipeline.offline_api import OfflineApi, errors
from spotify_pipeline.run.check import CheckResult, exit_code
from spotify_pipeline.run.failures import Failure

from spotify_source.errors import ConfigurationError
from tests.support.place import Place


def test_a_good_check_has_six_ticks_and_makes_three_calls(place: Place, api: OfflineApi) -> None:
    checked = place.load(api, "--check")

    assert checked.code == 0
    assert "✗" not in checked.out
    assert checked.out.count("✓") == 6
    assert checked.calls.total() + checked.tokens == 3
    assert not place.database.exists()


def test_a_spent_quota_is_a_warning(place: Place, api: OfflineApi) -> None:
    api.quota["search"] = 0
    place.load(api, "--dry-run")

    checked = place.load(api, "--check")

    assert checked.code == 0
    assert "✓ Calls of this app in the last 24 hours: browse 2, search 1\n" in checked.out
    assert re.search(
        r"^! Quota: search is spent until 20.*; before that, a run lists no new albums", checked.out, re.MULTILINE
    )


def test_spent_daily_calls_are_a_warning(place: Place, api: OfflineApi) -> None:
    assert place.load(api, "--dry-run", daily_calls=1).code == 0

    checked = place.load(api, "--check", daily_calls=1)

    assert checked.code == 0
    warning = r"^! daily_calls: 1 of 1 calls to search made, next call at 20.*; before that, a run lists no new albums"
    assert re.search(warning, checked.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("bucket", "reply", "code", "words"),
    [
        ("token", errors.invalid_client, 78, "refuses the client id"),
        ("token", errors.token_upstream_text, 69, "No token"),
        ("browse", errors.premium_lapsed, 77, "Premium"),
        ("search", errors.forbidden, 77, "may not call search"),
    ],
)
def test_a_cross_has_cause_guidance_and_link(
    place: Place, api: OfflineApi, bucket: str, reply: object, code: int, words: str
) -> None:
    api.always(bucket, reply)

    checked = place.load(api, "--check")

    assert checked.code == code
    cross = checked.out.split("✗")[1]
    assert words in cross
    assert "    https://" in cross
    assert checked.calls.total() + checked.tokens <= 3


def test_a_missing_folder_is_named(place: Place, api: OfflineApi) -> None:
    checked = place.load(api, "--check", "--db", str(place.folder / "nowhere" / "x.duckdb"))

    assert checked.code == 78
    assert "nowhere does not exist" in checked.out


def test_the_failure_to_fix_first_decides() -> None:
    results = [CheckResult("x", Failure(code, ConfigurationError("x"))) for code in (Exit.PENDING, Exit.CONFIGURATION)]
    assert exit_code([CheckResult("good"), *results]) is Exit.CONFIGURATION
    assert exit_code([CheckResult("good")]) is Exit.COMPLETE
