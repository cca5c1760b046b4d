"""A working folder that is damaged, or holds what can't be loaded, is kept beside and begun anew: no run fails by it."""

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
from spotify_pipeline.dlt_internals.working_directory import KEPT_PACKAGES, KEPT_QUARANTINED
from spotify_pipeline.offline_api import OfflineApi

from spotify_source import schema
from spotify_source.limits.governor import SystemClock
from tests.support.crashes import crash
from tests.support.database import held_by_another_process
from tests.support.place import Place
from tests.support.ran import Ran

pytestmark = pytest.mark.slow

ALBUMS, TRACKS = 3, 73
# More of them is a matter of patience: DAMAGES=0 damages every file of every stage in each way.
EVERY = int(os.environ.get("DAMAGES", "37"))
STAGES = {
    "extracted": r"rmdir .*/normalize/",
    "normalized": r"remove .*state\.json",
    "in staging": r"after INSERT INTO \"spotify_raw_staging\".\"albums\"",
    "merging": r"remove .*/\.pending_transitions/\w+\.\w+\.0\.sql",
    "loaded": "",
}


def damaged(file: Path, how: str) -> None:
    """Damage a file in that way."""
    content = file.read_bytes()
    noise = random.Random(len(content)).randbytes(max(8, len(content)))
    if how == "missing":
        file.unlink()
    else:
        file.write_bytes({"truncated": content[: len(content) // 2], "empty": b"", "garbled": noise}[how])


def folder_of(place: Place) -> Path:
    """The folder of the place in which dlt works."""
    (found,) = place.data_dir.glob("pipelines/*/spotify")
    return found


def quarantined_in(place: Place) -> list[Path]:
    """What was set aside, oldest first."""
    return sorted(place.data_dir.glob("pipelines/*/quarantine/*"), key=lambda folder: int(folder.name))


def assert_complete(place: Place, ran: Ran, what: object = None) -> None:
    """The run went well, and everything is there."""
    assert (ran.code, ran.err) == (0, ""), what
    counts = {table: place.count(table) for table in ("new_releases", "albums", "album_tracks")}
    assert counts == {"new_releases": ALBUMS, "albums": ALBUMS, "album_tracks": TRACKS}, what


def leave_a_package_that_fails(place: Place) -> None:
    """As an earlier version did, that let a number through which is greater than any column can hold."""

    @dlt.source(name="spotify")
    def earlier() -> Any:
        @dlt.resource
        def albums() -> Iterator[Any]:
            yield {"id": "x", "popularity": 2**63}

        return schema.declare(albums, schema.ALBUMS)

    with patch.dict(os.environ, place.environment()):
        pipeline = DuckDbFile(place.database, "spotify_raw").working_directory().pipeline()
        pipeline.extract(earlier())
        pipeline.deactivate()


@pytest.mark.parametrize("before", ["nothing", "a run"])
def test_a_package_that_never_loads_is_set_aside_and_the_run_goes_on(
    place: Place, api: OfflineApi, before: str
) -> None:
    if before == "a run":
        assert place.load(api).code == 0
    leave_a_package_that_fails(place)

    ran = place.load(api)

    assert_complete(place, ran)
    (aside,) = quarantined_in(place)
    assert f"Quarantined: {aside}" in ran.out
    assert f"dlt pipeline --pipelines-dir {aside} spotify load-package " in ran.out
    assert list(aside.glob("spotify/normalize/extracted/*"))
    assert "Quarantined" not in place.load(api).out


def test_what_was_set_aside_stands_in_the_json_report_and_in_every_check(place: Place, api: OfflineApi) -> None:
    leave_a_package_that_fails(place)
    pending = place.load(api, "--check")
    assert "1 load package pending, loaded first by the next run" in pending.out

    report = json.loads(place.load(api, "--report", "json").out)

    (aside,) = quarantined_in(place)
    assert [one["folder"] for one in report["set_aside"]] == [str(aside)]
    checked = place.load(api, "--check")
    assert checked.code == 0
    assert "nothing pending" in checked.out
    assert f"Quarantined: {aside}" in checked.out
    shutil.rmtree(aside)
    assert "Quarantined" not in place.load(api, "--check").out


def test_a_package_that_can_not_be_loaded_now_waits(place: Place, api: OfflineApi) -> None:
    holders = []

    def lock(*_: object) -> None:
        holders.append(held_by_another_process(place.database))
        holders[-1].__enter__()

    api.script("album", lock)
    assert place.load(api).code == 69
    assert place.load(api).code == 69
    holders[0].__exit__(None, None, None)

    ran = place.load(api)

    assert_complete(place, ran)
    assert ran.album_calls == 0
    assert quarantined_in(place) == []


@pytest.mark.parametrize("file", ["state.json", "schemas/spotify.schema.json", "load/.version"])
def test_a_damaged_folder_is_begun_anew_with_what_is_loaded(place: Place, api: OfflineApi, file: str) -> None:
    assert place.load(api).code == 0
    damaged(folder_of(place) / file, "garbled")
    checked = place.load(api, "--check")
    assert "the next run quarantines it" in checked.out
    planned = place.load(api, "--dry-run")
    assert (planned.code, planned.err) == (0, "")

    ran = place.load(api)

    assert_complete(place, ran)
    assert ran.album_calls == 0
    assert f"Quarantined: {quarantined_in(place)[0]}" in ran.out
    assert "browse" not in ran.calls, "what the app may call was remembered"


def test_a_holder_that_is_not_one_is_no_trouble(place: Place, api: OfflineApi) -> None:
    second: list[Ran] = []

    def meanwhile(*_: object) -> None:
        folder_of(place).with_name("running.json").write_text("[1]")
        second.append(place.load(None))

    api.script("search", meanwhile)
    assert place.load(api).code == 0
    assert second[0].code == 75
    assert "another process" in second[0].err


@pytest.mark.parametrize("name", ["running.json", "running.lock", "quarantine", "."])
def test_what_lies_in_the_way_is_named_with_what_to_do(place: Place, api: OfflineApi, name: str) -> None:
    assert place.load(api).code == 0
    folder = folder_of(place).parent
    if name == ".":
        shutil.rmtree(folder)
        folder.write_text("mine")
    elif name == "quarantine":
        (folder / name).write_text("mine")
        damaged(folder / "spotify" / "state.json", "empty")
    else:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    ran = place.load(api)

    assert ran.code == 69
    assert "Traceback" not in ran.err
    assert str(folder / name if name != "." else folder) in ran.err
    assert "delete it" in ran.err


def test_only_the_last_few_folders_that_were_set_aside_are_kept(place: Place, api: OfflineApi) -> None:
    for _ in range(KEPT_QUARANTINED + 2):
        assert place.load(api, "--resources", "new_releases").code == 0
        damaged(folder_of(place) / "state.json", "empty")
    assert place.load(api).code == 0
    assert [folder.name for folder in quarantined_in(place)] == [str(3 + number) for number in range(KEPT_QUARANTINED)]


@pytest.mark.slow
def test_nothing_grows_from_run_to_run(place: Place, api: OfflineApi) -> None:
    sizes = []
    for _ in range(12):
        assert place.load(api).code == 0
        place.clock.move(3600)
        kept = list(place.data_dir.glob("pipelines/*/spotify/load/loaded/*"))
        assert len(kept) <= KEPT_PACKAGES
        sizes.append((len(place.files()), place.count("_dlt_pipeline_state"), place.count("_dlt_version")))
    assert len(set(sizes[KEPT_PACKAGES:])) == 1
    assert sizes[-1][1] == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither SIGKILL nor fork")
@pytest.mark.parametrize("stage", STAGES)
def test_whatever_file_is_damaged_at_whatever_stage_the_next_run_recovers(
    place: Place, api: OfflineApi, tmp_path_factory: pytest.TempPathFactory, stage: str
) -> None:
    crash(place, api, before=STAGES[stage])
    kept = tmp_path_factory.mktemp("kept") / "place"
    shutil.copytree(place.folder, kept)
    files = [file.relative_to(kept) for file in kept.glob("dlt/pipelines/**/*") if file.is_file()]
    cases = [(file, how) for how in ("truncated", "empty", "garbled", "missing") for file in sorted(files)]
    for file, how in cases if not EVERY else random.Random(stage).sample(cases, len(cases) // EVERY + 1):
        shutil.rmtree(place.folder)
        shutil.copytree(kept, place.folder)
        damaged(place.folder / file, how)

        assert_complete(place, place.load(api, clock=SystemClock()), (file, how))
        again = place.load(api, clock=SystemClock())
        assert_complete(place, again, (file, how))
        assert again.album_calls == 0
