"""Test that data issues are in the report and in load_runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, LoggedRequest, OfflineApi, Reply, errors

from spotify_source import settings
from tests.support.apis import for_album
from tests.support.place import Place

pytestmark = pytest.mark.slow


def spoil_album(_: LoggedRequest, normal: Reply) -> Reply:
    body: Any = normal.body
    first, *others = body["tracks"]["items"]
    items = [None, {**first, "duration_ms": 7.25, "is_removed": True}, others[0], others[0], *others[1:]]
    spoilt = {"popularity": 2**63, "label": "half \ud800", "": 1, "total_tracks": None}
    sent = json.dumps({**body, **spoilt, "tracks": {**body["tracks"], "items": items}})
    return replace(normal, body=sent.encode())


def spoil_listing(_: LoggedRequest, normal: Reply) -> Reply:
    body: Any = normal.body
    odd = [None, {"name": "without"}, {**body["albums"]["items"][0], "id": "../albums"}]
    return replace(normal, body={"albums": {**body["albums"], "items": [*body["albums"]["items"], *odd]}})


DROPPED = {
    "empty": {"new_releases": 1, "album_tracks": 1},
    "without_id": {"new_releases": 1},
    "malformed_id": {"new_releases": 1},
    "repeated": {"album_tracks": 1},
    "unfit": {"albums.popularity": 1},
    "broken_text": {"albums.label": 1},
    "left_out": {'albums.""': 1},
    "rounded": {"album_tracks.duration_ms": 1},
    "renamed": {"album_tracks.spotify_is_removed": 1},
}


def test_the_report_and_load_runs_tell_what_was_odd(place: Place, api: OfflineApi, three: list[Album]) -> None:
    dozen = three[1]
    api.always("search", spoil_listing)
    api.always("album", spoil_album, match=for_album(dozen["id"]))

    ran = place.load(api)

    assert ran.code == 0
    assert json.loads(place.last_run()["values_dropped"]) == DROPPED
    values, items = (
        next(line for line in ran.out.splitlines() if line.startswith(label))
        for label in ("Values with data issues", "Items with data issues")
    )
    assert f"albums.popularity: 1 of another type or out of range, set to null (album {dozen['id']})" in values
    assert "albums.label: 1 with an invalid character, replaced by U+FFFD" in values
    assert values.endswith("See load_runs.values_dropped.")
    assert f"album_tracks: 1 repeated, loaded once (album {dozen['id']})" in items
    assert "new_releases: 1 with a malformed id, never requested (album ../albums)" in items
    assert "album_tracks.spotify_is_removed" in next(
        line for line in ran.out.splitlines() if line.startswith("New columns for undocumented fields")
    )
    assert place.sql("SELECT total_tracks, tracks_loaded FROM albums WHERE id = ?", dozen["id"]) == [(12, 12)]


def test_the_json_report_has_it_as_data(place: Place, api: OfflineApi, three: list[Album]) -> None:
    api.always("search", spoil_listing)
    api.always("album", spoil_album, match=for_album(three[1]["id"]))
    report = json.loads(place.load(api, "--report", "json").out)
    assert report["values_dropped"] == DROPPED
    assert report["items_dropped"] == 4


def test_a_quiet_run_says_nothing_of_it(place: Place, api: OfflineApi) -> None:
    ran = place.load(api)
    assert "Odd" not in ran.out
    assert json.loads(place.last_run()["values_dropped"]) == {}


def test_a_shortfall_shows_though_the_total_is_missing(place: Place, api: OfflineApi, three: list[Album]) -> None:
    def lose(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        tracks = {**body["tracks"], "items": [None, *body["tracks"]["items"][1:]]}
        return replace(normal, body={**body, "total_tracks": None, "tracks": tracks})

    api.always("album", lose, match=for_album(three[1]["id"]))
    ran = place.load(api)
    assert "1 with fewer tracks than total_tracks" in ran.out
    assert place.sql("SELECT total_tracks, tracks_loaded FROM albums WHERE id = ?", three[1]["id"]) == [(12, 11)]


def test_an_album_that_is_given_up_is_named_in_each_report(place: Place, api: OfflineApi, three: list[Album]) -> None:
    bad = three[0]["id"]
    api.always("album", errors.forbidden, match=for_album(bad))
    codes = [place.load(api).code for _ in range(settings.MAX_FAILED_RUNS)]
    assert codes == [75] * settings.MAX_FAILED_RUNS
    for _ in range(2):
        ran = place.load(api)
        assert (ran.code, ran.album_calls) == (0, 0)
        assert f"Given up: 1 album that failed in 5 runs (first: {bad}). --full-refresh requests them again." in ran.out
