"""What a person at the terminal sees while a run goes on."""

from __future__ import annotations

import re
import sys

import pytest
from rich.console import Console
from spotify_pipeline.cli.live import picture
from spotify_pipeline.cli.progress import describe
from spotify_pipeline.demo import OfflineApi

from spotify_source import Run
from tests.support.place import Place


def test_progress_as_log_lines_goes_to_standard_error(place: Place, api: OfflineApi) -> None:
    ran = place.load(api, "--progress", "log")

    assert ran.code == 0
    assert ran.err.startswith("Starting")
    assert ran.out.startswith("Found")


def test_nothing_is_shown_where_there_is_no_terminal(place: Place, api: OfflineApi) -> None:
    ran = place.load(api)

    assert (ran.code, ran.err) == (0, "")


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
