"""Shows how a run gets on, on standard error: a live bar, log lines, or nothing. Knows the run, changes nothing in it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Literal

from spotify_pipeline.dlt_internals.config import StepCollector
from spotify_source import Run
from spotify_source.models import AlbumCounts

Kind = Literal["auto", "bar", "log", "none"]
_LOG_SECONDS = 10.0


@contextmanager
def shown(kind: Kind, run: Run) -> Iterator[StepCollector]:
    """Show the run until the block ends.

    Args:
        kind: 'bar' is live, 'log' a line every ten seconds; 'auto' is 'bar' on a terminal and 'none' elsewhere.
        run: What to show.

    Yields:
        The collector to hand to the pipeline.
    """
    steps = StepCollector()
    if kind == "bar" or (kind == "auto" and sys.stderr.isatty()):
        from spotify_pipeline.cli.live import live_display  # noqa: PLC0415 - what a scheduler never sees, it need not import

        with live_display(lambda: describe(run, steps.step), run):
            yield steps
    elif kind == "log":
        with _logged(run, steps):
            yield steps
    else:
        yield steps


def describe(run: Run, step: str) -> str:
    """Where the run is, in one line."""
    result = run.result()
    pause = result.calls.paused_until - run.clock.monotonic()
    if pause > 0 and step == "Extract":
        return f"Paused by Spotify's rate limit, {pause:.0f} s to go ({_fetched(run, result.albums)})"
    if step == "Extract":
        listed = result.listing.albums_listed
        return _fetched(run, result.albums) if result.albums.wanted else f"Listing: {listed} albums so far"
    return {"Normalize": "Preparing the tables", "Load": "Loading"}.get(step, "Starting")


def _fetched(run: Run, albums: AlbumCounts) -> str:
    seconds = run.clock.now() - run.started_at.timestamp()
    done = albums.fetched + albums.gone
    line = f"Albums: {done} of {albums.wanted}"
    if not done or seconds <= 0:
        return line
    rate = done / seconds
    return f"{line}, {rate:.1f} a second, {(albums.wanted - done) / rate:.0f} s left"


@contextmanager
def _logged(run: Run, steps: StepCollector) -> Iterator[None]:
    over = threading.Event()

    def log() -> None:
        while True:
            now = datetime.fromtimestamp(run.clock.now(), timezone.utc)
            print(f"{now:%Y-%m-%dT%H:%M:%SZ} {describe(run, steps.step)}", file=sys.stderr, flush=True)  # noqa: T201 - this is what it is for
            if over.wait(_LOG_SECONDS):
                return

    thread = threading.Thread(target=log, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
