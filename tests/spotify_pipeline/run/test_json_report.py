"""The report as JSON, for programs."""

from __future__ import annotations

import json

from spotify_pipeline.demo import OfflineApi

from tests.support.place import Place


def test_the_report_as_json_is_the_row_of_load_runs_and_more(place: Place, api: OfflineApi) -> None:
    ran = place.load(api, "--report", "json")

    assert ran.code == 0
    told = json.loads(ran.out)
    row = place.last_run()
    same = ("run_id", "load_id", "albums_fetched", "tracks_loaded")
    assert {name: told[name] for name in same} == {name: row[name] for name in same}
    assert told["calls"] == dict(ran.calls) == {"album": 3, "album_tracks": 1, "browse": 1, "search": 1}
    assert told["markets"] == ["US"]
    assert told["new_fields"] == []


def test_a_wrong_configuration_is_json_too(place: Place) -> None:
    ran = place.load(None, "--report", "json", client_id=None, client_secret=None)

    assert ran.code == 78
    told = json.loads(ran.out)
    assert told["exit_code"] == 78
    assert "client_id" in told["reason"]
