"""The commands and scripts of README and docs/ are run, each page's in order in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from spotify_pipeline.demo import Catalogue, OfflineApi, make_album

from tests.support.checkout import CHECKOUT
from tests.support.documents import Block, blocks

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of a POSIX shell"),
]


def _pages() -> dict[str, list[Block]]:
    """The blocks that are run, by page, in the order in which they stand there."""
    by_page: dict[str, list[Block]] = {}
    for block in blocks("sh", "python"):
        if block.is_run:
            by_page.setdefault(block.page.relative_to(CHECKOUT).as_posix(), []).append(block)
    return by_page


@pytest.mark.parametrize("page", _pages())
def test_a_page_can_be_followed_from_its_top(page: str, tmp_path: Path) -> None:
    for needed in sorted({said for block in _pages()[page] for mark, said in block.marks if mark == "needs"}):
        for module in needed.split(", "):
            pytest.importorskip(module)
    for name in ("pipelines", "spotify_source", "constraints.txt"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    with OfflineApi(Catalogue.of([make_album("One", tracks=3)]), regime="development") as api:
        for block in _pages()[page]:
            ran = _run(block, tmp_path, api)
            assert ran.returncode == 0, f"{block}\n{ran.stdout}\n{ran.stderr}"


def _run(block: Block, folder: Path, api: OfflineApi) -> subprocess.CompletedProcess[str]:
    """Run a block as somebody would who stands in a checkout, with an app of the offline API."""
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "pipelines")]),
        "DLT_DATA_DIR": str(folder / "dlt"),
        "SOURCES__SPOTIFY__CLIENT_ID": "demo",
        "SOURCES__SPOTIFY__CLIENT_SECRET": "demo",
        "SOURCES__SPOTIFY__API_URL": api.api_url,
        "SOURCES__SPOTIFY__TOKEN_URL": api.token_url,
    }
    if block.language == "python":
        command = [sys.executable, "-c", block.text]
    else:
        command = [shutil.which("bash") or "sh", "-euc", block.text]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
