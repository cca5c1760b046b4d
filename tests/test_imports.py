"""Import contracts of pyproject.toml."""

from __future__ import annotations

import pytest
from importlinter.cli import lint_imports

from tests.support.checkout import CHECKOUT


def test_import_contracts_hold(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    # import-linter imports the packages from the current folder; pytest has added pipelines/ to the path.
    monkeypatch.chdir(CHECKOUT)
    code = lint_imports(no_cache=True)
    assert code == 0, capsys.readouterr().out
