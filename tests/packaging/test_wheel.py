"""Contents of the wheel, and its command in an empty folder without the checkout."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

from tests.support.checkout import CHECKOUT
from tests.support.with_dbt import skip_without_dbt

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("build") is None or find_spec("hatchling") is None, reason="build is not installed"),
]


@dataclass(frozen=True)
class Wheel:
    """Wheel and the folder into which it is installed without its dependencies."""

    built: Path
    folder: Path

    def run(self, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run the wheel's command in a folder."""
        command = self.folder / "bin" / "spotify-source"
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "DLT_DATA_DIR": str(cwd / "dlt")}
        return subprocess.run(
            [sys.executable, str(command), *map(str, arguments)],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def hashes(self) -> Mapping[str, str]:
        """Return a hash of every installed file, byte code excluded."""
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for package in ("spotify_pipeline", "spotify_source")
            for path in (self.folder / package).rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }


def build(source: Path, out: Path, *what: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", *what, "--outdir", str(out), str(source)],
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    """Build and install the wheel of this checkout."""
    out, folder = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("installed")
    build(CHECKOUT, out, "--wheel")
    (built,) = out.iterdir()
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), str(built)]
    subprocess.run(pip, check=True, capture_output=True)
    return Wheel(built, folder)


def test_wheel_contains_source_application_and_dbt_project_only(wheel: Wheel) -> None:
    top = {path.name for path in wheel.folder.iterdir()}
    assert top == {
        "spotify_source",
        "spotify_pipeline",
        "bin",
        f"spotify_source-{wheel.built.name.split('-')[1]}.dist-info",
    }
    files = set(wheel.hashes())
    assert "spotify_pipeline/dbt_spotify/dbt_project.yml" in files
    assert {name for name in files if name.startswith("spotify_pipeline/page/")} >= {
        "spotify_pipeline/page/page.css",
        "spotify_pipeline/page/templates/page.html",
        "spotify_pipeline/page/views.sql",
    }
    in_checkout = {
        str(path.relative_to(CHECKOUT / "pipelines" / "dbt_spotify"))
        for suffix in ("sql", "yml", "csv")
        for path in (CHECKOUT / "pipelines" / "dbt_spotify").rglob(f"*.{suffix}")
        if not {"target", "dbt_packages", "logs", ".user.yml"} & set(path.relative_to(CHECKOUT).parts)
    }
    assert {f"spotify_pipeline/dbt_spotify/{name}" for name in in_checkout} <= files


def test_wheel_loads_transforms_and_reports_in_an_empty_folder(wheel: Wheel, tmp_path: Path) -> None:
    skip_without_dbt()
    before = wheel.hashes()

    for arguments in (("load", "--demo", "--transform"), ("report", "--db", "spotify_demo.duckdb")):
        ran = wheel.run(*arguments, cwd=tmp_path)
        assert (ran.returncode, ran.stderr) == (0, ""), arguments

    with duckdb.connect(str(tmp_path / "spotify_demo.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM spotify_raw.albums").fetchone() == (100,)
        assert connection.execute("SELECT count(*) FROM spotify_marts.dim_albums").fetchone() == (100,)
    assert (tmp_path / "spotify.html").is_file()
    assert {path.name for path in tmp_path.iterdir()} == {"dlt", "spotify_demo.duckdb", "spotify.html"}
    assert wheel.hashes() == before


def test_messages_of_the_wheel_name_its_command(wheel: Wheel, tmp_path: Path) -> None:
    ran = wheel.run("report", "--db", "nowhere.duckdb", cwd=tmp_path)
    assert ran.returncode == 78
    assert "with spotify-source load --db nowhere.duckdb" in ran.stderr


def test_wheel_of_the_sdist_is_identical(wheel: Wheel, tmp_path: Path) -> None:
    build(CHECKOUT, tmp_path)
    (again,) = tmp_path.glob("*.whl")
    assert again.read_bytes() == wheel.built.read_bytes()
