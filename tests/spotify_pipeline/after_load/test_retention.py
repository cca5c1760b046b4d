"""What is not listed any more for N days goes from the database, with all that belongs to it, and nothing else does."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone

import duckdb
import pytest
from dlt.destinations.exceptions import DatabaseTerminalException
from spotify_pipeline.after_load.retention import Removed, remove_older
from spotify_pipeline.destinations.duckdb import DuckDbFile
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, make_album

from spotify_source.errors import ConfigurationError
from tests.support.albums import places_of
from tests.support.apis import Serve
from tests.support.clock import DAY
from tests.support.database import TABLES
from tests.support.place import Place


def remove(place: Place, days: int, now: datetime | None = None) -> Removed:
    """Remove what is older, by the place's clock."""
    with DuckDbFile(place.database, "spotify_raw").sql_client() as client:
        now = now or datetime.fromtimestamp(place.clock.now(), timezone.utc)
        return remove_older(client, "spotify_raw", days, now)


def rows(place: Place, schema: str = "spotify_raw") -> dict[str, int]:
    """How many rows each table has."""
    with duckdb.connect(str(place.database)) as connection:
        names = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = $1", [schema]).fetchall()
        counts = {name: connection.sql(f"SELECT count(*) FROM {schema}.{name}").fetchall() for (name,) in names}
    return {name: int(count) for name, ((count,),) in counts.items()}


def list_only(api: OfflineApi, *albums: Album) -> None:
    """Let these be listed and no others."""
    for album in albums:
        api.catalogue.albums[album["id"]] = album
    api.catalogue.listing = [album["id"] for album in albums]


def test_what_is_known_of_queries_and_of_artists_goes_when_they_were_not_asked_for_so_long(
    place: Place, serve: Serve
) -> None:
    api = serve(make_album("Listed", 1), quota_mode="development")
    kept = make_album("Kept", 1, artist="Kept")
    api.catalogue = Catalogue.of([make_album("Listed", 1)], beyond=[kept, make_album("Left", 1, artist="Left")])
    assert place.load(api, "--reach", "13", artists='["Kept", "Left", "Nobody"]').code == 0
    place.clock.move(20 * DAY)
    assert place.load(api, artists='["Kept"]').code == 0

    removed = remove(place, days=10)

    assert removed.rows["watched_artists"] == 2
    assert removed.rows["search_yields"] == 3
    assert place.sql("SELECT listed_as FROM watched_artists") == [("Kept",)]
    assert place.count("search_yields") == 0
    assert place.sql("SELECT DISTINCT query FROM release_sightings WHERE album_id = 'removed'") == [("removed",)]
    assert place.load(api, artists='["Kept", "Left"]').code == 0
    assert place.count("watched_artists") == 2


def test_an_album_that_was_not_listed_for_so_long_goes_from_every_table(
    place: Place, api: OfflineApi, three: list[Album]
) -> None:
    place.load(api)
    only_first = rows(place)
    place.clock.move(20 * DAY)
    fresh = make_album("Fresh", 4)
    list_only(api, fresh)
    place.load(api)
    before = rows(place)

    removed = remove(place, days=10)

    after = rows(place)
    assert removed.albums == len(three)
    nowhere = {"load_runs", "release_sightings", "watched_artists", "search_yields"}
    assert removed.rows == {table: only_first[table] for table in TABLES - nowhere}
    assert removed.sightings == only_first["release_sightings"]
    assert {table: before[table] - after[table] for table in before} == {**dict.fromkeys(before, 0), **removed.rows}
    assert place.album_ids() == [fresh["id"]]
    assert place.places() == places_of([fresh])
    assert after["load_runs"] == 2


def test_the_copies_in_the_staging_tables_go_as_well(place: Place, api: OfflineApi) -> None:
    place.load(api)
    place.clock.move(20 * DAY)
    assert rows(place, "spotify_raw_staging")["album_tracks"] == 73

    remove(place, days=10)

    kept = rows(place, "spotify_raw_staging")
    assert {table for table, count in kept.items() if count} == {"_dlt_version", "release_sightings"}
    assert place.sql("SELECT DISTINCT album_id FROM spotify_raw_staging.release_sightings") == [("removed",)]


def test_an_album_that_is_still_listed_stays_however_long_ago_it_was_loaded(
    place: Place, api: OfflineApi, three: list[Album]
) -> None:
    place.load(api)
    place.clock.move(20 * DAY)
    list_only(api, three[0])
    place.load(api)

    removed = remove(place, days=10)

    assert place.album_ids() == [three[0]["id"]]
    assert removed.sightings == 2
    seen = "SELECT count(*) FROM release_sightings WHERE album_id = '{}'"
    assert [place.one(seen.format(album["id"])) for album in three] == [2, 0, 0]
    assert place.one(seen.format("removed")) == 2


def test_an_album_goes_when_the_days_are_over_and_not_before(place: Place, api: OfflineApi) -> None:
    place.load(api)
    place.clock.move(10 * DAY)
    assert remove(place, days=10) == Removed(0, {})

    place.clock.move(1)
    assert remove(place, days=10).albums == 3


def test_an_album_that_was_never_sighted_counts_from_its_load(place: Place, api: OfflineApi) -> None:
    place.load(api, "--resources", "albums", "album_tracks")
    # dlt dates its loads by the machine's own clock.
    loaded = datetime.now(timezone.utc)

    assert remove(place, days=10, now=loaded + timedelta(days=9)).albums == 0
    assert remove(place, days=10, now=loaded + timedelta(days=11)).albums == 3
    assert place.count("album_tracks") == 0


def test_what_was_removed_is_not_pending_and_costs_no_call(place: Place, api: OfflineApi) -> None:
    place.load(api)
    place.clock.move(20 * DAY)
    remove(place, days=10)
    list_only(api)

    ran = place.load(api)

    assert ran.code == 0
    assert ran.album_calls == 0
    assert "Pending" not in ran.out
    assert place.album_ids() == []


def test_what_was_removed_and_is_listed_again_is_loaded_again(
    place: Place, api: OfflineApi, three: list[Album]
) -> None:
    place.load(api)
    place.clock.move(20 * DAY)
    remove(place, days=10)
    list_only(api, three[1])

    ran = place.load(api)

    assert ran.calls == Counter(browse=1, search=1, album=1)
    assert place.places() == places_of([three[1]])


def test_an_album_that_was_never_fetched_goes_too_and_is_not_fetched_later(place: Place, serve: Serve) -> None:
    api = serve(make_album("One", 1), make_album("Two", 2), quota_mode="development")
    api.quota["album"] = 0
    assert place.load(api).code == 75
    place.clock.move(20 * DAY)

    assert remove(place, days=10).albums == 2

    list_only(api)
    api.quota["album"] = 10
    assert place.load(api).album_calls == 0


@pytest.mark.parametrize("resource", ["new_releases", "release_sightings", "albums", "album_tracks"])
def test_tables_that_no_run_has_made_are_no_obstacle(place: Place, api: OfflineApi, resource: str) -> None:
    place.load(api, "--resources", resource)

    removed = remove(place, days=1, now=datetime.now(timezone.utc) + timedelta(days=40))

    assert removed.albums == 3
    if resource == "release_sightings":
        assert (removed.sightings, removed.rows, place.count(resource)) == (3, {}, 3)
    else:
        assert removed.rows[resource] == (73 if resource == "album_tracks" else 3)
        assert place.count(resource) == 0


def test_a_database_without_any_table_is_no_obstacle(place: Place) -> None:
    assert remove(place, days=1) == Removed(0, {})


def test_nothing_is_removed_unless_all_is(place: Place, api: OfflineApi) -> None:
    place.load(api)
    place.clock.move(20 * DAY)
    place.sql("ALTER TABLE spotify_raw_staging.release_sightings DROP COLUMN album_id")
    before = rows(place)

    with pytest.raises(DatabaseTerminalException):
        remove(place, days=10)

    assert rows(place) == before


def test_it_says_how_much_it_removed(place: Place, api: OfflineApi) -> None:
    place.load(api)
    assert remove(place, days=10).summary(10) == "Removed: none, every album was listed within the last 10 days."

    place.clock.move(20 * DAY)
    told = remove(place, days=10).summary(10)
    assert told.startswith("Removed: 3 albums no longer listed (rows: album_tracks 73, ")


def test_less_than_a_day_is_refused(place: Place, api: OfflineApi) -> None:
    place.load(api)

    with pytest.raises(ConfigurationError, match="retain_days must be 1 or more, got 0"):
        remove(place, days=0)
    assert place.count("albums") == 3
