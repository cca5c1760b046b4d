"""What a person at the terminal sees while a run goes on."""

from __future__ import annotations

import re
import sys

import pytest
from dlt.common.typing import TSecretStrValue
from rich.console import Console
from spotify_pipeline.cli.progress import describe, render
from spotify_pipeline.offline_api import OfflineApi

from spotify_source import Run
from spotify_source.config import SpotifyConfiguration, connect
from spotify_source.models import AlbumCounts
from tests.support.place import Place


@pytest.mark.slow
def test_progress_as_log_lines_goes_to_standard_error(place: Place, api: OfflineApi) -> None:
    ran = place.load(api, "--progress", "log")

    assert ran.code == 0
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ Starting\n", ran.err)
    assert ran.out.startswith("Listed")


def test_nothing_is_shown_where_there_is_no_terminal(place: Place, api: OfflineApi) -> None:
    ran = place.load(api)

    assert (ran.code, ran.err) == (0, "")


def run_with(paused_for: float = 0, **albums: int) -> Run:
    """A run that has come so far."""
    run = Run()
    run.albums = AlbumCounts(**albums)  # type: ignore[arg-type]
    if paused_for:
        configuration = SpotifyConfiguration(client_id="demo", client_secret=TSecretStrValue("demo"))
        connect(configuration, run).governor.rate_limited("album", paused_for, 1)
    return run


def test_a_pause_is_shown_with_its_reason() -> None:
    run = run_with(paused_for=42, wanted=10, fetched=4)
    assert re.fullmatch(r"Paused by Spotify's rate limit, 4\d s left \(Albums: 4 of 10, .*\)", describe(run, "Extract"))


def test_progress_says_count_rate_and_time_left() -> None:
    assert describe(Run(), "Extract") == "Listing: 0 albums so far"
    run = run_with(wanted=10, fetched=4, gone=1)
    assert re.fullmatch(r"Albums: 5 of 10, [\d.]+ per second, \d+ s left", describe(run, "Extract"))
    assert describe(run, "Load") == "Loading"


def test_the_bar_stands_below_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    Console(file=sys.stderr).print(render(run_with(wanted=10, fetched=10), "Extract"))
    assert re.match(r"Albums: 10 of 10.*\n━━━", capsys.readouterr().err)
