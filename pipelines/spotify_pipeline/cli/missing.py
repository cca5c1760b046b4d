"""What is said where the package is not installed: how to, on each system. Knows names of modules, imports none of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from spotify_pipeline.exits import Exit
from spotify_pipeline.places import checkout

_OLDEST: Final = (3, 10)
_VENV_URL: Final = "https://docs.python.org/3/library/venv.html"


@contextmanager
def told_how_to_install() -> Iterator[None]:
    """A module that is missing ends the program with 78, and with the lines that install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        print(_told(error.name or str(error)), file=sys.stderr)  # noqa: T201
        raise SystemExit(Exit.CONFIGURATION) from None


def _told(module: str) -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < _OLDEST:
        return f"This needs Python 3.10 or later; {sys.executable} is {version}.\n  {_VENV_URL}"
    root = checkout()
    package = "-c constraints.txt -e ." if root else "spotify-source"
    folder = f" In the folder {root}," if root else " In a folder of your own,"
    return f"""\
The package is not installed for {sys.executable} (Python {version}): there is no module {module!r}.
 {folder} install it into a virtual environment, and run the command again from there.
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
