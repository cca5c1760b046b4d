"""What the ``q`` of a search asks for: its words, its field filters and its tags; not what it finds.

The filters are those of https://developer.spotify.com/documentation/web-api/reference/search
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from zlib import crc32

from .folding import words

Field = Literal["any", "album", "artist"]

_PART = re.compile(r'(?:(?P<field>[A-Za-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_FIELDS: dict[str, Field] = {"album": "album", "artist": "artist"}
# Filters of other kinds of search, and what nobody looks up here.
_FOREIGN = frozenset({"track", "genre", "isrc", "upc"})
_YEARS = re.compile(r"([0-9]{4})(?:-([0-9]{4}))?")


@dataclass(frozen=True)
class Term:
    """Words that stand beside each other in a title or in a name.

    Attributes:
        field: Where they stand.
        words: The words, folded.
        whole: Whether the last is meant whole, as in quotes; otherwise a word may go on after it.
    """

    field: Field
    words: tuple[str, ...]
    whole: bool


@dataclass(frozen=True)
class Query:
    """What is asked for: all of it at once.

    Attributes:
        terms: The words.
        years: The first and the last year of release, where they are named.
        new: Whether ``tag:new`` is asked for: out within two weeks.
        hipster: Whether ``tag:hipster`` is asked for: the least popular tenth.
        nothing: Whether it holds a filter that no album or artist passes.
    """

    terms: tuple[Term, ...] = ()
    years: tuple[int, int] | None = None
    new: bool = False
    hipster: bool = False
    nothing: bool = False

    @property
    def plain(self) -> bool:
        """Whether it asks for new albums and nothing more: the listing."""
        return self == Query(new=True)

    @property
    def number(self) -> int:
        """A number of its own, from which its order follows."""
        return crc32(repr((self.terms, self.years, self.hipster)).encode())


@lru_cache(maxsize=4096)
def parse(text: str) -> Query:
    """Read a query. What it can't mean is read as words; nothing is refused, as Spotify refuses nothing."""
    terms: list[Term] = []
    years: tuple[int, int] | None = None
    tags: set[str] = set()
    nothing = False
    for part in _PART.finditer(text):
        field = (part["field"] or "").lower()
        value = part["word"] if part["phrase"] is None else part["phrase"]
        if field == "tag":
            tags.add(value.lower())
        elif field == "year":
            years = _years(value)
            nothing |= years is None
        elif field in _FOREIGN:
            nothing = True
        else:
            known = _FIELDS.get(field)
            asked = value if known or not field else f"{field} {value}"
            terms.append(Term(known or "any", words(asked), part["phrase"] is not None))
    nothing |= bool(tags - {"new", "hipster"})
    return Query(tuple(term for term in terms if term.words), years, "new" in tags, "hipster" in tags, nothing)


def _years(text: str) -> tuple[int, int] | None:
    match = _YEARS.fullmatch(text)
    return (int(match[1]), int(match[2] or match[1])) if match else None
