"""Which albums a query finds, and in what order; nothing about paging or how they look.

What is popular comes first, so a listing that is cut shows what many know, and the rest takes a narrower query.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from zlib import crc32

from .folding import words
from .markets import MARKETS
from .outline import Outline
from .query import Field, Query, Term

HIPSTER_SHARE = 0.1
# How far, in points of popularity, the order of one query departs from another's.
_WHIM = 8.0
_AFTER_ANY_LETTER = "\U0010ffff"


class Card:
    """An album in an index: what it is matched by, and how popular it is."""

    __slots__ = ("album_id", "markets", "names", "number", "popularity", "title", "year")

    def __init__(self, album_id: str, outline: Outline) -> None:
        """Read the album's outline."""
        self.album_id = album_id
        self.title = words(outline.title)
        self.names = tuple(words(artist["name"]) for artist in outline.artists)
        self.year = int(outline.release_date[:4])
        self.markets = outline.markets
        self.number = crc32(album_id.encode())
        # No two alike: a tenth is a tenth.
        self.popularity = outline.popularity + self.number / 2**32

    def texts(self, field: Field) -> Iterator[tuple[str, ...]]:
        """The texts that a term may stand in."""
        if field != "artist":
            yield self.title
        if field != "album":
            yield from self.names

    def passes(self, query: Query) -> bool:
        """Whether it is what the query asks for, tags aside."""
        return not query.nothing and self.is_of(query.years) and all(self.has(term) for term in query.terms)

    def is_of(self, years: tuple[int, int] | None) -> bool:
        """Whether it came out in these years."""
        return years is None or years[0] <= self.year <= years[1]

    def has(self, term: Term) -> bool:
        """Whether the words of the term stand together in one of its texts."""
        return any(stands_in(term, text) for text in self.texts(term.field))

    def is_in(self, market: str | None) -> bool:
        """Whether it is out there. A market that Spotify doesn't know is none."""
        return market not in MARKETS or market in self.markets

    def score(self, number: int) -> float:
        """How far up it stands in the query of this number."""
        whim = ((self.number ^ number) * 2_654_435_761 & 0xFFFFFFFF) / 2**32
        return self.popularity + _WHIM * whim


def stands_in(term: Term, text: Sequence[str]) -> bool:
    """Whether the words of the term stand beside each other in the text, the last maybe as a beginning."""
    *first, last = term.words
    size = len(first)
    for start in range(len(text) - size):
        end = text[start + size]
        if (end == last if term.whole else end.startswith(last)) and list(text[start : start + size]) == first:
            return True
    return False


class Index:
    """Albums by their words. It doesn't change: what is new or may have changed is told with each question."""

    def __init__(self, ids: Sequence[str], card_of: Callable[[str], Card | None]) -> None:
        """Read the card of each album, once.

        Args:
            ids: The albums that can be found.
            card_of: Gives the card of an album, or None for one whose card is told with each question.
        """
        self.ids = frozenset(ids)
        self._cards = [each for each in map(card_of, ids) if each is not None]
        self._postings: dict[Field, dict[str, array[int]]] = {"album": {}, "artist": {}}
        for place, card in enumerate(self._cards):
            self._enter("album", card.title, place)
            for name in card.names:
                self._enter("artist", name, place)
        self._words = {field: sorted(postings) for field, postings in self._postings.items()}
        self._in_order = lru_cache(maxsize=64)(self._ranked)

    def find(self, query: Query, market: str | None, changed: Mapping[str, Card]) -> Iterator[str]:
        """The ids that the query finds in the market, the first first.

        Args:
            query: What is asked for.
            market: A market, or None for all.
            changed: Cards that take the place of the index's own, or come beside them.
        """
        floor = self._hipster_floor(changed) if query.hipster else None
        found = self._in_order(query)
        if changed:
            found = [card for card in found if card.album_id not in changed]
            found += [card for card in changed.values() if card.passes(query)]
            number = query.number
            found.sort(key=lambda card: card.score(number), reverse=True)
        for card in found:
            if card.is_in(market) and (floor is None or card.popularity < floor):
                yield card.album_id

    def _hipster_floor(self, changed: Mapping[str, Card]) -> float:
        cards = [card for card in self._cards if card.album_id not in changed]
        ranks = sorted(card.popularity for card in [*cards, *changed.values()])
        return ranks[int(len(ranks) * HIPSTER_SHARE)] if ranks else 0.0

    def _ranked(self, query: Query) -> list[Card]:
        if query.nothing:
            return []
        number = query.number
        found = [card for card in self._candidates(query) if card.is_of(query.years)]
        return sorted(found, key=lambda card: card.score(number), reverse=True)

    def _candidates(self, query: Query) -> Iterable[Card]:
        if not query.terms:
            return self._cards
        places = set.intersection(*map(self._places, query.terms))
        return [self._cards[place] for place in places if self._verified(self._cards[place], query)]

    def _verified(self, card: Card, query: Query) -> bool:
        return all(len(term.words) == 1 or card.has(term) for term in query.terms)

    def _places(self, term: Term) -> set[int]:
        fields: Sequence[Field] = ("album", "artist") if term.field == "any" else (term.field,)
        places: set[int] = set()
        for field in fields:
            found = set(self._having(field, term.words[-1], whole=term.whole))
            for word in term.words[:-1]:
                found &= set(self._having(field, word, whole=True))
            places |= found
        return places

    def _having(self, field: Field, word: str, *, whole: bool) -> Iterator[int]:
        if whole:
            yield from self._postings[field].get(word, ())
            return
        known = self._words[field]
        for place in range(bisect_left(known, word), bisect_left(known, word + _AFTER_ANY_LETTER)):
            yield from self._postings[field][known[place]]

    def _enter(self, field: Field, text: Sequence[str], place: int) -> None:
        for word in text:
            self._postings[field].setdefault(word, array("I")).append(place)
