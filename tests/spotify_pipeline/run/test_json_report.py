"""The report as JSON, for programs."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from spotify_pipeline.offline_api import OfflineApi

from tests.support.place import Place


@pytest.mark.slow
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
    assert datetime.fromisoformat(told["started_at"]) == row["started_at"]
    assert "T" in told["finished_at"]
    assert Path(told["pipelines_dir"], "spotify").is_dir()


@pytest.mark.slow
def test_what_followed_the_load_is_data(place: Place, api: OfflineApi) -> None:
    told = json.loads(
        place.load(api, "--report", "json", "--export", str(place.folder / "out"), "--retain-days", "30").out
    )

    export, retention = told["followed"]
    assert Path(export.pop("file")).is_file()
    assert export == {"name": "export", "succeeded": True, "error": None}
    assert retention == {"name": "retention", "succeeded": True, "error": None, "albums": 0, "rows": {}, "sightings": 0}


def test_a_wrong_configuration_is_json_too(place: Place) -> None:
    ran = place.load(None, "--report", "json", client_id=None, client_secret=None)

    assert ran.code == 78
    told = json.loads(ran.out)
    assert told["exit_code"] == 78
    assert "client_id" in told["reason"]
