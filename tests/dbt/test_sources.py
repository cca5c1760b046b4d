"""Rows of older runs keep their meaning; the profile in the root is the project's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from spotify_pipeline.after_load.transform import PROJECT

LISTING_RUNS = PROJECT / "models" / "intermediate" / "int_spotify__listing_runs.sql"


# What runs wrote as their reason before load_runs had the columns listing_complete and closed.
OLD_WORDS = {
    "the quota of {} is spent": True,
    "the daily_calls of {} are spent": True,
    "{} was rate limited for too long": True,
    "too many calls in a row failed": False,
    "stopped by a signal": False,
    "Spotify refuses the app": False,
}


@pytest.mark.parametrize("bucket", ["album", "albums", "album_tracks", "search", "browse"])
@pytest.mark.parametrize("words", OLD_WORDS)
def test_in_older_runs_only_closed_album_buckets_leave_a_listing_whole(bucket: str, words: str) -> None:
    model = LISTING_RUNS.read_text(encoding="utf-8")
    condition = model[model.index("'((the") : model.index("as is_read_to_its_end")]
    pattern = "".join(re.findall(r"'([^']+)'", condition)).replace("\\\\n", "\\n")
    is_whole = re.fullmatch(pattern, words.format(bucket)) is not None
    assert is_whole == (bucket.startswith("album") and OLD_WORDS[words])


def test_the_profile_in_the_root_is_that_of_the_project() -> None:
    # dbt looks for it in the current folder: this one serves whoever stands in the root.
    root = Path(__file__).resolve().parents[2]
    assert (root / "profiles.yml").read_text() == (root / "pipelines" / "dbt_spotify" / "profiles.yml").read_text()
