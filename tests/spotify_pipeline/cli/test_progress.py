"""Tests of the progress display."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import pytest
from rich.console import Console
from spotify_pipeline.cli.progress import describe, render, show_progress

from spotify_source import Run, RunResult
from spotify_source.models import AlbumCounts, CallCounts


def run_with(**albums: int) -> Run:
    run = Run()
    run.albums = AlbumCounts(**albums)
    return run


def test_log_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress("log", Run()):
        pass
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ Starting\n", err)


def test_nothing_is_shown_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress("auto", Run()):
        pass
    assert capsys.readouterr() == ("", "")


def test_a_line_has_count_rate_and_time_left() -> None:
    assert describe(Run(), "") == "Starting"
    assert describe(Run(), "Extract") == "Listing: 0 albums so far"
    run = run_with(wanted=10, fetched=4, gone=1)
    assert re.fullmatch(r"Albums: 5 of 10, [\d.]+ per second, \d+ s left", describe(run, "Extract"))
    assert describe(run, "Load") == "Loading"


class PausedRun(Run):
    """Run in a pause of 42 seconds."""

    def result(self) -> RunResult:
        """Return a result with the pause."""
        return replace(super().result(), calls=CallCounts(paused_until=self.clock.monotonic() + 42))


def test_a_pause_has_its_reason() -> None:
    run = PausedRun()
    run.albums = AlbumCounts(wanted=10, fetched=4)
    line = describe(run, "Extract")
    assert re.fullmatch(r"Paused by Spotify's rate limit, 42 s left \(Albums: 4 of 10, .*\)", line)


def test_a_bar_is_below_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    Console(file=sys.stderr).print(render(run_with(wanted=10, fetched=10), "Extract"))
    assert re.match(r"Albums: 10 of 10.*\n━━━", capsys.readouterr().err)
