"""A command that is run in this process: what it wrote and how it ended. Knows no particular command."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ran:
    """How a command went.

    Attributes:
        code: Its exit code.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
        calls: The calls that the API saw of it, token requests aside.
        tokens: The token requests that the API saw of it.
    """

    code: int
    out: str
    err: str
    calls: Counter[str] = field(default_factory=Counter)
    tokens: int = 0

    @property
    def album_calls(self) -> int:
        """The calls that were made for albums and their tracks."""
        return sum(self.calls[bucket] for bucket in ("album", "albums", "album_tracks"))


def run_here(command: Callable[[], int]) -> Ran:
    """Run a command, which may end as argparse ends one."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = command()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ran(int(code), out.getvalue(), err.getvalue())
