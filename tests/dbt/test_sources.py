"""The declared sources are those of the pipeline; what models read between the lines of its report is still there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from spotify_pipeline.after_load.dbt_sources import PROJECT, SOURCES_FILE, render
from spotify_pipeline.run.summary import closed_reason

from spotify_source.errors import BucketClosedError

LISTING_RUNS = PROJECT / "models" / "intermediate" / "int_listing_runs.sql"


def test_sources_are_what_the_declaration_says() -> None:
    assert SOURCES_FILE.read_text(encoding="utf-8") == render(), "Run python -m spotify_pipeline.after_load.dbt_sources"


@pytest.mark.parametrize("bucket", ["album", "albums", "album_tracks", "search", "browse"])
@pytest.mark.parametrize("reason", ["quota", "budget", "rate limit", "trouble", "stopped", "refused"])
def test_only_closed_album_buckets_leave_a_listing_whole(bucket: str, reason: str) -> None:
    model = LISTING_RUNS.read_text(encoding="utf-8")
    condition = model[model.index("regexp_full_match(") : model.index("as read_to_its_end")]
    pattern = "".join(re.findall(r"'([^']*)'", condition))
    words = closed_reason(BucketClosedError(bucket, reason))
    is_whole = re.fullmatch(pattern, words) is not None
    assert is_whole == (bucket.startswith("album") and reason in {"quota", "budget", "rate limit"})


def test_the_profile_in_the_root_is_that_of_the_project() -> None:
    # dbt looks for it in the current folder: this one serves whoever stands in the root.
    root = Path(__file__).resolve().parents[2]
    assert (root / "profiles.yml").read_text() == (root / "pipelines" / "dbt_spotify" / "profiles.yml").read_text()
