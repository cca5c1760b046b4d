"""What the process returns, the report says and load_runs holds agree, also where what follows the load fails."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from spotify_pipeline.offline_api import OfflineApi

from tests.support.clock import DAY
from tests.support.place import Place
from tests.support.ran import Ran
from tests.support.with_dbt import skip_without_dbt

pytestmark = pytest.mark.slow

FORMS = ("text", "json")


def assert_it_agrees(place: Place, ran: Ran, form: str, code: int, words: str) -> None:
    """Exit code, report, standard error and the row of the run all say this."""
    row = place.last_run()
    assert (ran.code, row["exit_code"]) == (code, code)
    assert words in row["reason"]
    assert words in ran.err
    assert "Traceback" not in ran.err
    if form == "json":
        report: dict[str, Any] = json.loads(ran.out)
        assert (report["exit_code"], report["reason"]) == (code, row["reason"])
        assert report["load_id"] == row["load_id"]
    else:
        assert f"Incomplete: {row['reason']}" in ran.out


@pytest.mark.parametrize("form", FORMS)
def test_an_export_that_fails_after_its_folder_was_checked(
    place: Place, api: OfflineApi, tmp_path: Path, form: str
) -> None:
    folder = tmp_path / "exported"

    def meanwhile(*_: object) -> None:
        folder.rmdir()
        folder.write_text("mine")

    api.script("album", meanwhile)
    ran = place.load(api, "--export", str(folder), "--report", form)

    assert_it_agrees(place, ran, form, 78, "The export can't be written")
    assert place.count("albums") == 3


@pytest.mark.parametrize("form", FORMS)
def test_a_retention_that_fails(place: Place, api: OfflineApi, form: str) -> None:
    assert place.load(api).code == 0
    place.sql(
        "CREATE TABLE albums__mine (_dlt_root_id VARCHAR PRIMARY KEY);"
        "INSERT INTO albums__mine SELECT _dlt_id FROM albums;"
        "CREATE TABLE kept (id VARCHAR REFERENCES albums__mine (_dlt_root_id));"
        "INSERT INTO kept FROM albums__mine"
    )
    place.clock.move(3 * DAY)
    api.catalogue.listing = api.catalogue.listing[:1]

    ran = place.load(api, "--retain-days", "1", "--report", form)

    assert_it_agrees(place, ran, form, 69, "foreign key")
    assert place.count("albums") == 3


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_model_that_fails(place: Place, api: OfflineApi, form: str) -> None:
    skip_without_dbt()
    assert place.load(api).code == 0
    place.sql("INSERT INTO load_runs FROM load_runs")
    place.clock.move(60)

    ran = place.load(api, "--transform", "--report", form)

    assert ran.code != 0
    assert_it_agrees(place, ran, form, ran.code, "--transform: 1 of the models and tests failed")


def test_a_run_whose_row_can_not_be_written(place: Place, api: OfflineApi) -> None:
    assert place.load(api).code == 0
    place.sql("ALTER TABLE load_runs ADD COLUMN mine INTEGER; UPDATE load_runs SET mine = 1")
    place.sql("ALTER TABLE load_runs ALTER mine SET NOT NULL")

    ran = place.load(api, "--report", "json")

    assert "could not be recorded in load_runs" in ran.err
    assert json.loads(ran.out)["exit_code"] == ran.code == 69
    assert place.count("load_runs") == 1


def test_a_run_whose_folder_can_not_be_used_says_so_in_json(place: Place, api: OfflineApi) -> None:
    assert place.load(api).code == 0
    (folder,) = place.data_dir.glob("pipelines/*")
    shutil.rmtree(folder)
    folder.write_text("mine")

    ran = place.load(api, "--report", "json")

    assert json.loads(ran.out)["exit_code"] == ran.code == 69
