"""Tests of the profile in the repository's root."""

from __future__ import annotations

from pathlib import Path


def test_the_profile_in_the_root_equals_the_project_profile() -> None:
    # dbt looks for profiles.yml in the current folder, which is the root for most users.
    root = Path(__file__).resolve().parents[2]
    assert (root / "profiles.yml").read_text() == (root / "pipelines" / "dbt_spotify" / "profiles.yml").read_text()
