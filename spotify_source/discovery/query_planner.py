"""Planner of extra queries: the next ones to read, by expected yield. Pure.

A query returns at most 100 albums, the popular ones first. The planner therefore prefers many narrow queries (letters,
words of titles and artists' names, years, the least popular tenth) and those with the most new albums per call so far:

- A query that was never read is expected to yield as much as others of its kind, with a bonus while few calls of that
  kind were made.
- A query with more results than it returns is split into narrower ones.
- A query that was read is worth reading again in proportion to the albums released since.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache
from typing import Final

from ..models import QueryYield, SimplifiedAlbum, credits_of
from ..settings import NEW_QUERY, SEARCH_PAGE_SIZE

# A query with half as many results is split: Spotify returns at most 100.
_MAX_RESULTS: Final = 100
# tag:new covers two weeks: https://developer.spotify.com/documentation/web-api/reference/search
_WINDOW_SECONDS: Final = 14 * 86400.0
# Expected yield of an unknown kind, in new albums per call, with the weight of this number of calls.
_PRIOR_YIELD, _PRIOR_CALLS = 8.0, 4.0
# Weight of the bonus for kinds with few calls (upper confidence bound).
_EXPLORATION: Final = 0.6
# Factor for every query of a kind but the first, until one of them was read.
_UNTRIED_KIND: Final = 0.6
# The yield of a kind is that of its latest queries: it falls as more albums are known.
_RECENT_QUERIES: Final = 10
# Factor for words seen at most once: they may be rare words with one or two albums.
_RARE_WORD: Final = 0.75
# With this number of known albums, half of a query's results are expected to be known.
_HALF_KNOWN: Final = 200.0
# This number of albums with words in a script adds the letters of the script.
_SCRIPT_ALBUMS: Final = 5

# The letters that start the most words come first.
_LATIN: Final = "smabcdtlphrefgnwkjoivyuzqx0123456789"
_CYRILLIC: Final = "абвгдежзиклмнопрстуфхцчшэюя"
_GREEK: Final = "αβγδεζηθικλμνξοπρστυφχψω"
_HEBREW: Final = "אבגדהוזחטיכלמנסעפצקרשת"
_ARABIC: Final = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
_DEVANAGARI: Final = "अआइईउएकखगघचछजझटठडतथदधनपफबभमयरलवशसह"
_THAI: Final = "กขคงจชซดตถทธนบปผฝพฟภมยรลวสหอ"
_KANA: Final = "あいうえおかきくけこさしすせそたちつてとなにはひふへほまみむめもやゆよらりるれろわアイウエオカキクケコサシスセソタチツテトナニハヒフヘホマミムメモラリルレロ"
_HANGUL: Final = "가나다라마바사아자차카타파하"
_HAN: Final = "一不中人你你夜大天小心愛我日月水海生花雨"
_MARKETS_OF_SCRIPT: Final = {
    _CYRILLIC: "RU UA BY KZ BG RS ME MK KG TJ MN BA UZ",
    _GREEK: "GR CY",
    _HEBREW: "IL",
    _ARABIC: "AE SA EG MA DZ TN JO LB KW QA BH OM IQ LY PS",
    _DEVANAGARI: "IN NP",
    _THAI: "TH",
    _KANA: "JP",
    _HANGUL: "KR",
    _HAN: "TW HK MO SG JP",
}

_ASCII_WORD: Final = re.compile(r"[a-z0-9]+")
_APOSTROPHES: Final = re.compile("['\u2019`]")
# Scripts without spaces between words. Two consecutive characters of Han or kana serve as a word.
_HAN_OR_KANA: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff]+")
_THAI_WORDS: Final = re.compile("[\u0e00-\u0e7f]+")
_THAI_PREFIX: Final = 3
# The filter that splits a query with another filter.
_SPLIT_BY: Final = {"artist": "album", "album": "artist"}


@dataclass(frozen=True)
class PlannedQuery:
    """A query to read, and the new albums per call expected of it."""

    query: str
    expected_yield: float


@dataclass
class Vocabulary:
    """Words of the albums seen so far, with the number of albums that have each."""

    titles: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    # By filter ('artist', 'album', or '' for both) and first letter.
    letters: Counter[tuple[str, str]] = field(default_factory=Counter)

    def learn(self, albums: Iterable[SimplifiedAlbum]) -> None:
        """Add the words of more albums."""
        for album in albums:
            # No sets: their order differs between processes, and decides between queries with the same yield.
            title = dict.fromkeys(words_of(album.get("name")))
            names = dict.fromkeys(word for artist in credits_of(album) for word in words_of(artist.get("name")))
            self.titles.update(title.keys())
            self.names.update(names.keys())
            for name, words in (("album", title), ("artist", names), ("", title | names)):
                self.letters.update({(name, word[0]) for word in words})


def words_of(text: object) -> list[str]:
    """Return the words of a title or a name in lower case.

    In scripts without spaces, a few characters serve as a word.
    """
    if not isinstance(text, str):
        return []
    plain = _APOSTROPHES.sub("", text.casefold())
    if plain.isascii():
        return [word for word in _ASCII_WORD.findall(plain) if len(word) > 1]
    spaced = "".join(
        sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in unicodedata.normalize("NFC", plain)
    )
    return [part for word in spaced.split() for part in _searchable(word) if len(part) > 1 or not part.isascii()]


def _searchable(word: str) -> list[str]:
    """Return the parts of a run of letters that a search finds."""
    if _THAI_WORDS.fullmatch(word):
        return [word[:_THAI_PREFIX]]
    if _HAN_OR_KANA.fullmatch(word) and len(word) > 1:
        return [word[index : index + 2] for index in range(len(word) - 1)]
    return [word]


def letters_of(market: str, seen: Collection[str] = ()) -> tuple[str, ...]:
    """Return the letters to start with in a market, each once, Latin first.

    Args:
        market: The market.
        seen: Initial letters of words in its albums, whose scripts are used there too.
    """
    scripts = (
        script
        for script, markets in _MARKETS_OF_SCRIPT.items()
        if market in markets.split() or not set(script).isdisjoint(seen)
    )
    return tuple(dict.fromkeys("".join((_LATIN, *scripts))))


def plan_queries(
    history: Sequence[QueryYield], vocabulary: Vocabulary, market: str, now: float, limit: int
) -> list[PlannedQuery]:
    """Return the best queries to read next, never the plain listing.

    Args:
        history: Yields of earlier queries, those of this run included, oldest first.
        vocabulary: Words of the albums seen so far.
        market: Market to search in.
        now: Unix time.
        limit: Maximum number of queries.
    """
    past = _History([one for one in history if one.market == market])
    expected: dict[str, float] = {}
    tried: set[str] = set()
    for query, known in _candidates(past, vocabulary, market, now):
        if query not in expected:
            kind = kind_of(query)
            expected[query] = past.expected_yield(query, kind, known, now)
            if not past.has_kind(kind):
                # One query shows the yield of its kind.
                expected[query] *= _UNTRIED_KIND if kind in tried else 1
                tried.add(kind)
    worthwhile = [PlannedQuery(query, value) for query, value in expected.items() if value > 0]
    return sorted(worthwhile, key=lambda planned: -planned.expected_yield)[: max(0, limit)]


class _History:
    """Yields of one market, by query and by kind."""

    def __init__(self, history: Sequence[QueryYield]) -> None:
        self.latest: dict[str, QueryYield] = {}
        first: dict[str, list[QueryYield]] = defaultdict(list)
        for one in history:
            if one.query not in self.latest:
                first[kind_of(one.query)].append(one)
            self.latest[one.query] = one
        self._calls = sum(one.calls for one in history)
        self._means = {kind: _mean(yields[-_RECENT_QUERIES:]) for kind, yields in first.items()}
        self._calls_of_kind = {kind: sum(one.calls for one in yields) for kind, yields in first.items()}

    def expected_yield(self, query: str, kind: str, known: int, now: float) -> float:
        """Return the new albums per call expected of a query.

        Args:
            query: The query.
            kind: Its kind.
            known: Number of known albums that it is certain to return.
            now: Unix time.
        """
        last = self.latest.get(query)
        if last is not None:
            replaced = min(1.0, max(0.0, now - last.asked_at) / _WINDOW_SECONDS)
            return replaced * min(float(SEARCH_PAGE_SIZE), last.albums_listed / max(1, last.calls))
        unknown = 1 / (1 + known / _HALF_KNOWN)
        if known <= 1 and not query.endswith("hipster"):
            unknown *= _RARE_WORD
        calls = self._calls_of_kind.get(kind, 0)
        bonus = _EXPLORATION * math.sqrt(math.log(self._calls + 1) / (calls + 1))
        return (self._means.get(kind, _PRIOR_YIELD) + bonus) * unknown

    def has_kind(self, kind: str) -> bool:
        """Return whether a query of the kind was read."""
        return kind in self._means


def _mean(yields: Sequence[QueryYield]) -> float:
    calls = sum(one.calls for one in yields)
    return (sum(one.albums_new for one in yields) + _PRIOR_YIELD * _PRIOR_CALLS) / (calls + _PRIOR_CALLS)


@lru_cache(maxsize=65_536)
def kind_of(query: str) -> str:
    """Return the filters of a query, with the form of their values."""
    return " ".join(map(_form, query.split()[1:]))


def _form(part: str) -> str:
    name, _, value = part.rpartition(":")
    if name in ("tag", "year"):
        return part if name == "tag" else name
    if len(value) == 1:
        return f"{name}:{'letter' if value.isascii() else 'sign'}"
    return f"{name}:{'pair' if len(value) == 2 and value.isascii() else 'word'}"


def _candidates(past: _History, vocabulary: Vocabulary, market: str, now: float) -> Iterator[tuple[str, int]]:
    """Yield queries with the number of known albums each is certain to return."""
    seen = {letter for (name, letter), albums in vocabulary.letters.items() if not name and albums >= _SCRIPT_ALBUMS}
    letters = letters_of(market, seen)
    for query in past.latest:
        yield query, 0
    yield f"{NEW_QUERY} tag:hipster", 0
    year = datetime.fromtimestamp(now, timezone.utc).year
    yield from ((f"{NEW_QUERY} year:{one}", 0) for one in (year, year - 1))
    for letter in letters:
        for name in ("artist", "album", ""):
            yield f"{NEW_QUERY} {name}:{letter}" if name else f"{NEW_QUERY} {letter}", vocabulary.letters[name, letter]
        yield f"{NEW_QUERY} tag:hipster {letter}", vocabulary.letters["", letter] // 4
    read_whole = {query for query, one in past.latest.items() if one.is_whole}
    for name, counts in (("artist", vocabulary.names), ("album", vocabulary.titles)):
        for word, known in counts.items():
            if not _is_covered(name, word, read_whole):
                yield f"{NEW_QUERY} {name}:{word}", known
    for query, one in past.latest.items():
        if not one.is_whole and one.albums_listed >= _MAX_RESULTS // 2:
            yield from ((part, 0) for part in _split(query, letters))


def _is_covered(name: str, word: str, read_whole: set[str]) -> bool:
    """Return whether a query for its first letters returned all albums of a word."""
    return (
        any(f"{NEW_QUERY} {name}:{word[:size]}" in read_whole for size in (1, 2))
        or f"{NEW_QUERY} {word[:1]}" in read_whole
    )


def _split(query: str, letters: Sequence[str]) -> Iterator[str]:
    """Yield narrower queries for one with more results than Spotify returns."""
    parts = query.split()[1:]
    name, _, value = parts[0].rpartition(":") if len(parts) == 1 else ("", "", "")
    if name not in _SPLIT_BY:
        return
    if len(value) == 1 and value.isascii():
        yield from (f"{query}{letter}" for letter in letters[:26])
    elif len(value) > 2 or not value.isascii():
        yield from (f"{query} {_SPLIT_BY[name]}:{letter}" for letter in letters[:26])
        yield f"{NEW_QUERY} tag:hipster {parts[0]}"
