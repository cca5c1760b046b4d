"""The command report: files, exit codes and messages."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.support.checkout import CHECKOUT, REPORT_PY
from tests.support.database import held_by_another_process
from tests.support.page import DemoPage, Page, run_report


def test_report_writes_one_file_and_leaves_the_database(development: DemoPage, tmp_path: Path) -> None:
    # Quotes in the path, and a file with the name of the dataset, need care in SQL.
    folder = tmp_path / 'it\'s "mine"'
    folder.mkdir()
    database = Path(shutil.copy(development.database.database, folder / "spotify_raw.duckdb"))
    before, out = database.read_bytes(), tmp_path / "look.html"

    ran = run_report("--db", database, "--out", out, now=development.now)

    assert ran.code == 0
    assert str(out) in ran.out
    assert out.as_uri() in ran.out
    assert sorted(tmp_path.iterdir()) == sorted([folder, out])
    assert Page(out).html == development.page.html
    assert out.stat().st_size < 2_000_000
    assert database.read_bytes() == before
    assert list(folder.iterdir()) == [database]


def test_script_runs_in_any_folder(development: DemoPage, tmp_path: Path) -> None:
    shutil.copy(development.database.database, tmp_path / "spotify.duckdb")
    ran = subprocess.run([sys.executable, str(REPORT_PY)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (tmp_path / "spotify.html").is_file()


def test_missing_file_is_reported_with_the_load_command(tmp_path: Path) -> None:
    ran = run_report("--db", tmp_path / "none.duckdb", "--out", tmp_path / "page.html")
    assert ran.code == 78
    summary, guidance, link = ran.err.splitlines()
    assert summary == f"The file {tmp_path / 'none.duckdb'} does not exist."
    assert "python pipelines/load.py --db" in guidance
    assert link.strip().startswith("https://")
    assert not list(tmp_path.iterdir())


def test_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "notes.duckdb").write_text("milk, eggs" * 1000, encoding="utf-8")
    ran = run_report("--db", tmp_path / "notes.duckdb", "--out", tmp_path / "page.html")
    assert ran.code == 78
    assert "can't be read as a DuckDB database" in ran.err


def test_database_without_tables_is_reported(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    ran = run_report("--db", tmp_path / "empty.duckdb", "--out", tmp_path / "page.html")
    assert ran.code == 78
    assert "has no tables of this pipeline in spotify_raw" in ran.err
    assert "Traceback" not in ran.err


def test_another_dataset_in_the_file_is_suggested(development: DemoPage, tmp_path: Path) -> None:
    database = development.database.database
    ran = run_report("--db", database, "--dataset", "elsewhere", "--out", tmp_path / "page.html")
    assert ran.code == 78
    assert "choose with --dataset spotify_raw" in ran.err


def test_database_in_use_is_unavailable(development: DemoPage, tmp_path: Path) -> None:
    database = Path(shutil.copy(development.database.database, tmp_path / "spotify.duckdb"))
    with held_by_another_process(database):
        ran = run_report("--db", database, "--out", tmp_path / "page.html")
    assert ran.code == 69
    assert "is in use" in ran.err
    assert "Wait until the load ends" in ran.err


def test_path_that_cannot_hold_the_page_is_rejected(
    development: DemoPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = Path(shutil.copy(development.database.database, tmp_path / "spotify.duckdb"))
    before = database.read_bytes()
    for out in ("nowhere/page.html", ".", "spotify.duckdb"):
        assert run_report("--db", database, "--out", out).code == 78
    assert database.read_bytes() == before


def test_unknown_option_is_rejected() -> None:
    ran = run_report("--dbb", "x")
    assert ran.code == 78
    assert "--dbb" in ran.err


@pytest.mark.parametrize("missing", ["jinja2", "vl_convert"])
def test_missing_extra_is_reported_with_the_install_command(missing: str, tmp_path: Path) -> None:
    script = f"""
import importlib.util, runpy, sys
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == {missing!r} else find_spec(name, package)
sys.modules[{missing!r}] = None
sys.argv = ["report.py"]
runpy.run_path({str(REPORT_PY)!r}, run_name="__main__")
"""
    ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 78
    reason, install = ran.stderr.splitlines()
    assert reason == 'The page needs the extra "report":'
    assert install.endswith(f' -m pip install "{CHECKOUT}[report]"')
