"""Pictures of README and the script that creates them."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.browser import NAMES, installed
from tests.support.checkout import CHECKOUT
from tests.support.documents import README

PICTURES = CHECKOUT / "docs" / "pictures"
MAX_BYTES = 200_000


def shown() -> set[Path]:
    """Return the pictures that README shows."""
    text = README.read_text(encoding="utf-8")
    found = re.findall(r'!\[[^\]]+\]\(([^)]+)\)|(?:src|srcset)="([^"]+)"', text)
    return {(CHECKOUT / (one or other)).resolve() for one, other in found}


def test_readme_shows_every_picture_and_all_are_small() -> None:
    assert shown() == {path for path in PICTURES.iterdir() if path.suffix in {".png", ".svg"}}
    for path in shown():
        assert 0 < path.stat().st_size < MAX_BYTES, path


def test_every_image_of_readme_has_an_alternative_text() -> None:
    for image in re.findall(r"<img [^>]*>", README.read_text(encoding="utf-8")):
        assert re.search(r'alt="[^"]{20,}"', image), image


@pytest.mark.slow
@pytest.mark.skipif(installed() is None, reason=f"no browser on PATH: {', '.join(NAMES)}")
@pytest.mark.skipif(find_spec("vl_convert") is None, reason="the extra report is not installed")
def test_script_creates_every_picture(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(PICTURES / "make.py"), "--out", str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in shown()}
    for path in tmp_path.glob("*.png"):
        assert struct.unpack(">I", path.read_bytes()[16:20]) == (1280,)
        assert path.stat().st_size < MAX_BYTES
    terminal = (tmp_path / "terminal.svg").read_text(encoding="utf-8")
    assert "100&#160;of&#160;them&#160;new" in terminal
    # No local path and nothing to download.
    assert str(tmp_path.parent) not in terminal
    assert "url(http" not in terminal
