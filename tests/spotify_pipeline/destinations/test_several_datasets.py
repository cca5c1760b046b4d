"""Several apps load into one server side by side, each into a dataset of its own, and the views of the page unite them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from spotify_pipeline.offline_api import make_album

from tests.support.apis import Serve
from tests.support.checkout import CHECKOUT
from tests.support.clock import FakeClock
from tests.support.place import Place
from tests.support.postgres import private_postgres

pytestmark = pytest.mark.engines


def test_the_views_of_the_page_unite_two_datasets(tmp_path: Path, clock: FakeClock, serve: Serve) -> None:
    page = (CHECKOUT / "docs" / "destinations.md").read_text(encoding="utf-8")
    views = re.search(r"```sql\n(CREATE SCHEMA.*?)```", page, re.DOTALL)
    assert views is not None
    both, left, right = make_album("Both", 3), make_album("Left", 2), make_album("Right", 1)
    with private_postgres() as server:
        for app, albums in (("app_a", [both, left]), ("app_b", [both, right])):
            (tmp_path / app).mkdir()
            place = Place(tmp_path / app, clock)
            api = serve(*albums, quota_mode="development")
            ran = place.load(api, "--destination", "postgres", "--dataset", app, env=server.environment())
            assert (ran.code, ran.err) == (0, "")

        server.sql(views[1])

        assert server.sql("SELECT app, name FROM spotify_all.albums ORDER BY name") == [
            ("app_b", "Both"),
            ("app_a", "Left"),
            ("app_b", "Right"),
        ]
        assert server.sql("SELECT count(*), count(DISTINCT id) FROM spotify_all.album_tracks") == [(6, 6)]
        assert server.sql("SELECT app, count(*) FROM spotify_all.release_sightings GROUP BY app ORDER BY app") == [
            ("app_a", 2),
            ("app_b", 2),
        ]
