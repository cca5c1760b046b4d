"""Commands and scripts of README and docs/, run in the order of each page.

A block that only loads the demo is not run: the shared demo database is copied instead.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from spotify_pipeline.offline_api import Catalogue, OfflineApi, make_album

from tests.docs.conftest import Demo
from tests.support.checkout import CHECKOUT
from tests.support.documents import Block, blocks

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="the commands are for a POSIX shell")
# Tools that are not installed for the other tests.
OF_ENGINES = ("docs/tools/", "docs/iceberg.md")
DEMO = re.compile(r"python pipelines/load\.py --demo(?: --db (?P<database>\S+))?")
QUERY = "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=True).sql(sys.argv[2]).show()"


def _blocks_by_page() -> dict[str, list[Block]]:
    by_page: dict[str, list[Block]] = {}
    for block in blocks("sh", "python", "ipython", "sql"):
        if block.is_run and (block.language != "sql" or "file" in block.marks):
            by_page.setdefault(block.page.relative_to(CHECKOUT).as_posix(), []).append(block)
    return by_page


def _pages() -> Iterator[object]:
    for page in _blocks_by_page():
        mark = pytest.mark.engines if page.startswith(OF_ENGINES) else pytest.mark.slow
        yield pytest.param(page, marks=[POSIX, mark])


@pytest.mark.parametrize("page", list(_pages()))
def test_commands_of_a_page_succeed_in_order(page: str, tmp_path: Path, demo: Demo) -> None:
    missing: set[str] = set()
    for name in ("pipelines", "spotify_source", "constraints.txt"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    with OfflineApi(Catalogue.of([make_album("One", tracks=3)]), "development") as api:
        for block in _blocks_by_page()[page]:
            if lacking := _missing_modules(block):
                missing |= lacking
            elif load := DEMO.fullmatch(block.text.strip()):
                shutil.copy(demo.database, tmp_path / (load["database"] or demo.database.name))
            else:
                ran = _run(block, tmp_path, api)
                assert ran.returncode == 0, f"{block}\n{ran.stdout}\n{ran.stderr}"
    if missing:
        pytest.skip(f"not installed: {', '.join(sorted(missing))}; the other blocks were run")


def _missing_modules(block: Block) -> set[str]:
    needed = block.marks.get("needs", "").split(", ")
    return {module for module in needed if module and importlib.util.find_spec(module) is None}


def _run(block: Block, folder: Path, api: OfflineApi) -> subprocess.CompletedProcess[str]:
    """Run a block in a copy of the checkout, with the credentials of an offline API."""
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "pipelines")]),
        "DLT_DATA_DIR": str(folder / "dlt"),
        "IPYTHONDIR": str(folder / "ipython"),
        "SOURCES__SPOTIFY__CLIENT_ID": "demo",
        "SOURCES__SPOTIFY__CLIENT_SECRET": "demo",
        "SOURCES__SPOTIFY__API_URL": api.api_url,
        "SOURCES__SPOTIFY__TOKEN_URL": api.token_url,
    }
    return subprocess.run(
        _command(block, folder), cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


def _command(block: Block, folder: Path) -> list[str]:
    if block.language == "sql":
        return [sys.executable, "-c", QUERY, block.marks["file"], block.text]
    if block.language == "ipython":
        return [sys.executable, "-m", "IPython", "--no-banner", "-c", block.text]
    if block.language == "python":
        script = folder / f"line_{block.line}.py"
        script.write_text(block.text, encoding="utf-8")
        return [sys.executable, str(script)]
    return [shutil.which("bash") or "sh", "-euc", block.text]
