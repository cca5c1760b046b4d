"""Tests of runs that are killed or run out of disk space."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, Reply, make_album

from spotify_source.limits.governor import SystemClock
from tests.support.crashes import crash
from tests.support.place import Place

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither SIGKILL nor fork"),
]

# CRASHES=200 takes ten minutes.
RANDOM_CRASHES = int(os.environ.get("CRASHES", "2"))
STEPS_OF_A_RUN = 280

# Steps before which a run is killed, by the state that this leaves.
MOMENTS = {
    "package extracted, schema not saved": r"rmdir .*/normalize/",
    "directories of the loader created in part": r"mkdir .*/load/normalized",
    "package normalized, extracted files not deleted": r"remove .*state\.json",
    "extracted files deleted in part": r"rmdir failed_jobs",
    "albums in staging, file not marked": r"after INSERT INTO \"spotify_raw_staging\".\"albums\"",
    "one of the tables merged": r"remove .*/\.pending_transitions/\w+\.\w+\.0\.sql",
    "load in _dlt_loads, package not marked": r"after INSERT INTO \"spotify_raw\".\"_dlt_loads\"",
    "package marked as complete, not moved": r"rename .* to .*/load/loaded/",
}


@dataclass
class Reference:
    """An API and the tables after an undisturbed run."""

    api: OfflineApi
    contents: dict[str, list[tuple[Any, ...]]]


def contents(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows without dlt's ids, nested ones with the key of their parent."""
    keys = {"new_releases": "p.id", "albums": "p.id", "album_tracks": "p.album_id, p.disc_number, p.track_number"}
    columns: dict[str, list[str]] = {}
    for table, column in place.sql(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'spotify_raw'"
        " AND column_name NOT LIKE '@_dlt@_%' ESCAPE '@' ORDER BY column_index"
    ):
        columns.setdefault(table, []).append(column)
    found = {}
    for root, key in keys.items():
        found[root] = place.sql(f"SELECT {', '.join(columns[root])} FROM {root} ORDER BY ALL")
        for nested in (table for table in columns if table.startswith(f"{root}__")):
            own = ", ".join(f"n.{column}" for column in columns[nested])
            found[nested] = place.sql(
                f"SELECT {key}, n._dlt_list_idx, {own} FROM {nested} n"
                f" LEFT JOIN {root} p ON n._dlt_parent_id = p._dlt_id ORDER BY ALL"
            )
    return found


def assert_sightings_are_complete(place: Place, listed: int) -> None:
    """Check that each run with sightings has each position once."""
    runs = place.sql(
        "SELECT count(*), count(DISTINCT position), count(DISTINCT _dlt_id) FROM release_sightings GROUP BY run_id"
    )
    assert set(runs) == {(listed, listed, listed)}


def has_package(place: Place) -> bool:
    """Return whether a run has completed the extract of a package."""
    return any(
        found.is_dir()
        for pattern in ("normalize/extracted/*", "load/normalized/*", "load/loaded/*")
        for found in place.data_dir.glob(f"pipelines/*/spotify/{pattern}")
    )


@pytest.fixture(scope="module")
def albums() -> list[Album]:
    """Return albums with every kind of nested row, one with a second page."""
    return [make_album("Long", 60, discs=2), *(make_album(f"Album {number}", 1 + number) for number in range(4))]


@pytest.fixture(scope="module")
def reference(albums: list[Album], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    """Return the result of an undisturbed run."""
    with OfflineApi(Catalogue.of(albums), "development") as api:
        place = Place(tmp_path_factory.mktemp("reference"))
        ran = place.load(api, clock=SystemClock())
        assert ran.code == 0
        yield Reference(api, contents(place))


def assert_the_next_run_converges(place: Place, reference: Reference, where: str) -> None:
    """Check that the next run completes the tables without repeating album calls."""
    extracted = has_package(place)
    ran = place.load(reference.api, clock=SystemClock())
    assert ran.code == 0, f"killed before {where}\n{ran.err[-3000:]}"
    found = contents(place)
    assert found.keys() == reference.contents.keys()
    for table, rows in reference.contents.items():
        assert found[table] == rows, f"{table}, killed before {where}"
    assert_sightings_are_complete(place, listed=len(reference.contents["new_releases"]))
    assert not (extracted and ran.album_calls), f"killed before {where}"


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_run_after_a_kill_completes_the_tables(place: Place, reference: Reference, moment: str) -> None:
    steps = crash(place, reference.api, before=MOMENTS[moment])

    assert_the_next_run_converges(place, reference, steps[-1])


@pytest.mark.parametrize("seed", range(RANDOM_CRASHES))
def test_the_run_after_a_random_kill_completes_the_tables(place: Place, reference: Reference, seed: int) -> None:
    steps = crash(place, reference.api, at=random.Random(seed).randrange(1, STEPS_OF_A_RUN))

    assert_the_next_run_converges(place, reference, steps[-1])


@pytest.mark.parametrize("seed", range(RANDOM_CRASHES // 2))
def test_kills_during_changes_lose_and_duplicate_nothing(
    place: Place, albums: list[Album], reference: Reference, seed: int
) -> None:
    # The next listing has an album with fewer tracks and a new album; two runs in a row are killed.
    rng = random.Random(1000 + seed)
    longer = make_album("Long", 63, discs=2)
    with OfflineApi(Catalogue.of([longer, *albums[1:4]]), "development") as before:
        assert place.load(before, clock=SystemClock()).code == 0
    known = place.count("release_sightings")

    crash(place, reference.api, at=rng.randrange(20, 200))
    steps = crash(place, reference.api, at=rng.randrange(8, 60))
    ran = place.load(reference.api, clock=SystemClock())

    assert ran.code == 0, f"killed before {steps[-1]}\n{ran.err[-3000:]}"
    assert contents(place) == reference.contents
    assert known < place.count("release_sightings") <= known + 3 * len(albums)
    assert place.one("SELECT count(*) FROM (SELECT run_id, position FROM release_sightings GROUP BY ALL)") == (
        place.count("release_sightings")
    )


def test_the_call_budget_holds_across_kills_and_databases(tmp_path: Path) -> None:
    budget = 10
    places = [Place(tmp_path) for _ in range(3)]
    for number, place in enumerate(places):
        place.database = tmp_path / f"spotify{number}.duckdb"
    moments = (r"write .*/new_jobs/albums", r"rmdir .*/normalize/")
    with OfflineApi(Catalogue.of([make_album(f"Album {number}", 1) for number in range(30)]), "development") as api:
        for number in range(6):
            place = places[number % 3]
            crash(place, api, before=moments[number // 3], daily_calls=budget)
        for place in places:
            assert place.load(api, clock=SystemClock(), daily_calls=budget).code == 75
        assert api.calls["album"] == budget
        assert all(calls <= budget for bucket, calls in api.calls.items() if bucket != "token")


def test_a_second_signal_ends_the_run_immediately(tmp_path: Path, albums: list[Album]) -> None:
    place = Place(tmp_path)
    with OfflineApi(Catalogue.of(albums), "development") as api:
        api.always("search", Reply(hang=60.0))
        with subprocess.Popen(
            place.command_line(), env={**os.environ, **place.environment(api)}, stderr=subprocess.PIPE
        ) as process:
            while not api.calls["search"]:
                assert process.poll() is None
                os.sched_yield()
            process.send_signal(signal.SIGTERM)
            assert process.stderr is not None
            assert process.stderr.readline().startswith(b"Stopping: fetched albums are being loaded.")
            process.send_signal(signal.SIGINT)
            try:
                assert process.wait(timeout=3) == 130
            finally:
                process.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a mounted disk of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield disk
    # Lazily, since this process still has the ledger open there.
    subprocess.run(["umount", "-l", str(disk)], check=True)


def enlarge(disk: Path) -> None:
    """Add space to the disk."""
    subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)


def test_a_full_disk_under_the_database_loses_nothing(place: Place, small_disk: Path, reference: Reference) -> None:
    place.database = small_disk / "spotify.duckdb"
    (small_disk / "other").write_bytes(b"x" * 1_900_000)

    full = place.load(reference.api, clock=SystemClock())
    assert full.code == 69
    assert "Traceback" not in full.err
    enlarge(small_disk)

    assert_the_next_run_converges(place, reference, "the disk was full")


def test_a_full_disk_under_the_working_directory_loses_nothing(
    place: Place, small_disk: Path, reference: Reference
) -> None:
    place.data_dir = small_disk
    filler = small_disk / "other"
    filler.write_bytes(b"x" * 2_000_000)

    full = place.load(reference.api, clock=SystemClock())
    assert full.code == 69
    assert "Traceback" not in full.err
    filler.unlink()
    enlarge(small_disk)

    assert_the_next_run_converges(place, reference, "the disk was full")
