"""Tests of the interpreter and the install command that messages name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from spotify_pipeline.installation import install_command, interpreter


def test_interpreter_is_python_only_if_the_shell_finds_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert interpreter() in ("python", sys.executable)
    other = tmp_path / ("python.exe" if sys.platform == "win32" else "python")
    other.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter() == sys.executable


def test_interpreter_under_uv_is_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    monkeypatch.setenv("UV", "/usr/local/bin/uv")
    assert interpreter() == sys.executable


def test_packages_are_installed_by_pip_or_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    assert install_command("dlt[s3]", "x").endswith(' -m pip install "dlt[s3]" "x"')
    monkeypatch.setitem(sys.modules, "pip", None)
    assert install_command("dlt[s3]", "x") == f'uv pip install --python {sys.executable} "dlt[s3]" "x"'
