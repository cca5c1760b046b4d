"""Markets of Spotify: ISO 3166-1 alpha-2 codes, and XK for Kosovo.

https://developer.spotify.com/documentation/web-api/reference/get-available-markets lists them, but returns 403 in
Development Mode.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

_CODES: Final = (
    "AD AE AG AL AM AO AR AT AU AZ BA BB BD BE BF BG BH BI BJ BN BO BR BS BT BW BY BZ CA CD CG CH CI CL "
    "CM CO CR CV CW CY CZ DE DJ DK DM DO DZ EC EE EG ES ET FI FJ FM FR GA GB GD GE GH GM GN GQ GR GT GW "
    "GY HK HN HR HT HU ID IE IL IN IQ IS IT JM JO JP KE KG KH KI KM KN KR KW KZ LA LB LC LI LK LR LS LT "
    "LU LV LY MA MC MD ME MG MH MK ML MN MO MR MT MU MV MW MX MY MZ NA NE NG NI NL NO NP NR NZ OM PA PE "
    "PG PH PK PL PR PS PT PW PY QA RO RS RW SA SB SC SE SG SI SK SL SM SN SR ST SV SZ TD TG TH TJ TL TN "
    "TO TR TT TV TW TZ UA UG US UY UZ VC VE VN VU WS XK ZA ZM ZW"
)
MARKETS: Final = tuple(_CODES.split())

_CONFUSED: Final = {"UK": "GB", "EN": "GB", "EL": "GR", "JA": "JP", "KO": "KR", "USA": "US", "GBR": "GB", "DEU": "DE"}


def suggest_market(code: str) -> str | None:
    """Return the market that an unknown code in capitals probably means, if any."""
    return _CONFUSED.get(code) or next(iter(get_close_matches(code, MARKETS, n=1, cutoff=0.5)), None)
