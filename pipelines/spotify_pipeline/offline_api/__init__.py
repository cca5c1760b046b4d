"""An offline API that speaks Spotify's wire format: the demo's data, and what the tests and benchmarks talk to.

All its artists and albums are invented.
"""

from __future__ import annotations

from .albums import make_album, make_artist
from .api import OfflineApi
from .catalogue import Catalogue
from .faults import dripping, gzip_bomb
from .limits import ORDINARY_QUOTAS
from .replies import LoggedRequest, Reply
from .watchlist import artists_with_news, sample_watchlist
from .wire import Album, Artist, Track

__all__ = [
    "ORDINARY_QUOTAS",
    "Album",
    "Artist",
    "Catalogue",
    "LoggedRequest",
    "OfflineApi",
    "Reply",
    "Track",
    "artists_with_news",
    "dripping",
    "gzip_bomb",
    "make_album",
    "make_artist",
    "sample_watchlist",
]
