"""dlt source for Spotify's new album releases and their tracks."""

from __future__ import annotations

from collections.abc import Sequence

import dlt
from dlt.common.json import json
from dlt.extract import DltResource

from . import settings
from .api.auth import SpotifyClientCredentials
from .api.paginators import NextLinkPaginator, OffsetPaginator
from .config import SpotifyConfiguration, connect
from .errors import SpotifySourceError
from .models import Discovery, Paging, RunResult
from .resources import spotify_resources
from .run import Run

__all__ = [
    "NextLinkPaginator",
    "OffsetPaginator",
    "Run",
    "RunResult",
    "SpotifyClientCredentials",
    "SpotifySourceError",
    "spotify_source",
]


@dlt.source(name="spotify")
def spotify_source(
    client_id: str = dlt.config.value,
    client_secret: dlt.TSecretStrValue = dlt.secrets.value,
    market: str = "US",
    discovery: Discovery = "auto",
    paging: Paging = "next",
    limit: int | None = None,
    artists: str | Sequence[str] | None = None,
    artist_calls: int = settings.ARTIST_CALLS,
    artist_sweeps: int = 0,
    reach: int = settings.REACH,
    only_types: str | Sequence[str] | None = None,
    requests_per_second: float = settings.REQUESTS_PER_SECOND,
    max_wait: float = settings.MAX_WAIT,
    daily_calls: int | None = None,
    api_url: str = settings.API_URL,
    token_url: str = settings.TOKEN_URL,
    full_refresh: bool = False,
    run: Run | None = None,
) -> list[DltResource]:
    """Load Spotify's new releases incrementally, within the call quota of an app.

    Arguments that are left out come from `[sources.spotify]` in .dlt/config.toml and .dlt/secrets.toml, or from
    SOURCES__SPOTIFY__... in the environment.

    Args:
        client_id: Client id of your app, from https://developer.spotify.com/dashboard.
        client_secret: Client secret of your app.
        market: Market code, or several separated by commas: 'US', 'US,GB'.
        discovery: Endpoint of the plain listing: 'browse' (browse/new-releases), 'search' (search tag:new), or 'auto',
            which probes once a week whether the app may browse. Several markets always use search.
        paging: Paging of browse: by 'next' link or by 'offset'.
        limit: Maximum number of albums to list, and of albums to fetch.
        artists: Watchlist: ids, URIs, links or names, or the path of a file with one per line. `watched_artists` holds
            the outcome.
        artist_calls: Searches per run for watched artists, the longest due first: one for each market, and one to look
            up a name. Calls that they leave pay for retries and further pages; if these are fewer than a quarter of
            the searches and 10, they are made beyond `artist_calls`, so that failures cost no other artist its turn.
        artist_sweeps: Maximum number of calls per run for discographies, which list albums that search omits. Spotify
            allows about 100 a day.
        reach: Maximum number of searches per run for listings, retries included. The plain listing takes 10 for each
            market, extra queries the others. `search_yields` holds the yield of each query.
        only_types: Album types to fetch, such as 'album,single'. Others are listed and cost no call.
        requests_per_second: Maximum pace of calls; 0 for no limit.
        max_wait: Longest Retry-After to wait for, in seconds.
        daily_calls: Maximum number of calls to each bucket in 24 hours.
        api_url: Base URL of the Web API.
        token_url: URL of the token endpoint.
        full_refresh: Fetch all albums again, even if they are loaded.
        run: Handle to stop the run and to read its result.

    Returns:
        The resources `new_releases`, `release_sightings`, `albums`, `album_tracks`, `watched_artists` and
        `search_yields`, and the steps that feed them.

    Raises:
        ConfigurationError: An argument is invalid.
    """
    # New fields keep their type. dlt would turn text into timestamps, and fail at those without a valid time zone.
    dlt.current.source_schema().remove_type_detection("iso_timestamp")
    configuration = SpotifyConfiguration(
        client_id=client_id,
        client_secret=client_secret,
        market=market,
        discovery=discovery,
        paging=paging,
        limit=limit,
        artists=_as_text(artists),
        artist_calls=artist_calls,
        artist_sweeps=artist_sweeps,
        reach=reach,
        only_types=_as_text(only_types),
        requests_per_second=requests_per_second,
        max_wait=max_wait,
        daily_calls=daily_calls,
        api_url=api_url,
        token_url=token_url,
        full_refresh=full_refresh,
    )
    return spotify_resources(connect(configuration, run or Run()))


def _as_text(value: str | Sequence[str] | None) -> str | None:
    # dlt reads a list in a file as JSON text.
    return value if value is None or isinstance(value, str) else json.dumps(list(value))
