"""The pictures of README are there, small, and come out of the script that makes them."""

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
LARGEST = 200_000


def named() -> set[Path]:
    """The pictures that README shows."""
    text = README.read_text(encoding="utf-8")
    found = re.findall(r'!\[[^\]]+\]\(([^)]+)\)|(?:src|srcset)="([^"]+)"', text)
    return {(CHECKOUT / (one or other)).resolve() for one, other in found}


def test_readme_shows_every_picture_and_each_is_there_and_small() -> None:
    assert named() == {path for path in PICTURES.iterdir() if path.suffix in {".png", ".svg"}}
    for path in named():
        assert 0 < path.stat().st_size < LARGEST, path


def test_every_picture_of_readme_is_put_into_words() -> None:
    for image in re.findall(r"<img [^>]*>", README.read_text(encoding="utf-8")):
        assert re.search(r'alt="[^"]{20,}"', image), image


@pytest.mark.slow
@pytest.mark.skipif(installed() is None, reason=f"no browser on PATH: {', '.join(NAMES)}")
@pytest.mark.skipif(find_spec("vl_convert") is None, reason="the extra report is not installed")
def test_the_script_makes_each_of_them(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(PICTURES / "make.py"), "--out", str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in named()}
    for path in tmp_path.glob("*.png"):
        assert struct.unpack(">I", path.read_bytes()[16:20]) == (1280,)
        assert path.stat().st_size < LARGEST
    terminal = (tmp_path / "terminal.svg").read_text(encoding="utf-8")
    assert "100&#160;of&#160;them&#160;new" in terminal
    # Neither a folder of this machine nor anything from elsewhere.
    assert str(tmp_path.parent) not in terminal
    assert "url(http" not in terminal
