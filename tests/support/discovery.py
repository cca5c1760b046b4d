"""Discovery without dlt: each run starts from the listing of the previous one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from dlt.common.typing import TSecretStrValue
from spotify_pipeline.offline_api import OfflineApi

from spotify_source import Run, schema
from spotify_source.config import Connection, SpotifyConfiguration, connect
from spotify_source.discovery import discover
from spotify_source.models import Listing, LoadedRelease, LoadedState, PathCounts, Sighting, WatchedArtist
from tests.support.apis import calls_since
from tests.support.clock import FakeClock

ALL_TABLES = tuple(table.name for table in schema.RESOURCES)


def connection_to(api: OfflineApi, run: Run, **options: Any) -> Connection:
    """Return a connection to an offline API, without a pace."""
    texts = {key: json.dumps(value) if isinstance(value, list) else value for key, value in options.items()}
    return connect(
        SpotifyConfiguration(
            client_id="demo",
            client_secret=TSecretStrValue("demo"),
            **{"requests_per_second": 0, "api_url": api.api_url, "token_url": api.token_url, **texts},
        ),
        run,
    )


@dataclass(frozen=True)
class Discovered:
    """Result of one run of discovery."""

    run: Run
    listing: Listing
    # Calls that the API received, without token requests.
    calls: Counter[str]
    # As loaded after the run.
    artists: dict[str, WatchedArtist]

    def path(self, name: str) -> PathCounts:
        """Return the counts of a discovery path."""
        (path,) = [path for path in self.run.listing.paths if path.path == name]
        return path

    def sightings(self, album_id: str, via: str) -> list[Sighting]:
        """Return the sightings of an album at an endpoint."""
        return [one for one in self.listing.sightings if (one.album_id, one.via) == (album_id, via)]

    @property
    def positions(self) -> list[tuple[int, str]]:
        """Return position and album of each sighting in the plain listing."""
        return [(one.position, one.album_id) for one in self.listing.sightings if one.query is None]


class Discovery:
    """Runs of discovery against one offline API.

    Args:
        api: The offline API.
        clock: The clock.
    """

    def __init__(self, api: OfflineApi, clock: FakeClock) -> None:
        self.api = api
        self.clock = clock
        self.loaded = LoadedState()
        self._source_state: dict[str, Any] = {}

    def run(self, *, tables: Collection[str] = ALL_TABLES, **options: Any) -> Discovered:
        """Run discovery once and load its listing."""
        run, before = Run(clock=self.clock), self.api.calls
        run.state.attach(self._source_state)
        listing = discover(connection_to(self.api, run, **options), self.loaded, tables)
        self._load(listing)
        return Discovered(run, listing, calls_since(self.api, before), dict(self.loaded.artists))

    def _load(self, listing: Listing) -> None:
        artists = {**self.loaded.artists, **listing.artists}
        depths = {one.market: one.position for one in listing.sightings if one.query is None and one.via == "search"}
        self.loaded = replace(
            self.loaded,
            releases={**self.loaded.releases, **{key: LoadedRelease("US", None) for key in listing.albums}},
            artists={key: artist for key, artist in artists.items() if not artist.is_obsolete},
            yields=[*self.loaded.yields, *listing.yields],
            depths=depths or self.loaded.depths,
        )
