"""README and the pages of docs/, with their fenced blocks."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.checkout import CHECKOUT

DOCS = CHECKOUT / "docs"
README = CHECKOUT / "README.md"
_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[\w ]+): (?P<value>.*?) -->\n)?"
    r"^(?P<indent> *)```(?P<language>\S*)\n(?P<text>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    # From the comment above the block: 'not run' and the reason, 'needs' and modules, or 'file' and a database.
    marks: Mapping[str, str]

    @property
    def is_run(self) -> bool:
        """Return False if the page gives a reason not to run the block."""
        return "not run" not in self.marks

    def __str__(self) -> str:
        return f"{self.page.relative_to(CHECKOUT).as_posix()}:{self.line}"


def pages() -> list[Path]:
    """List README and the pages of docs/ that have text of their own."""
    return [README, *sorted(path for path in DOCS.rglob("*.md") if "```{" not in path.read_text(encoding="utf-8"))]


def blocks(*languages: str) -> list[Block]:
    """List the blocks of all pages, in these languages or in any."""
    found = [block for page in pages() for block in _blocks_of(page)]
    return [block for block in found if not languages or block.language in languages]


def _blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("indent")) + 1
        marks = {match["mark"]: match["value"]} if match["mark"] else {}
        yield Block(page, line, match["language"], textwrap.dedent(match["text"]), marks)
