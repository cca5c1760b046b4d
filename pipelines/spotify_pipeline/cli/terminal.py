"""Standard output, signals, and install instructions of the commands.

Imports the standard library only: it is in use before the package's dependencies are imported.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Final

from spotify_pipeline.exits import Exit
from spotify_pipeline.installation import checkout, extra_requirement, install_command

if TYPE_CHECKING:
    from signal import _HANDLER

    from spotify_source import Run

# Windows encodes piped output as cp1252, which lacks these characters.
_ASCII: Final = str.maketrans({"✓": "[ok]", "✗": "[failed]"})
_OLDEST_PYTHON: Final = (3, 10)
_VENV_URL: Final = "https://docs.python.org/3/library/venv.html"
# Modules of the extra 'report'.
_REPORT_MODULES: Final = frozenset({"jinja2", "vl_convert"})


def print_text(text: str) -> None:
    """Write a text and a line end to standard output.

    Characters that its encoding lacks become '?'. A reader that has closed the pipe, as in `load.py | head -1`, and a
    full disk do not end the command.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_ASCII).encode(encoding, "replace").decode(encoding)
    try:
        print(text, flush=True)  # noqa: T201 - output of the command
    except BrokenPipeError:
        pass
    except OSError as error:
        print(f"The report could not be written: {error}", file=sys.stderr)  # noqa: T201 - output of the command


@contextmanager
def handle_signals(handler: _HANDLER, *numbers: signal.Signals) -> Iterator[None]:
    """Handle signals until the context ends, if this is the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


@contextmanager
def exit_on_interrupt() -> Iterator[None]:
    """End the process with 130 on Ctrl-C, unless the context handles it itself."""
    with handle_signals(_exit, signal.SIGINT):
        yield


@contextmanager
def stop_on_signals(run: Run) -> Iterator[None]:
    """Stop the run on the first SIGINT or SIGTERM, and end the process on the second."""
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        if stopping:
            _exit(number, frame)
        stopping = True
        os.write(2, b"Stopping: fetched albums are being loaded. A second signal ends the process immediately.\n")
        # The interrupted code may hold the lock of the event that `stop` sets.
        threading.Thread(target=run.stop).start()

    with handle_signals(stop, signal.SIGINT, signal.SIGTERM):
        yield


def _exit(_number: int, _frame: FrameType | None) -> None:
    # An exception could be caught by the interrupted code, such as a module that is being imported.
    os._exit(Exit.INTERRUPTED)


@contextmanager
def install_instructions() -> Iterator[None]:
    """End the program with 78 and the commands that install a missing module."""
    try:
        yield
    except ModuleNotFoundError as error:
        name = error.name or str(error)
        if name.partition(".")[0] in _REPORT_MODULES:
            text = f'The page needs the extra "report":\n  {install_command(extra_requirement("report"))}'
        else:
            text = _install_commands(name)
        print(text, file=sys.stderr)  # noqa: T201 - output of the command
        raise SystemExit(Exit.CONFIGURATION) from None


def _install_commands(module: str) -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < _OLDEST_PYTHON:
        return f"Python 3.10 or later is required; {sys.executable} is {version}.\n  {_VENV_URL}"
    root = checkout()
    package = "-c constraints.txt -e ." if root else "spotify-source"
    folder = f"In the folder {root}" if root else "In a folder of your choice"
    return f"""\
The package is not installed for {sys.executable} (Python {version}): module {module!r} is missing.
 {folder}, install it into a virtual environment and run the command again from there.
  Linux and macOS:
    python3 -m venv .venv
    . .venv/bin/activate
    python -m pip install {package}
  Windows, cmd:
    py -m venv .venv
    .venv\\Scripts\\activate.bat
    python -m pip install {package}
  Windows, PowerShell:
    py -m venv .venv
    .venv\\Scripts\\Activate.ps1
    python -m pip install {package}
  {_VENV_URL}"""
