"""The markets Spotify names in ``available_markets``; not which album is where."""

from __future__ import annotations

# In the order of their opening rather than of the alphabet, as the real lists are often unsorted too.
_CODES = (
    "US CA GB SE NO FI DK ES FR DE NL BE AT CH IE PT IT PL LU LI MC AD IS EE LV LT AU NZ SG HK MY TW MX "
    "AR BO BR CL CO CR DO EC SV GT HN NI PA PY PE UY BG CY CZ GR HU MT RO SK TR PH ID JP TH VN IL ZA "
    "SA AE BH QA OM KW EG MA DZ TN LB JO PS IN KZ MD UA AL BA HR ME MK RS SI KR BD PK LK GH KE NG TZ UG "
    "AG AM BS BB BZ BT BW BF CV CW DM FJ GM GE GD GW GY HT JM KI LS LR MW MV ML MH FM NA NR NE PW PG WS "
    "SM ST SN SC SL SB KN LC VC SR TL TO TT TV VU AZ BN BI KH CM TD KM GQ SZ GA GN KG LA MO MR MN NP RW "
    "TG UZ ZW BJ MG MU MZ AO CI DJ ZM CD CG IQ LY TJ VE ET XK"
)
MARKETS = tuple(_CODES.split())

# Parts of the world for which an album may come out alone.
REGIONS = (
    ("JP",),
    ("DE", "AT", "CH"),
    ("GB", "IE"),
    ("BR", "PT", "AO", "MZ"),
    ("KR", "JP", "TW", "HK"),
    ("SE", "NO", "DK", "FI", "IS"),
    ("FR", "BE", "LU", "MC"),
    ("MX", "AR", "CL", "CO", "PE", "ES"),
)
