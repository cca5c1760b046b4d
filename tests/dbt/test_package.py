"""Tests of the project as a package of another dbt project."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
from spotify_pipeline.after_load.transform import PROJECT

from tests.dbt.conftest import Built
from tests.dbt.support import DbtProject, ask, change

FILES = {
    "dbt_project.yml": """
        name: shop
        version: "1.0"
        profile: shop
        models:
          spotify:
            staging: {+schema: music_staging}
            intermediate: {+schema: music_staging}
            marts: {+schema: music}
        snapshots:
          spotify: {+schema: music}
        vars:
          spotify_reports_enabled: false
          spotify:
            spotify_raw_database: loaded
            spotify_raw_schema: music_raw
    """,
    "packages.yml": "packages: [{local: %s}]",
    "profiles.yml": """
        shop:
          target: dev
          outputs:
            dev:
              type: duckdb
              path: %s
              schema: shop
              threads: 1
              settings: {TimeZone: UTC}
              attach: [{path: %s, alias: loaded}]
    """,
    # Names that the package uses too.
    "models/dim_dates.sql": "select count(*) as albums from {{ ref('spotify', 'dim_spotify__albums') }}",
    "macros/own.sql": "{%% macro music_week_start(day) %%}'mine'{%% endmacro %%}",
}


def test_package_uses_the_names_of_the_installing_project(
    extended: Built, project: DbtProject, tmp_path: Path, copy_of: Callable[[Built], Path]
) -> None:
    loaded, warehouse = copy_of(extended), tmp_path / "warehouse.duckdb"
    change(
        loaded, "DROP SCHEMA spotify_marts CASCADE", "DROP SCHEMA spotify_staging CASCADE", "CREATE SCHEMA music_raw"
    )
    tables = ask(loaded, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'spotify_raw'")
    change(loaded, *(f"CREATE TABLE music_raw.{name} AS FROM spotify_raw.{name}" for (name,) in tables))
    change(loaded, "DROP SCHEMA spotify_raw CASCADE")
    values = {"packages.yml": (PROJECT,), "profiles.yml": (warehouse, loaded)}
    consumer = tmp_path / "consumer"
    for name, text in FILES.items():
        path = consumer / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_dedented(text % values.get(name, ())))

    for command in (["deps"], ["build", "--exclude-resource-type", "unit_test"]):
        ran = _dbt(consumer, *command)
        assert ran.returncode == 0, ran.stdout

    with duckdb.connect(str(warehouse)) as connection:
        found = connection.sql(
            """
            SELECT table_schema, table_name FROM information_schema.tables
            WHERE table_catalog = current_database() AND table_schema <> 'main'
            """
        ).fetchall()
        assert {("shop_music", "dim_albums"), ("shop_music", "dim_dates"), ("shop", "dim_dates")} <= set(found)
        assert {schema for schema, _ in found} == {"shop", "shop_music", "shop_music_staging"}
        assert not [name for _, name in found if name.startswith("rpt_")]
        assert connection.sql("SELECT albums FROM shop.dim_dates").fetchall() == ask(
            extended.database, "SELECT count(*) FROM spotify_marts.dim_albums"
        )


def test_other_projects_can_refer_to_public_models_only(project: DbtProject, tmp_path: Path) -> None:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_dedented(text % {"packages.yml": (PROJECT,), "profiles.yml": ("a", "b")}.get(name, ())))
    (tmp_path / "models" / "leaning.sql").write_text("select * from {{ ref('spotify', 'int_spotify__albums') }}")
    assert _dbt(tmp_path, "deps").returncode == 0
    ran = _dbt(tmp_path, "parse")
    assert ran.returncode != 0
    assert "int_spotify__albums" in ran.stdout


def _dbt(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    invoke = "import sys; from dbt.cli.main import cli; cli()"
    return subprocess.run(
        [sys.executable, "-c", invoke, *command, "--project-dir", str(folder), "--profiles-dir", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        cwd=folder,
    )


def _dedented(text: str) -> str:
    lines = text.strip("\n").splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:] for line in lines) + "\n"
