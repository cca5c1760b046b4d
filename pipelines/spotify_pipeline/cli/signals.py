"""What SIGINT and SIGTERM do to a run. Knows nothing else of it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from spotify_pipeline.exits import Exit
from spotify_source import Run


@contextmanager
def stopped_by_signals(run: Run) -> Iterator[None]:
    """The first SIGINT or SIGTERM asks the run to stop, the second ends the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    asked = False

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            os._exit(Exit.INTERRUPTED)
        asked = True
        os.write(2, b"Stopping: what was fetched is being loaded. A second signal ends it at once.\n")
        # A lock may be held here, by this very thread: another one sets the event.
        threading.Thread(target=run.stop).start()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
