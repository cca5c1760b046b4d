"""Tests of `spotify-source`, of interrupted commands, and of missing packages."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from spotify_pipeline.cli.main import COMMANDS, main

from tests.support.checkout import CHECKOUT, LOAD_PY, PROBE_PY, REPORT_PY
from tests.support.place import Place

SCRIPTS = pytest.mark.parametrize("script", [LOAD_PY, REPORT_PY, PROBE_PY], ids=lambda path: path.stem)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_subcommand_has_its_name(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: spotify-source {command} ")


def test_help_lists_the_subcommands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {command}" in out for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [([], "no command given"), (["laod"], "Did you mean load?"), (["--demo"], "unknown command '--demo'.")],
)
def test_an_unknown_subcommand_ends_with_78(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 78
    assert message in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to itself")
@SCRIPTS
def test_an_interrupted_import_ends_with_130(place: Place, script: Path) -> None:
    # A package in place of dlt that interrupts its own import.
    package = place.folder / "first" / "dlt"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    path = os.pathsep.join([str(package.parent), os.environ.get("PYTHONPATH", "")])

    ran = subprocess.run(
        [sys.executable, str(script)],
        cwd=place.folder,
        env={**os.environ, **place.environment(), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


# -- without the package


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


@SCRIPTS
def test_a_missing_package_leads_to_install_commands(bare_python: Path, tmp_path: Path, script: Path) -> None:
    ran = subprocess.run(
        [str(bare_python), str(script)],
        cwd=tmp_path,
        env={"PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (78, "")
    assert "Traceback" not in ran.stderr
    assert f"The package is not installed for {bare_python}" in ran.stderr
    assert f"In the folder {CHECKOUT}" in ran.stderr
    for line in (". .venv/bin/activate", r".venv\Scripts\activate.bat", r".venv\Scripts\Activate.ps1"):
        assert line in ran.stderr


@SCRIPTS
def test_help_needs_no_package(bare_python: Path, script: Path) -> None:
    ran = subprocess.run([str(bare_python), str(script), "--help"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "usage:" in ran.stdout
