"""Commands that run in this process, with their output and exit code."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ran:
    """Exit code, standard output and standard error of a command, and its API calls."""

    code: int
    out: str
    err: str
    # Without token requests.
    calls: Counter[str] = field(default_factory=Counter)
    tokens: int = 0

    @property
    def album_calls(self) -> int:
        """Return the number of calls for albums and tracks."""
        return sum(self.calls[bucket] for bucket in ("album", "albums", "album_tracks"))


def run_here(command: Callable[[], int]) -> Ran:
    """Run a command, which may exit like argparse."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = command()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ran(int(code), out.getvalue(), err.getvalue())
