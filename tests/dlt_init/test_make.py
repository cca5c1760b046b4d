"""Tests of the repository for `dlt init`, and of the copies that it makes."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomlkit
import yaml
from git import Repo
from packaging.requirements import Requirement
from spotify_pipeline.offline_api import Album, OfflineApi

from tests.support.albums import places_of
from tests.support.checkout import CHECKOUT
from tests.support.place import Place
from tests.support.postgres import PASSWORD, private_postgres

MAKE = CHECKOUT / "pipelines" / "dlt_init" / "make.py"
SCRIPT = "spotify_source_pipeline.py"
SECRET = "secret-of-the-test"
PLACEHOLDER = "<configure me>"


def make(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(MAKE), str(folder)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create the repository."""
    folder = tmp_path_factory.mktemp("dlt_init")
    ran = make(folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Place:
    """Return an empty project folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    place = Place(folder)
    place.data_dir = tmp_path / "dlt"
    return place


@pytest.fixture(scope="module")
def initialized(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run `dlt init` in a folder."""
    folder = tmp_path_factory.mktemp("initialized")
    init(Place(folder), made)
    return folder


@pytest.fixture
def copy(project: Place, initialized: Path) -> Place:
    """Return a project after `dlt init`."""
    shutil.copytree(initialized, project.folder, dirs_exist_ok=True)
    return project


def run(project: Place, api: OfflineApi | None, *command: str) -> str:
    """Run Python in the project successfully, and return its output."""
    ran = start(project, api, *command)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    return ran.stdout


def start(project: Place, api: OfflineApi | None, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the project, with the checkout and credentials removed."""
    unknown = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
    environment = {name: value for name, value in os.environ.items() if name not in unknown}
    environment |= project.environment(api, client_id=None, client_secret=None)
    return subprocess.run(
        [sys.executable, *command],
        cwd=project.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def init(project: Place, location: Path | str, destination: str = "duckdb", *options: str) -> str:
    command = ("--non-interactive", "init", "spotify_source", destination, "--location", str(location), *options)
    return run(project, None, "-m", "dlt", *command)


def load(project: Place, api: OfflineApi) -> str:
    return run(project, api, SCRIPT)


def fill_in(project: Place, **values: object) -> None:
    """Replace the placeholders in .dlt/ by values, or else by the demo credentials."""
    for file in ("config.toml", "secrets.toml"):
        path = project.folder / ".dlt" / file
        keys = [(line, line.partition(" = ")[0]) for line in path.read_text(encoding="utf-8").splitlines()]
        lines = [
            f"{key} = {values[key]!r}" if key in values else line.replace(PLACEHOLDER, "demo") for line, key in keys
        ]
        path.write_text("\n".join(lines), encoding="utf-8")


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix == ".py"}


@pytest.mark.slow
def test_the_copy_asks_for_credentials_and_loads_each_album_once(
    copy: Place, api: OfflineApi, three: list[Album]
) -> None:
    assert files(copy.folder / "spotify_source") == files(CHECKOUT / "spotify_source")
    assert (copy.folder / "spotify_source" / "LICENSE").is_file()
    found = tomlkit.parse((copy.folder / ".dlt" / "secrets.toml").read_text(encoding="utf-8")).unwrap()
    assert found == {"sources": {"spotify_source": {"client_secret": PLACEHOLDER}}}
    found = tomlkit.parse((copy.folder / ".dlt" / "config.toml").read_text(encoding="utf-8")).unwrap()
    assert found["sources"] == {"spotify_source": {"client_id": PLACEHOLDER}}
    imported = run(copy, None, "-c", "import spotify_source; print(spotify_source.__file__)")
    assert Path(imported.strip()).is_relative_to(copy.folder)

    ran = start(copy, api, SCRIPT)
    assert ran.returncode == 1
    assert "client_id is still the placeholder of dlt init" in ran.stderr
    assert not api.requests

    fill_in(copy)

    for output in ("3 albums fetched, 0 pending", "0 albums fetched, 0 pending"):
        assert output in load(copy, api)
        assert copy.places() == places_of(three)
        assert copy.count("albums") == copy.count("new_releases") == 3


@pytest.mark.slow
def test_settings_are_also_read_under_the_documented_name(copy: Place, api: OfflineApi) -> None:
    fill_in(copy)
    with (copy.folder / ".dlt" / "config.toml").open("a", encoding="utf-8") as file:
        file.write("\n[sources.spotify]\nlimit = 1\n")

    load(copy, api)

    assert copy.count("albums") == 1


@pytest.mark.slow
def test_neither_dlt_nor_a_second_run_changes_the_repository(copy: Place, made: Path) -> None:
    assert list(made.rglob("__pycache__")), "dlt init imports the script"
    with Repo(made) as repository:
        before = repository.head.commit
        assert not repository.is_dirty(untracked_files=True)
        make(made)
        assert repository.head.commit == before


@pytest.mark.slow
def test_an_update_replaces_the_source_and_keeps_changes_of_the_project(project: Place, tmp_path: Path) -> None:
    made = tmp_path / "made"
    make(made)
    # An earlier version of the source.
    with (made / "sources" / "spotify_source" / "settings.py").open("a", encoding="utf-8") as file:
        file.write("OLD = True\n")
    (made / "sources" / "spotify_source" / "gone.py").touch()
    init(project, made)
    fill_in(project)
    (project.folder / SCRIPT).write_text("import dlt\n", encoding="utf-8")

    make(made)
    output = init(project, made)

    assert "dirty" not in output
    assert files(project.folder / "spotify_source") == files(CHECKOUT / "spotify_source")
    settings = Path("spotify_source") / "settings.py"
    assert (project.folder / settings).read_bytes() == (CHECKOUT / settings).read_bytes()
    assert PLACEHOLDER not in (project.folder / ".dlt" / "secrets.toml").read_text(encoding="utf-8")
    assert (project.folder / SCRIPT).read_text(encoding="utf-8") == "import dlt\n"

    assert "No files to update" in init(project, made)


@pytest.mark.engines
def test_the_copy_loads_into_postgres(project: Place, made: Path, api: OfflineApi) -> None:
    with private_postgres() as server:
        init(project, made, "postgres")
        fill_in(
            project,
            username="loader",
            password=PASSWORD,
            database="postgres",
            host="127.0.0.1",
            port=server.port,
        )

        load(project, api)

        assert server.sql("SELECT count(*) FROM spotify_raw.albums") == [(3,)]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="releases are made on Linux")
def test_a_release_publishes_a_branch_that_updates_copies(
    project: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = tmp_path / "server"
    Repo.init(server / "someone" / "there", bare=True).close()
    # What git asks of GitHub, it asks of this folder.
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    for number, address in enumerate(("https://x-access-token:t@github.com/", "https://github.com/")):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", f"url.{server.as_uri()}/.insteadOf")
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", address)

    location = ("https://github.com/someone/there", "duckdb", "--branch", "dlt-init")
    publish(tmp_path / "earlier")
    earlier = tmp_path / "earlier" / "copy"
    (earlier / "sources" / "spotify_source" / "gone.py").touch()
    with Repo(earlier) as repository:
        repository.git.add(all=True)
        repository.index.commit("An earlier version")
        repository.git.push(location[0], "HEAD:refs/heads/dlt-init")
    init(project, *location)
    assert files(project.folder / "spotify_source") == {*files(CHECKOUT / "spotify_source"), "gone.py"}

    publish(tmp_path / "later")

    assert "updated to the newest version" in init(project, *location)
    assert files(project.folder / "spotify_source") == files(CHECKOUT / "spotify_source")


def publish(runner: Path) -> None:
    """Run the step of the release workflow."""
    workflow = yaml.safe_load((CHECKOUT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
    (step,) = (step for step in workflow["jobs"]["copy"]["steps"] if "TOKEN" in step.get("env", {}))
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "RUNNER_TEMP": str(runner),
        "GITHUB_REPOSITORY": "someone/there",
        "TOKEN": "t",
    }
    runner.mkdir()
    subprocess.run(["bash", "-e", "-c", step["run"]], cwd=CHECKOUT, env=environment, check=True, capture_output=True)


@pytest.mark.slow
def test_the_requirements_are_those_of_the_source(project: Place, made: Path) -> None:
    init(project, made, "postgres")

    text = (project.folder / "requirements.txt").read_text(encoding="utf-8")
    asked = {one.name: one for one in map(Requirement, text.splitlines())}
    pyproject = tomlkit.parse((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")).unwrap()
    declared = {one.name: one for one in map(Requirement, pyproject["project"]["dependencies"])}
    assert {name: one.specifier for name, one in asked.items()} == {name: declared[name].specifier for name in asked}
    assert asked["dlt"].extras == {"parquet", "postgres"}
    assert _imported() <= {*asked, "urllib3"}, "requests brings urllib3"
    assert not {"duckdb", "filelock", "rich"} & set(asked)


@pytest.mark.slow
def test_no_credentials_of_the_environment_are_copied(
    project: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "SOURCES__SPOTIFY__CLIENT_ID",
        "SOURCES__SPOTIFY__CLIENT_SECRET",
        "SOURCES__SPOTIFY_SOURCE__CLIENT_SECRET",
    ):
        monkeypatch.setenv(name, SECRET)

    make(tmp_path / "made")
    init(project, tmp_path / "made")

    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


@pytest.mark.slow
def test_a_folder_with_other_contents_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "mine.py").touch()

    ran = make(tmp_path)

    assert ran.returncode == 2
    assert f"{tmp_path} is neither empty nor created by this command." in ran.stderr
    assert {path.name for path in tmp_path.rglob("*")} == {"sources", "mine.py"}


def _imported() -> set[str]:
    """Return the packages that the source imports, without the standard library."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (CHECKOUT / "spotify_source").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names
