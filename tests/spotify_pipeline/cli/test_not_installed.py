"""Where the package is not installed, each command says how to install it, on each system."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT, LOAD_PY, PROBE_PY, REPORT_PY


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter without any package."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


@pytest.mark.parametrize("command", [LOAD_PY, REPORT_PY, PROBE_PY], ids=lambda path: path.stem)
def test_a_python_without_the_package_is_told_how_to_get_it(bare_python: Path, tmp_path: Path, command: Path) -> None:
    ran = subprocess.run(
        [str(bare_python), str(command)],
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


@pytest.mark.parametrize("command", [LOAD_PY, REPORT_PY, PROBE_PY], ids=lambda path: path.stem)
def test_help_needs_no_package(bare_python: Path, command: Path) -> None:
    ran = subprocess.run([str(bare_python), str(command), "--help"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "usage:" in ran.stdout


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("ModuleNotFoundError('dbt')", "--transform needs dbt, which is not installed."),
        (
            "TypeError('no such field')",
            "--transform needs dbt, which is installed but can't be imported: TypeError: no such field.",
        ),
    ],
    ids=["not there", "not made for this Python"],
)
def test_dbt_that_can_not_be_imported_is_told_before_anything_is_loaded(tmp_path: Path, raised: str, said: str) -> None:
    package = tmp_path / "modules" / "dbt" / "cli"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"raise {raised}", encoding="utf-8")
    (package.parent / "__init__.py").touch()

    ran = subprocess.run(
        [sys.executable, str(LOAD_PY), "--demo", "--transform"],
        cwd=tmp_path,
        env={
            **os.environ,
            "DLT_DATA_DIR": str(tmp_path / "dlt"),
            "PYTHONPATH": os.pathsep.join(map(str, (package.parents[1], CHECKOUT, CHECKOUT / "pipelines"))),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 78, ran.stderr
    assert "Traceback" not in ran.stderr
    assert said in ran.stderr
    assert "Without --transform, the load works as it is." in ran.stderr
    assert "Fetched" not in ran.stdout
