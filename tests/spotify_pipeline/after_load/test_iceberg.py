"""What an Iceberg catalog holds after a load: each cell of the database, written as seldom as can be, or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pytest
from spotify_pipeline.offline_api import LoggedRequest, OfflineApi, Reply, make_album

pytest.importorskip("pyiceberg", reason='pyiceberg is not installed: pip install -e ".[iceberg]"')

from pyiceberg.expressions import EqualTo
from pyiceberg.schema import Schema
from pyiceberg.types import DateType, LongType, NestedField, StringType, TimestamptzType
from spotify_pipeline.after_load.iceberg import (
    ForeignTablesError,
    export_tables,
)
from spotify_pipeline.after_load.iceberg import (
    TableChange as Written,
)
from spotify_pipeline.after_load.iceberg import (
    TableWriter as Export,
)

from spotify_source import schema
from tests.support.apis import Serve
from tests.support.clock import DAY
from tests.support.lake import NAMESPACE, Lake, assert_equal
from tests.support.place import Place
from tests.support.postgres import Postgres, private_postgres
from tests.support.ran import Ran

NOW = datetime(2026, 11, 20, 6, 17, 5, tzinfo=timezone.utc)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    return Lake(tmp_path / "lake")


def loaded(place: Place, api: OfflineApi, lake: Lake, *arguments: str) -> Ran:
    """A load with an export, which went well and said nothing else."""
    ran = place.load(api, "--iceberg", "lake", *arguments, env=lake.environment())
    assert (ran.code, ran.err) == (0, "")
    return ran


def exported(place: Place, lake: Lake, load_id: str = "1.0") -> dict[str, Written]:
    """What an export of the database did, by table."""
    with patch.dict("os.environ", lake.environment()), duckdb.connect(str(place.database)) as connection:
        return {one.table: one for one in export_tables("lake", connection, NAMESPACE, load_id, NOW)}


def changed(written: dict[str, Written]) -> dict[str, str]:
    return {name: one.action for name, one in written.items() if one.action != "unchanged"}


@contextmanager
def by_hand(place: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(place.database)) as connection:
        connection.execute("USE spotify.spotify_raw")
        yield connection


def test_each_table_is_there_to_the_last_cell(place: Place, api: OfflineApi, lake: Lake) -> None:
    ran = loaded(place, api, lake)

    assert_equal(place, lake)
    assert "Iceberg: spotify_raw in catalog lake: " in ran.out
    assert all(len(lake.table(name).snapshots()) == 1 for name in place.tables())


def test_types_keys_and_words_are_those_of_the_declaration(place: Place, api: OfflineApi, lake: Lake) -> None:
    loaded(place, api, lake)

    sightings = lake.table("release_sightings")
    fields = {field.name: field for field in sightings.schema().fields}
    assert {column.name: column.description for column in schema.RELEASE_SIGHTINGS.columns} == {
        name: field.doc for name, field in fields.items()
    }
    assert isinstance(fields["seen_at"].field_type, TimestamptzType)
    assert isinstance(fields["position"].field_type, LongType)
    assert sightings.properties["comment"] == schema.RELEASE_SIGHTINGS.description
    assert sightings.schema().identifier_field_names() == {"run_id", "market", "position"}
    assert {name for name, field in fields.items() if field.required} == {"run_id", "market", "position"}
    assert isinstance(lake.table("albums").schema().find_field("released_on").field_type, DateType)
    assert isinstance(lake.table("load_runs").schema().find_field("calls").field_type, StringType)


def test_a_second_run_appends_its_sightings_and_leaves_what_is_as_it_was(
    place: Place, api: OfflineApi, lake: Lake
) -> None:
    loaded(place, api, lake)
    before = {name: lake.table(name).current_snapshot() for name in place.tables()}
    place.clock.move(DAY)

    ran = loaded(place, api, lake)

    assert_equal(place, lake)
    assert "load_runs (2 written), release_sightings (3 appended); 11 tables unchanged." in ran.out
    assert lake.operations("release_sightings") == ["append", "append"]
    assert len(lake.table("release_sightings").inspect.files()) == 2
    unchanged = {name for name, snapshot in before.items() if lake.table(name).current_snapshot() == snapshot}
    assert unchanged == place.tables() - {"load_runs", "release_sightings"}


def test_albums_that_changed_are_written_anew_in_one_commit(place: Place, api: OfflineApi, lake: Lake) -> None:
    loaded(place, api, lake)
    late = make_album("Late", 3)
    api.catalogue.albums[late["id"]] = late
    api.catalogue.listing.insert(0, late["id"])
    place.clock.move(DAY)

    loaded(place, api, lake)

    assert_equal(place, lake)
    assert len(lake.table("albums").scan().to_arrow()) == 4
    # Between the two commits of a file's metadata no other was made, in which rows would be missing.
    assert len(lake.table("albums").metadata.metadata_log) == 2


def test_one_cell_is_enough(place: Place, api: OfflineApi, lake: Lake) -> None:
    loaded(place, api, lake)
    with by_hand(place) as connection:
        connection.execute("UPDATE albums SET name = 'Two' WHERE name = 'One'")

    assert changed(exported(place, lake)) == {"albums": "written"}
    assert_equal(place, lake)
    assert changed(exported(place, lake)) == {}


def test_a_load_that_was_not_exported_is_with_the_next_one(place: Place, api: OfflineApi, lake: Lake) -> None:
    loaded(place, api, lake)
    for _ in range(2):
        place.clock.move(DAY)
        assert place.load(api).code == 0

    assert exported(place, lake)["release_sightings"].rows == 6
    assert_equal(place, lake)


def test_sightings_of_an_earlier_run_that_come_late_are_not_missing(place: Place, api: OfflineApi, lake: Lake) -> None:
    loaded(place, api, lake)
    with by_hand(place) as connection:
        connection.execute(
            "INSERT INTO release_sightings (run_id, market, position, _dlt_load_id, _dlt_id) VALUES ('0', 'US', 1, '0', '0')"
        )

    assert exported(place, lake)["release_sightings"].action == "written"
    assert_equal(place, lake)


def test_what_retention_takes_out_of_sightings_is_taken_out_there(place: Place, api: OfflineApi, lake: Lake) -> None:
    loaded(place, api, lake)
    fresh = make_album("Fresh", 2)
    api.catalogue.albums[fresh["id"]] = fresh
    api.catalogue.listing = [fresh["id"]]
    place.clock.move(40 * DAY)

    loaded(place, api, lake, "--retain-days", "30")

    assert_equal(place, lake)
    ids = lake.table("release_sightings").scan().to_arrow().column("album_id").to_pylist()
    assert sorted(ids) == sorted([fresh["id"], *["removed"] * 3])
    assert len(lake.table("albums").scan().to_arrow()) == 1


def test_an_export_that_was_killed_between_two_tables_is_completed_by_the_next(
    place: Place, api: OfflineApi, lake: Lake
) -> None:
    loaded(place, api, lake)
    consistent = lake.catalog().load_namespace_properties(NAMESPACE)
    place.clock.move(DAY)
    assert place.load(api).code == 0

    class Killed(BaseException):
        pass

    def killed(self: Export, *more: object) -> Written:
        if self.name == "release_sightings":  # type: ignore[attr-defined]
            raise Killed
        return before(self, *more)  # type: ignore[arg-type]

    before = Export.write
    with patch.object(Export, "write", killed), pytest.raises(Killed):
        exported(place, lake)

    assert lake.operations("load_runs") == ["append", "delete", "append"]
    assert len(lake.table("release_sightings").snapshots()) == 1
    # Whoever reads the snapshots that are named together still gets those of the first.
    assert lake.catalog().load_namespace_properties(NAMESPACE) == consistent
    assert changed(exported(place, lake)) == {"release_sightings": "appended"}
    assert_equal(place, lake)


def test_the_namespace_names_the_snapshots_that_belong_together(place: Place, api: OfflineApi, lake: Lake) -> None:
    loaded(place, api, lake)

    named = lake.catalog().load_namespace_properties(NAMESPACE)

    assert named["spotify-source.load-id"] == place.last_run()["load_id"]
    for name in place.tables():
        snapshot = lake.table(name).current_snapshot()
        assert snapshot is not None
        assert named[f"spotify-source.snapshot.{name}"] == str(snapshot.snapshot_id)


@pytest.mark.parametrize("table", ["release_sightings", "albums"])
def test_two_exports_at_once_write_each_row_once(place: Place, api: OfflineApi, lake: Lake, table: str) -> None:
    loaded(place, api, lake)
    late = make_album("Late", 3)
    api.catalogue.albums[late["id"]] = late
    api.catalogue.listing.insert(0, late["id"])
    place.clock.move(DAY)
    assert place.load(api).code == 0
    write, meanwhile = Export._commit, []

    def another_comes_between(self: Export, connection: object, plan: object) -> Written:
        if self.name == table and not meanwhile:  # type: ignore[attr-defined]
            meanwhile.append(True)
            exported(place, lake)
        return write(self, connection, plan)  # type: ignore[arg-type]

    with patch.object(Export, "_commit", another_comes_between):
        exported(place, lake)

    assert meanwhile
    assert_equal(place, lake)
    assert len(lake.table(table).metadata.metadata_log) == 2


def test_rows_that_another_program_deleted_come_back(place: Place, api: OfflineApi, lake: Lake) -> None:
    loaded(place, api, lake)
    lake.table("release_sightings").delete(EqualTo("position", 1))
    lake.table("albums").delete(EqualTo("name", "One"))

    assert changed(exported(place, lake)) == {"albums": "written", "release_sightings": "written"}
    assert_equal(place, lake)


def with_news(_: LoggedRequest, normal: Reply) -> Reply:
    return replace(normal, body={**normal.body, "energy": 0.5, "moods": [{"name": "calm"}]})


def test_a_column_that_spotify_added_is_added_there(place: Place, api: OfflineApi, lake: Lake) -> None:
    loaded(place, api, lake)
    before = lake.table("albums").schema()
    news = make_album("News", 2)
    api.catalogue.albums[news["id"]] = news
    api.catalogue.listing.insert(0, news["id"])
    api.always("album", with_news)
    place.clock.move(DAY)

    loaded(place, api, lake)

    assert_equal(place, lake)
    assert "albums__moods" in lake.tables()
    after = lake.table("albums").schema()
    assert "energy" in after.column_names
    assert all(after.find_field(field.field_id).name == field.name for field in before.fields)


def test_a_column_whose_type_changed_is_another_one(place: Place, api: OfflineApi, lake: Lake) -> None:
    loaded(place, api, lake)
    before = lake.table("albums").schema()
    with by_hand(place) as connection:
        connection.execute("ALTER TABLE albums ALTER popularity TYPE VARCHAR")
        connection.execute("UPDATE albums SET popularity = 'much'")
        connection.execute("ALTER TABLE albums DROP label")
        connection.execute("ALTER TABLE release_sightings ALTER position TYPE VARCHAR")

    assert changed(exported(place, lake)) == {"albums": "written", "release_sightings": "written"}
    assert_equal(place, lake)
    after = lake.table("albums").schema()
    assert after.find_field("popularity").field_id != before.find_field("popularity").field_id
    assert lake.table("release_sightings").schema().identifier_field_names() == {"run_id", "market"}


def test_odd_values_come_through(place: Place, serve: Serve, lake: Lake) -> None:
    odd = make_album("夏雨 🌙\U0010ffff'\"\\\n\t", 2)
    odd["release_date"], odd["release_date_precision"] = "0000", "year"
    odd["artists"][0]["name"] = "\U0010ffff" * 40
    bare = make_album("", 0)
    bare["images"] = bare["copyrights"] = []
    old = make_album("Old", 1)
    old["release_date"], old["release_date_precision"] = "0001-01-01", "day"
    loaded(place, serve(odd, bare, old, quota_mode="development"), lake)
    with by_hand(place) as connection:
        connection.execute("UPDATE load_runs SET seconds_waited = 'nan', started_at = '0001-01-01 00:00:00+00'")
        connection.execute("ALTER TABLE albums ADD COLUMN huge HUGEINT")
        connection.execute("ALTER TABLE albums ADD COLUMN exact DECIMAL(38, 9)")
        connection.execute("ALTER TABLE albums ADD COLUMN parts INTEGER[]")
        connection.execute("UPDATE albums SET exact = 1.5")

    exported(place, lake)

    albums = lake.table("albums").scan().to_arrow().to_pylist()
    assert {album["name"] for album in albums} == {odd["name"], "", "Old"}
    assert {album["release_date"] for album in albums} == {"0000", "0001-01-01", bare["release_date"]}
    assert_equal_but(place, lake, "albums", {"huge", "parts"})


def assert_equal_but(place: Place, lake: Lake, table: str, columns: set[str]) -> None:
    """As `assert_equal`, without columns for which Iceberg has no type: they are empty here."""
    found = lake.table(table).scan().to_arrow()
    assert all(found.column(name).null_count == len(found) for name in columns)
    with by_hand(place) as connection:
        for name in columns:
            connection.execute(f"ALTER TABLE {table} ALTER {name} TYPE VARCHAR")
    assert_equal(place, lake)


def test_a_dataset_without_any_album_is_written_as_it_is(place: Place, serve: Serve, lake: Lake) -> None:
    loaded(place, serve(quota_mode="development"), lake)

    assert_equal(place, lake)
    assert changed(exported(place, lake)) == {}


def test_a_database_that_lacks_what_the_catalog_holds_does_not_overwrite_it(
    place: Place, api: OfflineApi, lake: Lake, tmp_path: Path
) -> None:
    loaded(place, api, lake)
    runs = lake.runs_in("release_sightings")
    place.database.unlink()
    place.clock.move(DAY)

    ran = place.load(api, "--iceberg", "lake", env=lake.environment())

    assert ran.code == 78
    assert f"spotify_raw.load_runs holds a run that this database does not have ({runs[0]})." in ran.err
    assert "Traceback" not in ran.err
    assert place.count("albums") == 3
    assert lake.runs_in("release_sightings") == runs


def test_a_table_that_another_program_created_is_left_alone(place: Place, api: OfflineApi, lake: Lake) -> None:
    lake.catalog().create_namespace(NAMESPACE)
    theirs = pa.table({"id": ["theirs"]})
    lake.catalog().create_table((NAMESPACE, "albums"), theirs.schema).append(theirs)

    ran = place.load(api, "--iceberg", "lake", env=lake.environment())

    assert ran.code == 78
    assert "spotify_raw.albums is a table that another program created." in ran.err
    assert lake.table("albums").scan().to_arrow().to_pylist() == [{"id": "theirs"}]
    assert "release_sightings" not in lake.tables()


def test_sightings_that_were_dropped_by_hand_are_kept_there(place: Place, api: OfflineApi, lake: Lake) -> None:
    loaded(place, api, lake)
    with by_hand(place) as connection:
        connection.execute("DELETE FROM release_sightings")

    with pytest.raises(ForeignTablesError, match="release_sightings holds a run"):
        exported(place, lake)

    assert len(lake.runs_in("release_sightings")) == 3


def test_a_failed_export_is_told_with_the_outcome_and_the_load_stands(
    place: Place, api: OfflineApi, lake: Lake
) -> None:
    with patch("spotify_pipeline.after_load.iceberg.export_tables", side_effect=OSError(28, "No space left on device")):
        ran = place.load(api, "--iceberg", "lake", env=lake.environment())

    assert ran.code == 69
    assert place.count("albums") == 3
    assert place.last_run()["exit_code"] == 69


def test_without_the_extra_it_says_how_to_install_it(place: Place, api: OfflineApi, lake: Lake) -> None:
    hidden = dict.fromkeys([name for name in sys.modules if name.partition(".")[0] == "pyiceberg"] or ["pyiceberg"])
    sys.modules.pop("spotify_pipeline.after_load.iceberg", None)
    with patch.dict(sys.modules, {**hidden, "pyiceberg": None}):
        ran = place.load(api, "--iceberg", "lake", env=lake.environment())

    assert (ran.code, ran.calls.total()) == (78, 0)
    assert "--iceberg needs pyiceberg, which is not installed." in ran.err
    assert '-m pip install "' in ran.err
    assert '[iceberg]"' in ran.err


WRONG = {
    "no such catalog": ({}, 78, "pyiceberg is configured with no catalog 'lake' (configured: none)"),
    "no uri": ({"TYPE": "sql"}, 78, "URI missing"),
    "an unknown type": ({"TYPE": "lake"}, 78, "'lake' is not a valid CatalogType"),
    "an unknown scheme": ({"URI": "oracle://scott:tiger-of-1977@host/x"}, 78, "Could not infer the catalog type"),
    "a folder that is missing": ({"URI": "sqlite:////nowhere/at/all.db"}, 78, "unable to open database file"),
    "a server that is down": ({"URI": "http://127.0.0.1:1/"}, 69, "Connection refused"),
    "a database that is down": (
        {"URI": "postgresql+psycopg2://me:tiger-of-1977@127.0.0.1:1/db"},
        69,
        "Connection refused",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_catalog_that_is_not_there_is_refused_before_the_first_call(
    place: Place, api: OfflineApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    settings, code, words = WRONG[wrong]
    env = {f"PYICEBERG_CATALOG__LAKE__{name}": value for name, value in settings.items()}

    ran = place.load(api, "--iceberg", "lake", env=env)

    assert (ran.code, ran.calls.total()) == (code, 0)
    assert words in ran.err
    assert "https://py.iceberg.apache.org/configuration/" in ran.err
    assert "PYICEBERG_CATALOG__" in ran.err
    assert "Traceback" not in ran.err
    assert "tiger-of-1977" not in ran.err


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with private_postgres() as server:
        yield server


def test_a_catalog_in_postgres_is_written_as_one_in_sqlite(
    place: Place, api: OfflineApi, lake: Lake, server: Postgres
) -> None:
    lake.properties["uri"] = server.url().replace("postgresql://", "postgresql+psycopg2://")
    for _ in range(2):
        loaded(place, api, lake)
        place.clock.move(DAY)

    assert_equal(place, lake)
    assert lake.operations("release_sightings") == ["append", "append"]


def test_what_is_in_postgres_is_written_as_what_is_in_a_file(
    place: Place, api: OfflineApi, lake: Lake, server: Postgres
) -> None:
    for _ in range(2):
        ran = place.load(
            api, "--destination", "postgres", "--iceberg", "lake", env={**lake.environment(), **server.environment()}
        )
        assert (ran.code, ran.err) == (0, "")
        place.clock.move(DAY)

    for name in lake.tables():
        found = lake.table(name).scan().to_arrow().select(["_dlt_id"]).to_pydict()["_dlt_id"]
        assert sorted(found) == sorted(x for (x,) in server.sql(f"SELECT _dlt_id FROM spotify_raw.{name}")), name
    assert lake.operations("release_sightings") == ["append", "append"]
    assert isinstance(lake.table("release_sightings").schema().find_field("seen_at").field_type, TimestamptzType)


def test_a_wrong_password_of_the_catalog_is_told_without_it(
    place: Place, api: OfflineApi, lake: Lake, server: Postgres
) -> None:
    lake.properties["uri"] = server.url("tiger-of-1977").replace("postgresql://", "postgresql+psycopg2://")

    ran = place.load(api, "--iceberg", "lake", env=lake.environment())

    assert (ran.code, ran.calls.total()) == (78, 0)
    assert "password authentication failed" in ran.err
    assert "tiger-of-1977" not in ran.err


def test_a_warehouse_that_cant_be_written_is_refused_before_the_first_call(
    place: Place, api: OfflineApi, lake: Lake
) -> None:
    (lake.folder / "warehouse").write_text("a file, no folder")

    ran = place.load(api, "--iceberg", "lake", env=lake.environment())

    assert (ran.code, ran.calls.total()) == (78, 0)
    assert "--iceberg lake: its warehouse can't be used: Cannot create directory " in ran.err
    assert "Traceback" not in ran.err


def test_a_configuration_that_cant_be_read_is_told(place: Place, api: OfflineApi, lake: Lake) -> None:
    (place.folder / ".pyiceberg.yaml").write_text("catalog: [lake\n")

    ran = place.load(api, "--iceberg", "lake")

    assert (ran.code, ran.calls.total()) == (78, 0)
    assert "Traceback" not in ran.err


def test_the_catalog_is_found_in_the_file_of_pyiceberg(place: Place, api: OfflineApi, lake: Lake) -> None:
    lines = "".join(f"    {name}: {value}\n" for name, value in lake.properties.items())
    (place.folder / ".pyiceberg.yaml").write_text(f"catalog:\n  lake:\n{lines}")

    ran = place.load(api, "--iceberg", "lake")

    assert (ran.code, ran.err) == (0, "")
    assert_equal(place, lake)


def test_another_destination_is_refused(place: Place, api: OfflineApi, lake: Lake) -> None:
    sqlite = {"DESTINATION__SQLALCHEMY__CREDENTIALS": f"sqlite:///{place.folder}/x.db"}

    ran = place.load(api, "--destination", "sqlalchemy", "--iceberg", "lake", env={**lake.environment(), **sqlite})

    assert (ran.code, ran.calls.total()) == (78, 0)
    assert "--iceberg needs a DuckDB file or Postgres" in ran.err


def test_the_command_itself_says_nothing_of_pyiceberg(place: Place, api: OfflineApi, lake: Lake) -> None:
    for _ in range(2):
        ran = subprocess.run(
            place.command_line("--iceberg", "lake"),
            env={"PATH": "/usr/bin:/bin", **place.environment(api), **lake.environment()},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=place.folder,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
    assert_equal(place, lake)


def test_the_report_for_programs_says_what_was_done(place: Place, api: OfflineApi, lake: Lake) -> None:
    ran = loaded(place, api, lake, "--report", "json")

    (followed,) = json.loads(ran.out)["followed"]
    assert (followed["name"], followed["succeeded"], followed["catalog"]) == ("iceberg", True, "lake")
    assert followed["tables"]["albums"]["rows"] == 3


def test_what_is_not_ours_in_the_namespace_stays(place: Place, api: OfflineApi, lake: Lake) -> None:
    lake.catalog().create_namespace(NAMESPACE)
    theirs = Schema(NestedField(1, "x", LongType()))
    lake.catalog().create_table((NAMESPACE, "theirs"), theirs)

    loaded(place, api, lake)

    assert lake.tables() == place.tables() | {"theirs"}
