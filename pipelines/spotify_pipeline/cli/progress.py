"""Progress display of a run on standard error: a live bar, log lines, or nothing."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final, Literal

from spotify_pipeline.dlt_internals.dlt_config import StepCollector
from spotify_source import Run
from spotify_source.models import AlbumCounts

if TYPE_CHECKING:
    from rich.console import RenderableType

_LOG_INTERVAL: Final = 10.0  # seconds
_STEPS: Final = {"Normalize": "Preparing the tables", "Load": "Loading"}


@contextmanager
def show_progress(kind: Literal["auto", "bar", "log", "none"], run: Run) -> Iterator[StepCollector]:
    """Show the progress of a run until the context ends.

    Args:
        kind: 'bar' is live, 'log' writes a line every ten seconds; 'auto' is 'bar' on a terminal and 'none' elsewhere.
        run: The run.

    Yields:
        The progress collector for the pipeline of the run.
    """
    collector = StepCollector()
    if kind == "bar" or (kind == "auto" and sys.stderr.isatty()):
        with _live(run, collector):
            yield collector
    elif kind == "log":
        with _logged(run, collector):
            yield collector
    else:
        yield collector


def describe(run: Run, step: str) -> str:
    """Return the state of a run in one line.

    Args:
        run: The run.
        step: dlt's current step, as the collector has it.
    """
    if step != "Extract":
        return _STEPS.get(step, "Starting")
    result = run.result()
    pause = result.calls.paused_until - run.clock.monotonic()
    if pause > 0:
        return f"Paused by Spotify's rate limit, {pause:.0f} s left ({_albums(run, result.albums)})"
    if not result.albums.wanted:
        return f"Listing: {result.listing.albums_listed} albums so far"
    return _albums(run, result.albums)


def render(run: Run, step: str) -> RenderableType:
    """Return that line for a terminal, with a bar below it while albums are fetched."""
    # A scheduler never shows the bar and need not import rich.
    from rich.console import Group  # noqa: PLC0415
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    line, albums = Text(describe(run, step)), run.result().albums
    if not albums.wanted:
        return line
    return Group(line, ProgressBar(total=albums.wanted, completed=albums.fetched + albums.gone, width=60))


@contextmanager
def _live(run: Run, collector: StepCollector) -> Iterator[None]:
    from rich.console import Console  # noqa: PLC0415 - see `render`
    from rich.live import Live  # noqa: PLC0415 - see `render`

    with Live(
        get_renderable=lambda: render(run, collector.step),
        console=Console(stderr=True),
        refresh_per_second=8,
        transient=True,
        redirect_stdout=False,
    ):
        yield


@contextmanager
def _logged(run: Run, collector: StepCollector) -> Iterator[None]:
    ended = threading.Event()

    def log() -> None:
        while True:
            now = datetime.fromtimestamp(run.clock.now(), timezone.utc)
            print(f"{now:%Y-%m-%dT%H:%M:%SZ} {describe(run, collector.step)}", file=sys.stderr, flush=True)  # noqa: T201 - a log line
            if ended.wait(_LOG_INTERVAL):
                return

    thread = threading.Thread(target=log, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _albums(run: Run, albums: AlbumCounts) -> str:
    seconds = run.clock.now() - run.started_at.timestamp()
    done = albums.fetched + albums.gone
    line = f"Albums: {done} of {albums.wanted}"
    if not done or seconds <= 0:
        return line
    rate = done / seconds
    return f"{line}, {rate:.1f} per second, {(albums.wanted - done) / rate:.0f} s left"
