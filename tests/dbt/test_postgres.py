"""Tests of the project on Postgres, compared with a DuckDB file.

Both are built of the same rows, those that a real load left on the server: the second time after two days more.
"""

from __future__ import annotations

import os
import random
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest
from spotify_pipeline.cli.main import main
from spotify_pipeline.offline_api import make_album

from tests.dbt.conftest import DAYS, REGIMES
from tests.dbt.server import OTHERWISE, Rows, Twins, connected, in_file, mirrored, on_server
from tests.dbt.support import MARTS, DbtProject, PostgresProject
from tests.dbt.test_breakages import BREAKAGES
from tests.dbt.test_demo import QUESTIONS
from tests.support.apis import Serve
from tests.support.clock import FakeClock
from tests.support.place import Place
from tests.support.postgres import PASSWORD, Postgres, private_postgres

pytestmark = pytest.mark.skipif(
    not (find_spec("dbt") and find_spec("dbt.adapters") and find_spec("dbt.adapters.postgres")),
    reason='dbt-postgres is not installed: pip install -e ".[dbt-postgres]"',
)
RELATIONS = """
    SELECT table_schema || '.' || table_name FROM information_schema.tables
    WHERE table_schema IN ('spotify_staging', 'spotify_marts') ORDER BY 1
"""
# Build times, and fingerprints, which differ between engines.
OF_THE_BUILD = {"dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to", "versioned_at", "fingerprint"}
# Query that runs on both engines.
SEEN_ON_BOTH = (
    "the first load is unfinished",
    "one album at every place",
    "one UPC for all",
    "images orphaned",
    "the snapshot emptied",
)
TO_POSTGRES = ("--destination", "postgres", "--transform")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with private_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def on_postgres(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> PostgresProject:
    return PostgresProject(tmp_path_factory.mktemp("dbt_postgres"), server)


@pytest.fixture(scope="module")
def twins_of(
    project: DbtProject, on_postgres: PostgresProject, server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Twins]:
    """Return the demo of a quota mode on both engines; read it, or change a copy."""

    @cache
    def build(quota_mode: str) -> Twins:
        folder = tmp_path_factory.mktemp(f"twins_{quota_mode}")
        for statement in OTHERWISE:
            server.sql(statement.format(quota_mode))
        twins = Twins(quota_mode, folder / "spotify.duckdb", Path(quota_mode), builds := [])
        for days in (DAYS[:1], DAYS[1:]):
            for day in days:
                environment = {
                    "DLT_DATA_DIR": str(folder / "dlt"),
                    "DESTINATION__POSTGRES__CREDENTIALS": server.url(database=quota_mode),
                }
                arguments = [
                    "load",
                    "--demo",
                    "--demo-regime",
                    quota_mode,
                    "--demo-date",
                    day,
                    "--destination",
                    "postgres",
                ]
                with patch.dict(os.environ, environment):
                    assert main(arguments) == 0
            mirrored(server, quota_mode, twins.file)
            builds += [on_postgres.build(twins.database), project.build(twins.file)]
        return twins

    return build


@pytest.fixture(params=REGIMES)
def twins(request: pytest.FixtureRequest, twins_of: Callable[[str], Twins]) -> Twins:
    """Return the demo of each quota mode."""
    return twins_of(request.param)


@pytest.fixture
def copied(server: Postgres, twins_of: Callable[[str], Twins]) -> Path:
    """Return a copy on the server to change."""
    server.sql("DROP DATABASE IF EXISTS copied")
    server.sql(f"CREATE DATABASE copied TEMPLATE {twins_of('extended').database.stem}")
    return Path("copied")


def test_every_build_succeeds_without_a_warning(twins: Twins) -> None:
    assert [(build.troubles, build.exception) for build in twins.builds] == [({}, None)] * 4
    assert [set(MARTS) - set(build.statuses) for build in twins.builds] == [set()] * 4
    assert twins.builds[0].statuses == twins.builds[1].statuses


def test_every_relation_holds_equal_cells(twins: Twins, server: Postgres) -> None:
    _, relations = on_server(server, twins.database.stem, RELATIONS)
    assert relations == in_file(twins.file, RELATIONS)[1]
    assert len(relations) > len(MARTS)
    for (relation,) in relations:
        query = f"SELECT * FROM {relation}"
        there, here = on_server(server, twins.database.stem, query), in_file(twins.file, query)
        assert there[0] == here[0], relation
        assert _lasting(*there) == _lasting(*here), relation


def test_every_analysis_returns_the_same_rows_in_order(
    twins: Twins, project: DbtProject, on_postgres: PostgresProject, server: Postgres
) -> None:
    asked_here, asked_there = project.analyses(twins.file), on_postgres.analyses(twins.database)
    assert len(asked_there) == QUESTIONS
    for name, query in asked_there.items():
        answer = on_server(server, twins.database.stem, query)
        assert answer[1], name
        assert answer == in_file(twins.file, asked_here[name]), name


def test_unit_tests_of_the_models_pass(twins_of: Callable[[str], Twins], on_postgres: PostgresProject) -> None:
    ran = on_postgres.run("test", twins_of("extended").database, "--select", "test_type:unit")
    units = {unit.name for unit in on_postgres.manifest.unit_tests.values()}
    assert {name: ran.statuses.get(name) for name in units} == dict.fromkeys(units, "pass")


def test_incremental_builds_equal_a_full_refresh(copied: Path, on_postgres: PostgresProject, server: Postgres) -> None:
    queries = {mart: f"SELECT * FROM spotify_marts.{mart}" for mart in MARTS}
    before = {mart: _lasting(*on_server(server, copied.stem, query)) for mart, query in queries.items()}
    assert not on_postgres.run("run", copied, "--full-refresh").troubles
    assert {mart: _lasting(*on_server(server, copied.stem, query)) for mart, query in queries.items()} == before


@pytest.mark.parametrize("name", SEEN_ON_BOTH)
def test_a_breakage_is_reported(copied: Path, on_postgres: PostgresProject, server: Postgres, name: str) -> None:
    breakage = BREAKAGES[name]
    with connected(server, copied.stem) as cursor:
        for statement in breakage.statements:
            cursor.execute(statement)
    statuses = on_postgres.build_for(breakage.seen_by, copied).statuses
    assert {test: statuses.get(test) for test in breakage.seen_by} == dict.fromkeys(breakage.seen_by, breakage.seen_as)


def test_every_relation_and_column_is_commented(twins_of: Callable[[str], Twins], server: Postgres) -> None:
    missing = """
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema IN ('spotify_staging', 'spotify_marts') AND table_name <> 'snap_albums'
            AND (
                col_description(format('%I.%I', table_schema, table_name)::regclass, ordinal_position) IS NULL
                OR obj_description(format('%I.%I', table_schema, table_name)::regclass) IS NULL
            )
    """
    assert on_server(server, twins_of("extended").database.stem, missing)[1] == []


def test_text_macros_return_equal_results(
    twins_of: Callable[[str], Twins], project: DbtProject, on_postgres: PostgresProject, server: Postgres
) -> None:
    twins = twins_of("extended")
    template = """
        select
            number,
            {{ title_key('words') }} as title,
            {{ trimmed('words') }} as trimmed,
            {{ phonogram_owner('words') }} as owner_name,
            {{ barcode('words') }} as barcode,
            {{ first_day('words') }} as first_day,
            {{ has_word('words', 'deluxe|box') }} as has_word,
            {{ fully_matches('words', '[0-9]{4}|[A-Z]*') }} as fully_matches
        from texts
        order by number
    """
    texts = [*_characters(), *_texts(random.Random(1))]
    with connected(server, twins.database.stem) as cursor:
        cursor.execute("CREATE TABLE texts AS SELECT * FROM unnest(%s) WITH ORDINALITY AS t (words, number)", [texts])
    with duckdb.connect(str(twins.file)) as connection:
        numbered = "SELECT unnest($1) AS words, unnest(range(1, len($1) + 1)) AS number"
        connection.execute(f"CREATE TABLE texts AS {numbered}", [texts])
    names, there = on_server(server, twins.database.stem, on_postgres.rendered(twins.database, template))
    here = in_file(twins.file, project.rendered(twins.file, template))
    assert len(there) == len(texts)
    differing = [
        (texts[number], one, other)
        for number, (one, other) in enumerate(zip(there, here[1], strict=True))
        if one != other
    ]
    assert (names, differing) == (here[0], [])


def test_transform_builds_on_postgres_and_leaves_no_password(
    server: Postgres, tmp_path: Path, serve: Serve, clock: FakeClock
) -> None:
    place, api = Place(tmp_path, clock), serve(make_album("Ebb", 2))
    for statement in OTHERWISE:
        server.sql(statement.format("transformed"))
    environment = {"DESTINATION__POSTGRES__CREDENTIALS": server.url(database="transformed")}
    before = dict(os.environ)
    ran = place.load(api, *TO_POSTGRES, env=environment)
    assert (ran.code, ran.err) == (0, "")
    assert "models built in spotify_marts; " in ran.out
    albums = "SELECT album_name FROM {}spotify_marts.dim_albums"
    assert on_server(server, "transformed", albums.format(""))[1] == [("Ebb",)]
    assert dict(os.environ) == before
    written = [file for file in place.files() if "dbt" in file.parts]
    assert any(file.name == "partial_parse.msgpack" for file in written)
    assert PASSWORD not in ran.out
    assert [file for file in place.files() if PASSWORD.encode() in file.read_bytes()] == []

    # Another app on the same server.
    ran = place.load(api, *TO_POSTGRES, "--dataset", "app_b", env=environment)
    assert ran.code == 1
    assert "spotify_staging are those of the dataset spotify_raw, not of app_b. Set SPOTIFY_SCHEMA_PREFIX" in ran.err
    ran = place.load(api, *TO_POSTGRES, "--dataset", "app_b", env={**environment, "SPOTIFY_SCHEMA_PREFIX": "app_b_"})
    assert (ran.code, ran.err) == (0, "")
    assert "models built in app_b_spotify_marts; " in ran.out
    assert on_server(server, "transformed", albums.format("app_b_"))[1] == [("Ebb",)]

    # Damaged tables end the run as with a file, and all rows can be fetched again under the views.
    with connected(server, "transformed") as cursor:
        cursor.execute("UPDATE spotify_raw.release_sightings SET position = -position")
    assert place.load(api, *TO_POSTGRES, "--full-refresh", env=environment).code == 1


def test_database_without_utf8_is_refused(server: Postgres, on_postgres: PostgresProject) -> None:
    server.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    said = on_postgres.run("run", Path("latin")).exception
    assert "encoded in LATIN1, and the models need UTF8" in str(said)


def test_missing_extra_is_reported_before_the_first_call(
    server: Postgres, tmp_path: Path, serve: Serve, clock: FakeClock
) -> None:
    place, api = Place(tmp_path, clock), serve(make_album("Ebb", 2))
    with patch.dict(sys.modules, {"dbt.adapters.postgres": None}):
        ran = place.load(api, *TO_POSTGRES, env=server.environment())
    assert ran.code == 78
    assert re.search(r'-m pip install ".*\[dbt-postgres\]"', ran.err)
    assert sum(ran.calls.values()) == 0


def _lasting(names: list[str], rows: Rows) -> Rows:
    """Return sorted rows without build times."""
    kept = [number for number, name in enumerate(names) if name not in OF_THE_BUILD]
    return sorted((tuple(row[number] for number in kept) for row in rows), key=repr)


def _characters() -> Iterator[str]:
    """Return every character between two letters; one in a hundred of large scripts."""
    query = r"""
        SELECT chr(code::INTEGER) FROM (SELECT unnest(range(1, 55296)) AS code UNION ALL SELECT unnest(range(57344, 262144)))
        WHERE regexp_matches(chr(code::INTEGER), '[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}]')
            AND (code % 100 = 0 OR NOT regexp_matches(chr(code::INTEGER), '[\p{Han}\p{Hangul}\p{Tangut}]'))
        ORDER BY code
    """
    return (f"a{letter}B" for (letter,) in duckdb.sql(query).fetchall())


def _texts(chance: random.Random) -> Iterator[str]:
    """Return difficult texts: marks, spaces, punctuation, ℗ lines and dates."""
    parts = [
        *"eE\u0301\u0327\u0345\u0306\u093c\u3099iI\u0130\u0131\u03a3\u03c3\u03c2\u039f\u0394ßẞ\u017fÅ\u212bøØǅ한\u1112\u1161\u11abハ\u3099バ",
        *"\u0434\u0438\u0439\u0418\u0306दि",
        *" \u00a0\u3000\u2003\t\n\u200b.,&-\u2013(['\"÷💿☃½²Ⅷ",
        *("(Explicit)", "[clean  version]", "(Deluxe)", "Box", "BOXING", "re-deluxe", "℗", "(P)", "(p) 2026 ", "©"),
        *(
            "1999",
            "2026",
            "2026, 1975 ",
            "1967/68",
            "0000",
            "2024-02",
            "-30",
            "-13",
            "2023-02-29",
            "2024-02-29",
            "00602",
        ),
    ]
    yield from (
        "",
        " ",
        "2024-02",
        "2024-13",
        "2024-00-10",
        "2024-04-31",
        "2024-04-30",
        "2024-4-30",
        "0000-01-01",
        "1967",
    )
    yield from (
        "US",
        "*",
        "us",
        "2023-02-29",
        "2024-02-29",
        "2024-02-00",
        "9999-12-31",
        "℗ 2026 Bar\n℗ 2027 Foo",
        "÷",
        "+ -",
    )
    for _ in range(3000):
        yield "".join(chance.choices(parts, k=chance.randrange(1, 8)))
