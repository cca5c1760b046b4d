"""Tests of working directories that are damaged or hold packages that never load."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dlt
import pytest
from spotify_pipeline.destinations.duckdb import DuckDbFile
from spotify_pipeline.dlt_internals.dlt_config import StepCollector
from spotify_pipeline.dlt_internals.working_directory import KEPT_PACKAGES, KEPT_QUARANTINED, WorkingDirectory
from spotify_pipeline.offline_api import OfflineApi

from spotify_source import schema
from spotify_source.limits.governor import SystemClock
from tests.support.crashes import crash
from tests.support.database import held_by_another_process
from tests.support.place import Place
from tests.support.ran import Ran

pytestmark = pytest.mark.slow

ALBUMS, TRACKS = 3, 73
# At each stage, one of this number of files and kinds of damage is tried; DAMAGES=1 tries all, in an hour.
SAMPLE = int(os.environ.get("DAMAGES", "40"))
# Steps before which a run is killed.
STAGES = {
    "extracted": r"rmdir .*/normalize/",
    "normalized": r"remove .*state\.json",
    "in staging": r"after INSERT INTO \"spotify_raw_staging\".\"albums\"",
    "merging": r"remove .*/\.pending_transitions/\w+\.\w+\.0\.sql",
    "loaded": "",
}


def damage(file: Path, how: str) -> None:
    """Damage a file: 'missing', 'truncated', 'empty' or 'garbled'."""
    content = file.read_bytes()
    noise = random.Random(len(content)).randbytes(max(8, len(content)))
    if how == "missing":
        file.unlink()
    else:
        file.write_bytes({"truncated": content[: len(content) // 2], "empty": b"", "garbled": noise}[how])


def working_directory(place: Place) -> Path:
    """Return dlt's working directory of a place."""
    (found,) = place.data_dir.glob("pipelines/*/spotify")
    return found


def quarantined(place: Place) -> list[Path]:
    """Return the quarantined directories, oldest first."""
    return sorted(place.data_dir.glob("pipelines/*/quarantine/*"), key=lambda folder: int(folder.name))


def assert_complete(place: Place, ran: Ran, case: object = None) -> None:
    """Check that a run ended well and loaded everything."""
    assert (ran.code, ran.err) == (0, ""), case
    counts = {table: place.count(table) for table in ("new_releases", "albums", "album_tracks")}
    assert counts == {"new_releases": ALBUMS, "albums": ALBUMS, "album_tracks": TRACKS}, case


def leave_a_package_that_fails(place: Place) -> None:
    """Extract a package with an integer that no column can hold."""

    @dlt.source(name="spotify")
    def source() -> Any:
        @dlt.resource
        def albums() -> Iterator[Any]:
            yield {"id": "x", "popularity": 2**63}

        return schema.declare(albums, schema.ALBUMS)

    with patch.dict(os.environ, place.environment()):
        pipeline = DuckDbFile(place.database, "spotify_raw").working_directory().pipeline()
        pipeline.extract(source())
        pipeline.deactivate()


def test_a_package_that_never_loads_is_quarantined_and_reported(place: Place, api: OfflineApi) -> None:
    leave_a_package_that_fails(place)
    checked = place.load(api, "--check")
    assert "1 load package pending, loaded first by the next run" in checked.out

    ran = place.load(api)

    assert_complete(place, ran)
    (first,) = quarantined(place)
    assert f"Quarantined: {first}" in ran.out
    assert f"dlt pipeline --pipelines-dir {first} spotify load-package " in ran.out
    assert list(first.glob("spotify/normalize/extracted/*"))

    leave_a_package_that_fails(place)
    reported = place.load(api, "--report", "json")
    assert_complete(place, Ran(reported.code, "", reported.err))
    _, second = quarantined(place)
    assert [one["folder"] for one in json.loads(reported.out)["set_aside"]] == [str(second)]
    assert "Quarantined" not in place.load(api).out

    checked = place.load(api, "--check")
    assert checked.code == 0
    assert "nothing pending" in checked.out
    assert f"Quarantined: {first}" in checked.out
    assert f"Quarantined: {second}" in checked.out
    shutil.rmtree(first.parent)
    assert "Quarantined" not in place.load(api, "--check").out


def test_a_package_waits_while_the_file_is_locked(place: Place, api: OfflineApi) -> None:
    holders = []

    def lock(*_: object) -> None:
        holders.append(held_by_another_process(place.database))
        holders[-1].__enter__()

    api.script("album", lock)
    locked_out = place.load(api)
    assert (locked_out.code, locked_out.calls["album"]) == (69, 3)
    assert "Traceback" not in locked_out.err
    assert place.load(api).code == 69
    holders[0].__exit__(None, None, None)

    ran = place.load(api)

    assert_complete(place, ran)
    assert ran.album_calls == 0
    assert quarantined(place) == []


def test_a_damaged_directory_is_replaced_without_loss(place: Place, api: OfflineApi) -> None:
    assert place.load(api).code == 0
    for number, file in enumerate(("state.json", "schemas/spotify.schema.json", "load/.version")):
        damage(working_directory(place) / file, "garbled")
        assert "the next run quarantines it" in place.load(api, "--check").out
        planned = place.load(api, "--dry-run")
        assert (planned.code, planned.err) == (0, "")

        ran = place.load(api)

        assert_complete(place, ran)
        assert ran.album_calls == 0
        assert f"Quarantined: {quarantined(place)[number]}" in ran.out
        assert "browse" not in ran.calls, "the source state is restored from the destination"


@pytest.mark.parametrize("name", ["running.json", "running.lock", "quarantine", "."])
def test_an_obstructing_path_is_named_with_the_remedy(place: Place, api: OfflineApi, name: str) -> None:
    directory = working_directory_after_a_run(place, api)
    if name == ".":
        shutil.rmtree(directory)
        directory.write_text("mine")
    elif name == "quarantine":
        (directory / name).write_text("mine")
        damage(directory / "spotify" / "state.json", "empty")
    else:
        (directory / name).unlink(missing_ok=True)
        (directory / name).mkdir()

    ran = place.load(api)

    assert ran.code == 69
    assert "Traceback" not in ran.err
    assert str(directory / name if name != "." else directory) in ran.err
    assert "delete it" in ran.err


def working_directory_after_a_run(place: Place, api: OfflineApi) -> Path:
    """Return the parent of a working directory that dlt has used."""
    assert place.load(api, "--resources", "new_releases").code == 0
    return working_directory(place).parent


def test_only_the_last_quarantined_directories_are_kept(tmp_path: Path) -> None:
    destination = dlt.destinations.duckdb(str(tmp_path / "spotify.duckdb"))
    directory = WorkingDirectory(tmp_path, destination, "spotify_raw", StepCollector())

    for number in range(KEPT_QUARANTINED + 2):
        directory.quarantine(f"reason {number}").deactivate()

    found = directory.quarantined()
    assert [one.directory.name for one in found] == [str(3 + number) for number in range(KEPT_QUARANTINED)]
    assert [one.reason for one in found] == [f"reason {2 + number}" for number in range(KEPT_QUARANTINED)]


def test_nothing_grows_from_run_to_run(place: Place, api: OfflineApi) -> None:
    sizes = []
    for _ in range(KEPT_PACKAGES + 4):
        assert place.load(api).code == 0
        place.clock.move(3600)
        kept = list(place.data_dir.glob("pipelines/*/spotify/load/loaded/*"))
        assert len(kept) <= KEPT_PACKAGES
        sizes.append((len(place.files()), place.count("_dlt_pipeline_state"), place.count("_dlt_version")))
    assert len(set(sizes[KEPT_PACKAGES:])) == 1
    assert sizes[-1][1] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither SIGKILL nor fork")
@pytest.mark.parametrize("stage", STAGES)
def test_a_run_recovers_from_any_damaged_file(
    place: Place, api: OfflineApi, tmp_path_factory: pytest.TempPathFactory, stage: str
) -> None:
    crash(place, api, before=STAGES[stage])
    kept = tmp_path_factory.mktemp("kept") / "place"
    shutil.copytree(place.folder, kept)
    files = [file.relative_to(kept) for file in kept.glob("dlt/pipelines/**/*") if file.is_file()]
    cases = [(file, how) for how in ("truncated", "empty", "garbled", "missing") for file in sorted(files)]
    for file, how in random.Random(stage).sample(cases, -(-len(cases) // SAMPLE)):
        shutil.rmtree(place.folder)
        shutil.copytree(kept, place.folder)
        damage(place.folder / file, how)

        assert_complete(place, place.load(api, clock=SystemClock()), (file, how))
    assert place.load(api, clock=SystemClock()).album_calls == 0
