"""Tests of PostgresDestination that tests/conformance does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from spotify_pipeline.cli.options import parse_report
from spotify_pipeline.cli.report_command import run as report
from spotify_pipeline.destinations import named_destination
from spotify_pipeline.destinations.base import AnotherRunError
from spotify_pipeline.offline_api import OfflineApi, make_album

from tests.support.apis import Serve
from tests.support.checkout import CHECKOUT
from tests.support.database import SOURCE_TABLES
from tests.support.place import Place
from tests.support.postgres import PASSWORD, Postgres, private_postgres

# Tables without rows after a first load that uses no watchlist and no extra queries.
EMPTY = {"search_yields", "watched_artists"}
TO_POSTGRES = ("--destination", "postgres")
# Columns that differ from run to run.
VARIABLE = {"run_id", "seen_at", "content_hash", "listed_at", "fetched_at", "first_seen_at", "last_seen_at"}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with private_postgres() as server:
        yield server


@pytest.fixture
def postgres(server: Postgres) -> Postgres:
    """Return the server without datasets and roles of other tests."""
    for (schema,) in server.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'spotify_raw%'"):
        server.sql(f"DROP SCHEMA {schema} CASCADE")
    return server


def rows_in_both(place: Place, postgres: Postgres, table: str) -> tuple[list[str], list[str]]:
    """Return the rows of a table in DuckDB and in Postgres, without variable columns."""
    columns = [
        name
        for (name,) in place.sql(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = $1 ORDER BY column_name", table
        )
        if not name.startswith("_dlt") and name not in VARIABLE
    ]
    assert columns
    values = ", ".join(f"replace({name}::text, ' ', '')" for name in columns)
    here = place.sql(f"SELECT concat_ws('|', {values}) FROM {table}")
    there = postgres.sql(f"SELECT concat_ws('|', {values}) FROM spotify_raw.{table}")
    return sorted(str(row) for (row,) in here), sorted(str(row) for (row,) in there)


@pytest.mark.slow
def test_a_load_equals_one_into_duckdb(place: Place, api: OfflineApi, postgres: Postgres) -> None:
    assert place.load(api).code == 0
    ran = place.load(api, *TO_POSTGRES, env=postgres.environment())

    assert (ran.code, ran.err) == (0, "")
    for table in SOURCE_TABLES:
        here, there = rows_in_both(place, postgres, table)
        assert here == there, table
        assert here or table in EMPTY, table
    assert postgres.sql(
        "SELECT albums_new, exit_code, calls->>'search' IS NOT NULL,"
        " load_id IN (SELECT load_id FROM spotify_raw._dlt_loads) FROM spotify_raw.load_runs"
    ) == [(3, 0, True, True)]
    comments_here = place.sql(
        "SELECT table_name, column_name, comment FROM duckdb_columns()"
        " WHERE schema_name = 'spotify_raw' AND comment IS NOT NULL"
    )
    comments_there = postgres.sql(
        "SELECT c.relname, a.attname, col_description(c.oid, a.attnum) FROM pg_class c JOIN pg_attribute a "
        "ON attrelid = c.oid WHERE relnamespace = 'spotify_raw'::regnamespace AND relkind = 'r' "
        "AND col_description(c.oid, a.attnum) IS NOT NULL"
    )
    assert sorted(comments_here) == sorted(comments_there) != []
    indexed = {name for (name,) in postgres.sql("SELECT indexname FROM pg_indexes WHERE schemaname = 'spotify_raw'")}
    assert {"ix_release_sightings__run_id", "ix_albums__id", "ix_album_tracks__album_id"} <= indexed


@pytest.mark.engines
def test_the_lock_excludes_other_machines_and_survives_a_lost_connection(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in postgres.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "first"))
    first = named_destination("postgres", "spotify_raw")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "second"))
    second, other = named_destination("postgres", "spotify_raw"), named_destination("postgres", "spotify_raw_2")

    with first.locked():
        with pytest.raises(AnotherRunError, match=r"spotify_source \d+@.*, since .* UTC"), second.locked():
            pass
        with other.locked():
            pass

        postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        with first.writable(), pytest.raises(AnotherRunError), second.locked():
            pass

        postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        with second.locked(), pytest.raises(AnotherRunError), first.writable():
            pass


@pytest.mark.engines
@pytest.mark.parametrize("option", ["--check", "--dry-run"])
def test_a_wrong_password_is_reported_and_not_shown(
    place: Place, api: OfflineApi, postgres: Postgres, option: str
) -> None:
    ran = place.load(api, *TO_POSTGRES, option, env=postgres.environment("wrong-but-secret"))

    output = ran.err + ran.out
    assert ran.code == 78
    assert "password authentication failed" in output
    assert "Traceback" not in output
    assert "wrong-but-secret" not in output
    assert ran.album_calls == 0


@pytest.mark.engines
def test_a_server_that_is_down_is_reported_as_unavailable(place: Place, api: OfflineApi, postgres: Postgres) -> None:
    postgres.stop()
    try:
        ran = [place.load(api, *TO_POSTGRES, *option, env=postgres.environment()) for option in ([], ["--check"])]
    finally:
        postgres.start()

    for one in ran:
        output = one.err + one.out
        assert one.code == 69
        assert "Connection refused" in output
        for word in ("Traceback", PASSWORD, "duckdb", "disk"):
            assert word not in output


@pytest.mark.engines
def test_missing_privileges_are_reported_before_the_first_call(
    place: Place, api: OfflineApi, postgres: Postgres
) -> None:
    postgres.sql(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
    reader = {"DESTINATION__POSTGRES__CREDENTIALS": postgres.url().replace("loader", "reader")}

    without_schema = place.load(api, *TO_POSTGRES, env=reader)
    postgres.sql("CREATE SCHEMA spotify_raw; GRANT USAGE ON SCHEMA spotify_raw TO reader")
    with_schema = place.load(api, *TO_POSTGRES, env=reader)

    assert (without_schema.code, with_schema.code) == (78, 78)
    assert "permission denied" in without_schema.err
    assert "The role reader may not create tables in the schema spotify_raw." in with_schema.err
    assert "GRANT CREATE, USAGE ON SCHEMA spotify_raw TO reader" in with_schema.err
    assert not api.requests


@pytest.mark.engines
def test_a_role_without_create_loads_into_schemas_made_for_it(
    place: Place, api: OfflineApi, postgres: Postgres
) -> None:
    postgres.sql(f"CREATE ROLE lesser LOGIN PASSWORD '{PASSWORD}'")
    for schema in ("spotify_raw", "spotify_raw_staging"):
        postgres.sql(f"CREATE SCHEMA {schema} AUTHORIZATION lesser")
    lesser = {"DESTINATION__POSTGRES__CREDENTIALS": postgres.url().replace("loader", "lesser")}

    for arguments in (["--check"], [], []):
        ran = place.load(api, *TO_POSTGRES, *arguments, env=lesser)
        assert (ran.code, ran.err) == (0, ""), (arguments, ran.out)
    assert postgres.sql("SELECT count(*) FROM spotify_raw.albums") == [(3,)]


@pytest.mark.engines
def test_a_check_tries_to_write_into_a_loaded_dataset(place: Place, api: OfflineApi, postgres: Postgres) -> None:
    postgres.sql(f"CREATE ROLE maker LOGIN PASSWORD '{PASSWORD}'; GRANT CREATE ON DATABASE postgres TO maker")
    maker = {"DESTINATION__POSTGRES__CREDENTIALS": postgres.url().replace("loader", "maker")}
    assert place.load(api, *TO_POSTGRES, "--resources", "new_releases", env=maker).code == 0
    assert "written, replaced, read and dropped" in place.load(api, *TO_POSTGRES, "--check", env=maker).out
    postgres.sql("ALTER ROLE maker SET default_transaction_read_only = on")

    ran = place.load(api, *TO_POSTGRES, "--check", env=maker)

    assert ran.code in {69, 78}
    assert "read-only transaction" in ran.out


@pytest.mark.engines
def test_a_report_of_a_missing_dataset_names_the_load_command(
    place: Place, postgres: Postgres, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**place.environment(), **postgres.environment()}.items():
        monkeypatch.setenv(name, value)

    code = report(
        parse_report(["--destination", "postgres", "--dataset", "nothing_here", "--out", str(place.folder / "p.html")])
    )

    assert code == 78
    error = capsys.readouterr().err
    assert "postgres has no tables of this pipeline in nothing_here." in error
    assert "--destination postgres" in error


@pytest.mark.engines
def test_the_documented_views_unite_two_datasets(place: Place, serve: Serve, postgres: Postgres) -> None:
    page = (CHECKOUT / "docs" / "destinations.md").read_text(encoding="utf-8")
    views = re.search(r"```sql\n(CREATE SCHEMA.*?)```", page, re.DOTALL)
    assert views is not None
    both, left, right = make_album("Both", 3), make_album("Left", 2), make_album("Right", 1)
    for app, albums in (("app_a", [both, left]), ("app_b", [both, right])):
        api = serve(*albums, quota_mode="development")
        ran = place.load(api, *TO_POSTGRES, "--dataset", app, env=postgres.environment())
        assert (ran.code, ran.err) == (0, "")

    postgres.sql(views[1])

    assert postgres.sql("SELECT app, name FROM spotify_all.albums ORDER BY name") == [
        ("app_b", "Both"),
        ("app_a", "Left"),
        ("app_b", "Right"),
    ]
    assert postgres.sql("SELECT count(*), count(DISTINCT id) FROM spotify_all.album_tracks") == [(6, 6)]
    assert postgres.sql("SELECT app, count(*) FROM spotify_all.release_sightings GROUP BY app ORDER BY app") == [
        ("app_a", 2),
        ("app_b", 2),
    ]
