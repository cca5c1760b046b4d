"""What a first, a second and tomorrow's run find, fetch and say."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, cast

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, make_album

from tests.support.albums import further_pages, places_of
from tests.support.apis import Serve
from tests.support.clock import FakeClock
from tests.support.database import ROOT_TABLES, TABLES
from tests.support.place import Place
from tests.support.ran import Ran

QuotaMode = Literal["development", "extended"]
TODAY, TOMORROW = date(2026, 11, 20), date(2026, 11, 21)


@dataclass
class Story:
    """Three runs into one place, by one kind of app."""

    quota_mode: QuotaMode
    place: Place
    today: Catalogue
    tomorrow: Catalogue
    first: Ran
    second: Ran
    third: Ran
    rows: list[tuple[object, ...]]

    @property
    def came_tomorrow(self) -> set[str]:
        """The albums that tomorrow's list has and today's has not."""
        return {a["id"] for a in self.tomorrow.listed_albums()} - {a["id"] for a in self.today.listed_albums()}


@pytest.fixture(scope="module", params=["development", "extended"])
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Run today, again, and tomorrow."""
    quota_mode: QuotaMode = request.param
    clock = FakeClock()
    place = Place(tmp_path_factory.mktemp(quota_mode), clock)
    today, tomorrow = (Catalogue.generate(seed=1, listed=100, day=day) for day in (TODAY, TOMORROW))
    with OfflineApi(today, quota_mode, clock=clock.now) as api:
        first = place.load(api)
        clock.move(60)
        second = place.load(api)
        clock.move(86400)
        api.catalogue = tomorrow
        third = place.load(api)
    rows = place.sql(
        "SELECT exit_code, reason, discovered_via, browse_allowed, batch_allowed, albums_listed, albums_new,"
        " albums_fetched, albums_pending, calls, started_at <= finished_at FROM load_runs ORDER BY started_at"
    )
    return Story(quota_mode, place, today, tomorrow, first, second, third, rows)


def test_the_first_run_makes_exactly_the_calls_that_its_kind_of_app_needs(story: Story) -> None:
    pages = further_pages(story.today.listed_albums())
    needed: dict[QuotaMode, Counter[str]] = {
        "development": Counter(browse=1, search=10, album=100, album_tracks=pages),
        "extended": Counter(browse=2, albums=5, album_tracks=pages),
    }
    assert story.first.code == 0
    assert story.first.calls == needed[story.quota_mode]
    assert story.first.tokens == 1


def test_the_second_run_makes_only_the_listing_calls(story: Story) -> None:
    assert story.second.code == 0
    assert story.second.calls == (Counter(search=10) if story.quota_mode == "development" else Counter(browse=2))


def test_tomorrow_only_what_is_new_or_changed_costs_album_calls(story: Story) -> None:
    before = {album["id"]: album for album in story.today.listed_albums()}
    changed = {
        album["id"]
        for album in story.tomorrow.listed_albums()
        if album["id"] in before and album["total_tracks"] != before[album["id"]]["total_tracks"]
    }
    wanted = story.came_tomorrow | changed
    assert story.third.code == 0
    assert story.came_tomorrow
    if story.quota_mode == "development":
        assert story.third.calls["album"] == len(wanted)
    else:
        assert story.third.calls["albums"] == -(-len(wanted) // 20)


def test_every_album_and_track_is_there_exactly_once(story: Story) -> None:
    seen = {album["id"]: album for album in (*story.today.listed_albums(), *story.tomorrow.listed_albums())}
    assert story.place.album_ids() == sorted(seen)
    assert story.place.places() == places_of(list(seen.values()))


def test_the_report_says_in_words_what_was_found_and_fetched(story: Story) -> None:
    fetched = story.today.listed_albums()
    tracks = sum(len(album["tracks"]) for album in fetched)
    where = "search in US" if story.quota_mode == "development" else "browse/new-releases"
    assert f"Listed: 100 albums from {where}, 100 of them new." in story.first.out
    assert f"Fetched: {len(fetched)} albums, {tracks} tracks; 1 gone (404, not requested again)." in story.first.out
    assert "0 of them new." in story.second.out
    assert f"{len(story.came_tomorrow)} of them new." in story.third.out
    assert str(story.place.database) in story.first.out
    assert story.first.err == story.second.err == story.third.err == ""


def test_every_run_has_its_row(story: Story) -> None:
    development = story.quota_mode == "development"
    via = "search" if development else "browse"
    listed = [(100, 100, len(story.today.listed_albums())), (100, 0, 0)]
    for row, (albums_listed, new, fetched), ran in zip(story.rows, listed, (story.first, story.second), strict=False):
        *facts, calls, in_order = row
        assert facts == [0, None, via, not development, not development, albums_listed, new, fetched, 0]
        assert json.loads(str(calls)) == dict(ran.calls)
        assert in_order
    assert len(story.rows) == 3


def test_every_table_and_column_has_its_comment(story: Story) -> None:
    bare = story.place.sql(
        "SELECT table_name, NULL FROM duckdb_tables() WHERE schema_name = 'spotify_raw' AND comment IS NULL"
        " UNION ALL SELECT table_name, column_name FROM duckdb_columns()"
        " WHERE schema_name = 'spotify_raw' AND comment IS NULL"
    )
    assert [(table, column) for table, column in bare if not table.startswith("_dlt")] == []


def test_every_table_of_the_product_is_there(story: Story) -> None:
    assert story.place.tables() == TABLES


@pytest.mark.slow
def test_a_run_that_finds_nothing_makes_every_table(place: Place, serve: Serve) -> None:
    ran = place.load(serve(quota_mode="development"))

    assert ran.code == 0
    assert place.tables() >= ROOT_TABLES
    assert "Listed: 0 albums from search in US, 0 of them new." in ran.out
    assert "new_releases" not in ran.out
    assert place.count("load_runs") == 1


@pytest.mark.slow
def test_what_is_not_asked_for_costs_no_call_and_comes_later(place: Place, api: OfflineApi, three: list[Album]) -> None:
    listing_only = place.load(api, "--resources", "new_releases")
    assert listing_only.calls == Counter(browse=1, search=1)
    assert "new_releases" in place.tables()
    assert not {"albums", "album_tracks", "release_sightings"} & place.tables()

    limited = place.load(api, "--limit", "2")
    assert limited.code == 0
    assert limited.calls["album"] == 2
    assert place.count("release_sightings") == 2

    everything = place.load(api)
    assert everything.calls["album"] == 1
    assert place.places() == places_of(three)

    # A refresh asks again for all, listed or not, and drops nothing.
    api.catalogue.listing = [three[0]["id"]]
    refreshed = place.load(api, "--full-refresh")
    assert refreshed.calls["album"] == 3
    assert place.count("new_releases") == 3
    assert place.count("release_sightings") == 2 + 3 + 1
    assert place.places() == places_of(three)


@pytest.mark.slow
def test_a_field_that_is_new_is_kept_and_reported(place: Place, serve: Serve) -> None:
    api = serve(make_album("Odd", 2), quota_mode="development")
    api.always("album", lambda _, normal: replace(normal, body={**cast(Album, normal.body), "mood": "blue"}))

    ran = place.load(api)

    assert ran.code == 0
    assert "albums.mood" in ran.out
    assert place.sql("SELECT mood FROM albums") == [("blue",)]


def test_the_demo_loads_its_own_data_whatever_is_configured(place: Place) -> None:
    options = ("--demo", "--demo-regime", "extended", "--demo-date", str(TODAY))

    ran = place.load(None, *options, api_url="http://127.0.0.1:9/v1/")

    assert ran.code == 0
    assert place.count("albums") == len(Catalogue.generate(seed=1, listed=100, day=TODAY).listed_albums())
    queries = [line for line in ran.out.splitlines() if line.startswith("SELECT")]
    assert len(queries) == 3
    for query in queries:
        assert place.sql(query.replace("spotify_raw.", "")) != []
