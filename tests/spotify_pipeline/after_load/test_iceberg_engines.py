"""Engines that others wrote read what the export left, with equal rows: one that scales out, and DuckDB."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from spotify_pipeline.offline_api import OfflineApi, make_album

pytest.importorskip("pyiceberg", reason='pyiceberg is not installed: pip install -e ".[iceberg]"')

from tests.support.clock import DAY
from tests.support.lake import NAMESPACE, Lake
from tests.support.place import Place


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    return Lake(tmp_path / "lake")


@pytest.fixture
def two_days(place: Place, api: OfflineApi, lake: Lake) -> Place:
    """Appended sightings, albums that were written anew, names of other scripts."""
    for day in range(2):
        news = make_album(f"夏雨 🌙 {day}", 2)
        api.catalogue.albums[news["id"]] = news
        api.catalogue.listing.insert(0, news["id"])
        assert place.load(api, "--iceberg", "lake", env=lake.environment()).code == 0
        place.clock.move(DAY)
    return place


@pytest.fixture
def spark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A session of Spark's own client at a Sail server, on loopback."""
    # In one of several processes of pytest, Spark's client takes itself for tested, and looks for a whole Spark.
    monkeypatch.setenv("SPARK_HOME", str(tmp_path))
    server_of = pytest.importorskip("pysail.spark", reason="Sail is not installed: pip install pysail pyspark-client")
    pytest.importorskip("pyspark.sql.connect", reason="Spark's client is not installed: pip install pyspark-client")
    from pyspark.sql import SparkSession  # noqa: PLC0415 - of the environment that has it

    server = server_of.SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    _, port = server.listening_address
    with warnings.catch_warnings():
        # Of the version of pandas, which is not used.
        warnings.simplefilter("ignore", FutureWarning)
        session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
        session.conf.set("spark.sql.session.timeZone", "UTC")
        yield session
        session.stop()
    server.stop()


def rows(place: Place, table: str) -> tuple[list[str], list[str], list[str]]:
    """A table in the database: columns, expressions that give them as text in Spark's SQL, and rows."""
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


def test_sail_counts_as_duckdb_does(two_days: Place, lake: Lake, spark: Any) -> None:
    for table in ("release_sightings", "albums"):
        location = lake.table(table).location().removeprefix("file://")
        spark.read.format("iceberg").load(location).createOrReplaceTempView(table)

    question = """
        SELECT albums.name, count(*) AS seen, min(position) AS best FROM release_sightings
        JOIN albums ON albums.id = release_sightings.album_id GROUP BY albums.name ORDER BY ALL
    """
    found = [tuple(row) for row in spark.sql(question.replace("ORDER BY ALL", "ORDER BY 1, 2, 3")).collect()]
    assert found == two_days.sql(question)


def test_duckdb_reads_each_row(two_days: Place, lake: Lake) -> None:
    connection = duckdb.connect()
    try:
        connection.execute("INSTALL iceberg; LOAD iceberg")
    except duckdb.Error as error:
        pytest.skip(f"DuckDB's iceberg extension can't be had here: {str(error).splitlines()[0]}")
    for table in sorted(two_days.tables()):
        columns = rows(two_days, table)[0]
        listed = ", ".join(columns)
        found = connection.execute(
            f"SELECT {listed} FROM iceberg_scan('{lake.table(table).metadata_location}')"
        ).fetchall()
        assert sorted(map(repr, found)) == sorted(map(repr, two_days.sql(f"SELECT {listed} FROM {table}"))), table


def test_the_snapshots_that_are_named_together_are_of_one_state(two_days: Place, lake: Lake) -> None:
    named = lake.catalog().load_namespace_properties(NAMESPACE)

    tables = {
        name.removeprefix("spotify-source.snapshot."): lake.catalog()
        .load_table((NAMESPACE, name.removeprefix("spotify-source.snapshot.")))
        .scan(snapshot_id=int(snapshot))
        .to_arrow()
        for name, snapshot in named.items()
        if name.startswith("spotify-source.snapshot.")
    }

    assert {name: len(rows) for name, rows in tables.items()} == {
        name: two_days.count(name) for name in two_days.tables()
    }
