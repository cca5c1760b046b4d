"""What dlt can't replace rows in is refused before anything is asked for; what is known of the data's place counts."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from spotify_pipeline.destinations import named_destination
from spotify_pipeline.destinations.driver_errors import redact_passwords
from spotify_pipeline.offline_api import OfflineApi

from spotify_source import spotify_source
from tests.support.place import Place


@pytest.mark.parametrize("option", [[], ["--check"], ["--dry-run"]])
def test_plain_files_are_refused_with_what_to_do_instead(
    place: Place, api: OfflineApi, tmp_path: Path, option: list[str]
) -> None:
    bucket = {"DESTINATION__FILESYSTEM__BUCKET_URL": (tmp_path / "bucket").as_uri()}

    ran = place.load(api, "--destination", "filesystem", *option, env=bucket)

    assert ran.code == 78
    assert "can't replace rows" in ran.err + ran.out
    assert "--export DIR" in ran.err + ran.out
    assert ran.calls["search"] == 0 or option == ["--check"]
    assert not (tmp_path / "bucket" / "spotify_raw").exists()


def test_a_destination_without_its_driver_names_the_command_that_installs_it(
    place: Place, api: OfflineApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith(("psycopg2", "dlt.destinations.impl.postgres"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg2", None)  # type: ignore[arg-type]  # so an import fails

    ran = place.load(
        api, "--destination", "postgres", env={"DESTINATION__POSTGRES__CREDENTIALS": "postgresql://a:b@c/d"}
    )

    assert ran.code == 78
    assert "driver that is not installed" in ran.err
    assert '[postgres]"' in ran.err
    assert "Traceback" not in ran.err


def test_a_destination_that_is_not_configured_says_what_is_missing(place: Place, api: OfflineApi) -> None:
    pytest.importorskip("psycopg2")

    ran = place.load(api, "--destination", "postgres")

    assert ran.code == 78
    assert "DESTINATION__POSTGRES__CREDENTIALS" in ran.err
    assert "Traceback" not in ran.err


def test_two_databases_of_one_kind_have_each_a_working_folder_of_their_own(tmp_path: Path) -> None:
    def folder(database: str, dataset: str = "spotify_raw") -> Path:
        with patch.dict("os.environ", {"DESTINATION__DUCKDB__CREDENTIALS": str(tmp_path / database)}):
            return named_destination("duckdb", dataset).pipelines_dir

    assert folder("a.duckdb") == folder("a.duckdb")
    assert len({folder("a.duckdb"), folder("b.duckdb"), folder("a.duckdb", "other")}) == 3


def test_a_format_that_a_destination_cannot_take_is_not_asked_for(tmp_path: Path) -> None:
    def formats(name: str, **settings: str) -> set[object]:
        source = spotify_source(client_id="demo", client_secret="demo")
        with patch.dict("os.environ", settings):
            named_destination(name, "spotify_raw").adapt(source)
        return {resource.compute_table_schema().get("file_format") for resource in source.resources.values()}

    pytest.importorskip("sqlalchemy")
    lite = {"DESTINATION__SQLALCHEMY__CREDENTIALS": f"sqlite:///{tmp_path}/lite.db"}
    assert formats("sqlalchemy", **lite) == {"preferred"}
    assert "parquet" in formats("duckdb", DESTINATION__DUCKDB__CREDENTIALS=str(tmp_path / "other.duckdb"))


@pytest.mark.parametrize(
    "message",
    [
        "can't connect to postgresql://loader:wholly-secret@db:5432/x",
        "postgres://loader:whol@ly-secret@db/x failed",
        "host=db password=wholly-secret user=x",
        "password='wholly secret' user=x",
    ],
)
def test_no_password_stands_in_a_message(message: str) -> None:
    assert "secret" not in redact_passwords(message)
    assert "***" in redact_passwords(message)
