"""An offline API that speaks Spotify's wire format: the demo's data, and what the tests and benchmarks talk to.

All its artists and albums are invented.
"""

from __future__ import annotations

from .albums import make_album
from .api import OfflineApi
from .catalogue import Catalogue
from .replies import LoggedRequest, Reply
from .wire import Album, Artist, Track

__all__ = ["Album", "Artist", "Catalogue", "LoggedRequest", "OfflineApi", "Reply", "Track", "make_album"]
