"""Which query to ask next, beyond the plain listing. Pure: the same history gives the same plan; makes no call.

A query shows at most a hundred albums, the popular ones first. So the planner asks many narrow ones: by letters, words of
titles and names, years, and the least popular tenth; and prefers what brought the most new albums per call so far. What
has not been asked is worth what its kind has brought, with a bonus while little is known of the kind. What overflowed is
split: each of its parts is a query of its own. What was asked is worth asking again only as new albums come out.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from ...models import QueryYield, SimplifiedAlbum
from ...settings import NEW_QUERY
from ..credits import credits_of
from .alphabets import letters_of

# What a page holds at most, and so what a call brings at most.
_MOST: Final = 10.0
# What one query shows at most.
_OVERFLOW: Final = 100
# tag:new shows two weeks: https://developer.spotify.com/documentation/web-api/reference/search
_WINDOW_SECONDS: Final = 14 * 86400.0
# What nothing is known of is thought to bring this much a call, as surely as if so many calls had shown it.
_HOPE, _HOPE_CALLS = 8.0, 4.0
# How much is added for what little is known of.
_CURIOSITY: Final = 0.6
# What a second query of a kind is worth, beside the first, while none has told what the kind brings.
_SECOND_TRY: Final = 0.6
# Of each kind, the latest so many queries tell what it brings now: it brings less as more is known.
_RECENT: Final = 10
_RARE: Final = 0.75
# Of a query that is sure to show so many known albums, about half of what it shows is known.
_HALF_KNOWN: Final = 200.0
# So many albums with words of a script show that more of them are to be had by its letters.
_WRITTEN: Final = 5
_ASCII_WORD: Final = re.compile(r"[a-z0-9]+")
_APOSTROPHES: Final = re.compile("['\u2019`]")
# Scripts that leave no blank between words: Han and kana, of which two signs in a row are as good as a word, and Thai.
_UNDIVIDED: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff]+")
_THAI: Final = re.compile("[\u0e00-\u0e7f]+")
_THAI_BEGINNING: Final = 3
_FIELD: Final = {"artist": "album", "album": "artist"}


@dataclass(frozen=True)
class Candidate:
    """A query that may be asked.

    Attributes:
        query: As it is sent.
        kind: Queries of one kind bring about as much as each other.
        known: How many known albums it is sure to show, for all that is known.
    """

    query: str
    kind: str
    known: int = 0


@dataclass(frozen=True)
class Choice:
    """A query to ask, and how many new albums a call of it should bring."""

    query: str
    kind: str
    worth: float


@dataclass
class Vocabulary:
    """The words of the albums that were seen, with how many albums have each."""

    titles: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    letters: Counter[tuple[str, str]] = field(default_factory=Counter)

    def learn(self, albums: Iterable[SimplifiedAlbum]) -> None:
        """Read the words of more albums."""
        for album in albums:
            title = set(words_of(album.get("name")))
            names = {word for artist in credits_of(album) for word in words_of(artist.get("name"))}
            self.titles.update(title)
            self.names.update(names)
            for name, words in (("album", title), ("artist", names), ("", title | names)):
                self.letters.update({(name, word[0]) for word in words})


def words_of(text: object) -> list[str]:
    """The words of a title or a name, in small letters. Where a script has no blanks, a few characters are a word."""
    if not isinstance(text, str):
        return []
    plain = _APOSTROPHES.sub("", text.casefold())
    if plain.isascii():
        return [word for word in _ASCII_WORD.findall(plain) if len(word) > 1]
    spaced = "".join(
        sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in unicodedata.normalize("NFC", plain)
    )
    return [part for word in spaced.split() for part in _parts_of(word) if len(part) > 1 or not part.isascii()]


def _parts_of(word: str) -> list[str]:
    """What to search for of a run of letters: itself, where its script has blanks between words."""
    if _THAI.fullmatch(word):
        return [word[:_THAI_BEGINNING]]
    if _UNDIVIDED.fullmatch(word) and len(word) > 1:
        return [word[place : place + 2] for place in range(len(word) - 1)]
    return [word]


def choices(
    history: Sequence[QueryYield], vocabulary: Vocabulary, market: str, now: float, year: int, remaining: int
) -> list[Choice]:
    """The queries that are worth asking next, the best first.

    Args:
        history: What queries have brought, this run's among them, the oldest first.
        vocabulary: The words of the albums seen so far.
        market: Where to ask.
        now: Unix time.
        year: The current year.
        remaining: The calls that may still be made.

    Returns:
        At most one query for each remaining call, each once, none of it the plain listing.
    """
    if remaining <= 0:
        return []
    past = _Past([one for one in history if one.market == market])
    found: dict[str, Choice] = {}
    tried: set[str] = set()
    for candidate in _candidates(past, vocabulary, market, year):
        if candidate.query not in found:
            worth = past.worth(candidate, now)
            if past.knows_nothing_of(candidate.kind):
                # One of a kind is enough to see what the kind is worth.
                worth *= _SECOND_TRY if candidate.kind in tried else 1
                tried.add(candidate.kind)
            found[candidate.query] = Choice(candidate.query, candidate.kind, worth)
    worthwhile = [choice for choice in found.values() if choice.worth > 0]
    return sorted(worthwhile, key=lambda choice: -choice.worth)[:remaining]


class _Past:
    """The history of one market, by query and by kind."""

    def __init__(self, history: Sequence[QueryYield]) -> None:
        self.asked: dict[str, QueryYield] = {}
        first: dict[str, list[QueryYield]] = defaultdict(list)
        self._calls = 0
        for one in history:
            if one.query not in self.asked:
                first[kind_of(one.query)].append(one)
            self.asked[one.query] = one
            self._calls += one.calls
        self._kinds = {kind: _mean(yields[-_RECENT:]) for kind, yields in first.items()}
        self._kind_calls = {kind: sum(one.calls for one in yields) for kind, yields in first.items()}

    def worth(self, candidate: Candidate, now: float) -> float:
        """How many new albums a call of it should bring."""
        last = self.asked.get(candidate.query)
        if last is not None:
            turned_over = min(1.0, max(0.0, now - last.asked_at) / _WINDOW_SECONDS)
            return turned_over * min(_MOST, last.albums_listed / max(1, last.calls))
        unknown = 1 / (1 + candidate.known / _HALF_KNOWN)
        if candidate.known <= 1 and not candidate.query.endswith("hipster"):
            # What was seen once may well be a rare word, with an album or two to show.
            unknown *= _RARE
        mean = self._kinds.get(candidate.kind, _HOPE)
        curiosity = _CURIOSITY * math.sqrt(math.log(self._calls + 1) / (self._kind_calls.get(candidate.kind, 0) + 1))
        return (mean + curiosity) * unknown

    def knows_nothing_of(self, kind: str) -> bool:
        """Whether no query of that kind was asked."""
        return kind not in self._kinds


def _mean(yields: Sequence[QueryYield]) -> float:
    calls = sum(one.calls for one in yields)
    return (sum(one.albums_new for one in yields) + _HOPE * _HOPE_CALLS) / (calls + _HOPE_CALLS)


@lru_cache(maxsize=65_536)
def kind_of(query: str) -> str:
    """The kind of a query, from its form: what stands in it is a letter, a pair of letters or a word."""
    parts = query.split()[1:]
    return " ".join(_form(part) for part in parts)


def _form(part: str) -> str:
    name, _, value = part.rpartition(":")
    if name in ("tag", "year"):
        return part if name == "tag" else name
    if len(value) == 1:
        return f"{name}:{'letter' if value.isascii() else 'sign'}"
    return f"{name}:{'pair' if len(value) == 2 and value.isascii() else 'word'}"


def _candidates(past: _Past, vocabulary: Vocabulary, market: str, year: int) -> Iterator[Candidate]:
    seen = {letter for (name, letter), albums in vocabulary.letters.items() if not name and albums >= _WRITTEN}
    letters = letters_of(market, seen)
    for query in past.asked:
        yield Candidate(query, kind_of(query))
    yield from _of(f"{NEW_QUERY} tag:hipster")
    for one in (year, year - 1):
        yield from _of(f"{NEW_QUERY} year:{one}")
    for letter in letters:
        for name in ("artist:", "album:", "", "tag:hipster "):
            query = f"{NEW_QUERY} {name}{letter}"
            known = vocabulary.letters["" if "tag" in name else name.rstrip(":"), letter]
            yield Candidate(query, kind_of(query), known // 4 if "tag" in name else known)
    read_whole = {query for query, one in past.asked.items() if one.is_whole}
    for name, counts in (("artist", vocabulary.names), ("album", vocabulary.titles)):
        for word, known in counts.items():
            if not _is_covered(name, word, read_whole):
                query = f"{NEW_QUERY} {name}:{word}"
                yield Candidate(query, kind_of(query), known)
    for query, brought in past.asked.items():
        if not brought.is_whole and brought.albums_listed >= _OVERFLOW // 2:
            yield from _parts(query, letters)


def _of(query: str) -> Iterator[Candidate]:
    yield Candidate(query, kind_of(query))


def _is_covered(name: str, word: str, read_whole: set[str]) -> bool:
    """Whether all that a word shows was shown already, by a letter or a pair of letters that did not overflow."""
    return (
        any(f"{NEW_QUERY} {name}:{word[:size]}" in read_whole for size in (1, 2))
        or f"{NEW_QUERY} {word[:1]}" in read_whole
    )


def _parts(query: str, letters: Sequence[str]) -> Iterator[Candidate]:
    """The queries into which one is split that shows more than can be read."""
    parts = query.split()[1:]
    if len(parts) != 1:
        return
    name, _, value = parts[0].rpartition(":")
    if name not in _FIELD:
        return
    if len(value) == 1 and value.isascii():
        for letter in letters[:26]:
            yield from _of(f"{query}{letter}")
    elif len(value) > 2 or not value.isascii():
        for letter in letters[:26]:
            yield from _of(f"{query} {_FIELD[name]}:{letter}")
        yield from _of(f"{NEW_QUERY} tag:hipster {parts[0]}")
