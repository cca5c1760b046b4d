"""The check: a tick or a cross for everything that a run needs, at three calls."""

from __future__ import annotations

import re

import pytest
from spotify_pipeline.offline_api import OfflineApi, errors

from tests.support.albums import albums_of
from tests.support.apis import Serve
from tests.support.place import Place


def test_a_check_is_all_ticks_and_three_calls(place: Place, api: OfflineApi) -> None:
    checked = place.load(api, "--check")

    assert checked.code == 0
    assert "✗" not in checked.out
    assert checked.out.count("✓") == 6
    assert checked.calls.total() + checked.tokens == 3


def test_a_check_creates_no_database(place: Place, api: OfflineApi) -> None:
    assert place.load(api, "--check").code == 0
    assert not place.database.exists()


@pytest.mark.slow
def test_a_check_shows_what_the_ledger_says(place: Place, serve: Serve) -> None:
    api = serve(*albums_of(3), quota_mode="development")
    api.quota["album"] = 2
    assert place.load(api).code == 75

    checked = place.load(api, "--check")

    assert checked.code == 0
    assert re.search(r"Calls of this app in the last 24 hours: album [23], browse 1, search 2", checked.out)
    assert re.search("! Quota: album is spent until .*; before that, a run lists new albums and leaves", checked.out)


@pytest.mark.slow
def test_a_budget_that_is_spent_gets_no_tick(place: Place, serve: Serve) -> None:
    api = serve(*albums_of(3), quota_mode="development")
    assert place.load(api, daily_calls=2).code == 75

    checked = place.load(api, "--check", daily_calls=2)

    assert checked.code == 0
    assert re.search(r"^! daily_calls: 2 of 2 calls to album made, next call at 20", checked.out, re.MULTILINE)
    assert re.search(r"^! daily_calls: 2 of 2 calls to search made, .*lists no new albums", checked.out, re.MULTILINE)


@pytest.mark.slow
def test_a_check_says_that_nothing_new_is_found_while_search_is_spent(place: Place, api: OfflineApi) -> None:
    api.quota["search"] = 0
    assert place.load(api).code != 0

    checked = place.load(api, "--check")

    assert re.search("! Quota: search is spent until .*; before that, a run lists no new albums", checked.out)
    assert "✓ Quota:" not in checked.out


@pytest.mark.parametrize(
    ("bucket", "reply", "code", "words"),
    [
        ("token", errors.invalid_client, 78, "refuses the client id"),
        ("token", errors.token_upstream_text, 69, "No token"),
        ("browse", errors.premium_lapsed, 77, "Premium"),
        ("search", errors.forbidden, 77, "may not call search"),
    ],
)
def test_a_cross_says_cause_fix_and_link(
    place: Place, api: OfflineApi, bucket: str, reply: object, code: int, words: str
) -> None:
    api.always(bucket, reply)

    checked = place.load(api, "--check")

    assert checked.code == code
    cross = checked.out.split("✗")[1]
    assert words in cross
    assert "https://" in cross
    assert checked.calls.total() + checked.tokens <= 3


def test_a_check_names_a_missing_folder(place: Place, api: OfflineApi) -> None:
    checked = place.load(api, "--check", "--db", str(place.folder / "nowhere" / "x.duckdb"))

    assert checked.code == 78
    assert "nowhere does not exist" in checked.out
