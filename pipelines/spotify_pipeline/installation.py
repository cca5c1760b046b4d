"""Files and commands of this installation: a checkout or a wheel.

Imports the standard library only: it is in use before the package's dependencies are imported.
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
    """Return the root of the checkout that runs, or None for an installed wheel."""
    return _PACKAGE.parents[1] if _PACKAGE.parent.name == "pipelines" else None


def command(name: str) -> str:
    """Return the command line of 'load', 'report' or 'probe' without options."""
    scripts = {"load": "load.py", "report": "report.py", "probe": "probe_rate_limit.py"}
    return f"{interpreter()} pipelines/{scripts[name]}" if checkout() else f"spotify-source {name}"


def interpreter() -> str:
    """Return 'python' if the shell finds this interpreter by that name, else its path."""
    found = shutil.which("python")
    # Unresolved: the python of a virtual environment is a link to the system's.
    is_found = found is not None and Path(found).parent == Path(sys.executable).parent
    # uv puts it on the PATH of its own processes only: https://docs.astral.sh/uv/reference/environment/
    return "python" if is_found and "UV" not in os.environ else sys.executable


def install_command(*requirements: str) -> str:
    """Return the command that installs requirements for this interpreter."""
    # Environments made by uv have no pip.
    tool = f"{interpreter()} -m pip install" if find_spec("pip") else f"uv pip install --python {sys.executable}"
    return " ".join([tool, *(f'"{one}"' for one in requirements)])


def extra_requirement(extra: str) -> str:
    """Return the requirement that installs this package with an extra."""
    return f"{checkout() or 'spotify-source'}[{extra}]"


def with_schema_prefix(name: str) -> str:
    """Return a schema of the dbt models, or a relation in one, with its prefix.

    SPOTIFY_SCHEMA_PREFIX sets the prefix.
    """
    return f"{os.environ.get('SPOTIFY_SCHEMA_PREFIX', '')}{name}".strip()


def dbt_project() -> Path:
    """Return the dbt project: beside the package in a checkout, inside it in a wheel."""
    inside = _PACKAGE / "dbt_spotify"
    return inside if inside.is_dir() else _PACKAGE.with_name("dbt_spotify")
