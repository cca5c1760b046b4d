"""What a caller wants of the source, checked before any call is made. Knows no default and makes no call."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, cast, get_args
from urllib.parse import urlsplit

from dlt.common.json import json

from . import settings
from .api.markets import MARKETS, suggest_market
from .errors import ConfigurationError, CredentialsError, UnknownMarketError
from .models import Discovery, Paging, WatchEntry

# As listings have them: https://developer.spotify.com/documentation/web-api/reference/get-an-album, and 'ep'.
ALBUM_TYPES: Final = ("album", "single", "ep", "compilation")
# What `dlt init` writes where a value is to be filled in: dlt.common.configuration.const.
_PLACEHOLDER: Final = "<configure me>"
# Up to the last @ before a path, a query or a fragment, as urlsplit has it.
_USER: Final = re.compile(r"^([^/?#]*//)?[^/?#]*@")


@dataclass(frozen=True)
class Options:
    """What to load, and how. Raises ConfigurationError for what can't be right."""

    markets: Sequence[str]
    discovery: Discovery
    paging: Paging
    limit: int | None
    full_refresh: bool
    artists: Sequence[WatchEntry] = ()
    artist_calls: int = settings.ARTIST_CALLS
    artist_sweeps: int = 0
    reach: int = settings.REACH
    only_types: Collection[str] = ()

    def __post_init__(self) -> None:
        """Check the choices and the limit."""
        _check_choice("discovery", self.discovery, get_args(Discovery))
        _check_choice("paging", self.paging, get_args(Paging))
        check_at_least("limit", self.limit, 1)
        if self.discovery == "browse" and len(self.markets) > 1:
            raise ConfigurationError(
                "discovery is 'browse', which takes no market, but several markets are set.",
                guidance="Set one market, or discovery 'search'.",
            )


def parse_markets(value: str | Sequence[str]) -> tuple[str, ...]:
    """Market codes from 'US', 'US,GB', '["US", "GB"]' or a list, each once, in order.

    Raises:
        ConfigurationError: One of them is no market.
    """
    codes = tuple(dict.fromkeys(map(_market, _items("market", value))))
    if not codes:
        raise ConfigurationError("No market is set.", guidance="Set market to a code like 'US'.")
    return codes


def parse_types(value: str | Sequence[str] | None) -> tuple[str, ...]:
    """Album types from 'album,single', '["album", "single"]' or a list, each once, in order; empty for all.

    Raises:
        ConfigurationError: One of them is no type.
    """
    types = tuple(dict.fromkeys(one.strip().lower() for one in _items("only_types", value or "") if one.strip()))
    for one in types:
        _check_choice("only_types", one, ALBUM_TYPES)
    return types


def _items(name: str, value: str | Sequence[str]) -> list[str]:
    if not isinstance(value, str):
        return list(map(str, value))
    text = value.strip()
    if not text.startswith("["):
        return text.split(",")
    try:
        return list(map(str, cast("list[object]", json.loads(text))))
    except ValueError:
        raise ConfigurationError(
            f"{name} is not a list: {text!r}.",
            guidance='Write it as "a,b", or as a list with each item in double quotes.',
        ) from None


def _market(text: str) -> str:
    code = text.strip().upper()
    if code not in MARKETS:
        meant = suggest_market(code)
        raise UnknownMarketError(
            f"Unknown market {text.strip()!r}.",
            guidance=f"Did you mean {meant!r}?" if meant else "Use an ISO 3166-1 alpha-2 code like 'US' or 'GB'.",
        )
    return code


def check_credentials(client_id: str, client_secret: str) -> tuple[str, str]:
    """The credentials without the blanks that copying brings along.

    Raises:
        CredentialsError: One of them is empty, or was never filled in.
    """
    credentials = client_id.strip(), client_secret.strip()
    for name, text in zip(("client_id", "client_secret"), credentials, strict=True):
        if not text:
            raise CredentialsError(f"{name} is empty.")
        if text == _PLACEHOLDER:
            raise CredentialsError(
                f"{name} is still the placeholder of dlt init: {text}.",
                guidance="Replace it where it stands, in .dlt/config.toml or .dlt/secrets.toml: [sources.spotify_source] "
                "is read before [sources.spotify].",
            )
    return credentials


def check_at_least(name: str, value: float | None, least: float) -> None:
    """Refuse a number that is too small.

    Raises:
        ConfigurationError: It is.
    """
    # Not a comparison with `<`, which lets NaN pass.
    if value is not None and not value >= least:
        raise ConfigurationError(
            f"{name} must be {least} or more, got {value}.", guidance=f"Set {name} to {least} or more."
        )


def check_pace(requests_per_second: float) -> None:
    """Refuse a pace that nothing can be counted by.

    Raises:
        ConfigurationError: It is infinite.
    """
    if math.isinf(requests_per_second):
        raise ConfigurationError(
            f"requests_per_second must be a finite number, got {requests_per_second}.",
            guidance="Set requests_per_second to 0 for no limit.",
        )


def check_url(name: str, url: str) -> str:
    """A base URL that can be called, without blanks around it, and without a user's name and password.

    These would be sent to nobody: calls are authorized with the app's token. Here they can't get into any message.

    Raises:
        ConfigurationError: It is none.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            f"{name} is not an http(s) URL: {_without_what_may_be_secret(url)!r}.",
            guidance=f"Set {name} to one, or leave it out.",
        )
    return _USER.sub(r"\1", url, count=1)


def _without_what_may_be_secret(text: str) -> str:
    """What is no URL has no password in a known place: all that stands before an @ may be one."""
    before, at, after = text.rpartition("@")
    return f"***@{after}" if at and before else text


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        names = ", ".join(repr(choice) for choice in choices)
        raise ConfigurationError(
            f"{name} must be one of {names}, got {value!r}.", guidance=f"Set {name} to one of these."
        )
