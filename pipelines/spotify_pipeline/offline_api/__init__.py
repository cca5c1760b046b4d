"""An offline API that speaks Spotify's wire format: the demo's data, and what the tests and benchmarks talk to.

All its artists and albums are invented.
"""

from __future__ import annotations

from . import errors
from .albums import make_album, make_artist, make_track
from .api import OfflineApi
from .catalogue import Catalogue
from .faults import Step, dripping, gzip_bomb, hanging
from .limits import ORDINARY_QUOTAS
from .rendering import QuotaMode
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
    "QuotaMode",
    "Reply",
    "Step",
    "Track",
    "artists_with_news",
    "dripping",
    "errors",
    "gzip_bomb",
    "hanging",
    "make_album",
    "make_artist",
    "make_track",
    "sample_watchlist",
]
