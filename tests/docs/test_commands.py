"""The commands and scripts of README and docs/ are run, each page's in order in a folder of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from spotify_pipeline.offline_api import Catalogue, OfflineApi, make_album

from tests.support.checkout import CHECKOUT
from tests.support.documents import Block, blocks

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of a POSIX shell"),
]
ASK = "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=True).sql(sys.argv[2]).show()"


def _pages() -> dict[str, list[Block]]:
    """The blocks that are run, by page, in the order in which they stand there."""
    by_page: dict[str, list[Block]] = {}
    for block in blocks("sh", "python", "ipython", "sql"):
        if block.is_run and (block.language != "sql" or "file" in block.marks):
            by_page.setdefault(block.page.relative_to(CHECKOUT).as_posix(), []).append(block)
    return by_page


@pytest.mark.parametrize("page", _pages())
def test_a_page_can_be_followed_from_its_top(page: str, tmp_path: Path) -> None:
    left_out: set[str] = set()
    for name in ("pipelines", "spotify_source", "constraints.txt"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    with OfflineApi(Catalogue.of([make_album("One", tracks=3)]), quota_mode="development") as api:
        for block in _pages()[page]:
            missing = _missing(block)
            left_out |= missing
            if not missing:
                ran = _run(block, tmp_path, api)
                assert ran.returncode == 0, f"{block}\n{ran.stdout}\n{ran.stderr}"
    if left_out:
        pytest.skip(f"not installed, and so the rest alone was run: {', '.join(sorted(left_out))}")


def _missing(block: Block) -> set[str]:
    needed = block.marks.get("needs", "").split(", ")
    return {module for module in needed if module and importlib.util.find_spec(module) is None}


def _run(block: Block, folder: Path, api: OfflineApi) -> subprocess.CompletedProcess[str]:
    """Run a block as somebody would who stands in a checkout, with an app of the offline API."""
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
        return [sys.executable, "-c", ASK, block.marks["file"], block.text]
    if block.language == "ipython":
        return [sys.executable, "-m", "IPython", "--no-banner", "-c", block.text]
    if block.language == "python":
        script = folder / f"line_{block.line}.py"
        script.write_text(block.text, encoding="utf-8")
        return [sys.executable, str(script)]
    return [shutil.which("bash") or "sh", "-euc", block.text]
