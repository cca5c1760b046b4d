"""JSON as it comes, good or odd: what a strict parser refuses for one value's sake is read all the same.

Knows JSON, not what is in it. A body that holds fifty albums is not lost because one of them holds half a character.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from dlt.common.json import json as strict_json

# From here on the strict parser makes a float of a whole number, and loses digits.
_LONG_NUMBER: Final = re.compile(rb"\d{19}")
# Python refuses to make a number of very many digits: https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
_MOST_DIGITS: Final = 100
# Albums nest five deep; a parser that goes down by recursion ends somewhere near a thousand.
_MOST_DEPTH: Final = 64
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


def parse(body: bytes) -> Any:
    """The value that a body holds.

    Numbers keep all their digits, `NaN` is one, half a character (a lone surrogate) stays half, bytes that are no UTF-8
    become U+FFFD, and what is nested absurdly deep is a text.

    Raises:
        ValueError: It is no JSON.
    """
    if not _LONG_NUMBER.search(body):
        try:
            return strict_json.loadb(body)
        except ValueError:
            pass
    text = body.decode("utf-8-sig", "replace")
    return json.loads(_shallow(text), parse_int=_number)


def _number(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def _shallow(text: str) -> str:
    """The text with a JSON string in place of each list or object below the depth that is read."""
    parts: list[str] = []
    depth = start = kept = 0
    for token in _TOKEN.finditer(text):
        if token.group() in ("[", "{"):
            depth += 1
            if depth == _MOST_DEPTH + 1:
                start = token.start()
        elif token.group() in ("]", "}"):
            depth -= 1
            if depth == _MOST_DEPTH:
                parts += [text[kept:start], json.dumps(text[start : token.end()])]
                kept = token.end()
    if depth > _MOST_DEPTH:
        raise ValueError("The text ends within a list or an object.")
    return "".join([*parts, text[kept:]]) if parts else text
