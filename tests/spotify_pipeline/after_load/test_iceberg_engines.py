"""Rows that other engines read from the Iceberg tables: Sail and DuckDB."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from spotify_pipeline.offline_api import make_album

pytest.importorskip("pyiceberg", reason='pyiceberg is not installed: pip install -e ".[iceberg]"')

from tests.support.apis import serving
from tests.support.clock import DAY, FakeClock
from tests.support.lake import Lake
from tests.support.place import Place

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("lake") / "lake")


@pytest.fixture(scope="module")
def two_days(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Export a database with names in other scripts on two days."""
    place = Place(tmp_path_factory.mktemp("two_days"), FakeClock())
    with serving(place.clock) as serve:
        api = serve(quota_mode="development")
        for day in range(2):
            album = make_album(f"夏雨 🌙 {day}", 2)
            api.catalogue.albums[album["id"]] = album
            api.catalogue.listing.insert(0, album["id"])
            assert place.load(api, "--iceberg", "lake", env=lake.environment()).code == 0
            place.clock.move(DAY)
    return place


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Connect Spark's own client to a Sail server on loopback."""
    with pytest.MonkeyPatch.context() as patch:
        # In a worker process of pytest, Spark's client assumes its own tests, and looks for a complete Spark.
        patch.setenv("SPARK_HOME", str(tmp_path_factory.mktemp("spark")))
        sail = pytest.importorskip("pysail.spark", reason="Sail is not installed: pip install pysail pyspark-client")
        pytest.importorskip("pyspark.sql.connect", reason="Spark's client is not installed: pip install pyspark-client")
        from pyspark.sql import SparkSession  # noqa: PLC0415 - only in the environment of this test

        server = sail.SparkConnectServer("127.0.0.1", 0)
        server.start(background=True)
        _, port = server.listening_address
        with warnings.catch_warnings():
            # About the version of pandas, which is not used.
            warnings.simplefilter("ignore", FutureWarning)
            session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
            session.conf.set("spark.sql.session.timeZone", "UTC")
            yield session
            session.stop()
        server.stop()


def rows(place: Place, table: str) -> tuple[list[str], list[str], list[str]]:
    """Return the columns of a table, their text in Spark SQL, and the rows as text."""
    found = place.sql(
        "SELECT column_name, data_type FROM duckdb_columns() "
        "WHERE schema_name = 'spotify_raw' AND table_name = $1 ORDER BY column_index",
        table,
    )
    here = [f"epoch_us({name})::VARCHAR" if "TIME ZONE" in kind else f"{name}::VARCHAR" for name, kind in found]
    there = [
        f"CAST(unix_micros({name}) AS STRING)" if "TIME ZONE" in kind else f"CAST({name} AS STRING)"
        for name, kind in found
    ]
    return [name for name, _ in found], there, sorted(map(str, place.sql(f"SELECT {', '.join(here)} FROM {table}")))


def test_sail_reads_each_row(two_days: Place, lake: Lake, spark: Any) -> None:
    for table in sorted(two_days.tables()):
        columns, expressions, expected = rows(two_days, table)
        read = spark.read.format("iceberg").load(lake.table(table).location().removeprefix("file://"))

        assert read.columns == columns
        found = [tuple(row) for row in read.selectExpr(*expressions).collect()]
        assert sorted(map(str, found)) == expected, table


def test_sail_joins_and_aggregates_as_duckdb_does(two_days: Place, lake: Lake, spark: Any) -> None:
    for table in ("release_sightings", "albums"):
        location = lake.table(table).location().removeprefix("file://")
        spark.read.format("iceberg").load(location).createOrReplaceTempView(table)

    query = """
        SELECT albums.name, count(*) AS seen, min(position) AS best FROM release_sightings
        JOIN albums ON albums.id = release_sightings.album_id GROUP BY albums.name ORDER BY 1, 2, 3
    """
    assert [tuple(row) for row in spark.sql(query).collect()] == two_days.sql(query)


def test_duckdb_reads_each_row(two_days: Place, lake: Lake) -> None:
    with duckdb.connect() as connection:
        try:
            connection.execute("INSTALL iceberg; LOAD iceberg")
        except duckdb.Error as error:
            pytest.skip(f"DuckDB's iceberg extension is not available: {str(error).splitlines()[0]}")
        for table in sorted(two_days.tables()):
            columns = ", ".join(rows(two_days, table)[0])
            there = f"SELECT {columns} FROM iceberg_scan('{lake.table(table).metadata_location}')"
            found = sorted(map(repr, connection.execute(there).fetchall()))
            assert found == sorted(map(repr, two_days.sql(f"SELECT {columns} FROM {table}"))), table
