"""Tests of the text report, the JSON report and the commands that reports suggest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from spotify_pipeline.after_load.follow_up import FollowUp
from spotify_pipeline.destinations.duckdb import DuckDbFile
from spotify_pipeline.dlt_internals.working_directory import Quarantined
from spotify_pipeline.offline_api import OfflineApi
from spotify_pipeline.run.outcome import LoadResult, Outcome
from spotify_pipeline.run.report import example_queries_in, json_report, query_script, shell_command, text_report

from spotify_source import RunResult
from spotify_source.errors import BucketClosedError, ClosedReason, ConfigurationError
from spotify_source.models import (
    AlbumCounts,
    ArtistCandidate,
    CallCounts,
    DataIssueCount,
    DataIssueKind,
    ListingCounts,
    PathCounts,
    Resolution,
    WatchedArtist,
)
from tests.support.place import Place

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
ISSUES = [DataIssueCount(DataIssueKind.ROUNDED, f"albums.c{number}", 2, "first") for number in range(7)]
RESULT = RunResult(
    listing=ListingCounts(
        markets=("US", "GB"),
        discovered_via="search",
        albums_listed=120,
        albums_new=30,
        items_dropped=1,
        paths=(
            PathCounts("search", asked=2, calls=12, albums_listed=100),
            PathCounts("artists", asked=1, left=2, albums_listed=5, albums_new=1, failed=1),
            PathCounts("sweeps", asked=1, albums_new=2),
            PathCounts("shards", asked=3, calls=30, albums_listed=20, albums_new=15, last_calls=20, last_new=5),
        ),
        unresolved=[
            WatchedArtist("name:A", "A", resolved=Resolution.AMBIGUOUS, candidates=(ArtistCandidate("1", "a"),)),
            *(WatchedArtist(f"name:{number}", f"{number}", resolved=Resolution.NOT_FOUND) for number in range(6)),
        ],
    ),
    albums=AlbumCounts(
        wanted=20, fetched=10, gone=1, short=2, over_limit=3, tracks_loaded=99, tracks_dropped=4, given_up=("bad", "x")
    ),
    calls=CallCounts(
        by_bucket={"search": 42, "album": 1},
        retries=1,
        seconds_waited=7.4,
        closed={"album": BucketClosedError("album", ClosedReason.QUOTA)},
        blocked_until={"album": NOON.timestamp()},
    ),
    data_issues=[DataIssueCount(DataIssueKind.REPEATED, "album_tracks", 1, "one"), *ISSUES],
)
EXPECTED = [
    (
        "Listed: 120 albums from search in US, GB and other discovery paths (search 100, artists 5, sweeps 0, shards 20)"
        ", 30 of them new."
    ),
    "Watchlist: 1 of 3 artists checked, 1 new album; 1 failed and are checked first next time.",
    "Sweeps: 1 discography, 2 new albums.",
    "Extra queries: 3 queries, 30 calls, 15 new albums; yield of the last 20 calls: 0.2 per call.",
    (
        "Unresolved artists, use the id instead of the name: 'A' (ambiguous: a 1); '0' (not found); '1' (not found); "
        "'2' (not found); '3' (not found); and 2 more, see watched_artists."
    ),
    "Fetched: 10 albums, 99 tracks; 1 gone (404, not requested again); 2 with fewer tracks than total_tracks.",
    "Calls: album 1, search 42; 1 retry, 7 s waited.",
    (
        f"Values with data issues: {'; '.join(f'albums.c{n}: 2 with a fraction, rounded (first in album first)' for n in range(5))}"
        "; and 2 more. See load_runs.values_dropped."
    ),
    "Items with data issues: album_tracks: 1 repeated, loaded once (album one). See load_runs.values_dropped.",
    "New columns for undocumented fields: albums.mood.",
    "Incomplete: no folder",
    "Pending: 12 albums (3 of them over the limit). The next runs fetch them.",
    "Given up: 2 albums that failed in 5 runs (first: bad). --full-refresh requests them again.",
    f"Closed: album, until {NOON.astimezone():%Y-%m-%d %H:%M %Z}. Run again after that time.",
    "Quarantined: aside. dlt's working directory could not be used (damaged).",
    "  Loaded data is not affected; missing data is fetched again.",
    "  Delete it when you no longer need it: aside",
    "Exported: out.json",
    "Duration: 1.2 s.",
]


@pytest.fixture
def destination(tmp_path: Path) -> DuckDbFile:
    return DuckDbFile(tmp_path / "x.duckdb", "spotify_raw", "v1.2.0")


@pytest.fixture
def outcome() -> Outcome:
    steps = [
        FollowUp("export", ["Exported: out.json"], {"file": "out.json"}),
        FollowUp("retention", error=ConfigurationError("no folder")),
    ]
    load = LoadResult("1.0", ["albums.mood"], [Quarantined(Path("aside"), "damaged", ())])
    return Outcome("run", NOON, NOON, RESULT, load, steps)


def test_text_report_has_a_line_for_each_subject(outcome: Outcome, destination: DuckDbFile) -> None:
    lines = text_report(outcome, destination, 1.23, example_queries=False).splitlines()
    assert lines[: len(EXPECTED)] == EXPECTED
    query, inspect = lines[len(EXPECTED) :]
    assert query.startswith("Query the data: ")
    assert inspect.startswith("Inspect with dlt: dlt pipeline --pipelines-dir ")


def test_text_report_of_an_empty_run_suggests_no_query(destination: DuckDbFile) -> None:
    empty = Outcome("run", NOON, NOON, RunResult(), LoadResult())
    assert text_report(empty, destination, 0, example_queries=True).splitlines() == [
        "Listed: nothing, no listing could be read.",
        "Fetched: 0 albums, 0 tracks.",
        "Calls: none.",
        "Duration: 0.0 s.",
    ]


def test_json_report_is_the_row_and_more(outcome: Outcome, destination: DuckDbFile) -> None:
    report: dict[str, Any] = json.loads(json_report(outcome, destination, 1.2345))
    for name, value in outcome.row.items():
        if name not in ("calls", "closed", "markets", "values_dropped", "blocked_until", "started_at", "finished_at"):
            assert report.pop(name) == value
    assert report.pop("paths")[2] == {
        "path": "sweeps",
        "asked": 1,
        "calls": 0,
        "albums_listed": 0,
        "albums_new": 2,
        "failed": 0,
        "left": 0,
        "last_calls": 0,
        "last_new": 0,
    }
    assert report.pop("values_dropped") == {
        "repeated": {"album_tracks": 1},
        "rounded": {f"albums.c{number}": 2 for number in range(7)},
    }
    assert report == {
        "started_at": "2026-11-20T12:00:00+00:00",
        "finished_at": "2026-11-20T12:00:00+00:00",
        "calls": {"album": 1, "search": 42},
        "closed": {"album": "quota"},
        "markets": ["US", "GB"],
        "blocked_until": {"album": "2026-11-20T12:00:00+00:00"},
        "seconds": 1.234,
        "items_dropped": 5,
        "artists_unresolved": ["A", *map(str, range(6))],
        "albums_over_limit": 3,
        "albums_failed": {},
        "albums_given_up": ["bad", "x"],
        "new_fields": ["albums.mood"],
        "set_aside": [{"folder": "aside", "why": "damaged"}],
        "followed": [
            {"name": "export", "succeeded": True, "error": None, "file": "out.json"},
            {"name": "retention", "succeeded": False, "error": "no folder"},
        ],
        "db": str(destination.file),
        "dataset": "spotify_raw",
        "pipelines_dir": str(destination.pipelines_dir),
    }


# -- commands and queries to copy


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the commands are for a POSIX shell")
def test_suggested_commands_run_whatever_the_path(place: Place, api: OfflineApi) -> None:
    folder = place.folder / 'it\'s "a" $HOME `x` folder'
    folder.mkdir()
    lines = place.load(api, "--db", str(folder / "x.duckdb")).out.splitlines()
    query, inspect = (
        line.partition(": ")[2] for line in lines if line.startswith(("Query the data: ", "Inspect with dlt: "))
    )

    shown = subprocess.run(query, shell=True, capture_output=True, text=True, check=False)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "released_on" in shown.stdout
    assert "One" in shown.stdout

    inspected = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from dlt._workspace.cli._dlt import _main; _main()",
            *inspect.split()[1:],
        ],
        cwd=place.folder,
        env={**os.environ, **place.environment(api), "RUNTIME__DLTHUB_TELEMETRY": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert inspected.returncode == 0, inspected.stderr
    assert "dataset_name: spotify_raw" in inspected.stdout


def test_windows_commands_have_only_outer_quotes(tmp_path: Path) -> None:
    script = query_script(tmp_path / "my data" / "x.duckdb", "SELECT 1")
    command = shell_command("python", "-c", script.replace('"', "'"), windows=True)
    assert command.count('"') == 2


@pytest.mark.parametrize(
    ("dialect", "words"),
    [("postgres", "LIMIT 5;"), ("tsql", "SELECT TOP 5 "), ("duckdb", "LIMIT 5;"), (None, "LIMIT 5;")],
)
def test_queries_are_in_the_dialect_of_the_destination(dialect: str | None, words: str) -> None:
    queries = example_queries_in(dialect, "spotify_raw")
    assert len(queries) == 3
    assert all(words in query for query in queries)
