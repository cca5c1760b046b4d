"""Imports point one way, as the contracts in pyproject.toml say."""

from __future__ import annotations

import pytest
from importlinter.cli import lint_imports

from tests.support.checkout import CHECKOUT


def test_every_floor_stands_on_those_below_it_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # It looks for the packages from the current folder on; 'pipelines' is in the path of the tests.
    monkeypatch.chdir(CHECKOUT)
    code = lint_imports(no_cache=True)
    assert code == 0, capsys.readouterr().out
