"""Where the project's files lie and what its commands are called, in a checkout and in an installed wheel.

Imports nothing that takes time.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
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
    is_found = found is not None and Path(found).parent == Path(sys.executable).parent
    # What uv runs finds it first, the shell afterwards does not: https://docs.astral.sh/uv/reference/environment/
    return "python" if is_found and "UV" not in os.environ else sys.executable


def installing(*requirements: str) -> str:
    """The command that installs something for the Python that runs this. An environment of uv's has no pip."""
    tool = f"{interpreter()} -m pip install" if find_spec("pip") else f"uv pip install --python {sys.executable}"
    return " ".join([tool, *(f'"{one}"' for one in requirements)])


def requirement(extra: str) -> str:
    """What a person here installs to have an extra as well."""
    return f"{checkout() or 'spotify-source'}[{extra}]"


def of_models(name: str) -> str:
    """A schema that the dbt models are in, or a relation named with it, under the prefix that the environment sets."""
    return f"{os.environ.get('SPOTIFY_SCHEMA_PREFIX', '')}{name}".strip()


def dbt_project() -> Path:
    """The dbt project: beside the package in a checkout, inside it in a wheel."""
    inside = _PACKAGE / "dbt_spotify"
    return inside if inside.is_dir() else _PACKAGE.with_name("dbt_spotify")
