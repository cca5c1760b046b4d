"""The command: where it writes, how it ends, and what it says when it can't."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.support.checkout import CHECKOUT, REPORT_PY
from tests.support.database import held_by_another_process
from tests.support.page import Page, Shown, report_on


def test_it_writes_one_file_and_says_where(development: Shown, tmp_path: Path) -> None:
    out = tmp_path / "look.html"
    reported = report_on("--db", development.place.database, "--out", out, now=development.now)
    assert reported.code == 0
    assert str(out) in reported.out
    assert out.as_uri() in reported.out
    assert list(tmp_path.iterdir()) == [out]
    assert Page(out).html == development.page.html
    assert out.stat().st_size < 2_000_000


def test_it_runs_as_a_script_from_any_folder(development: Shown, tmp_path: Path) -> None:
    shutil.copy(development.place.database, tmp_path / "spotify.duckdb")
    ran = subprocess.run([sys.executable, str(REPORT_PY)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (tmp_path / "spotify.html").is_file()


def test_it_changes_nothing_in_the_database(development: Shown, tmp_path: Path) -> None:
    database = Path(shutil.copy(development.place.database, tmp_path / "spotify.duckdb"))
    before = database.read_bytes()
    report_on("--db", database, "--out", tmp_path / "page.html")
    assert database.read_bytes() == before


def test_a_file_that_shares_its_name_with_the_dataset_can_be_read(development: Shown, tmp_path: Path) -> None:
    database = shutil.copy(development.place.database, tmp_path / "spotify_raw.duckdb")
    assert report_on("--db", database, "--out", tmp_path / "page.html").code == 0


def test_a_path_with_quotes_can_be_read(development: Shown, tmp_path: Path) -> None:
    database = shutil.copy(development.place.database, tmp_path / 'it\'s "mine".duckdb')
    assert report_on("--db", database, "--out", tmp_path / "page.html").code == 0


def test_a_missing_file_is_named_with_how_to_make_it(tmp_path: Path) -> None:
    reported = report_on("--db", tmp_path / "none.duckdb", "--out", tmp_path / "page.html")
    assert reported.code == 78
    what, guidance, link = reported.err.splitlines()
    assert what == f"The file {tmp_path / 'none.duckdb'} does not exist."
    assert "python pipelines/load.py --db" in guidance
    assert link.strip().startswith("https://")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.duckdb").write_text("milk, eggs" * 1000, encoding="utf-8")
    reported = report_on("--db", tmp_path / "notes.duckdb", "--out", tmp_path / "page.html")
    assert reported.code == 78
    assert "can't be read as a DuckDB database" in reported.err


def test_a_database_without_tables_is_named(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    reported = report_on("--db", tmp_path / "empty.duckdb", "--out", tmp_path / "page.html")
    assert reported.code == 78
    assert "has no tables of this pipeline in spotify_raw" in reported.err
    assert "Traceback" not in reported.err


def test_another_dataset_in_the_file_is_suggested(development: Shown, tmp_path: Path) -> None:
    reported = report_on("--db", development.place.database, "--dataset", "elsewhere", "--out", tmp_path / "page.html")
    assert reported.code == 78
    assert "choose with --dataset spotify_raw" in reported.err


def test_a_database_in_use_is_no_defect(development: Shown, tmp_path: Path) -> None:
    database = Path(shutil.copy(development.place.database, tmp_path / "spotify.duckdb"))
    with held_by_another_process(database):
        reported = report_on("--db", database, "--out", tmp_path / "page.html")
    assert reported.code == 69
    assert "is in use" in reported.err
    assert "Wait until the load ends" in reported.err


@pytest.mark.parametrize("out", ["nowhere/page.html", ".", "spotify.duckdb"])
def test_a_place_that_can_hold_no_page_is_refused(
    development: Shown, tmp_path: Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = Path(shutil.copy(development.place.database, tmp_path / "spotify.duckdb"))
    before = database.read_bytes()
    assert report_on("--db", database, "--out", out).code == 78
    assert database.read_bytes() == before


def test_a_mistyped_option_ends_as_wrong_configuration() -> None:
    reported = report_on("--dbb", "x")
    assert reported.code == 78
    assert "unrecognized arguments: --dbb" in reported.err


@pytest.mark.parametrize("missing", ["jinja2", "vl_convert"])
def test_without_the_extra_one_line_says_how_to_install_it(missing: str, tmp_path: Path) -> None:
    hide = f"""
import runpy, sys
sys.modules[{missing!r}] = None
sys.argv = ["report.py"]
runpy.run_path({str(REPORT_PY)!r}, run_name="__main__")
"""
    ran = subprocess.run([sys.executable, "-c", hide], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 78
    said, install = ran.stderr.splitlines()
    assert said == 'The page needs the extra "report":'
    assert install.endswith(f' -m pip install "{CHECKOUT}[report]"')
