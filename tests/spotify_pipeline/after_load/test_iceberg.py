"""Iceberg copies of the tables: complete, with few writes and no harm to others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import pytest
from spotify_pipeline.offline_api import LoggedRequest, OfflineApi, Reply, make_album

pytest.importorskip("pyiceberg", reason='pyiceberg is not installed: pip install -e ".[iceberg]"')

import pyarrow as pa
from pyiceberg.expressions import EqualTo
from pyiceberg.schema import Schema
from pyiceberg.types import DateType, LongType, NestedField, StringType, TimestamptzType
from spotify_pipeline.after_load import iceberg
from spotify_pipeline.after_load.follow_up import FollowUpOptions
from spotify_pipeline.after_load.iceberg import ForeignTablesError, TableChange, TableWriter
from spotify_pipeline.destinations.base import DestinationUnavailableError
from spotify_pipeline.destinations.duckdb import DuckDbFile

from spotify_source import schema
from spotify_source.errors import ConfigurationError
from tests.support.apis import serving
from tests.support.clock import DAY, FakeClock
from tests.support.database import Database
from tests.support.lake import NAMESPACE, Lake
from tests.support.place import Place
from tests.support.postgres import Postgres, private_postgres
from tests.support.ran import Ran

SECRET = "tiger-of-1977"


@dataclass(frozen=True)
class Day:
    """State after the load and export of one day."""

    ran: Ran
    database: Path
    snapshots: dict[str, int]
    differences: set[str]
    columns: dict[str, int]  # field id of each column of albums


@dataclass(frozen=True)
class History:
    """Loads with exports on three days.

    Three albums, nothing new, and an album with undocumented fields.
    """

    lake: Lake
    place: Place
    days: list[Day]


def with_undocumented_fields(_: LoggedRequest, normal: Reply) -> Reply:
    return replace(normal, body={**normal.body, "energy": 0.5, "moods": [{"name": "calm"}]})


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    place, lake = Place(tmp_path_factory.mktemp("history"), FakeClock()), Lake(tmp_path_factory.mktemp("lake") / "lake")
    days = []

    def export_day(*options: str) -> None:
        ran = place.load(api, "--iceberg", "lake", *options, env=lake.environment())
        assert (ran.code, ran.err) == (0, "")
        copy = Path(shutil.copy(place.database, place.folder / f"day{len(days) + 1}.duckdb"))
        columns = {field.name: field.field_id for field in lake.table("albums").schema().fields}
        days.append(Day(ran, copy, lake.snapshots(), lake.differences(place), columns))
        place.clock.move(DAY)

    with serving(place.clock) as serve:
        albums = [make_album("One", 1), make_album("Dozen", 12), make_album("Many", 60, discs=2)]
        api = serve(*albums, quota_mode="development")
        export_day()
        export_day("--report", "json")
        late = make_album("Late", 3)
        api.catalogue.albums[late["id"]] = late
        api.catalogue.listing.insert(0, late["id"])
        api.always("album", with_undocumented_fields)
        export_day()
    return History(lake, place, days)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Return an empty catalog."""
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    return Lake(tmp_path / "lake")


def database_of(day: Day, folder: Path) -> Database:
    """Copy the database of a day; it replaces an earlier copy in the folder."""
    shutil.copy(day.database, folder / "spotify.duckdb")
    return Database(folder)


@pytest.fixture
def database(history: History, tmp_path: Path) -> Database:
    """Copy the first day's database."""
    return database_of(history.days[0], tmp_path)


def actions(written: dict[str, tuple[str, int]]) -> dict[str, str]:
    return {table: action for table, (action, _) in written.items()}


# -- Written rows


def test_each_cell_is_copied_each_day(history: History) -> None:
    assert [day.differences for day in history.days] == [set(), set(), set()]
    assert "Iceberg: spotify_raw in catalog lake: " in history.days[0].ran.out


def test_types_keys_and_descriptions_follow_the_declaration(history: History) -> None:
    sightings = history.lake.table("release_sightings")
    fields = {field.name: field for field in sightings.schema().fields}
    assert {column.name: column.description for column in schema.RELEASE_SIGHTINGS.columns} == {
        name: field.doc for name, field in fields.items()
    }
    assert isinstance(fields["seen_at"].field_type, TimestamptzType)
    assert isinstance(fields["position"].field_type, LongType)
    assert sightings.properties["comment"] == schema.RELEASE_SIGHTINGS.description
    assert sightings.schema().identifier_field_names() == {"run_id", "market", "position"}
    assert {name for name, field in fields.items() if field.required} == {"run_id", "market", "position"}
    assert isinstance(history.lake.table("albums").schema().find_field("released_on").field_type, DateType)
    assert isinstance(history.lake.table("load_runs").schema().find_field("calls").field_type, StringType)


def test_a_run_without_news_writes_only_sightings_and_runs(history: History) -> None:
    first, second, _ = history.days
    unchanged = {name for name, snapshot in first.snapshots.items() if second.snapshots[name] == snapshot}
    assert unchanged == set(first.snapshots) - {"load_runs", "release_sightings"}
    (step,) = json.loads(second.ran.out)["followed"]
    assert (step["name"], step["succeeded"], step["catalog"], step["namespace"]) == ("iceberg", True, "lake", NAMESPACE)
    written = {name: table for name, table in step["tables"].items() if table["action"] != "unchanged"}
    assert {name: (table["action"], table["rows"]) for name, table in written.items()} == {
        "load_runs": ("written", 2),
        "release_sightings": ("appended", 3),
    }
    assert {name: table["snapshot_id"] for name, table in step["tables"].items()} == second.snapshots


def test_sightings_are_appended_run_by_run(history: History) -> None:
    assert history.lake.operations("release_sightings") == ["append"] * 3
    assert len(history.lake.table("release_sightings").inspect.files()) == 3
    assert "release_sightings (4 appended)" in history.days[2].ran.out


def test_changed_tables_are_overwritten_in_one_commit(history: History) -> None:
    # One commit each for the creation, the first day and the third: none in between, in which rows would be missing.
    assert len(history.lake.table("albums").metadata.metadata_log) == 2
    assert len(history.lake.table("albums").scan().to_arrow()) == 4


def test_undocumented_fields_become_columns_and_tables(history: History) -> None:
    first, _, third = history.days
    assert third.columns.items() > first.columns.items()
    assert "energy" in third.columns
    assert "albums__moods" in history.lake.tables()


def test_namespace_names_snapshots_of_one_state(history: History) -> None:
    named = history.lake.catalog().load_namespace_properties(NAMESPACE)
    assert named["spotify-source.load-id"] == history.place.last_run()["load_id"]
    prefix = "spotify-source.snapshot."
    snapshots = {name.removeprefix(prefix): int(one) for name, one in named.items() if name.startswith(prefix)}
    assert snapshots == history.days[2].snapshots


def test_a_changed_cell_is_enough_to_write_the_table(database: Database, lake: Lake) -> None:
    lake.export(database)
    database.sql("UPDATE albums SET name = 'Two' WHERE name = 'One'")

    assert lake.export(database) == {"albums": ("written", 3)}
    assert lake.differences(database) == set()
    assert lake.export(database) == {}


def test_runs_that_were_not_exported_follow_with_the_next(history: History, lake: Lake, tmp_path: Path) -> None:
    lake.export(database_of(history.days[0], tmp_path))
    third = database_of(history.days[2], tmp_path)

    assert lake.export(third)["release_sightings"] == ("appended", 3 + 4)
    assert lake.differences(third) == set()


def test_rows_added_to_an_earlier_run_are_not_missed(database: Database, lake: Lake) -> None:
    lake.export(database)
    row = "VALUES ('0', 'US', 1, '0', '0')"
    database.sql(f"INSERT INTO release_sightings (run_id, market, position, _dlt_load_id, _dlt_id) {row}")

    assert actions(lake.export(database)) == {"release_sightings": "written"}
    assert lake.differences(database) == set()


def test_albums_removed_by_retention_are_removed_there(database: Database, lake: Lake) -> None:
    lake.export(database)
    database.sql("UPDATE release_sightings SET album_id = 'removed'")
    database.sql("DELETE FROM albums")

    assert lake.export(database) == {"albums": ("written", 0), "release_sightings": ("written", 3)}
    assert lake.differences(database) == set()


def test_unusual_values_and_types_are_copied(database: Database, lake: Lake) -> None:
    name, odd = "夏雨 🌙\U0010ffff'\"\\\n\t", "\U0010ffff" * 40
    database.sql("UPDATE albums SET name = $1, release_date = '0000' WHERE name = 'One'", name)
    database.sql("UPDATE albums SET name = '', released_on = '0001-01-01' WHERE name = 'Many'")
    database.sql("UPDATE albums__artists SET name = $1", odd)
    database.sql("UPDATE load_runs SET seconds_waited = 'nan', started_at = '0001-01-01 00:00:00+00'")
    database.sql("ALTER TABLE albums ADD COLUMN exact DECIMAL(38, 9)")
    database.sql("UPDATE albums SET exact = 1.5")
    # Iceberg has no such types: these are text there.
    database.sql("ALTER TABLE albums ADD COLUMN huge HUGEINT")
    database.sql("ALTER TABLE albums ADD COLUMN parts INTEGER[]")
    database.sql("UPDATE albums SET huge = 1::HUGEINT << 100, parts = [1, 2]")

    lake.export(database)

    for column in ("huge", "parts"):
        database.sql(f"ALTER TABLE albums ALTER {column} TYPE VARCHAR")
    assert lake.differences(database) == set()
    assert name in lake.table("albums").scan().to_arrow().column("name").to_pylist()


def test_tables_without_rows_are_copied(database: Database, lake: Lake) -> None:
    for table in database.tables() - {"load_runs"}:
        database.sql(f"DELETE FROM {table}")

    lake.export(database)

    assert lake.differences(database) == set()
    assert lake.export(database) == {}


def test_column_with_a_new_type_becomes_a_new_column(database: Database, lake: Lake) -> None:
    lake.export(database)
    before = lake.table("albums").schema()
    database.sql("ALTER TABLE albums ALTER popularity TYPE VARCHAR")
    database.sql("UPDATE albums SET popularity = 'much'")
    database.sql("ALTER TABLE albums DROP label")
    database.sql("ALTER TABLE release_sightings ALTER position TYPE VARCHAR")

    assert actions(lake.export(database)) == {"albums": "written", "release_sightings": "written"}
    assert lake.differences(database) == set()
    after = lake.table("albums").schema()
    assert after.find_field("popularity").field_id != before.find_field("popularity").field_id
    assert lake.table("release_sightings").schema().identifier_field_names() == {"run_id", "market"}


# -- Killed and concurrent exports, other programs


def test_killed_export_is_completed_by_the_next(history: History, lake: Lake, tmp_path: Path) -> None:
    lake.export(database_of(history.days[0], tmp_path))
    second = database_of(history.days[1], tmp_path)
    consistent = lake.catalog().load_namespace_properties(NAMESPACE)

    class KilledError(BaseException):
        pass

    def killed(self: TableWriter, *arguments: object) -> TableChange:
        if self.name == "release_sightings":
            raise KilledError
        return write(self, *arguments)  # type: ignore[arg-type]

    write = TableWriter.write
    with patch.object(TableWriter, "write", killed), pytest.raises(KilledError):
        lake.export(second)

    assert len(lake.table("load_runs").scan().to_arrow()) == 2
    assert len(lake.table("release_sightings").snapshots()) == 1
    # Readers of the named snapshots still see the state of the first export.
    assert lake.catalog().load_namespace_properties(NAMESPACE) == consistent
    assert actions(lake.export(second)) == {"release_sightings": "appended"}
    assert lake.differences(second) == set()


@pytest.mark.parametrize("table", ["release_sightings", "albums"])
def test_concurrent_exports_write_each_row_once(history: History, lake: Lake, tmp_path: Path, table: str) -> None:
    lake.export(database_of(history.days[0], tmp_path))
    third = database_of(history.days[2], tmp_path)
    others: list[str] = []
    commit = TableWriter._commit

    def overtaken(self: TableWriter, *arguments: object) -> int:
        if self.name == table and not others:
            others.append(self.name)
            lake.export(third)
        return commit(self, *arguments)  # type: ignore[arg-type]

    with patch.object(TableWriter, "_commit", overtaken):
        lake.export(third)

    assert others
    assert lake.differences(third) == set()
    assert len(lake.table(table).metadata.metadata_log) == 2


def test_rows_deleted_by_another_program_come_back(database: Database, lake: Lake) -> None:
    lake.export(database)
    lake.table("release_sightings").delete(EqualTo("position", 1))
    lake.table("albums").delete(EqualTo("name", "One"))

    assert actions(lake.export(database)) == {"albums": "written", "release_sightings": "written"}
    assert lake.differences(database) == set()


@pytest.mark.parametrize("table", ["load_runs", "release_sightings"])
def test_runs_missing_in_the_database_are_not_overwritten(database: Database, lake: Lake, table: str) -> None:
    lake.export(database)
    snapshots, runs = lake.snapshots(), lake.runs_in(table)
    database.sql(f"DELETE FROM {table}")
    database.sql("DELETE FROM albums")

    with pytest.raises(ForeignTablesError) as caught:
        lake.export(database)

    assert caught.value.summary == (
        f"--iceberg lake: spotify_raw.{table} holds a run that this database does not have ({runs[0]})."
    )
    assert lake.snapshots() == snapshots


def test_table_of_another_program_is_left_alone(database: Database, lake: Lake) -> None:
    lake.catalog().create_namespace(NAMESPACE)
    theirs = pa.table({"id": ["theirs"]})
    lake.catalog().create_table((NAMESPACE, "albums"), theirs.schema).append(theirs)

    with pytest.raises(ForeignTablesError, match=r"spotify_raw\.albums is a table that another program created"):
        lake.export(database)

    assert lake.table("albums").scan().to_arrow() == theirs
    assert lake.table("album_tracks").snapshots() == []


def test_other_tables_in_the_namespace_stay(database: Database, lake: Lake) -> None:
    lake.catalog().create_namespace(NAMESPACE)
    lake.catalog().create_table((NAMESPACE, "theirs"), Schema(NestedField(1, "x", LongType())))

    lake.export(database)

    assert lake.differences(database) == {"theirs"}


# -- Configuration and errors


def check_catalog(database: Path) -> None:
    options = FollowUpOptions(None, "json", retain_days=None, transform=False, iceberg="lake")
    iceberg.check(options, DuckDbFile(database, NAMESPACE))


WRONG: dict[str, tuple[dict[str, str], type[Exception], str]] = {
    "no catalog": ({}, ConfigurationError, "pyiceberg is configured with no catalog 'lake' (configured: none)"),
    "no uri": ({"TYPE": "sql"}, ConfigurationError, "URI missing"),
    "unknown type": ({"TYPE": "lake"}, ConfigurationError, "'lake' is not a valid CatalogType"),
    "unknown scheme": (
        {"URI": f"oracle://scott:{SECRET}@host/x"},
        ConfigurationError,
        "Could not infer the catalog type",
    ),
    "missing folder": ({"URI": "sqlite:////nowhere/at/all.db"}, ConfigurationError, "unable to open database file"),
    "server down": ({"URI": "http://127.0.0.1:1/"}, DestinationUnavailableError, "Connection refused"),
    "database down": (
        {"URI": f"postgresql+psycopg2://me:{SECRET}@127.0.0.1:1/db"},
        DestinationUnavailableError,
        "Connection refused",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_unusable_catalog_is_reported_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    settings, kind, words = WRONG[wrong]
    for name, value in settings.items():
        monkeypatch.setenv(f"PYICEBERG_CATALOG__LAKE__{name}", value)

    with pytest.raises(kind) as caught:
        check_catalog(tmp_path / "spotify.duckdb")

    message = str(caught.value)
    assert words in message
    assert "https://py.iceberg.apache.org/configuration/" in message
    assert "PYICEBERG_CATALOG__" in message
    assert SECRET not in message


def test_unwritable_warehouse_is_reported(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (lake.folder / "warehouse").write_text("a file, no folder")
    for name, value in lake.environment().items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match="lake: its warehouse can't be used: Cannot create directory "):
        check_catalog(tmp_path / "spotify.duckdb")


def test_unreadable_configuration_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    (tmp_path / ".pyiceberg.yaml").write_text("catalog: [lake\n")

    with pytest.raises(ConfigurationError):
        check_catalog(tmp_path / "spotify.duckdb")


def test_catalog_in_the_configuration_file_is_found(lake: Lake, tmp_path: Path) -> None:
    lines = "".join(f"    {name}: {value}\n" for name, value in lake.properties.items())
    (tmp_path / ".pyiceberg.yaml").write_text(f"catalog:\n  lake:\n{lines}")

    check_catalog(tmp_path / "spotify.duckdb")

    assert lake.tables() == {"load_runs"}


def test_catalog_is_checked_before_the_first_call(place: Place, api: OfflineApi, lake: Lake) -> None:
    ran = place.load(api, "--iceberg", "another", env=lake.environment())

    assert (ran.code, ran.calls.total()) == (78, 0)
    assert "pyiceberg is configured with no catalog 'another' (configured: lake)" in ran.err


def test_missing_extra_is_reported_with_the_install_command(place: Place, api: OfflineApi, lake: Lake) -> None:
    loaded = [name for name in sys.modules if name.partition(".")[0] == "pyiceberg"]
    with patch.dict(sys.modules, dict.fromkeys(loaded)):
        del sys.modules["spotify_pipeline.after_load.iceberg"]
        ran = place.load(api, "--iceberg", "lake", env=lake.environment())

    assert (ran.code, ran.calls.total()) == (78, 0)
    assert "--iceberg needs pyiceberg, which is not installed." in ran.err
    assert '-m pip install "' in ran.err
    assert '[iceberg]"' in ran.err


def test_unproven_destination_is_rejected(place: Place, api: OfflineApi, lake: Lake) -> None:
    sqlite = {"DESTINATION__SQLALCHEMY__CREDENTIALS": f"sqlite:///{place.folder}/x.db"}

    ran = place.load(api, "--destination", "sqlalchemy", "--iceberg", "lake", env={**lake.environment(), **sqlite})

    assert (ran.code, ran.calls.total()) == (78, 0)
    assert "--iceberg needs a DuckDB file or Postgres" in ran.err


def test_failed_export_leaves_the_load_and_its_run(place: Place, api: OfflineApi, lake: Lake) -> None:
    with patch("spotify_pipeline.after_load.iceberg.export_tables", side_effect=OSError(28, "No space left on device")):
        ran = place.load(api, "--iceberg", "lake", env=lake.environment())

    assert ran.code == 69
    assert place.count("albums") == 3
    assert place.last_run()["exit_code"] == 69


def test_command_prints_no_warnings_of_pyiceberg(place: Place, api: OfflineApi, lake: Lake) -> None:
    for _ in range(2):
        ran = subprocess.run(
            place.command_line("--iceberg", "lake"),
            env={**os.environ, **place.environment(api), **lake.environment()},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=place.folder,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
    assert lake.differences(place) == set()


# -- Postgres, as catalog and as destination


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with private_postgres() as server:
        yield server


@pytest.mark.engines
def test_catalog_in_postgres_is_written(history: History, lake: Lake, server: Postgres, tmp_path: Path) -> None:
    lake.properties["uri"] = server.url().replace("postgresql://", "postgresql+psycopg2://")
    with patch.dict("os.environ", lake.environment()):
        check_catalog(tmp_path / "none.duckdb")
    for day in history.days[:2]:
        database = database_of(day, tmp_path)
        lake.export(database)
        assert lake.differences(database) == set()
    assert lake.operations("release_sightings") == ["append", "append"]


@pytest.mark.engines
def test_wrong_password_of_the_catalog_is_not_repeated(lake: Lake, server: Postgres, tmp_path: Path) -> None:
    lake.properties["uri"] = server.url(SECRET).replace("postgresql://", "postgresql+psycopg2://")

    with patch.dict("os.environ", lake.environment()), pytest.raises(ConfigurationError) as caught:
        check_catalog(tmp_path / "none.duckdb")

    assert "password authentication failed" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.engines
def test_tables_in_postgres_are_copied(place: Place, api: OfflineApi, lake: Lake, server: Postgres) -> None:
    for _ in range(2):
        ran = place.load(
            api, "--destination", "postgres", "--iceberg", "lake", env={**lake.environment(), **server.environment()}
        )
        assert (ran.code, ran.err) == (0, "")
        place.clock.move(DAY)

    for name in lake.tables():
        found = lake.table(name).scan().to_arrow().column("_dlt_id").to_pylist()
        assert sorted(found) == sorted(one for (one,) in server.sql(f"SELECT _dlt_id FROM spotify_raw.{name}")), name
    assert lake.operations("release_sightings") == ["append", "append"]
    assert isinstance(lake.table("release_sightings").schema().find_field("seen_at").field_type, TimestamptzType)
