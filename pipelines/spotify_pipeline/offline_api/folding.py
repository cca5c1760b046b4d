"""How names are compared in a search: without case and accents, word by word, in any script; not what is searched."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Latin letters that carry their accent inside, so that Unicode takes none off.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ŧ": "t", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
# Accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic, and what colours an emoji. The vowels of Hindi or Thai
# are no accents.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\ufe00-\ufe0f]")
_ASCII_WORD = re.compile("[a-z0-9]+")
_APOSTROPHES = re.compile("['\u2019`]")
# Scripts that leave no space between words: each character is found on its own.
_IDEOGRAPHS = re.compile("([\u3040-\u30ff\u3400-\u9fff])")


@lru_cache(maxsize=65_536)
def words(text: str) -> tuple[str, ...]:
    """The words of a name as a search sees them; of a name without any letter or digit, the name itself."""
    if text.isascii():
        plain = text.lower()
        return tuple(_ASCII_WORD.findall(plain.replace("'", "").replace("`", ""))) or _as_it_is(plain)
    folded = fold(text)
    spaced = "".join(char if _is_of_a_word(char) else " " for char in _APOSTROPHES.sub("", folded))
    return tuple(_IDEOGRAPHS.sub(r" \1 ", spaced).split()) or _as_it_is(folded)


def fold(text: str) -> str:
    """The text without case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    return unicodedata.normalize("NFC", _ACCENTS.sub("", apart))


def _as_it_is(folded: str) -> tuple[str, ...]:
    return (folded.strip(),) if folded.strip() else ()


def _is_of_a_word(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNM"
