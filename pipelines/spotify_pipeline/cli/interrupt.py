"""Ctrl-C while a command still imports what it needs, or has reported already. Knows signals alone; imports little."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from spotify_pipeline.exits import Exit


@contextmanager
def ended_by_interrupt() -> Iterator[None]:
    """SIGINT ends the process with 130 and no traceback, unless the block handles it in its own way."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end(_number: int, _frame: FrameType | None) -> None:
    # An exception could be caught by whatever is being imported.
    os._exit(Exit.INTERRUPTED)
