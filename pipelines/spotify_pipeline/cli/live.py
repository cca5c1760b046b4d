"""The live display of a run on a terminal. Knows how it looks, not what it says."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from spotify_source import Run


def picture(line: str, run: Run) -> RenderableType:
    """The line, and the bar below it once it is known how many albums are wanted."""
    albums = run.result().albums
    if not albums.wanted:
        return Text(line)
    return Group(Text(line), ProgressBar(total=albums.wanted, completed=albums.fetched + albums.gone, width=60))


def live_display(line: Callable[[], str], run: Run) -> Live:
    """A line and a bar on standard error, until the block that it manages ends.

    Args:
        line: Says where the run is.
        run: How many albums it wants, and has.
    """
    return Live(
        get_renderable=lambda: picture(line(), run),
        console=Console(stderr=True),
        refresh_per_second=8,
        transient=True,
        redirect_stdout=False,
    )
