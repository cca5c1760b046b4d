"""Loaded state on SQLite, which stores timestamps and JSON as text."""

from __future__ import annotations

from pathlib import Path

import dlt
import pytest
from spotify_pipeline.offline_api import Catalogue, make_album

from spotify_source import Run
from tests.support.apis import Serve, calls_since
from tests.support.clock import FakeClock
from tests.support.source import source_of

pytest.importorskip("sqlalchemy", reason='sqlalchemy is not installed: pip install "dlt[sqlalchemy]"')


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_watched_artists_and_yields_are_read_from_text(serve: Serve, clock: FakeClock, tmp_path: Path) -> None:
    api = serve(quota_mode="development")
    mono = make_album("New", 1, artist="Mono")
    api.catalogue = Catalogue.of([make_album("Listed", 1)], beyond=[mono])
    queries = []
    for _ in range(2):
        before, first = api.calls, len(api.requests)
        pipeline = dlt.pipeline(
            "sqlite",
            destination=dlt.destinations.sqlalchemy(f"sqlite:///{tmp_path}/spotify.sqlite"),
            dataset_name="raw",
            pipelines_dir=str(tmp_path / "work"),
        )
        run = Run(clock=clock)
        pipeline.run(source_of(api, run=run, artists=["Mono", "Unknown"], reach=14))
        clock.move(60)
        queries.append({str(request.query.get("q")) for request in api.requests[first:] if request.bucket == "search"})
        (unresolved,) = run.result().listing.unresolved
        assert unresolved.listed_as == "Unknown"
    assert calls_since(api, before)["album"] == 0
    # Names are looked up once, and extra queries of the first run are not repeated.
    assert queries[0] & queries[1] == {"tag:new", 'tag:new artist:"Mono"'}
