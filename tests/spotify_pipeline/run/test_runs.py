"""Tests of whole runs: tables, calls, report, exit code and row for each outcome."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from spotify_pipeline.after_load import transform
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, Step, errors, make_album

from spotify_source import resources
from tests.support.albums import albums_of, further_pages, places_of
from tests.support.apis import Serve, for_album
from tests.support.clock import FakeClock
from tests.support.database import ROOT_TABLES, TABLES
from tests.support.place import Place
from tests.support.ran import Ran

QuotaMode = Literal["development", "extended"]
TODAY, TOMORROW = date(2026, 11, 20), date(2026, 11, 21)
LISTED = 60


# -- three runs on two days


@dataclass
class ThreeRuns:
    """Two runs on one day and one on the next, in one quota mode."""

    quota_mode: QuotaMode
    place: Place
    today: list[Album]
    tomorrow: list[Album]
    first: Ran
    second: Ran
    third: Ran


@pytest.fixture(scope="module", params=["development", "extended"])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ThreeRuns:
    quota_mode: QuotaMode = request.param
    clock = FakeClock()
    place = Place(tmp_path_factory.mktemp(quota_mode), clock)
    today, tomorrow = (Catalogue.generate(seed=1, listed=LISTED, day=day) for day in (TODAY, TOMORROW))
    with OfflineApi(today, quota_mode, clock=clock.now) as api:
        first = place.load(api)
        clock.move(60)
        second = place.load(api)
        clock.move(86400)
        api.catalogue = tomorrow
        third = place.load(api)
    return ThreeRuns(quota_mode, place, today.listed_albums(), tomorrow.listed_albums(), first, second, third)


def test_runs_make_only_the_calls_they_need(runs: ThreeRuns) -> None:
    assert [runs.first.code, runs.second.code, runs.third.code] == [0, 0, 0]
    before = {album["id"]: album["total_tracks"] for album in runs.today}
    changed = [album for album in runs.tomorrow if before.get(album["id"]) != album["total_tracks"]]
    assert changed
    if runs.quota_mode == "development":
        listing, first, third = Counter(search=6), Counter(browse=1, album=LISTED), Counter(album=len(changed))
    else:
        listing, first, third = Counter(browse=2), Counter(albums=3), Counter(albums=-(-len(changed) // 20))
    assert runs.first.calls == listing + first + Counter(album_tracks=further_pages(runs.today))
    assert runs.first.tokens == 1
    assert runs.second.calls == listing
    assert runs.third.calls == listing + third + Counter(album_tracks=further_pages(changed))


def test_each_album_and_track_is_loaded_once(runs: ThreeRuns) -> None:
    albums = {album["id"]: album for album in (*runs.today, *runs.tomorrow)}
    assert runs.place.album_ids() == sorted(albums)
    assert runs.place.places() == places_of(list(albums.values()))


def test_reports_name_listed_and_fetched_albums(runs: ThreeRuns) -> None:
    origin = "search in US" if runs.quota_mode == "development" else "browse/new-releases"
    tracks = sum(len(album["tracks"]) for album in runs.today)
    new = {album["id"] for album in runs.tomorrow} - {album["id"] for album in runs.today}
    assert f"Listed: {LISTED} albums from {origin}, {LISTED} of them new." in runs.first.out
    gone = f"; {LISTED - len(runs.today)} gone (404, not requested again)" if len(runs.today) < LISTED else ""
    assert f"Fetched: {len(runs.today)} albums, {tracks} tracks{gone}." in runs.first.out
    assert ", 0 of them new." in runs.second.out
    assert f", {len(new)} of them new." in runs.third.out
    assert str(runs.place.database) in runs.first.out
    assert runs.first.err == runs.second.err == runs.third.err == ""


def test_each_run_has_a_row(runs: ThreeRuns) -> None:
    is_extended = runs.quota_mode == "extended"
    via = "browse" if is_extended else "search"
    rows = runs.place.sql(
        "SELECT calls, started_at <= finished_at, exit_code, reason, discovered_via, browse_allowed, batch_allowed,"
        " albums_listed, albums_new, albums_fetched, albums_pending FROM load_runs ORDER BY started_at"
    )
    assert [json.loads(calls) for calls, *_ in rows] == [
        dict(ran.calls) for ran in (runs.first, runs.second, runs.third)
    ]
    every = (True, 0, None, via, is_extended, is_extended, LISTED)
    assert rows[0][1:] == (*every, LISTED, len(runs.today), 0)
    assert rows[1][1:] == (*every, 0, 0, 0)


def test_each_table_and_column_has_a_comment(runs: ThreeRuns) -> None:
    assert runs.place.tables() == TABLES
    bare = runs.place.sql(
        "SELECT table_name, NULL FROM duckdb_tables() WHERE schema_name = 'spotify_raw' AND comment IS NULL"
        " UNION ALL SELECT table_name, column_name FROM duckdb_columns()"
        " WHERE schema_name = 'spotify_raw' AND comment IS NULL"
    )
    assert [(table, column) for table, column in bare if not table.startswith("_dlt")] == []


# -- runs that fail or end early


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bucket", "reply", "code", "summary"),
    [
        ("search", errors.premium_lapsed, 77, "Spotify refuses the app"),
        ("token", errors.token_upstream_text, 69, "No token from"),
    ],
)
def test_a_failed_run_is_reported_and_recorded(
    place: Place, api: OfflineApi, bucket: str, reply: Step, code: int, summary: str
) -> None:
    api.always(bucket, reply)

    ran = place.load(api)

    assert ran.code == code
    what, guidance, link = ran.err.splitlines()
    assert summary in what
    assert guidance.startswith("  ")
    assert link.startswith("  https://")
    row = place.last_run()
    assert row["exit_code"] == code
    assert f"Incomplete: {row['reason']}\n" in ran.out
    assert place.tables() >= ROOT_TABLES


@pytest.mark.slow
def test_a_bug_is_recorded_with_exit_code_1(place: Place, api: OfflineApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "read_loaded_state", lambda *_, **__: 1 // 0)

    ran = place.load(api)

    assert ran.code == 1
    assert "ZeroDivisionError" in ran.err
    assert "This is a bug." in ran.err
    assert place.last_run()["exit_code"] == 1


@pytest.mark.slow
def test_failed_albums_are_fetched_by_the_next_run(place: Place, api: OfflineApi, three: list[Album]) -> None:
    api.script("album", *[errors.bad_gateway] * 5, match=for_album(three[1]["id"]))
    first = place.load(api)
    assert first.code == 75
    assert "Incomplete: 1 album failed (first: " in first.out
    assert "Pending: 1 album. The next runs fetch them." in first.out
    assert place.last_run()["retries"] == 4

    # Even if that run can't list anything.
    api.always("search", errors.bad_gateway)
    second = place.load(api)
    assert second.code == place.last_run()["exit_code"] == 69
    assert second.calls == Counter(search=5, album=1)
    assert place.places() == places_of(three)


class InterruptedClock(FakeClock):
    """Clock that sends SIGINT at the first wait and then really waits."""

    woken: bool | None = None

    def __init__(self) -> None:
        super().__init__()
        self._first = threading.Lock()

    def wait(self, seconds: float, wake: threading.Event) -> None:
        """Send the signal once: a second one would end the process."""
        if self._first.acquire(blocking=False):
            os.kill(os.getpid(), signal.SIGINT)
        self.woken = wake.wait(min(seconds, 30))


@pytest.mark.slow
def test_a_signal_ends_a_pause_and_loads_fetched_albums(place: Place, api: OfflineApi, three: list[Album]) -> None:
    api.always("album", errors.rate_limited(50), match=lambda request: not for_album(three[0]["id"])(request))
    clock = InterruptedClock()

    ran = place.load(api, clock=clock)

    assert clock.woken
    assert ran.code == 75
    assert place.album_ids() == [three[0]["id"]]
    assert "Incomplete: the run was stopped by a signal\n" in ran.out
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.slow
def test_eight_workers_load_complete_tables_despite_faults(place: Place, serve: Serve) -> None:
    albums = [*albums_of(390), *(make_album(f"Long {number}", 60) for number in range(10))]
    api = serve(*albums)
    api.chaos(seed=7, rate=0.3)

    ran = place.load(api, env={"SOURCES__SPOTIFY__EXTRACT__WORKERS": "8"})

    assert ran.code == 0, ran.out + ran.err
    assert place.places() == places_of(albums)
    assert place.one("SELECT count(*) FROM albums WHERE tracks_loaded <> total_tracks") == 0
    assert place.last_run()["retries"] > 0


@pytest.mark.slow
def test_a_run_that_cannot_be_recorded_ends_with_69(place: Place, api: OfflineApi) -> None:
    assert place.load(api).code == 0
    place.sql("ALTER TABLE load_runs ADD COLUMN mine INTEGER; UPDATE load_runs SET mine = 1")
    place.sql("ALTER TABLE load_runs ALTER mine SET NOT NULL")
    ran = place.load(api, "--report", "json")
    assert "could not be recorded in load_runs" in ran.err
    assert json.loads(ran.out)["exit_code"] == ran.code == 69
    assert place.count("load_runs") == 1

    (folder,) = place.data_dir.glob("pipelines/*")
    shutil.rmtree(folder)
    folder.write_text("not a working directory")
    ran = place.load(api, "--report", "json")
    assert json.loads(ran.out)["exit_code"] == ran.code == 69


# -- follow-ups


@pytest.mark.slow
def test_json_report_is_the_row_with_the_follow_ups(place: Place, api: OfflineApi) -> None:
    ran = place.load(api, "--report", "json", "--export", str(place.folder / "out"), "--retain-days", "30")

    assert ran.code == 0
    report: dict[str, Any] = json.loads(ran.out)
    row = place.last_run()
    same = ("run_id", "load_id", "albums_fetched", "tracks_loaded", "reason", "exit_code")
    assert {name: report[name] for name in same} == {name: row[name] for name in same}
    assert report["calls"] == dict(ran.calls) == {"album": 3, "album_tracks": 1, "browse": 1, "search": 1}
    assert datetime.fromisoformat(report["started_at"]) == row["started_at"]
    assert Path(report["pipelines_dir"], "spotify").is_dir()
    export, retention = report["followed"]
    assert Path(export.pop("file")).is_file()
    assert export == {"name": "export", "succeeded": True, "error": None}
    assert retention == {"name": "retention", "succeeded": True, "error": None, "albums": 0, "rows": {}, "sightings": 0}


@pytest.mark.slow
def test_a_failed_follow_up_is_reported_and_recorded(place: Place, api: OfflineApi, tmp_path: Path) -> None:
    folder = tmp_path / "exported"

    def replace_folder(*_: object) -> None:
        folder.rmdir()
        folder.write_text("a file")

    api.script("album", replace_folder)
    ran = place.load(api, "--export", str(folder))

    row = place.last_run()
    assert ran.code == row["exit_code"] == 78
    assert "The export can't be written" in row["reason"]
    assert row["reason"] in ran.err
    assert f"Incomplete: {row['reason']}\n" in ran.out
    assert place.count("albums") == 3


@pytest.mark.slow
def test_failed_models_end_the_run_with_exit_code_1(
    place: Place, api: OfflineApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    # tests/dbt has builds that fail.
    failed = transform.TransformResult(0, 0, (), (transform.NodeResult("unique_run_id", "Got 1 result"),), 3, 0.5)
    monkeypatch.setattr(transform, "check", lambda *_: None)
    monkeypatch.setattr(transform, "build", lambda *_: failed)

    ran = place.load(api, "--transform", "--report", "json")

    report, row = json.loads(ran.out), place.last_run()
    assert ran.code == report["exit_code"] == row["exit_code"] == 1
    assert report["followed"][0]["failed"] == [{"name": "unique_run_id", "message": "Got 1 result"}]
    assert report["reason"] == row["reason"]
    assert row["reason"].startswith("--transform: 1 of the models and tests failed")
    assert row["reason"] in ran.err


# -- the demo


@pytest.mark.slow
def test_the_demo_runs_on_the_given_days(place: Place) -> None:
    # The last day but one comes first: an earlier day loads too.
    for day, *options in (["2026-03-02"], ["2026-03-01"], ["2026-05-01", "--retain-days", "30"]):
        ran = place.load(
            None, "--demo", "--demo-date", day, "--limit", "10", *options, api_url="http://127.0.0.1:9/v1/"
        )
        assert (ran.code, ran.err) == (0, "")

    days = [(date(2026, 3, 1),), (date(2026, 3, 2),), (date(2026, 5, 1),)]
    assert place.sql("SELECT DISTINCT seen_at::DATE FROM release_sightings ORDER BY 1") == days
    assert place.sql("SELECT finished_at::DATE FROM load_runs ORDER BY started_at") == days
    assert place.sql("SELECT left(run_id, 8) FROM load_runs ORDER BY 1") == [
        ("20260301",),
        ("20260302",),
        ("20260501",),
    ]
    assert "albums no longer listed" in ran.out
    assert place.one("SELECT count(*) FROM release_sightings WHERE album_id = 'removed'") > 0
    queries = [line for line in ran.out.splitlines() if line.startswith("SELECT")]
    assert len(queries) == 3
    assert all(place.sql(query.replace("spotify_raw.", "")) for query in queries)
