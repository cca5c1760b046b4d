"""From configuration to a connected client: the one way there, for the source and for the commands around it.

Knows settings and actors, not what is done with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue

from . import settings
from .api.client import SpotifyClient
from .limits.governor import Governor, Policy
from .limits.ledger import Ledger
from .limits.source_state import SourceState
from .models import Discovery, Paging
from .options import Options, check_at_least, check_credentials, check_pace, check_url, parse_markets, parse_types
from .run import Run
from .watchlist import parse_artists


@configspec
class SpotifyConfiguration(BaseConfiguration):
    """Everything that can be set in `[sources.spotify]`; `spotify_source` says what each means."""

    client_id: str = None  # type: ignore[assignment]  # dlt's mark for a value that has to be configured
    client_secret: TSecretStrValue = None  # type: ignore[assignment]  # the same
    market: str = "US"
    discovery: Discovery = "auto"
    paging: Paging = "next"
    limit: int | None = None
    artists: str | None = None
    artist_calls: int = settings.ARTIST_CALLS
    artist_sweeps: int = 0
    reach: int = settings.REACH
    only_types: str | None = None
    requests_per_second: float = settings.REQUESTS_PER_SECOND
    max_wait: float = settings.MAX_WAIT
    daily_calls: int | None = None
    api_url: str = settings.API_URL
    token_url: str = settings.TOKEN_URL
    full_refresh: bool = False


def configured(**explicit: Any) -> SpotifyConfiguration:
    """The settings as dlt finds them: these, else the environment, else `.dlt/`.

    Raises:
        ConfigFieldMissingException: client_id or client_secret is nowhere.
    """
    return resolve_configuration(SpotifyConfiguration(), sections=("sources", "spotify"), explicit_value=explicit)


@dataclass(frozen=True)
class Connection:
    """A client that may call, and what decides whether it may.

    Attributes:
        client: The door to the API.
        governor: What limits its calls.
        ledger: The calls of the app, in this run and others.
        state: What earlier runs left for this one, and this one for later ones.
        policy: How many calls the caller allows.
        options: What is wanted.
        run: The run that all of this is for.
    """

    client: SpotifyClient
    governor: Governor
    ledger: Ledger
    state: SourceState
    policy: Policy
    options: Options
    run: Run


def connect(configuration: SpotifyConfiguration, run: Run, *, max_attempts: int = settings.MAX_ATTEMPTS) -> Connection:
    """Check the settings, and make of them what a run needs. Calls nothing yet.

    Args:
        configuration: The settings.
        run: The run.
        max_attempts: How often a call is made in all while it fails.

    Raises:
        ConfigurationError: A setting can't be right.
    """
    for name in ("requests_per_second", "max_wait", "daily_calls", "artist_calls", "artist_sweeps", "reach"):
        check_at_least(name, getattr(configuration, name), 0)
    check_pace(configuration.requests_per_second)
    options = Options(
        markets=parse_markets(configuration.market),
        discovery=configuration.discovery,
        paging=configuration.paging,
        limit=configuration.limit,
        full_refresh=configuration.full_refresh,
        artists=parse_artists(configuration.artists),
        artist_calls=configuration.artist_calls,
        artist_sweeps=configuration.artist_sweeps,
        reach=configuration.reach,
        only_types=parse_types(configuration.only_types),
    )
    policy = Policy(configuration.requests_per_second, configuration.max_wait, configuration.daily_calls, max_attempts)
    client_id, client_secret = check_credentials(configuration.client_id, configuration.client_secret)
    ledger = Ledger.of_app(client_id)
    governor = run.governor = Governor(policy, ledger, run.clock, run.stopping)
    run.listing.markets = options.markets
    client = SpotifyClient(
        client_id,
        client_secret,
        governor,
        run.clock,
        max_attempts=max_attempts,
        api_url=check_url("api_url", configuration.api_url),
        token_url=check_url("token_url", configuration.token_url),
        stopping=run.stopping,
    )
    return Connection(client, governor, ledger, run.state, policy, options, run)
