"""Postgres, a real server: what a run leaves is what it leaves in a DuckDB file, and what goes wrong is said."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from spotify_pipeline.cli.options import parse_report
from spotify_pipeline.cli.report_command import run as report
from spotify_pipeline.offline_api import OfflineApi

from tests.support.database import SOURCE_TABLES
from tests.support.place import Place
from tests.support.postgres import PASSWORD, Postgres, private_postgres

# What a first load with `browse` has no rows for.
NOT_FILLED = {"search_yields", "watched_artists"}
TO_POSTGRES = ("--destination", "postgres")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with private_postgres() as server:
        yield server


@pytest.fixture
def postgres(server: Postgres) -> Postgres:
    for (schema,) in server.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'spotify_raw%'"):
        server.sql(f"DROP SCHEMA {schema} CASCADE")
    return server


def _rows(place: Place, postgres: Postgres, table: str) -> tuple[list[str], list[str]]:
    """What both hold, without what differs from run to run."""
    own = {"run_id", "seen_at", "content_hash", "listed_at", "fetched_at", "first_seen_at", "last_seen_at"}
    columns = [
        name
        for (name,) in place.sql(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = $1 ORDER BY column_name", table
        )
        if not name.startswith("_dlt") and name not in own
    ]
    listed = ", ".join(f"CAST({name} AS text)" for name in columns)
    json = [f"replace({name}::text, ' ', '')" for name in columns]
    here = place.sql(f"SELECT concat_ws('|', {', '.join(json)}) FROM {table}")
    there = postgres.sql(f"SELECT concat_ws('|', {', '.join(json)}) FROM spotify_raw.{table}")
    assert listed
    return sorted(str(row) for (row,) in here), sorted(str(row) for (row,) in there)


@pytest.mark.slow
def test_a_load_is_that_into_duckdb_row_by_row(place: Place, api: OfflineApi, postgres: Postgres) -> None:
    assert place.load(api).code == 0
    ran = place.load(api, *TO_POSTGRES, env=postgres.environment())

    assert (ran.code, ran.err) == (0, "")
    for table in SOURCE_TABLES:
        here, there = _rows(place, postgres, table)
        assert here == there, table
        assert here or table in NOT_FILLED, table


@pytest.mark.engines
def test_a_second_load_fetches_nothing_and_has_a_row_of_its_own(
    place: Place, api: OfflineApi, postgres: Postgres
) -> None:
    for _ in range(2):
        ran = place.load(api, *TO_POSTGRES, env=postgres.environment())
        assert (ran.code, ran.err) == (0, "")

    assert ran.album_calls == 0
    assert postgres.sql(
        "SELECT albums_new, exit_code, calls->>'search' IS NOT NULL, load_id IN (SELECT load_id FROM spotify_raw._dlt_loads)"
        " FROM spotify_raw.load_runs ORDER BY started_at, albums_new DESC"
    ) == [(3, 0, True, True), (0, 0, True, True)]


@pytest.mark.engines
def test_every_table_and_column_is_commented_and_what_merges_look_for_is_indexed(
    place: Place, api: OfflineApi, postgres: Postgres
) -> None:
    place.load(api)
    place.load(api, *TO_POSTGRES, env=postgres.environment())

    here = set(
        place.sql(
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'spotify_raw' AND comment IS NOT NULL"
        )
    )
    there = set(
        postgres.sql(
            "SELECT c.relname, a.attname, col_description(c.oid, a.attnum) FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid "
            "WHERE relnamespace = 'spotify_raw'::regnamespace AND relkind = 'r' AND col_description(c.oid, a.attnum) IS NOT NULL"
        )
    )
    assert here == there
    assert here
    indexed = {name for (name,) in postgres.sql("SELECT indexname FROM pg_indexes WHERE schemaname = 'spotify_raw'")}
    assert {"ix_release_sightings__run_id", "ix_albums__id", "ix_album_tracks__album_id"} <= indexed


@pytest.mark.engines
@pytest.mark.parametrize("table", ["albums", "album_tracks__artists", "load_runs", "release_sightings", "new_releases"])
def test_a_dropped_table_is_made_anew(place: Place, api: OfflineApi, postgres: Postgres, table: str) -> None:
    place.load(api, *TO_POSTGRES, env=postgres.environment())
    before = postgres.sql("SELECT count(*) FROM spotify_raw.album_tracks__artists")
    postgres.sql(f"DROP TABLE spotify_raw.{table}")

    ran = place.load(api, *TO_POSTGRES, env=postgres.environment())

    assert (ran.code, ran.err) == (0, "")
    assert postgres.sql(f"SELECT count(*) > 0 FROM spotify_raw.{table}") == [(True,)]
    assert postgres.sql("SELECT count(*) FROM spotify_raw.album_tracks__artists") == before


@pytest.mark.engines
def test_a_second_machine_is_kept_out_and_told_who_is_at_work(
    place: Place, api: OfflineApi, postgres: Postgres, tmp_path: Path
) -> None:
    hold = (
        "import os, sys; from spotify_pipeline.destinations import named_destination\n"
        "with named_destination('postgres', 'spotify_raw').locked(): print('held', flush=True); sys.stdin.read()"
    )
    environment = {**place.environment(), **postgres.environment(), "DLT_DATA_DIR": str(tmp_path / "second_machine")}
    with subprocess.Popen(
        [sys.executable, "-c", hold],
        env={**environment, "PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        ran = place.load(api, *TO_POSTGRES, env=postgres.environment())
        elsewhere = place.load(api, *TO_POSTGRES, "--dataset", "spotify_raw_2", env=postgres.environment())

        assert ran.code == 75
        assert f"spotify_source {other.pid}@" in ran.err
        assert sum(ran.calls.values()) == 0
        assert elsewhere.code == 0
        other.communicate()
    assert place.load(api, *TO_POSTGRES, env=postgres.environment()).code == 0


@pytest.mark.engines
@pytest.mark.parametrize("option", [[], ["--check"], ["--dry-run"]])
def test_a_wrong_password_is_said_in_the_drivers_words_and_not_shown(
    place: Place, api: OfflineApi, postgres: Postgres, option: list[str]
) -> None:
    ran = place.load(api, *TO_POSTGRES, *option, env=postgres.environment("wrong-but-secret"))

    said = ran.err + ran.out
    assert ran.code == 78
    assert "password authentication failed" in said
    assert "Traceback" not in said
    assert "wrong-but-secret" not in said
    assert ran.album_calls == 0


@pytest.mark.engines
def test_a_check_writes_and_leaves_nothing(place: Place, api: OfflineApi, postgres: Postgres) -> None:
    ran = place.load(api, *TO_POSTGRES, "--check", env=postgres.environment())

    assert ran.code == 0
    assert "written, replaced, read and dropped" in ran.out
    assert postgres.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'spotify_raw%'") == []


@pytest.mark.engines
def test_a_role_that_may_not_write_is_found_before_the_first_call(
    place: Place, api: OfflineApi, postgres: Postgres
) -> None:
    postgres.sql("DROP ROLE IF EXISTS reader")
    postgres.sql(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
    url = postgres.url().replace("loader", "reader")

    ran = place.load(api, *TO_POSTGRES, env={"DESTINATION__POSTGRES__CREDENTIALS": url})

    assert ran.code == 78
    assert "permission denied" in ran.err
    assert sum(ran.calls.values()) == 0


@pytest.mark.engines
def test_a_server_that_is_down_is_unavailable_and_what_was_pending_loads_when_it_is_back(
    place: Place, api: OfflineApi, postgres: Postgres
) -> None:
    postgres.stop()
    try:
        ran = place.load(api, *TO_POSTGRES, env=postgres.environment())
        checked = place.load(api, *TO_POSTGRES, "--check", env=postgres.environment())
    finally:
        postgres.start()

    for one in (ran, checked):
        said = one.err + one.out
        assert one.code == 69
        assert "Connection refused" in said
        assert "Traceback" not in said
        assert PASSWORD not in said
        assert "duckdb" not in said.lower()
        assert "disk" not in said
    assert sum(ran.calls.values()) == 0
    assert place.load(api, *TO_POSTGRES, env=postgres.environment()).code == 0


@pytest.mark.engines
def test_a_role_that_may_make_no_schema_loads_into_those_that_were_made_for_it(
    place: Place, api: OfflineApi, postgres: Postgres
) -> None:
    postgres.sql(f"DROP ROLE IF EXISTS lesser; CREATE ROLE lesser LOGIN PASSWORD '{PASSWORD}'")
    for schema in ("spotify_raw", "spotify_raw_staging"):
        postgres.sql(f"CREATE SCHEMA {schema} AUTHORIZATION lesser")
    lesser = {"DESTINATION__POSTGRES__CREDENTIALS": postgres.url().replace("loader", "lesser")}

    for arguments in (["--check"], [], []):
        ran = place.load(api, *TO_POSTGRES, *arguments, env=lesser)
        assert (ran.code, ran.err) == (0, ""), (arguments, ran.out)
    assert postgres.sql("SELECT count(*) FROM spotify_raw.albums") == [(3,)]


@pytest.mark.engines
def test_a_check_writes_where_something_is_loaded_too(place: Place, api: OfflineApi, postgres: Postgres) -> None:
    postgres.sql(f"CREATE ROLE maker LOGIN PASSWORD '{PASSWORD}'; GRANT CREATE ON DATABASE postgres TO maker")
    maker = {"DESTINATION__POSTGRES__CREDENTIALS": postgres.url().replace("loader", "maker")}
    assert place.load(api, *TO_POSTGRES, env=maker).code == 0
    postgres.sql("ALTER ROLE maker SET default_transaction_read_only = on")

    ran = place.load(api, *TO_POSTGRES, "--check", env=maker)

    assert ran.code in {69, 78}
    assert "read-only transaction" in ran.out


@pytest.mark.engines
def test_a_schema_that_the_role_may_not_write_is_said_before_the_first_call(
    place: Place, api: OfflineApi, postgres: Postgres
) -> None:
    postgres.sql(f"DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
    postgres.sql("CREATE SCHEMA spotify_raw; GRANT USAGE ON SCHEMA spotify_raw TO reader")

    ran = place.load(
        api,
        *TO_POSTGRES,
        env={"DESTINATION__POSTGRES__CREDENTIALS": postgres.url().replace("loader", "reader")},
    )

    assert (ran.code, sum(ran.calls.values())) == (78, 0)
    assert "The role reader may not create tables in the schema spotify_raw." in ran.err
    assert "GRANT CREATE, USAGE ON SCHEMA spotify_raw TO reader" in ran.err


@pytest.mark.engines
def test_the_page_of_a_dataset_that_is_not_there_says_how_to_load_it(
    place: Place, postgres: Postgres, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**place.environment(), **postgres.environment()}.items():
        monkeypatch.setenv(name, value)

    code = report(
        parse_report(["--destination", "postgres", "--dataset", "nothing_here", "--out", str(place.folder / "p.html")])
    )

    assert code == 78
    said = capsys.readouterr().err
    assert "postgres has no tables of this pipeline in nothing_here." in said
    assert "--destination postgres" in said
