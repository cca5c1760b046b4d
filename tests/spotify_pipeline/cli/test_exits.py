"""Every way a run can end: its exit code, what it says, and the row that it leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from spotify_pipeline.offline_api import OfflineApi, errors

from spotify_source import resources
from tests.support.checkout import CHECKOUT, LOAD_PY, PROBE_PY, REPORT_PY
from tests.support.database import ROOT_TABLES
from tests.support.place import Place
from tests.support.ran import Ran


def assert_told_to_a_person(ran: Ran, what: str) -> None:
    """It says what happened, what to do, and where to read more; in three lines, without a traceback."""
    assert "Traceback" not in ran.err
    said, guidance, link = ran.err.strip().splitlines()
    assert what in said
    assert guidance.startswith("  ")
    assert link.strip().startswith("https://")


@pytest.mark.slow
def test_an_app_that_is_refused_ends_with_77_and_has_its_row(place: Place, api: OfflineApi) -> None:
    api.always("search", errors.premium_lapsed)

    ran = place.load(api)

    assert ran.code == 77
    assert_told_to_a_person(ran, "Spotify refuses the app")
    assert place.last_run()["exit_code"] == 77
    assert place.tables() >= ROOT_TABLES


@pytest.mark.slow
def test_an_app_that_may_take_neither_path_ends_with_77(place: Place, api: OfflineApi) -> None:
    api.always("search", errors.forbidden)

    ran = place.load(api)

    assert ran.code == 77
    assert_told_to_a_person(ran, "may not call search")
    assert place.last_run()["reason"] in ran.out


@pytest.mark.slow
def test_a_token_endpoint_that_fails_is_asked_five_times_in_all(place: Place, api: OfflineApi) -> None:
    api.always("token", errors.token_upstream_text)

    ran = place.load(api)

    assert ran.code == 69
    assert ran.tokens == 5
    assert not ran.calls
    assert_told_to_a_person(ran, "No token from")
    assert place.last_run()["exit_code"] == 69
    assert place.tables() >= ROOT_TABLES


@pytest.mark.slow
def test_a_defect_ends_with_1_and_shows_its_traceback(
    place: Place, api: OfflineApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "read_loaded_state", lambda *_, **__: 1 // 0)

    ran = place.load(api)

    assert ran.code == 1
    assert "ZeroDivisionError" in ran.err
    assert "This is a bug" in ran.err
    assert place.last_run()["exit_code"] == 1


@pytest.mark.slow
def test_settings_come_from_the_current_folder_or_else_from_the_checkout(api: OfflineApi, tmp_path: Path) -> None:
    checkout, elsewhere = tmp_path / "checkout", tmp_path / "elsewhere"
    for package in ("pipelines", "spotify_source"):
        copytree(CHECKOUT / package, checkout / package, ignore=ignore_patterns("__pycache__"))
    for folder, client in ((checkout, "of-the-checkout"), (elsewhere, "of-the-folder")):
        (folder / ".dlt").mkdir(parents=True)
        urls = f'api_url = "{api.api_url}"\ntoken_url = "{api.token_url}"\n'
        (folder / ".dlt" / "config.toml").write_text(f'[sources.spotify]\n{urls}client_id = "{client}"\n')
        (folder / ".dlt" / "secrets.toml").write_text('[sources.spotify]\nclient_secret = "x"\n')
    (tmp_path / "bare").mkdir()

    for folder in (tmp_path / "bare", elsewhere):
        ended = subprocess.run(
            [sys.executable, str(checkout / "pipelines" / "load.py"), "--db", "x.duckdb"],
            cwd=folder,
            env={"PATH": "", "HOME": str(tmp_path), "DLT_DATA_DIR": str(tmp_path / "dlt"), "PYTHONPATH": str(checkout)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 78, ended.stderr

    asked = [request.headers["authorization"] for request in api.requests]
    assert asked == [basic("of-the-checkout"), basic("of-the-folder")]


def basic(client_id: str) -> str:
    """The header that such an app sends."""
    return "Basic " + b64encode(f"{client_id}:x".encode()).decode()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to itself")
@pytest.mark.parametrize("command", [LOAD_PY, REPORT_PY, PROBE_PY], ids=lambda path: path.stem)
def test_an_interrupt_while_it_imports_ends_with_130_and_no_traceback(place: Place, command: Path) -> None:
    interrupting = place.folder / "first" / "dlt"
    interrupting.mkdir(parents=True)
    # What is imported first of all that takes time.
    interrupting.joinpath("__init__.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    environment = {**os.environ, **place.environment(), "PYTHONPATH": str(interrupting.parent)}
    environment["PYTHONPATH"] += os.pathsep + os.environ.get("PYTHONPATH", "")

    ran = subprocess.run(
        [sys.executable, str(command)], cwd=place.folder, env=environment, capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")
