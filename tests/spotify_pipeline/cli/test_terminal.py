"""What a person at the terminal sees: the check, the dry run, the progress and the report."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from spotify_pipeline.cli.command import load
from spotify_pipeline.cli.exits import Exit
from spotify_pipeline.cli.live import picture
from spotify_pipeline.cli.options import build_parser, parse
from spotify_pipeline.cli.progress import describe
from spotify_pipeline.demo import Catalogue, OfflineApi, errors, make_album

from spotify_source import Run


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[OfflineApi]:
    """An app in Development Mode, configured as a person would in the environment."""
    catalogue = Catalogue.of([make_album(f"Album {number}", tracks=3) for number in range(25)])
    with OfflineApi(catalogue, regime="development") as served:
        monkeypatch.setenv("SOURCES__SPOTIFY__CLIENT_ID", "demo")
        monkeypatch.setenv("SOURCES__SPOTIFY__CLIENT_SECRET", "demo")
        monkeypatch.setenv("SOURCES__SPOTIFY__API_URL", served.api_url)
        monkeypatch.setenv("SOURCES__SPOTIFY__TOKEN_URL", served.token_url)
        monkeypatch.setenv("SOURCES__SPOTIFY__REQUESTS_PER_SECOND", "0")
        yield served


def command(line: str) -> int:
    return load(parse(line.split()))


def test_a_check_is_all_ticks_and_three_calls(api: OfflineApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--check") == Exit.COMPLETE
    said = capsys.readouterr().out
    assert "✗" not in said
    assert said.count("✓") == 5
    assert sum(api.calls.values()) == 3


def test_a_check_creates_no_database(api: OfflineApi, tmp_path: Path) -> None:
    assert command("--check") == Exit.COMPLETE
    assert not (tmp_path / "spotify.duckdb").exists()


def test_a_check_shows_what_the_ledger_says(api: OfflineApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.quota["album"] = 10
    assert command("") == Exit.PENDING
    capsys.readouterr()
    assert command("--check") == Exit.COMPLETE
    said = capsys.readouterr().out
    assert re.search(r"Calls in the last 24 hours: album 1\d, browse 1, search 4", said)
    assert "Quota: album is spent until" in said


@pytest.mark.parametrize(
    ("bucket", "reply", "exit_code", "words"),
    [
        ("token", errors.invalid_client, Exit.CONFIGURATION, "refuses the client id"),
        ("token", errors.token_upstream_text, Exit.UNAVAILABLE, "No token"),
        ("browse", errors.premium_lapsed, Exit.REFUSED, "Premium"),
        ("search", errors.forbidden, Exit.REFUSED, "may not call search"),
    ],
)
def test_a_cross_says_cause_fix_and_link(
    api: OfflineApi, capsys: pytest.CaptureFixture[str], bucket: str, reply: object, exit_code: Exit, words: str
) -> None:
    api.always(bucket, reply)
    assert command("--check") == exit_code
    cross = capsys.readouterr().out.split("✗")[1]
    assert words in cross
    assert "https://" in cross
    assert sum(api.calls.values()) <= 3


def test_a_check_names_a_missing_folder(api: OfflineApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--check --db nowhere/x.duckdb") == Exit.CONFIGURATION
    assert "There is no folder" in capsys.readouterr().out


def test_a_dry_run_shows_the_plan_and_changes_nothing(
    api: OfflineApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--limit 20") == Exit.COMPLETE
    before = (tmp_path / "spotify.duckdb").read_bytes()
    capsys.readouterr()
    assert command("--dry-run") == Exit.COMPLETE
    said = capsys.readouterr().out
    assert "Listed: 25 albums; 5 new, 0 changed, 0 pending from earlier runs, 20 known." in said
    assert "It would take: album 5." in said
    assert (tmp_path / "spotify.duckdb").read_bytes() == before
    assert api.calls["album"] == 20


def test_a_dry_run_into_nothing_creates_no_database(
    api: OfflineApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--dry-run --resources new_releases") == Exit.COMPLETE
    assert "It would take: no call." in capsys.readouterr().out
    assert not (tmp_path / "spotify.duckdb").exists()


def test_a_dry_run_counts_what_is_pending_and_the_budget(
    api: OfflineApi, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCES__SPOTIFY__DAILY_CALLS", "15")
    monkeypatch.setenv("SOURCES__SPOTIFY__REQUESTS_PER_SECOND", "5")
    assert command("--demo --limit 2 --db other.duckdb") == Exit.COMPLETE
    monkeypatch.setenv("SOURCES__SPOTIFY__REQUESTS_PER_SECOND", "0")
    assert command("") == Exit.PENDING
    capsys.readouterr()
    assert command("--dry-run") == Exit.COMPLETE
    said = capsys.readouterr().out
    assert "10 pending from earlier runs, 15 known." in said
    assert "Ledger: album, 15 calls in the last 24 hours, 0 left of 15." in said


def test_the_report_as_json_is_the_row_of_load_runs_and_more(
    api: OfflineApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--report json") == Exit.COMPLETE
    told = json.loads(capsys.readouterr().out)
    with duckdb.connect(str(tmp_path / "spotify.duckdb"), read_only=True) as connection:
        answer = connection.execute("SELECT run_id, load_id, albums_fetched, tracks_loaded FROM spotify_raw.load_runs")
        row = answer.fetchone()
    assert row == (told["run_id"], told["load_id"], told["albums_fetched"], told["tracks_loaded"])
    assert told["calls"] == {"album": 25, "browse": 1, "search": 3}
    assert told["markets"] == ["US"]
    assert told["new_fields"] == []


def test_a_wrong_configuration_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--report json") == Exit.CONFIGURATION
    told = json.loads(capsys.readouterr().out)
    assert told["exit_code"] == 78
    assert "client_id" in told["reason"]


def test_progress_as_log_lines_goes_to_standard_error(api: OfflineApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--progress log") == Exit.COMPLETE
    told = capsys.readouterr()
    assert told.err.startswith("Starting")
    assert told.out.startswith("Found")


def test_nothing_is_shown_where_there_is_no_terminal(api: OfflineApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("") == Exit.COMPLETE
    assert capsys.readouterr().err == ""


def test_a_pause_is_shown_with_its_reason() -> None:
    run = Run()
    run.albums_wanted, run.albums_fetched = 10, 4
    run.paused_until = run.clock.monotonic() + 42
    assert re.fullmatch(
        r"Paused by Spotify's rate limit, 4\d s to go \(Albums: 4 of 10, .*\)", describe(run, "Extract")
    )


def test_progress_says_count_rate_and_time_left() -> None:
    run = Run()
    assert describe(run, "Extract") == "Listing: 0 albums so far"
    run.albums_wanted, run.albums_fetched, run.albums_gone = 10, 4, 1
    assert re.fullmatch(r"Albums: 5 of 10, [\d.]+ a second, \d+ s left", describe(run, "Extract"))
    assert describe(run, "Load") == "Loading"


def test_the_bar_stands_below_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run()
    run.albums_wanted = run.albums_fetched = 10
    Console(file=sys.stderr).print(picture("Albums: 10 of 10", run))
    assert "Albums: 10 of 10\n━━━" in capsys.readouterr().err


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
        parse(line.split())
    assert ended.value.code == Exit.CONFIGURATION
    assert suggestion in capsys.readouterr().err


def test_every_option_has_a_help_text() -> None:
    assert all(action.help for action in build_parser()._actions)
