"""Tests of the command lines and of messages about wrong options and settings."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import duckdb
import pytest
from spotify_pipeline.cli.load_command import _source_arguments
from spotify_pipeline.cli.main import run_command
from spotify_pipeline.cli.options import load_parser, parse_load, parse_report, probe_parser, report_parser
from spotify_pipeline.cli.terminal import print_text
from spotify_pipeline.offline_api import OfflineApi

from tests.support.checkout import CHECKOUT
from tests.support.place import Place

# -- the command line


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--limti 3", "Did you mean --limit?"),
        ("--mark US", "Did you mean --market?"),
        ("--dryrun", "Did you mean --dry-run?"),
        ("--discovery serch", "Did you mean search?"),
        ("--limit 0", "must be a whole number greater than 0, got '0'"),
        ("--limit many", "must be a whole number greater than 0, got 'many'"),
        ("--reach 0", "must be a whole number greater than 0, got '0'"),
        ("--resources tracks", "choose from"),
        ("--demo-date yesterday", "must be a date like 2026-11-20, got 'yesterday'"),
        ("--dataset a-b", "not a valid dataset name"),
        ("--db a.duckdb --destination postgres", "--db applies to DuckDB only"),
        ("--check --dry-run", "use either --check or --dry-run"),
        ("--log-level LOUD", "choose from"),
        ("stray", "unrecognized"),
        ("--demo-date 2026-11-20", "--demo-date has no effect without --demo"),
        ("--demo-regime=extended", "--demo-regime has no effect without --demo"),
        ("--export-format csv", "--export-format has no effect without --export"),
        ("--check --export x", "--export has no effect with --check, which loads nothing"),
        ("--check --iceberg x", "--iceberg has no effect with --check, which loads nothing"),
        ("--dry-run --retain-days 3", "--retain-days has no effect with --dry-run, which loads nothing"),
        ("--dry-run --transform", "--transform has no effect with --dry-run, which loads nothing"),
    ],
)
def test_a_wrong_option_ends_with_78(line: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_command("load", line.split())
    assert ended.value.code == 78
    error, see = capsys.readouterr().err.splitlines()
    assert message in error
    assert see == "  See load.py --help."


def test_watched_needs_a_feed_or_a_calendar(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_report(["--watched"])
    assert ended.value.code == 78
    assert "--watched has no effect without --feed or --calendar" in capsys.readouterr().err


def test_every_option_has_a_help_text() -> None:
    for parser in (load_parser(), report_parser(), probe_parser()):
        assert all(action.help for action in parser._actions)


def test_options_become_arguments_of_the_source() -> None:
    line = "--market us,GB --market de --limit 3 --only-types single,album --reach 20 --artists a.txt --full-refresh"
    assert _source_arguments(parse_load(line.split())) == {
        "market": "US,GB,DE",
        "limit": 3,
        "only_types": "single,album",
        "reach": 20,
        "artists": "a.txt",
        "full_refresh": True,
    }
    assert _source_arguments(parse_load([])) == {}


def test_help_runs_from_any_folder_and_writes_nothing(tmp_path: Path) -> None:
    helped = subprocess.run(
        [*Place(tmp_path).command_line()[:2], "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert helped.returncode == 0
    assert "0  all requested data is loaded" in helped.stdout
    assert list(tmp_path.iterdir()) == []


def test_characters_that_the_console_lacks_are_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="cp1252") as console:
        monkeypatch.setattr(sys, "stdout", console)
        print_text("✓ Market: US\n✗ 花火")
    assert (tmp_path / "out").read_text(encoding="cp1252") == "[ok] Market: US\n[failed] ??\n"


# -- wrong settings


@pytest.mark.parametrize(
    ("options", "settings", "message"),
    [
        (["--market", "US,UK"], {}, "Unknown market 'UK'.\n  Did you mean 'GB'?\n  https://developer.spotify.com/"),
        (["--only-types", "album,lp"], {}, "only_types must be one of"),
        (["--artists", "missing.txt"], {}, "missing.txt"),
        # Before the credentials are read.
        (["--market", "UK"], {"client_id": None, "client_secret": None}, "Unknown market 'UK'"),
        ([], {"market": '["a", b]'}, "market is not a list: '[\"a\", b]'"),
        ([], {"requests_per_second": "inf"}, "requests_per_second must be a finite number, got inf"),
        ([], {"api_url": "spotify"}, "api_url is not an http(s) URL: 'spotify'"),
        ([], {"max_wait": "-1"}, "max_wait must be 0"),
        ([], {"discovery": "guess"}, "discovery must be one of 'auto', 'browse', 'search', got 'guess'."),
        ([], {"limit": "0"}, "limit must be 1"),
        (
            [],
            {"limit": "several"},
            "limit must be a whole number, got 'several'.\n  Correct SOURCES__SPOTIFY__LIMIT in the environment.",
        ),
        (["--destination", "nosuch"], {}, "dlt has no destination named 'nosuch'.\n  Known destinations: athena, "),
        (["--destination", "duckbd"], {}, "dlt has no destination named 'duckbd'.\n  Did you mean duckdb?"),
    ],
)
def test_a_wrong_setting_is_named_before_the_first_call(
    place: Place, api: OfflineApi, options: list[str], settings: dict[str, Any], message: str
) -> None:
    ran = place.load(api, *options, **settings)

    assert ran.code == 78
    assert message in ran.err
    assert "Traceback" not in ran.err
    assert not api.requests


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"client_id": None, "client_secret": None},
            "Missing credentials of the Spotify app: client_id and client_secret.",
        ),
        ({"client_secret": None}, "Missing credentials of the Spotify app: client_secret."),
        ({"client_id": "  "}, "client_id is empty"),
        ({"client_secret": ""}, "client_secret"),
        ({"client_secret": "<configure me>"}, "client_secret is still the placeholder of dlt init: <configure me>"),
    ],
)
def test_missing_credentials_are_named_with_their_place(
    place: Place, api: OfflineApi, settings: dict[str, Any], message: str
) -> None:
    ran = place.load(api, "--report", "json", **settings)

    assert ran.code == 78
    assert message in ran.err
    assert ".dlt/secrets.toml" in ran.err
    assert "https://developer.spotify.com/dashboard" in ran.err
    assert ran.out.startswith('{"exit_code": 78, "reason": "')
    assert not api.requests


def test_rejected_credentials_end_with_78_and_no_row(place: Place, api: OfflineApi) -> None:
    ran = place.load(api, client_secret="not-the-secret")

    assert (ran.code, ran.tokens, ran.calls.total()) == (78, 1, 0)
    assert "client id" in ran.err
    assert "https://developer.spotify.com/dashboard" in ran.err
    assert "not-the-secret" not in ran.out + ran.err
    with duckdb.connect(str(place.database)) as connection:
        assert connection.sql("FROM duckdb_tables()").fetchall() == []


@pytest.mark.parametrize(
    ("destination", "env", "summary", "guidance"),
    [
        (
            "postgres",
            {"DESTINATION__POSTGRES__CREDENTIALS": "postgresql://loader@localhost/db"},
            "Missing settings of the destination postgres: password.",
            (
                "under [destination.postgres.credentials] in .dlt/secrets.toml, or in the environment: "
                "DESTINATION__POSTGRES__CREDENTIALS__PASSWORD."
            ),
        ),
        (
            "filesystem",
            {},
            "Missing settings of the destination filesystem: bucket_url.",
            "DESTINATION__FILESYSTEM__BUCKET_URL",
        ),
    ],
)
def test_missing_settings_of_a_destination_are_named(
    place: Place, api: OfflineApi, destination: str, env: dict[str, str], summary: str, guidance: str
) -> None:
    ran = place.load(api, "--destination", destination, env=env)

    assert ran.code == 78
    lines = ran.err.splitlines()
    assert lines[0] == summary
    assert guidance in lines[1]
    assert lines[2] == f"  https://dlthub.com/docs/dlt-ecosystem/destinations/{destination}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("raise ModuleNotFoundError('dbt')", "--transform needs dbt, which is not installed."),
        (
            "raise TypeError('no such field')",
            "--transform needs dbt, which is installed but can't be imported: TypeError: no such field.",
        ),
    ],
    ids=["missing", "unsupported Python"],
)
def test_transform_without_dbt_ends_before_the_load(
    place: Place, api: OfflineApi, monkeypatch: pytest.MonkeyPatch, content: str, message: str
) -> None:
    package = place.folder / "modules" / "dbt" / "cli"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(content, encoding="utf-8")
    (package.parent / "__init__.py").touch()
    for module in [name for name in sys.modules if name.partition(".")[0] == "dbt"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.syspath_prepend(package.parents[1])

    ran = place.load(api, "--transform")

    assert ran.code == 78
    assert message in ran.err
    assert "Without --transform, the load works as it is." in ran.err
    assert not api.requests


@pytest.mark.slow
def test_a_file_that_is_not_toml_is_named_with_the_line(place: Place) -> None:
    ran = run_with_file(place, "secrets.toml", "[sources.spotify]\nmarket = GB\n")

    assert ran.returncode == 78
    summary, guidance, link = ran.stderr.splitlines()
    assert str(Path(".dlt") / "secrets.toml is not valid TOML") in summary
    assert summary.endswith("at line 2 col 9.")
    assert guidance == '  Correct line 2 of that file. Strings must be double-quoted: client_id = "...".'
    assert link.startswith("  https://")


@pytest.mark.slow
def test_unknown_settings_are_warnings(place: Place) -> None:
    config = "[sources.spotify]\ndaily_call = 5\nmax_table_nesting = 3\n[sources.spotify.extract]\nworkers = 2\n"
    ran = run_with_file(place, "config.toml", config, "--demo", "--check", markets="GB")

    assert ran.returncode == 0, ran.stdout
    assert ran.stderr.splitlines() == [
        "Unknown setting 'daily_call' in [sources.spotify] of config.toml: it has no effect. Did you mean 'daily_calls'?",
        (
            "Unknown setting 'markets' in the environment (SOURCES__SPOTIFY__MARKETS): it has no effect. "
            "Did you mean 'market'?"
        ),
    ]


def run_with_file(
    place: Place, name: str, content: str, *arguments: str, **settings: object
) -> subprocess.CompletedProcess[str]:
    (place.folder / ".dlt").mkdir()
    (place.folder / ".dlt" / name).write_text(content, encoding="utf-8")
    return subprocess.run(
        place.command_line(*arguments),
        cwd=place.folder,
        env={**os.environ, **place.environment(None, **settings)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


# -- where settings come from


@pytest.mark.slow
def test_options_override_settings(place: Place, api: OfflineApi) -> None:
    for options, market in ([], "GB"), (["--market", "DE"], "DE"):
        ran = place.load(api, "--dry-run", *options, market="GB", discovery="search")
        assert ran.code == 0
        assert [request.query["market"] for request in api.requests if request.bucket == "search"][-1] == market


@pytest.mark.slow
def test_settings_are_those_of_the_folder_or_of_the_checkout(api: OfflineApi, tmp_path: Path) -> None:
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
            [sys.executable, str(checkout / "pipelines" / "load.py"), "--check"],
            cwd=folder,
            env={
                "PATH": "",
                "HOME": str(tmp_path),
                "DLT_DATA_DIR": str(tmp_path / "dlt"),
                "PYTHONPATH": str(checkout),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 78, ended.stderr

    # Each of the two first calls requests a token.
    sent = [request.headers["authorization"] for request in api.requests]
    assert (
        sent[::2]
        == sent[1::2]
        == [f"Basic {b64encode(f'{client}:x'.encode()).decode()}" for client in ("of-the-checkout", "of-the-folder")]
    )
