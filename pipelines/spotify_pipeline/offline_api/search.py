"""Search of the offline catalogue: query language, and a scan for matches.

The filters are those of https://developer.spotify.com/documentation/web-api/reference/search.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Literal
from zlib import crc32

from spotify_source.api.markets import MARKETS
from spotify_source.models import Artist

from .catalogue import Catalogue
from .objects import CatalogueAlbum, fraction

# The highest number of new albums that one query shows.
MOST_NEW = 100
# The share of the new albums that `tag:hipster` shows: the least popular.
_HIPSTER_SHARE = 0.1
# Points of popularity by which the order of one query differs from another's.
_VARIATION = 8

_PART = re.compile(r'(?:(?P<field>[A-Za-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_YEARS = re.compile(r"([0-9]{4})(?:-([0-9]{4}))?")
# Filters of other types of search.
_NO_ALBUM_FIELDS = frozenset({"track", "genre", "isrc", "upc"})

# Latin letters that Unicode does not decompose.
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ŧ": "t", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
# Accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic, variation selectors. Indic vowel signs are kept.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\ufe00-\ufe0f]")
_APOSTROPHES = re.compile("['\u2019`]")
# Scripts without spaces between words: each character is a word.
_IDEOGRAPHS = re.compile("([\u3040-\u30ff\u3400-\u9fff])")


@dataclass(frozen=True)
class SearchTerm:
    """Words that have to stand next to each other in a title or an artist's name."""

    field: Literal["any", "album", "artist"]
    # Folded, with a space before each word, and after the last one unless that is a beginning.
    text: str


@dataclass(frozen=True)
class SearchQuery:
    """Conditions that an album has to meet, all of them."""

    text: str
    terms: tuple[SearchTerm, ...] = ()
    # First and last year of release.
    years: tuple[int, int] | None = None
    tags: frozenset[str] = frozenset()
    # A filter that no album passes.
    is_impossible: bool = False

    @property
    def is_plain(self) -> bool:
        """Return true for `tag:new` and nothing else."""
        return self.tags == {"new"} and not (self.terms or self.years or self.is_impossible)


def parse(text: str) -> SearchQuery:
    """Parse a query. Spotify rejects none, so neither does this."""
    terms: list[SearchTerm] = []
    years: tuple[int, int] | None = None
    tags: set[str] = set()
    is_impossible = False
    for part in _PART.finditer(text):
        field = (part["field"] or "").lower()
        is_phrase = part["phrase"] is not None
        value = part["phrase"] if is_phrase else part["word"]
        if field == "tag":
            tags.add(value.lower())
        elif field == "year":
            match = _YEARS.fullmatch(value)
            years = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        elif field in _NO_ALBUM_FIELDS:
            is_impossible = True
        else:
            scope: Literal["any", "album", "artist"] = "any"
            if field in ("album", "artist"):
                scope = "album" if field == "album" else "artist"
            elif field:
                value = f"{field} {value}"
            folded = fold(value)
            if folded.strip():
                terms.append(SearchTerm(scope, folded if is_phrase else folded[:-1]))
    is_impossible = is_impossible or not tags <= {"new", "hipster"}
    return SearchQuery(text, tuple(terms), years, frozenset(tags), is_impossible)


@cache
def fold(text: str) -> str:
    """Return a name's words without case and accents, between spaces.

    A name without letters and digits is one word.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN_LETTERS))
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))
    letters = (char if unicodedata.category(char)[0] in "LNM" else " " for char in _APOSTROPHES.sub("", plain))
    words = _IDEOGRAPHS.sub(r" \1 ", "".join(letters)).split() or plain.split()
    return f" {' '.join(words)} "


def find_albums(catalogue: Catalogue, query: SearchQuery, market: str | None = None) -> list[str | None]:
    """Return the ids that a query shows, the most popular first.

    With a market, only albums that are available there. An unknown market is ignored.
    """
    if query.is_plain:
        return catalogue.listed_in(market)
    if query.is_impossible:
        return []
    is_new = "new" in query.tags
    albums = [catalogue.albums[each] for each in (catalogue.new_ids() if is_new else catalogue.albums)]
    if "hipster" in query.tags:
        albums = sorted(albums, key=_popularity)[: int(len(albums) * _HIPSTER_SHARE)]
    if query.years:
        first, last = query.years
        albums = [album for album in albums if first <= int(album["release_date"][:4]) <= last]
    for term in query.terms:
        albums = [album for album in albums if _contains(album, term)]
    if market in MARKETS:
        albums = [album for album in albums if market in album["available_markets"]]
    found = sorted(albums, key=lambda album: _score(album, query), reverse=True)
    return [album["id"] for album in (found[:MOST_NEW] if is_new else found)]


def find_artists(catalogue: Catalogue, query: SearchQuery) -> list[Artist]:
    """Return the artists that a query matches: equal names first, then by popularity."""
    if query.is_impossible or query.tags or any(term.field == "album" for term in query.terms):
        return []
    name = fold(" ".join(term.text for term in query.terms))
    found = [artist for artist in catalogue.artists() if all(term.text in fold(artist["name"]) for term in query.terms)]
    return sorted(found, key=lambda artist: (fold(artist["name"]) == name, artist_popularity(artist)), reverse=True)


def artist_popularity(artist: Artist) -> int:
    """Return an artist's popularity, from 0 to 100."""
    return int(90 * fraction("popularity", artist["id"]) ** 2)


def _contains(album: CatalogueAlbum, term: SearchTerm) -> bool:
    if term.field != "artist" and term.text in fold(album["name"]):
        return True
    return term.field != "album" and any(term.text in fold(artist["name"]) for artist in album["artists"])


def _popularity(album: CatalogueAlbum) -> tuple[int, str]:
    return album["popularity"], album["id"]


def _score(album: CatalogueAlbum, query: SearchQuery) -> float:
    return album["popularity"] + _VARIATION * crc32(f"{album['id']} {query.text}".encode()) / 2**32
