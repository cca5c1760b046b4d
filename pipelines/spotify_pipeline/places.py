"""Where the project's files lie and what its commands are called, in a checkout and in an installed wheel.

Imports nothing that takes time.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent


def checkout() -> Path | None:
    """The checkout that this runs from; None where it is installed as a wheel."""
    root = _PACKAGE.parents[1]
    return root if _PACKAGE.parent.name == "pipelines" else None


def command(name: str) -> str:
    """How a person here calls a command: 'load', 'report' or 'probe'."""
    scripts = {"load": "load.py", "report": "report.py", "probe": "probe_rate_limit.py"}
    return f"{interpreter()} pipelines/{scripts[name]}" if checkout() else f"spotify-source {name}"


def interpreter() -> str:
    """How a person here calls the Python that runs this: 'python' where that is the one which the shell finds."""
    found = shutil.which("python")
    # Not what the links lead to: a virtual environment's python leads to that of the system.
    return "python" if found and Path(found).parent == Path(sys.executable).parent else sys.executable


def requirement(extra: str) -> str:
    """What a person here gives to `pip install` to have an extra as well."""
    return f"{checkout() or 'spotify-source'}[{extra}]"


def dbt_project() -> Path:
    """The dbt project: beside the package in a checkout, inside it in a wheel."""
    inside = _PACKAGE / "dbt_spotify"
    return inside if inside.is_dir() else _PACKAGE.with_name("dbt_spotify")
