"""Test that page and models agree on the newer of listing and album object."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dbt.conftest import Built
from tests.dbt.support import DbtProject, ask, change

# The listing renames, dates and credits a third of the albums again, the album object another third.
CHANGES = [
    f"""
    UPDATE spotify_raw.{table} SET
        name = if(hash(id) % 7 = 0, '', name || ' {table}'),
        released_on = released_on + 1,
        release_date = if(hash(id) % 5 = 0, NULL, strftime(released_on + 1, '%Y-%m-%d')),
        total_tracks = total_tracks + 1
    WHERE hash(id) % 3 = {number}
    """
    for number, table in enumerate(("new_releases", "albums"))
]
CREDITS = "UPDATE spotify_raw.{}__artists SET name = name || ' {}' WHERE hash(_dlt_id) % 3 = 0"
MODELS = "SELECT album_id, coalesce(album_name, 'Without a name'), album_type, released_on, total_tracks, artist_names"
PAGE = """
    SELECT catalogue.id, catalogue.name, album_type, released_on, total_tracks, string_agg(credits.name, ', ' ORDER BY place)
    FROM catalogue LEFT JOIN album_credits AS credits ON album_id = catalogue.id GROUP BY ALL ORDER BY catalogue.id
"""


def test_page_and_models_agree(extended: Built, project: DbtProject, copy_of: Callable[[Built], Path]) -> None:
    pytest.importorskip("jinja2")
    from spotify_pipeline.page.data import opened  # noqa: PLC0415 - an extra

    database = copy_of(extended)
    change(database, *CHANGES, *(CREDITS.format(table, table) for table in ("new_releases", "albums")))
    assert not project.run("run", database, "--select", "+dim_spotify__albums").troubles
    models = ask(database, f"{MODELS} FROM spotify_marts.dim_albums ORDER BY album_id")
    newer = ask(database, "SELECT DISTINCT is_listing_newer FROM spotify_staging.int_albums")
    assert sorted(newer) == [(False,), (True,)]
    with opened(database, "spotify_raw") as page:
        assert [tuple(row.values()) for row in page.rows(PAGE)] == models
