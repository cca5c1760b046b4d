"""What can be wrong with a destination, beside how it is configured. Knows no destination."""

from __future__ import annotations

from typing import Final

from spotify_source.errors import SpotifySourceError

CONCURRENCY_URL: Final = "https://duckdb.org/docs/stable/connect/concurrency"


class DestinationUnavailableError(SpotifySourceError):
    """The destination can't be reached or written."""

    guidance = "Close the other program and run this again, or load into another file with --db. Nothing is lost."
    help_url = CONCURRENCY_URL


class AnotherRunError(SpotifySourceError):
    """Another run is loading into the same place."""

    guidance = "Wait until it ends, then run this again."
    help_url = CONCURRENCY_URL
