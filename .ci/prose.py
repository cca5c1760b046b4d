"""Prose check of docstrings, messages, comments and documentation.

    python .ci/prose.py                      # the repository
    python .ci/prose.py spotify_source/api   # these files and folders

Each finding is one line: `file:line: rule`. ruff's D401 checks the imperative mood of docstrings.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
MAX_FIRST_LINE: Final = 80
MAX_HELP_WORDS: Final = 10
MAX_TEST_NAME_WORDS: Final = 12

# Openings of a clause where a verb or a noun phrase belongs.
_CLAUSE: Final = re.compile(r"(What|Whether|How|Where|Which|Who|Whose|Why|That|When|Everything)\b")
_HEADING_CLAUSE: Final = re.compile(r"(What|Whether|How(?![- ]to )|Where|Which|Who|Whose|Why|That|When|Everything)\b")

# Phrases with a plain word or a term of the field instead, by pattern.
BANNED: Final = {
    "anew": "again",
    "told": "reported",
    "whoever": "anyone who",
    "nobody": "no one, or the active voice",
    "so many": "the number",
    "for ever": "permanently",
    "go(es)? on": "continue",
    "(is|are|was|were|be) had": "a plain verb",
    "on the way": "a plain verb",
    "com(e|es|ing) to": "a plain verb",
    "what is": "a noun",
    "by then": "a point in time",
    "meanwhile": "while",
    "(?-i:Knows)": "nothing: import contracts say that",
    "knows? (no|nothing|only)": "nothing: import contracts say that",
    "purses?|allowances?": "call budget",
    "oddity|oddities": "data issue",
    "set(s|ting)? aside": "quarantine",
    "regimes?": "quota mode",
    "not offered": "unsupported",
    "further quer(y|ies)": "extra queries",
    "defect in the program": "bug",
}
_ADVICE: Final = tuple(BANNED.values())
# A line break and the mark of a comment may stand between two words.
_GAP: Final = r"\s+(?:[#*/-]+\s+)?"
_PHRASES: Final = re.compile(
    "|".join(rf"(?P<r{number}>\b(?:{_GAP.join(phrase.split())})\b)" for number, phrase in enumerate(BANNED)),
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Exemption:
    """A pattern that may stand in some files although a rule matches it."""

    files: str
    pattern: str
    reason: str


EXEMPTIONS: Final = (
    Exemption("*", r"[-_.=]regime|regime[=_:`]|[`\"']regime", "name of an option, a key or an argument"),
    Exemption("CHANGELOG.md", r"docs/regimes\.md", "former name of a page"),
    Exemption(".ci/prose.py", "", "lists the phrases"),
    Exemption("tests/test_prose.py", "", "breaks each rule"),
)

_TEXT: Final = {".css", ".html", ".js", ".md", ".mjs", ".sh", ".sql", ".toml", ".txt", ".yaml", ".yml", ""}
_SKIPPED: Final = ("LICENSE",)


@dataclass(frozen=True)
class Finding:
    """One place that breaks a rule."""

    file: str
    line: int
    rule: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}"


def main() -> int:
    """Print the findings and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", help="files and folders to check (default: the repository)")
    paths = parser.parse_args().paths
    findings = [finding for name in _tracked(paths) for finding in check(name, (ROOT / name).read_text("utf-8"))]
    print(*findings, f"prose: {len(findings)} findings", sep="\n")
    return 1 if findings else 0


def check(name: str, text: str) -> list[Finding]:
    """Return the findings in one file.

    Args:
        name: Its path in the repository, which decides how it is read.
        text: Its content.
    """
    found: list[tuple[int, str]] = []
    if name.endswith(".py"):
        tree = ast.parse(text)
        found += [*_docstrings(tree), *_help_texts(tree), *_test_names(tree)]
        for line, passage in (*_strings(tree), *_comments(text)):
            found += _phrases(name, passage, line)
    else:
        found += _phrases(name, text, 1)
    if name.endswith(".md"):
        found += _headings(text)
    return [Finding(name, line, rule) for line, rule in sorted(found)]


def _tracked(paths: list[str]) -> list[str]:
    """List the text files that git tracks or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *paths]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [
        name
        for name in names
        if Path(name).suffix in _TEXT | {".py"}
        and not any(fnmatch(name, skipped) for skipped in _SKIPPED)
        and (ROOT / name).is_file()
    ]


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        docstring = ast.get_docstring(node)
        if docstring is None:
            continue
        line, first = node.body[0].lineno, docstring.splitlines()[0]
        if opening := _CLAUSE.match(first):
            yield line, f"docstring starts with {opening[1]!r}: start with a verb (function) or a noun"
        if len(first) > MAX_FIRST_LINE:
            yield line, f"first line of the docstring has {len(first)} characters, {MAX_FIRST_LINE} fit"


def _help_texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.keyword) or node.arg != "help":
            continue
        text = "".join(part.value for part in ast.walk(node.value) if _is_text(part))
        if len(re.sub(r"\([^)]*\)", "", text).split()) > MAX_HELP_WORDS:
            yield node.value.lineno, f"help text has more than {MAX_HELP_WORDS} words"
        if text.endswith("."):
            yield node.value.lineno, "help text ends with a full stop"
        if opening := re.match(_CLAUSE.pattern, text, re.IGNORECASE):
            yield node.value.lineno, f"help text starts with {opening[1]!r}"


def _test_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            words = node.name.split("_")[1:]
            if len(words) > MAX_TEST_NAME_WORDS:
                yield node.lineno, f"test name has {len(words)} words, {MAX_TEST_NAME_WORDS} at most"


def _headings(text: str) -> Iterator[tuple[int, str]]:
    in_block = False
    for number, line in enumerate(text.splitlines(), start=1):
        in_block ^= line.lstrip().startswith("```")
        if not in_block and (heading := re.match(r"#+ (.*)", line)) and _HEADING_CLAUSE.match(heading[1]):
            yield number, "heading is a clause: use a noun or 'How to'"


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if _is_text(node):
            yield node.lineno, node.value


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield comments, those on consecutive lines as one."""
    block: list[str] = []
    start = 0
    for token in tokenize.generate_tokens(iter(text.splitlines(keepends=True)).__next__):
        if token.type != tokenize.COMMENT:
            continue
        if token.start[0] != start + len(block):
            if block:
                yield start, "\n".join(block)
            block, start = [], token.start[0]
        block.append(token.string)
    if block:
        yield start, "\n".join(block)


def _phrases(name: str, text: str, first_line: int) -> Iterator[tuple[int, str]]:
    lines = text.splitlines()
    for match in _PHRASES.finditer(text):
        line = text.count("\n", 0, match.start())
        if not any(fnmatch(name, one.files) and re.search(one.pattern, lines[line]) for one in EXEMPTIONS):
            advice = _ADVICE[int(str(match.lastgroup)[1:])]
            yield first_line + line, f"{re.sub(_GAP, ' ', match[0])!r}: write {advice}"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


if __name__ == "__main__":
    sys.exit(main())
