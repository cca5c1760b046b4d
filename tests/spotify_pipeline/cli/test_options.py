"""What is wrong with a command line or a configuration is said at once, with what to do, and costs no call."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from spotify_pipeline.cli.main import run_command
from spotify_pipeline.cli.options import load_parser, parse_load
from spotify_pipeline.cli.terminal import print_text
from spotify_pipeline.offline_api import OfflineApi

from tests.support.checkout import LOAD_PY
from tests.support.place import Place


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limti", "3"], "Did you mean --limit?"),
        (["--limit", "0"], "must be a whole number greater than 0, got '0'"),
        (["--limit", "many"], "must be a whole number greater than 0, got 'many'"),
        (["--resources", "tracks"], "choose from"),
        (["--discovery", "guess"], "choose from"),
        (["--demo-date", "yesterday"], "must be a date like 2026-11-20, got 'yesterday'"),
        (["--dataset", "a-b"], "not a valid dataset name"),
        (["--db", "a.duckdb", "--destination", "postgres"], "--db applies to DuckDB only"),
        (["--log-level", "LOUD"], "choose from"),
        (["stray"], "unrecognized"),
    ],
)
def test_a_wrong_option_ends_with_78_and_says_what_is_right(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_command("load", arguments)

    assert ended.value.code == 78
    err = capsys.readouterr().err
    assert said in err
    assert "load.py --help" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("given", ["UK", "US,UK"])
def test_a_market_that_is_none_suggests_the_one_that_was_meant(place: Place, api: OfflineApi, given: str) -> None:
    ran = place.load(api, "--market", given)

    assert ran.code == 78
    assert "Unknown market 'UK'" in ran.err
    assert "Did you mean 'GB'?" in ran.err
    assert "https://developer.spotify.com/documentation/web-api/reference/get-available-markets" in ran.err
    assert not api.requests


@pytest.mark.parametrize("setting", ["market", "only_types"])
def test_a_setting_that_begins_as_a_list_and_is_none_is_told(
    place: Place, api: OfflineApi, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SOURCES__SPOTIFY__{setting.upper()}", '["a", b]')

    ran = place.load(api)

    assert ran.code == 78
    assert f"{setting} is not a list: '[\"a\", b]'" in ran.err
    assert not api.requests


def test_a_pace_without_end_is_told(place: Place, api: OfflineApi) -> None:
    ran = place.load(api, requests_per_second=float("inf"))

    assert ran.code == 78
    assert "requests_per_second must be a finite number, got inf" in ran.err


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"client_id": None, "client_secret": None}, "client_id and client_secret"),
        ({"client_secret": None}, "client_secret"),
        ({"client_id": "  "}, "client_id is empty"),
        ({"client_secret": "<configure me>"}, "client_secret is still the placeholder of dlt init: <configure me>"),
        ({"client_secret": ""}, "client_secret"),
    ],
)
def test_missing_credentials_are_named_with_where_they_belong_and_where_to_get_them(
    place: Place, api: OfflineApi, settings: dict[str, Any], said: str
) -> None:
    ran = place.load(api, **settings)

    assert ran.code == 78
    assert said in ran.err
    assert ".dlt/secrets.toml" in ran.err
    assert "https://developer.spotify.com/dashboard" in ran.err
    assert "Traceback" not in ran.err
    assert not api.requests


def test_refused_credentials_end_with_78_after_one_token_request_and_write_no_row(
    place: Place, api: OfflineApi
) -> None:
    ran = place.load(api, client_secret="not-the-secret")

    assert ran.code == 78
    assert ran.tokens == 1
    assert ran.calls == Counter()
    assert "refuses the client id or the client secret" in ran.err
    assert "https://developer.spotify.com/dashboard" in ran.err
    assert "not-the-secret" not in ran.out + ran.err
    assert "load_runs" not in {path.name for path in place.files()}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"api_url": "spotify"}, "api_url is not an http(s) URL: 'spotify'"),
        ({"max_wait": "-1"}, "max_wait"),
        ({"requests_per_second": "-2"}, "requests_per_second"),
        ({"daily_calls": "-5"}, "daily_calls"),
        ({"limit": "0"}, "limit"),
        ({"limit": "several"}, "limit"),
        ({"discovery": "guess"}, "discovery"),
        ({"paging": "backwards"}, "paging"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named(
    place: Place, api: OfflineApi, settings: dict[str, Any], said: str
) -> None:
    ran = place.load(api, **settings)

    assert ran.code == 78
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert not api.requests


@pytest.mark.slow
def test_an_option_goes_before_the_configuration(place: Place, api: OfflineApi) -> None:
    configured = place.load(api, "--resources", "new_releases", market="GB", discovery="search")
    assert "search in GB" in configured.out
    optional = place.load(api, "--resources", "new_releases", "--market", "DE", market="GB", discovery="search")
    assert "search in DE" in optional.out
    markets = [request.query["market"] for request in api.requests if request.bucket == "search"]
    assert markets == ["GB", "DE"]


def test_a_destination_that_is_none_is_named(place: Place, api: OfflineApi) -> None:
    ran = place.load(api, "--destination", "duckbd")

    assert ran.code == 78
    assert "duckbd" in ran.err
    assert "Traceback" not in ran.err
    assert not api.requests


def test_help_answers_from_any_folder(tmp_path: Path) -> None:
    helped = subprocess.run(
        [*Place(tmp_path).command_line()[:2], "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert helped.returncode == 0
    assert "0  all requested data is loaded" in helped.stdout
    assert str(LOAD_PY) not in helped.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("--markt US", "Did you mean --market?"),
        ("--dryrun", "Did you mean --dry-run?"),
        ("--discovery serch", "Did you mean search?"),
        ("--mark US", "Did you mean --market?"),
    ],
)
def test_a_mistyped_option_gets_a_suggestion(line: str, suggestion: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_load(line.split())
    assert ended.value.code == 78
    assert suggestion in capsys.readouterr().err


def test_every_option_has_a_help_text() -> None:
    assert all(action.help for action in load_parser()._actions)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--demo-date", "2026-11-20"], "--demo-date has no effect without --demo"),
        (["--demo-regime=extended"], "--demo-regime has no effect without --demo"),
        (["--export-format", "csv"], "--export-format has no effect without --export"),
        (["--check", "--export", "x"], "--export has no effect with --check, which loads nothing"),
        (["--check", "--iceberg", "x"], "--iceberg has no effect with --check, which loads nothing"),
        (["--dry-run", "--iceberg", "x"], "--iceberg has no effect with --dry-run, which loads nothing"),
        (["--dry-run", "--transform"], "--transform has no effect with --dry-run, which loads nothing"),
    ],
)
def test_an_option_that_has_no_effect_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_load(arguments)
    assert ended.value.code == 78
    (line, see) = capsys.readouterr().err.splitlines()
    assert said in line
    assert see.strip().startswith("See")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--market", "UK", "Unknown market 'UK'"), ("--only-types", "album,lp", "only_types must be one of")],
)
def test_what_is_misspelt_is_named_before_credentials_are_asked_for(
    place: Place, option: str, value: str, said: str
) -> None:
    ran = place.load(None, option, value, client_id=None, client_secret=None)
    assert ran.code == 78
    assert said in ran.err


def test_a_console_without_the_characters_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="cp1252") as console:
        monkeypatch.setattr(sys, "stdout", console)
        print_text("✓ Market: US\n✗ 花火")
    assert (tmp_path / "out").read_text(encoding="cp1252") == "[ok] Market: US\n[failed] ??\n"
