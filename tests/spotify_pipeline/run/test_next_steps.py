"""What the report suggests can be copied and pasted: into the shell, into the destination, into dlt's own command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from spotify_pipeline.installation import install_command, interpreter
from spotify_pipeline.offline_api import OfflineApi
from spotify_pipeline.run.report import example_queries_in, query_script, shell_command

from tests.support.place import Place


def suggested(said: str, label: str) -> str:
    """The command behind a label of the report."""
    (line,) = [line for line in said.splitlines() if line.startswith(label)]
    return line.removeprefix(label)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell is asked")
def test_the_command_to_look_at_it_survives_every_path(place: Place, api: OfflineApi) -> None:
    folder = place.folder / 'it\'s "a" $HOME `x` folder'
    folder.mkdir()
    ran = place.load(api, "--db", str(folder / "x.duckdb"))

    shown = subprocess.run(
        suggested(ran.out, "Query the data: "), shell=True, capture_output=True, text=True, check=False
    )

    assert (shown.returncode, shown.stderr) == (0, "")
    assert "released_on" in shown.stdout
    assert "One" in shown.stdout


def test_on_windows_the_command_has_no_quote_that_cmd_or_powershell_would_take(tmp_path: Path) -> None:
    code = query_script(tmp_path / "my data" / "x.duckdb", "SELECT 1")
    command = shell_command("python", "-c", code.replace('"', "'"), windows=True)
    assert command.count('"') == 2


def test_the_interpreter_is_the_one_that_runs_this(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert interpreter() in ("python", sys.executable)
    other = tmp_path / ("python.exe" if sys.platform == "win32" else "python")
    other.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter() == sys.executable


def test_what_uv_finds_first_the_shell_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    monkeypatch.setenv("UV", "/usr/local/bin/uv")
    assert interpreter() == sys.executable


def test_what_is_missing_is_installed_by_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert install_command("dlt[s3]", "x").endswith(' -m pip install "dlt[s3]" "x"')
    monkeypatch.setitem(sys.modules, "pip", None)
    assert install_command("dlt[s3]", "x") == f'uv pip install --python {sys.executable} "dlt[s3]" "x"'


@pytest.mark.slow
def test_dlts_own_command_finds_the_pipeline_with_what_is_printed(place: Place, api: OfflineApi) -> None:
    ran = place.load(api)
    _dlt, *words = suggested(ran.out, "Inspect with dlt: ").split()

    seen = subprocess.run(
        [sys.executable, "-c", "import sys; from dlt._workspace.cli._dlt import _main; _main()", *words],
        cwd=place.folder,
        env={**os.environ, **place.environment(api), "RUNTIME__DLTHUB_TELEMETRY": "false"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert seen.returncode == 0, seen.stderr
    assert "dataset_name: spotify_raw" in seen.stdout


@pytest.mark.parametrize(
    ("dialect", "words"),
    [("postgres", "LIMIT 5;"), ("tsql", "SELECT TOP 5 "), ("duckdb", "LIMIT 5;"), (None, "LIMIT 5;")],
)
def test_queries_are_in_the_sql_of_the_destination(dialect: str | None, words: str) -> None:
    queries = example_queries_in(dialect, "spotify_raw")
    assert len(queries) == 3
    assert all(words in query for query in queries)
