"""Creator of the pictures in README: `python docs/pictures/make.py`.

It loads three days of the demo into a temporary folder, takes screenshots of the HTML report in both colour schemes, and
renders the output of the first load as an SVG. It needs Chromium, and spotify-source with the extra `report`.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

HERE: Final = Path(__file__).resolve().parent
CHECKOUT: Final = HERE.parents[1]
sys.path.insert(0, str(CHECKOUT))

from tests.support.browser import NAMES, browser, installed  # noqa: E402

DAYS: Final = ("2026-11-17", "2026-11-18", "2026-11-21")
DATABASE: Final = "spotify_demo.duckdb"
WIDTH, HEIGHT = 1280, 1000
COLUMNS: Final = 100
SCHEMES: Final = ("light", "dark")
# Query that the report of a load suggests.
_HINT: Final = re.compile(r"^Query the data: (?P<command>.+)$", re.MULTILINE)


def main(arguments: list[str]) -> int:
    """Create all pictures in a folder.

    Returns:
        0, or 1 if no browser is installed.
    """
    parser = argparse.ArgumentParser(description="Creates the pictures of README from the demo.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the pictures (default: docs/pictures)")
    out = parser.parse_args(arguments).out.resolve()
    executable = installed()
    if executable is None:
        print(f"No browser is on the PATH. Install one of: {', '.join(NAMES)}.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (out / "terminal.svg").write_text(render_terminal(folder), encoding="utf-8")
        page = write_page(folder)
        for scheme, picture in take_screenshots(executable, folder, page).items():
            (out / f"page-{scheme}.png").write_bytes(picture)
    return 0


def render_terminal(folder: Path) -> str:
    """Load the first day, run the suggested query, and return both outputs as an SVG."""
    output = run(folder, f"python pipelines/load.py --demo --demo-date {DAYS[0]}")
    hint = _HINT.search(output)
    if hint is None:
        raise SystemExit(f"The report of the load suggests no query:\n{output}")
    query = hint["command"].replace(f"{folder}{os.sep}", "")
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    for command, answer in (
        ("python pipelines/load.py --demo", output[: hint.start()]),
        (query, run(folder, query)),
    ):
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        console.print(Text(answer.rstrip() + "\n"))
    svg = console.export_svg(title="spotify_source", theme=MONOKAI)
    # Browsers load no web fonts in an image; the reader's monospace font is used.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def write_page(folder: Path) -> Path:
    """Load the other days and write the HTML report."""
    for day in DAYS[1:]:
        run(folder, f"python pipelines/load.py --demo --demo-date {day}")
    run(folder, f"python pipelines/report.py --db {DATABASE}")
    return folder / "spotify.html"


def take_screenshots(executable: str, folder: Path, page: Path) -> dict[str, bytes]:
    """Return PNGs of the top of the page by colour scheme."""
    pictures = {}
    with browser(executable, folder / "profile") as tab:
        for scheme in SCHEMES:
            tab.open(page, WIDTH, HEIGHT, scheme)
            tab.drawn()
            answer = tab.call("Page.captureScreenshot", format="png", optimizeForSpeed=False)
            pictures[scheme] = base64.b64decode(answer["data"])
    return pictures


def run(folder: Path, command: str) -> str:
    """Run a command as in a clone and return its output."""
    link = folder / "pipelines"
    if not link.exists():
        link.symlink_to(CHECKOUT / "pipelines")
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "pipelines")]),
        "DLT_DATA_DIR": str(folder / "dlt"),
        "COLUMNS": str(COLUMNS),
    }
    return subprocess.run(
        shlex.split(command), cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
