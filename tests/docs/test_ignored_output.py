"""Test that git ignores the output of the documented commands."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.checkout import CHECKOUT

OUTPUT = (
    "spotify.html",
    "spotify.duckdb",
    "out/albums.parquet",
    "albums.csv",
    "albums.jsonl",
    "new.atom",
    "new.ics",
    "feed.xml",
    "report.json",
    "artists.txt",
    ".env",
    ".dlt/secrets.toml",
)


@pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="not a git checkout")
@pytest.mark.parametrize("path", OUTPUT)
def test_output_of_documented_commands_is_ignored(path: str) -> None:
    assert subprocess.run(["git", "check-ignore", "-q", path], cwd=CHECKOUT, check=False).returncode == 0
