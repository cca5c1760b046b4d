"""Tests of data issues and given up albums in the report and in load_runs."""

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


def with_issues_in_album(_: LoggedRequest, normal: Reply) -> Reply:
    body: Any = normal.body
    first, *others = body["tracks"]["items"]
    items = [None, {**first, "duration_ms": 7.25, "is_removed": True}, others[0], others[0], *others[1:]]
    changed = {"popularity": 2**63, "label": "half \ud800", "": 1, "total_tracks": None}
    sent = json.dumps({**body, **changed, "tracks": {**body["tracks"], "items": items}})
    return replace(normal, body=sent.encode())


def with_issues_in_listing(_: LoggedRequest, normal: Reply) -> Reply:
    body: Any = normal.body
    items = body["albums"]["items"]
    items = [*items, None, {"name": "without"}, {**items[0], "id": "../albums"}]
    return replace(normal, body={"albums": {**body["albums"], "items": items}})


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_data_issues_are_reported_and_stored(place: Place, api: OfflineApi, three: list[Album], fmt: str) -> None:
    dozen = three[1]["id"]
    api.always("search", with_issues_in_listing)
    api.always("album", with_issues_in_album, match=for_album(dozen))

    ran = place.load(api, "--report", fmt)

    assert ran.code == 0
    assert json.loads(place.last_run()["values_dropped"]) == DROPPED
    assert place.sql("SELECT total_tracks, tracks_loaded FROM albums WHERE id = ?", dozen) == [(12, 12)]
    if fmt == "json":
        report = json.loads(ran.out)
        assert (report["values_dropped"], report["items_dropped"]) == (DROPPED, 4)
        return
    values, items, columns = (
        next(line for line in ran.out.splitlines() if line.startswith(label))
        for label in ("Values with data issues", "Items with data issues", "New columns for undocumented fields")
    )
    assert f"albums.popularity: 1 of another type or out of range, set to null (album {dozen})" in values
    assert "albums.label: 1 with an invalid character, replaced by U+FFFD" in values
    assert values.endswith("See load_runs.values_dropped.")
    assert f"album_tracks: 1 repeated, loaded once (album {dozen})" in items
    assert "new_releases: 1 with a malformed id, never requested (album ../albums)" in items
    assert "album_tracks.spotify_is_removed" in columns


def test_a_run_without_data_issues_reports_none(place: Place, api: OfflineApi) -> None:
    ran = place.load(api)
    assert "data issues" not in ran.out
    assert json.loads(place.last_run()["values_dropped"]) == {}


def test_missing_tracks_are_reported_without_a_total(place: Place, api: OfflineApi, three: list[Album]) -> None:
    def lose_track(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        tracks = {**body["tracks"], "items": [None, *body["tracks"]["items"][1:]]}
        return replace(normal, body={**body, "total_tracks": None, "tracks": tracks})

    api.always("album", lose_track, match=for_album(three[1]["id"]))
    ran = place.load(api)
    assert "1 with fewer tracks than total_tracks" in ran.out
    assert place.sql("SELECT total_tracks, tracks_loaded FROM albums WHERE id = ?", three[1]["id"]) == [(12, 11)]


def test_given_up_albums_are_named_in_each_report(
    place: Place, api: OfflineApi, three: list[Album], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "MAX_FAILED_RUNS", 2)
    bad = three[0]["id"]
    api.always("album", errors.forbidden, match=for_album(bad))
    assert [place.load(api).code for _ in range(2)] == [75, 75]
    for _ in range(2):
        ran = place.load(api)
        assert (ran.code, ran.album_calls) == (0, 0)
        assert f"Given up: 1 album that failed in 2 runs (first: {bad}). --full-refresh requests them again." in ran.out
