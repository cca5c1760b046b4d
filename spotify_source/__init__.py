"""Loads Spotify's new album releases and their tracks, incrementally, within the call quota of an ordinary app."""

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
    """Spotify's new releases: `new_releases`, `release_sightings`, `albums` and `album_tracks`, and how they were found.

    Arguments that are left out are taken from `[sources.spotify]` in .dlt/config.toml and .dlt/secrets.toml, or from
    SOURCES__SPOTIFY__... in the environment.

    Args:
        client_id: Of your app, from https://developer.spotify.com/dashboard.
        client_secret: Of your app.
        market: Market code, or several with commas between them: 'US', 'US,GB'.
        discovery: How new releases are found: 'browse' (browse/new-releases), 'search' (search tag:new), or 'auto',
            which finds out once a week whether the app may browse. Several markets mean search.
        paging: How browse is paged: by 'next' link or by 'offset'.
        limit: The most albums to list, and the most to fetch.
        artists: Artists whose new albums are wanted: a list of ids, URIs, links or names, or the path of a file with one a
            line. `watched_artists` tells what is known of them.
        artist_calls: The searches that a run spends on them, those first who were checked the longest ago: one for
            each market, and one more where a name has to be looked up. What the turns leave of them pays for repetitions and for
            pages behind an artist's first. Where they leave less than a quarter of the turns and 10, these come on top,
            so that as many artists have their turn whatever fails; there are never more.
        artist_sweeps: The most calls that a run spends on reading their discographies, which shows what search does not;
            Spotify allows about 100 a day.
        reach: The most searches that a run spends on listings, repetitions counted: the plain one takes 10 for each
            market, and what is beyond goes to further queries. `search_yields` tells what each brought.
        only_types: Album types to fetch, such as 'album,single'; others are listed, and cost no call.
        requests_per_second: The pace of calls; 0 is unlimited.
        max_wait: The longest Retry-After, in seconds, that is waited for.
        daily_calls: The most calls to each bucket of endpoints in 24 hours.
        api_url: Base URL of the Web API.
        token_url: Token endpoint.
        full_refresh: Fetch everything again, whatever is loaded.
        run: Tells afterwards what happened; can stop the run meanwhile.

    Raises:
        ConfigurationError: An argument can't be right.
    """
    # A new field is kept as it was sent. dlt would make times of texts, and fail at those that no time zone has.
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
    """A list as the configuration has it: dlt makes JSON of one that it finds in a file."""
    return value if value is None or isinstance(value, str) else json.dumps(list(value))
