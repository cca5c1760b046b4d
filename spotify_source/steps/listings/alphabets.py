"""The letters in which a market's titles and names are written, the Latin ones first. Data only."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

# Those that begin the most words come first.
LATIN: Final = "smabcdtlphrefgnwkjoivyuzqx0123456789"

_CYRILLIC: Final = "абвгдежзиклмнопрстуфхцчшэюя"
_GREEK: Final = "αβγδεζηθικλμνξοπρστυφχψω"
_HEBREW: Final = "אבגדהוזחטיכלמנסעפצקרשת"
_ARABIC: Final = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
_DEVANAGARI: Final = "अआइईउएकखगघचछजझटठडतथदधनपफबभमयरलवशसह"
_THAI: Final = "กขคงจชซดตถทธนบปผฝพฟภมยรลวสหอ"
_KANA: Final = "あいうえおかきくけこさしすせそたちつてとなにはひふへほまみむめもやゆよらりるれろわアイウエオカキクケコサシスセソタチツテトナニハヒフヘホマミムメモラリルレロ"
_HANGUL: Final = "가나다라마바사아자차카타파하"
_HAN: Final = "一不中人你你夜大天小心愛我日月水海生花雨"

_SCRIPTS: Final = {
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


def letters_of(market: str, seen: Collection[str] = ()) -> tuple[str, ...]:
    """The letters to begin with in a market, each once.

    Args:
        market: The market.
        seen: Letters that words of its albums begin with: their scripts are written there too.
    """
    scripts = (
        script for script, markets in _SCRIPTS.items() if market in markets.split() or not set(script).isdisjoint(seen)
    )
    return tuple(dict.fromkeys("".join((LATIN, *scripts))))
