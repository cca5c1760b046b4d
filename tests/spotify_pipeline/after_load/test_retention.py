"""Rows that --retain-days removes, and rows that it keeps."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest
from dlt.destinations.exceptions import DatabaseTerminalException
from spotify_pipeline.after_load.retention import Removed, remove_older
from spotify_pipeline.destinations.duckdb import DuckDbFile
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, make_album

from spotify_source.errors import ConfigurationError
from tests.support.albums import places_of
from tests.support.apis import Serve, serving
from tests.support.clock import DAY, FakeClock
from tests.support.database import TABLES, Database
from tests.support.place import Place

NESTED = {table for table in TABLES if "__" in table}


def remove(database: Database, days: int, now: datetime) -> Removed:
    with DuckDbFile(database.database, "spotify_raw").sql_client() as client:
        return remove_older(client, "spotify_raw", days, now)


def count_rows(database: Database, schema: str = "spotify_raw") -> dict[str, int]:
    with duckdb.connect(str(database.database)) as connection:
        names = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = $1", [schema]).fetchall()
        counts = {name: connection.sql(f"SELECT count(*) FROM {schema}.{name}").fetchall() for (name,) in names}
    return {name: int(count) for name, ((count,),) in counts.items()}


def list_only(api: OfflineApi, *albums: Album) -> None:
    for album in albums:
        api.catalogue.albums[album["id"]] = album
    api.catalogue.listing = [album["id"] for album in albums]


@dataclass(frozen=True)
class TwentyDays:
    """A database that was loaded on two days, 20 days apart."""

    database: Database
    now: datetime  # an instant after the second load
    listed_once: tuple[Album, ...]
    listed_twice: Album
    fresh: Album
    after_first_load: dict[str, int]  # rows by table


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> TwentyDays:
    once, twice, fresh = (
        (make_album("One", 1), make_album("Many", 60, discs=2)),
        make_album("Dozen", 12),
        make_album("Fresh", 4),
    )
    place = Place(tmp_path_factory.mktemp("loaded"), FakeClock())
    with serving(place.clock) as serve:
        api = serve(*once, twice, quota_mode="development")
        assert place.load(api).code == 0
        rows = count_rows(place)
        place.clock.move(20 * DAY)
        list_only(api, twice, fresh)
        assert place.load(api).code == 0
    return TwentyDays(place, datetime.fromtimestamp(place.clock.now(), timezone.utc), once, twice, fresh, rows)


@pytest.fixture
def database(loaded: TwentyDays, tmp_path: Path) -> Database:
    """Copy the database."""
    shutil.copy(loaded.database.database, tmp_path / "spotify.duckdb")
    return Database(tmp_path)


def test_album_not_listed_for_days_leaves_every_table(loaded: TwentyDays, database: Database) -> None:
    before = count_rows(database)

    removed = remove(database, 10, loaded.now)

    after = count_rows(database)
    kept = [loaded.listed_twice, loaded.fresh]
    assert removed.albums == removed.sightings == len(loaded.listed_once)
    assert set(removed.rows) == {"new_releases", "albums", "album_tracks"} | NESTED
    assert {table: before[table] - after[table] for table in before} == {**dict.fromkeys(before, 0), **removed.rows}
    assert database.album_ids() == sorted(album["id"] for album in kept)
    assert database.places() == places_of(kept)
    assert database.one("SELECT count(*) FROM album_tracks__artists") == sum(len(album["tracks"]) for album in kept)


def test_sightings_stay_without_the_album(loaded: TwentyDays, database: Database) -> None:
    remove(database, 10, loaded.now)

    seen = dict(database.sql("SELECT album_id, count(*) FROM release_sightings GROUP BY album_id"))  # type: ignore[arg-type]
    assert seen == {loaded.listed_twice["id"]: 2, loaded.fresh["id"]: 1, "removed": 2}


def test_staging_tables_are_cleared_too(loaded: TwentyDays, database: Database) -> None:
    assert count_rows(database, "spotify_raw_staging")["album_tracks"] == 4

    assert remove(database, 10, loaded.now + timedelta(days=11)).albums == 4

    kept = count_rows(database, "spotify_raw_staging")
    assert {table for table, count in kept.items() if count} == {"_dlt_version", "release_sightings"}
    assert database.sql("SELECT DISTINCT album_id FROM spotify_raw_staging.release_sightings") == [("removed",)]


def test_album_stays_for_exactly_the_given_days(loaded: TwentyDays, database: Database) -> None:
    (last_seen,) = database.sql("SELECT max(seen_at) FROM release_sightings")[0]

    assert remove(database, 20, last_seen) == Removed(0, {})
    assert remove(database, 20, last_seen + timedelta(microseconds=1)).albums == 2


def test_album_without_sightings_counts_from_its_load(database: Database) -> None:
    database.sql("DELETE FROM release_sightings")
    # dlt dates its loads by the clock of the machine.
    loaded_at = datetime.now(timezone.utc)

    assert remove(database, 10, loaded_at + timedelta(days=9)).albums == 0
    assert remove(database, 10, loaded_at + timedelta(days=11)).albums == 4
    assert database.count("album_tracks") == 0


@pytest.mark.parametrize("only", ["new_releases", "release_sightings", "albums", "album_tracks"])
def test_missing_tables_are_no_obstacle(database: Database, only: str) -> None:
    for table in database.tables() - {only}:
        database.sql(f"DROP TABLE {table}")
    rows = database.count(only)

    removed = remove(database, 1, datetime.now(timezone.utc) + timedelta(days=40))

    assert removed.albums == 4
    if only == "release_sightings":
        assert (removed.sightings, removed.rows, database.count(only)) == (rows, {}, rows)
    else:
        assert removed.rows == {only: rows}
        assert database.count(only) == 0


def test_empty_database_is_no_obstacle(tmp_path: Path) -> None:
    assert remove(Database(tmp_path), 1, datetime.now(timezone.utc)) == Removed(0, {})


def test_failed_removal_removes_nothing(loaded: TwentyDays, database: Database) -> None:
    database.sql("ALTER TABLE spotify_raw_staging.release_sightings DROP COLUMN album_id")
    before = count_rows(database)

    with pytest.raises(DatabaseTerminalException):
        remove(database, 10, loaded.now)

    assert count_rows(database) == before


def test_less_than_a_day_is_rejected(loaded: TwentyDays, database: Database) -> None:
    with pytest.raises(ConfigurationError, match="retain_days must be 1 or more, got 0"):
        remove(database, 0, loaded.now)
    assert database.count("albums") == 4


def test_summary_counts_albums_and_rows() -> None:
    assert Removed(0, {}).summary(10) == "Removed: none, every album was listed within the last 10 days."
    assert Removed(1, {}).summary(1) == "Removed: 1 album no longer listed."
    assert Removed(3, {"albums": 3, "album_tracks": 73}).summary(10) == (
        "Removed: 3 albums no longer listed (rows: album_tracks 73, albums 3)."
    )


def test_removed_album_is_loaded_again_only_if_listed_again(place: Place, api: OfflineApi, three: list[Album]) -> None:
    place.load(api)
    place.clock.move(20 * DAY)
    remove(place, 10, datetime.fromtimestamp(place.clock.now(), timezone.utc))
    list_only(api)

    unlisted = place.load(api)
    assert (unlisted.code, unlisted.album_calls, place.album_ids()) == (0, 0, [])
    assert "Pending" not in unlisted.out

    list_only(api, three[1])
    assert place.load(api).calls == Counter(search=1, album=1)
    assert place.places() == places_of([three[1]])


def test_pending_album_is_removed_and_never_fetched(place: Place, serve: Serve) -> None:
    api = serve(make_album("One", 1), make_album("Two", 2), quota_mode="development")
    api.quota["album"] = 0
    assert place.load(api).code == 75
    place.clock.move(20 * DAY)

    assert remove(place, 10, datetime.fromtimestamp(place.clock.now(), timezone.utc)).albums == 2

    list_only(api)
    api.quota["album"] = 10
    assert place.load(api).album_calls == 0


def test_old_queries_and_unwatched_artists_are_removed(place: Place, serve: Serve) -> None:
    api = serve(make_album("Listed", 1), quota_mode="development")
    kept = make_album("Kept", 1, artist="Kept")
    api.catalogue = Catalogue.of([make_album("Listed", 1)], beyond=[kept, make_album("Left", 1, artist="Left")])
    assert place.load(api, "--reach", "13", artists='["Kept", "Left", "Unknown"]').code == 0
    place.clock.move(20 * DAY)
    assert place.load(api, artists='["Kept"]').code == 0

    removed = remove(place, 10, datetime.fromtimestamp(place.clock.now(), timezone.utc))

    assert removed.rows["watched_artists"] == 2
    assert removed.rows["search_yields"] == 3
    assert place.sql("SELECT listed_as FROM watched_artists") == [("Kept",)]
    assert place.count("search_yields") == 0
    assert place.sql("SELECT DISTINCT query FROM release_sightings WHERE album_id = 'removed'") == [("removed",)]
    assert place.load(api, artists='["Kept", "Left"]').code == 0
    assert place.count("watched_artists") == 2
