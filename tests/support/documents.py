"""README and the pages of docs/ as tests read them: their fenced blocks, and why one is not run. Knows Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.checkout import CHECKOUT

DOCS = CHECKOUT / "docs"
README = CHECKOUT / "README.md"
_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[\w ]+): (?P<said>.*?) -->\n)?"
    r"^(?P<indent> *)```(?P<language>\S*)\n(?P<text>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        page: The file.
        line: Where it begins.
        language: What its fence says.
        text: What is in it.
        marks: What a comment in front of it says: 'not run', 'database'.
    """

    page: Path
    line: int
    language: str
    text: str
    marks: tuple[tuple[str, str], ...]

    @property
    def is_run(self) -> bool:
        """Whether nothing is said against running it."""
        return "not run" not in dict(self.marks)

    def __str__(self) -> str:
        return f"{self.page.relative_to(CHECKOUT).as_posix()}:{self.line}"


def pages() -> list[Path]:
    """README, and the pages of docs/ as the forge shows them."""
    return [README, *sorted(path for path in DOCS.rglob("*.md") if "```{" not in path.read_text(encoding="utf-8"))]


def blocks(*languages: str) -> list[Block]:
    """All blocks in these languages, in all of the pages; in any language where none is named."""
    found = [block for page in pages() for block in _blocks_of(page)]
    return [block for block in found if not languages or block.language in languages]


def _blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("indent")) + 1
        marks = ((match["mark"], match["said"]),) if match["mark"] else ()
        yield Block(page, line, match["language"], textwrap.dedent(match["text"]), marks)
