"""Metadata for the package index: README with absolute links, and URLs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest

from tests.support.checkout import CHECKOUT
from tests.support.documents import README

pytestmark = pytest.mark.skipif(find_spec("hatchling") is None, reason="hatchling is not installed")


def metadata(**environment: str) -> dict[str, Any]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    ran = subprocess.run(
        [sys.executable, "-m", "hatchling", "metadata"],
        cwd=CHECKOUT,
        env={**outside, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ran.stdout)


def test_build_on_github_sets_the_urls_of_the_repository() -> None:
    urls = metadata(GITHUB_SERVER_URL="https://github.com", GITHUB_REPOSITORY="someone/there")["urls"]
    assert set(urls) == {"Repository", "Documentation", "Issues", "Changelog"}
    assert all(url.startswith("https://github.com/someone/there") for url in urls.values())


def test_build_elsewhere_sets_no_urls() -> None:
    found = metadata()
    assert "urls" not in found
    assert found["readme"]["text"] == README.read_text(encoding="utf-8")


def test_links_and_pictures_of_the_description_are_absolute() -> None:
    text = metadata(GITHUB_SERVER_URL="https://github.com", GITHUB_REPOSITORY="someone/there")["readme"]["text"]
    links = re.findall(r'(?:\]\(|(?:src|srcset|href)=")([^)\s"]+)', text)
    assert len(links) > 20
    for link in links:
        assert link.startswith("https://") or link.removeprefix("#") in text, link
        file = re.fullmatch(r"https://github\.com/someone/there/(blob|raw)/main/([^#]+)(#.*)?", link)
        if file:
            assert (CHECKOUT / file[2]).is_file(), link
            assert (file[1] == "raw") == file[2].startswith("docs/pictures/"), link
