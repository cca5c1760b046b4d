"""docs/architecture.md says what the code says: which modules there are, what each knows, and which floors they form.

UPDATE_DOCS=1 writes that into it.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import CHECKOUT

PAGE = CHECKOUT / "docs" / "architecture.md"
PACKAGES = {
    "spotify_source": CHECKOUT / "spotify_source",
    "spotify_pipeline": CHECKOUT / "pipelines" / "spotify_pipeline",
}
LEFT_OUT = ("demo/", "page/")


def sentence(module: Path) -> str:
    """The first line of a module's docstring."""
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return text.splitlines()[0]


def modules(package: Path) -> Iterator[str]:
    """A table of a package's modules, with what each knows."""
    yield "| module | what it knows |"
    yield "| --- | --- |"
    for module in sorted(package.rglob("*.py")):
        name = module.relative_to(package).as_posix()
        if name.startswith(LEFT_OUT) and not name.endswith("__init__.py"):
            continue
        yield f"| `{name.replace('/__init__.py', '/')}` | {sentence(module)} |"


def layers(contracts: list[dict[str, Any]]) -> Iterator[str]:
    """The floors of each package, the top one first, as the contracts in pyproject.toml have them."""
    for contract in contracts:
        if contract["type"] == "layers":
            yield f"- {contract['name']}: {' → '.join(f'`{layer}`' for layer in contract['layers'])}"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib comes with Python 3.11")
def test_the_architecture_page_says_what_the_code_says() -> None:
    import tomllib  # noqa: PLC0415 - comes with Python 3.11

    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    generated = {
        "layers": layers(project["tool"]["importlinter"]["contracts"]),
        **{f"modules {name}": modules(folder) for name, folder in PACKAGES.items()},
    }
    text = PAGE.read_text(encoding="utf-8")
    written = text
    for name, lines in generated.items():
        block = "\n".join(lines) + "\n"
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name.split()[0]} -->)"
        written = re.sub(pattern, lambda match, block=block: match[1] + block + match[2], written, flags=re.DOTALL)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(written, encoding="utf-8")
        return
    assert written == text, "UPDATE_DOCS=1 python -m pytest tests/docs"


def test_every_module_says_in_a_sentence_what_it_knows() -> None:
    for package in PACKAGES.values():
        for module in package.rglob("*.py"):
            assert sentence(module).endswith((".", "help`.")), module
