"""Unit tests of the prose check."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest

from tests.support.checkout import CHECKOUT


@pytest.fixture(scope="module")
def prose() -> ModuleType:
    """Import the script, which is in no package."""
    spec = importlib.util.spec_from_file_location("prose", CHECKOUT / ".ci" / "prose.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["prose"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "text", "line", "rule"),
    [
        ("a.py", '"""How many calls are left."""\n', 1, "docstring starts with 'How'"),
        ("a.py", f'x = 1\n\n\ndef f():\n    """Return {"a " * 40}."""\n', 5, "has 88 characters"),
        ("a.py", "# The list is written\n# anew.\n", 2, "'anew'"),
        ("a.py", "# so\n# many\n", 1, "'so many'"),
        ("a.py", 'raise ValueError(f"{n} is told twice")\n', 1, "'told'"),
        ("a.py", 'add("--x", help="how many")\n', 1, "help text starts with 'how'"),
        ("a.py", 'add("--x", help="a b c d e f g h i j k (default: 1)")\n', 1, "more than 10 words"),
        ("a.py", 'add("--x", help="the folder.")\n', 1, "full stop"),
        ("a.py", "def test_a_b_c_d_e_f_g_h_i_j_k_l_m(): ...\n", 1, "13 words"),
        ("a.md", "Text\n\n## What is kept\n", 3, "heading is a clause"),
        ("a.yml", "description: >\n  Nobody reads it.\n", 2, "'Nobody'"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_reported_with_its_line(prose: ModuleType, name: str, text: str, line: int, rule: str) -> None:
    assert [one.line for one in prose.check(name, text) if rule in one.rule] == [line]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", '"""Return the calls that are left."""\n'),
        ("a.py", 'add("--x", help="folder of the database (default: a folder with a long name, in this one)")\n'),
        ("a.md", "## How to load\n\n```sh\n# What runs\n```\n\n`--demo-regime`\n"),
    ],
)
def test_text_that_keeps_the_rules_has_no_finding(prose: ModuleType, name: str, text: str) -> None:
    assert prose.check(name, text) == []
