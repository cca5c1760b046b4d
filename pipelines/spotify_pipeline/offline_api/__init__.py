"""Offline API in Spotify's wire format, for the demo, tests and benchmarks.

All artists and albums are invented.
"""

from __future__ import annotations

from spotify_source.models import Artist, Track

from . import replies as errors
from .catalogue import Catalogue, artists_with_news
from .faults import Step, dripping, gzip_bomb, hanging
from .limits import ORDINARY_QUOTAS
from .objects import CatalogueAlbum as Album
from .objects import make_album, make_artist, make_track
from .replies import LoggedRequest, Reply
from .routes import QuotaMode
from .server import OfflineApi

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
]
