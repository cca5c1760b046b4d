"""axe-core from the file in AXE_CORE or from npm."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.browser import Tab

VERSION = "4.14.1"
_RUN = """
    axe.run(document, { resultTypes: ["violations"] }).then((found) => found.violations.map((each) =>
        `${each.id}: ${each.help}: ${each.nodes.map((node) => node.target.join(" ")).join(", ")}`))
"""


def script(folder: Path) -> str | None:
    """Return the source of axe-core, or None if it is not available."""
    if named := os.environ.get("AXE_CORE"):
        return Path(named).read_text(encoding="utf-8")
    npm = shutil.which("npm")
    if npm is None:
        return None
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), f"axe-core@{VERSION}"]
    fetched = folder / "node_modules" / "axe-core" / "axe.min.js"
    installed = subprocess.run(command, capture_output=True, check=False, timeout=120).returncode == 0
    return fetched.read_text(encoding="utf-8") if installed and fetched.is_file() else None


def violations(tab: Tab, source: str) -> list[str]:
    """Return the violations on the page in a tab, one line for each rule."""
    tab.ask(f"{source}\n;undefined")
    found = tab.ask(_RUN)
    assert isinstance(found, list)
    return found
