"""Makes the pictures of README from the demo: `python docs/pictures/make.py`. Knows what to show, not what it looks like.

Needs Chromium, and spotify-source with the extra `report`. Loads the demo of some days into a temporary folder, writes the
page, photographs its top by day and by night, and draws what a terminal showed of the load.
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
# What the load suggests; the picture shows that it works.
_HINT: Final = re.compile(r"^Look at it: (?P<command>.+)$", re.MULTILINE)


def main(arguments: list[str]) -> int:
    """Make all pictures in a folder.

    Returns:
        0, or 1 where there is no browser.
    """
    parser = argparse.ArgumentParser(description="Makes the pictures of README from the demo.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the pictures (default: this one)")
    out = parser.parse_args(arguments).out.resolve()
    path = installed()
    if path is None:
        print(f"No browser on PATH: {', '.join(NAMES)}.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (out / "terminal.svg").write_text(terminal(folder), encoding="utf-8")
        page = written(folder)
        for scheme, picture in photographed(path, folder, page).items():
            (out / f"page-{scheme}.png").write_bytes(picture)
    return 0


def terminal(folder: Path) -> str:
    """A first load, and the query that it suggests, as an SVG."""
    said = ran(folder, f"python pipelines/load.py --demo --demo-date {DAYS[0]}")
    hint = _HINT.search(said)
    if hint is None:
        raise SystemExit(f"The load suggests nothing:\n{said}")
    query = hint["command"].replace(f"{folder}{os.sep}", "")
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    for command, answer in (
        ("python pipelines/load.py --demo", said[: hint.start()]),
        (query, ran(folder, query)),
    ):
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        console.print(Text(answer.rstrip() + "\n"))
    drawn = console.export_svg(title="spotify_source", theme=MONOKAI)
    # Fonts from elsewhere are not loaded in a picture; the reader's own monospace does.
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)


def written(folder: Path) -> Path:
    """The page, after the other days."""
    for day in DAYS[1:]:
        ran(folder, f"python pipelines/load.py --demo --demo-date {day}")
    ran(folder, f"python pipelines/report.py --db {DATABASE}")
    return folder / "spotify.html"


def photographed(path: str, folder: Path, page: Path) -> dict[str, bytes]:
    """The top of the page in each colour scheme, as PNG."""
    pictures = {}
    with browser(path, folder / "profile") as tab:
        for scheme in SCHEMES:
            tab.open(page, WIDTH, HEIGHT, scheme)
            tab.drawn()
            answer = tab.call("Page.captureScreenshot", format="png", optimizeForSpeed=False)
            pictures[scheme] = base64.b64decode(answer["data"])
    return pictures


def ran(folder: Path, command: str) -> str:
    """What a command says that is run in a folder, as somebody would who stands in a checkout."""
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
