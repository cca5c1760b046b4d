"""Settings of the source: declared, validated, and made into a connection."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast, get_args
from urllib.parse import urlsplit

from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.json import json
from dlt.common.typing import TSecretStrValue

from . import settings
from .api.client import SpotifyClient
from .api.markets import MARKETS, suggest_market
from .errors import ConfigurationError, CredentialsError, UnknownMarketError
from .limits.governor import Governor, Policy
from .limits.ledger import Ledger
from .models import Discovery, Paging, WatchEntry, is_id
from .run import Run
from .schema import SEARCH_YIELDS, WATCHED_ARTISTS

# https://developer.spotify.com/documentation/web-api/reference/get-an-album, and 'ep', which listings also have.
ALBUM_TYPES: Final = ("album", "single", "ep", "compilation")
# Written by `dlt init` for a value to be filled in: dlt.common.configuration.const.
_PLACEHOLDER: Final = "<configure me>"
# User and password: up to the last @ before a path, a query or a fragment, as in urlsplit.
_USER: Final = re.compile(r"^([^/?#]*//)?[^/?#]*@")

# A shared link has a language or a page in its path, or a parameter behind it.
_BEHIND: Final = r"(?:[/?#].*)?"
_SPOTIFY_URI: Final = re.compile(rf"spotify:(?P<kind>[a-z]+):(?P<id>[0-9A-Za-z]{{22}}){_BEHIND}", re.IGNORECASE)
_SPOTIFY_URL: Final = re.compile(
    r"(?:https?://)?(?:open|play)\.spotify\.com/(?:intl-[a-z-]+/)?(?:embed/)?"
    rf"(?P<kind>[a-z]+)/(?P<id>[0-9A-Za-z]{{22}}){_BEHIND}",
    re.IGNORECASE,
)
_ANY_URL: Final = re.compile(r"(?:https?://)?(?:open|play)\.spotify\.com/|spotify:|https?://", re.IGNORECASE)
# A name may contain "#": within a line, a comment starts with one between white space.
_COMMENT: Final = re.compile(r"^#.*|\s#(\s.*)?$")
_LINE_END: Final = re.compile("\r\n|\r|\n")
# A line of a table.
_ID_AND_MORE: Final = re.compile(r"[0-9A-Za-z]{22}\s*[,;|]")
# A search query has about 250 characters at most.
_MAX_NAME_LENGTH: Final = 250
# Byte order marks; Windows calls this encoding "Unicode".
_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@configspec
class SpotifyConfiguration(BaseConfiguration):
    """Settings in `[sources.spotify]`, documented at `spotify_source`."""

    client_id: str = None  # type: ignore[assignment]  # dlt's mark of a required value
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


def resolve(**explicit: Any) -> SpotifyConfiguration:
    """Resolve the settings as dlt does: explicit values, the environment, `.dlt/`.

    Raises:
        ConfigFieldMissingException: client_id or client_secret is not set.
    """
    return resolve_configuration(SpotifyConfiguration(), sections=("sources", "spotify"), explicit_value=explicit)


@dataclass(frozen=True)
class SourceOptions:
    """Valid settings that say what to load."""

    markets: Sequence[str]
    discovery: Discovery
    paging: Paging
    limit: int | None
    full_refresh: bool
    artists: Sequence[WatchEntry]
    artist_calls: int
    artist_sweeps: int
    reach: int
    # Empty for all types.
    only_types: Collection[str]

    @property
    def plain_searches(self) -> int:
        """Return the number of searches that a complete plain listing takes."""
        return settings.SEARCH_LISTING_CALLS * len(self.markets)

    def wants_watchlist(self, tables: Collection[str]) -> bool:
        """Return whether to check watched artists: only if the outcome is loaded."""
        return bool(self.artists) and WATCHED_ARTISTS.name in tables

    def wants_extra_queries(self, tables: Collection[str]) -> bool:
        """Return whether to read extra queries: only if their yields are loaded."""
        return self.reach > self.plain_searches and SEARCH_YIELDS.name in tables


@dataclass(frozen=True)
class Connection:
    """Client of an app with the options of a run."""

    client: SpotifyClient
    governor: Governor
    options: SourceOptions
    run: Run


def connect(configuration: SpotifyConfiguration, run: Run, *, max_attempts: int = settings.MAX_ATTEMPTS) -> Connection:
    """Validate the settings and create the connection of a run, without a call.

    Args:
        configuration: The settings.
        run: The run.
        max_attempts: Number of attempts to make for a failing call.

    Raises:
        ConfigurationError: A setting is invalid.
    """
    for name in ("requests_per_second", "max_wait", "daily_calls", "artist_calls", "artist_sweeps", "reach"):
        check_at_least(name, getattr(configuration, name), 0)
    if math.isinf(configuration.requests_per_second):
        raise ConfigurationError(
            f"requests_per_second must be a finite number, got {configuration.requests_per_second}.",
            guidance="Set requests_per_second to 0 for no limit.",
        )
    options = _options(configuration)
    policy = Policy(configuration.requests_per_second, configuration.max_wait, configuration.daily_calls)
    client_id, client_secret = check_credentials(configuration.client_id, configuration.client_secret)
    governor = run.governor = Governor(policy, Ledger.of_app(client_id), run.clock, run.stopping)
    run.listing.markets = options.markets
    client = SpotifyClient(
        client_id,
        client_secret,
        governor,
        max_attempts=max_attempts,
        api_url=check_url("api_url", configuration.api_url),
        token_url=check_url("token_url", configuration.token_url),
    )
    return Connection(client, governor, options, run)


def _options(configuration: SpotifyConfiguration) -> SourceOptions:
    _check_choice("discovery", configuration.discovery, get_args(Discovery))
    _check_choice("paging", configuration.paging, get_args(Paging))
    check_at_least("limit", configuration.limit, 1)
    markets = parse_markets(configuration.market)
    if configuration.discovery == "browse" and len(markets) > 1:
        raise ConfigurationError(
            "discovery is 'browse', which takes no market, but several markets are set.",
            guidance="Set one market, or discovery 'search'.",
        )
    return SourceOptions(
        markets,
        configuration.discovery,
        configuration.paging,
        configuration.limit,
        configuration.full_refresh,
        parse_artists(configuration.artists),
        configuration.artist_calls,
        configuration.artist_sweeps,
        configuration.reach,
        parse_types(configuration.only_types),
    )


# -- values


def check_at_least(name: str, value: float | None, least: float) -> None:
    """Reject a number that is too small, or not a number.

    Raises:
        ConfigurationError: The number is less than `least`.
    """
    # `value < least` would accept NaN.
    if value is not None and not value >= least:
        raise ConfigurationError(
            f"{name} must be {least} or more, got {value}.", guidance=f"Set {name} to {least} or more."
        )


def check_credentials(client_id: str, client_secret: str) -> tuple[str, str]:
    """Return the credentials without white space around them.

    Raises:
        CredentialsError: One of them is empty or a placeholder.
    """
    credentials = client_id.strip(), client_secret.strip()
    for name, text in zip(("client_id", "client_secret"), credentials, strict=True):
        if not text:
            raise CredentialsError(f"{name} is empty.")
        if text == _PLACEHOLDER:
            raise CredentialsError(
                f"{name} is still the placeholder of dlt init: {text}.",
                guidance="Replace it in .dlt/config.toml or .dlt/secrets.toml, where [sources.spotify_source] "
                "takes precedence over [sources.spotify].",
            )
    return credentials


def check_url(name: str, url: str) -> str:
    """Return a base URL without user and password.

    Calls are authorized with a token: the password could only appear in messages.

    Raises:
        ConfigurationError: The text is not an http(s) URL.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        # In an invalid URL, a password may be anywhere before the @.
        before, at, after = url.rpartition("@")
        shown = f"***@{after}" if at and before else url
        raise ConfigurationError(
            f"{name} is not an http(s) URL: {shown!r}.", guidance=f"Set {name} to one, or leave it out."
        )
    return _USER.sub(r"\1", url, count=1)


def parse_markets(value: str | Sequence[str]) -> tuple[str, ...]:
    """Parse market codes from 'US', 'US,GB', '["US", "GB"]' or a list.

    Raises:
        ConfigurationError: One of them is not a market, or there is none.
    """
    codes: dict[str, None] = {}
    for item in _items("market", value):
        code = str(item).strip().upper()
        if code not in MARKETS:
            suggested = suggest_market(code)
            raise UnknownMarketError(
                f"Unknown market {str(item).strip()!r}.",
                guidance=f"Did you mean {suggested!r}?" if suggested else "Use an ISO 3166-1 code like 'US' or 'GB'.",
            )
        codes[code] = None
    if not codes:
        raise ConfigurationError("No market is set.", guidance="Set market to a code like 'US'.")
    return tuple(codes)


def parse_types(value: str | Sequence[str] | None) -> tuple[str, ...]:
    """Parse album types from 'album,single', '["album", "single"]' or a list.

    Raises:
        ConfigurationError: One of them is not an album type.
    """
    types = dict.fromkeys(str(item).strip().lower() for item in _items("only_types", value or ""))
    types.pop("", None)
    for item in types:
        _check_choice("only_types", item, ALBUM_TYPES)
    return tuple(types)


def _items(name: str, value: str | Sequence[str]) -> Sequence[object]:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text.startswith("["):
        return text.split(",")
    try:
        return cast("list[object]", json.loads(text))
    except ValueError:
        raise ConfigurationError(
            f"{name} is not a list: {text!r}.", guidance='Write a list as ["...", "..."], with double quotes.'
        ) from None


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        names = ", ".join(map(repr, choices))
        raise ConfigurationError(
            f"{name} must be one of {names}, got {value!r}.", guidance=f"Set {name} to one of these."
        )


# -- watchlist


def parse_artists(value: str | Sequence[str] | None) -> tuple[WatchEntry, ...]:
    """Parse the watchlist from a list, a list as JSON, or the path of a file.

    A file has an artist on each line. An entry is an id, a URI, a link or a name, and may be followed by a comment:
    `NAME # comment`.

    Raises:
        ConfigurationError: The file can't be read, or an entry can't be an artist.
    """
    if value is None or not value or (isinstance(value, str) and not value.strip()):
        return ()
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return _read_artists(Path(value).expanduser())
    return _parse_entries(_items("artists", value), "artists")


def _read_artists(path: Path) -> tuple[WatchEntry, ...]:
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise ConfigurationError(
            f"The list of artists, {path}, can't be read: {reason}.",
            guidance='Correct the path in artists, or list the artists there: ["...", "..."].',
        ) from None
    encoding = "utf-16" if content.startswith(_UTF_16_MARKS) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(_LINE_END.split(content[: error.start].decode("latin-1")))
        raise ConfigurationError(
            f"{path}, line {line}: not {encoding.removesuffix('-sig').upper()}.",
            guidance="Save the list of artists as UTF-8.",
        ) from None
    entries = _parse_entries(_LINE_END.split(text), str(path))
    if not entries:
        raise ConfigurationError(
            f"The list of artists, {path}, names no artist.",
            guidance="Write ids, links or names into it, one on each line; or leave artists out.",
        )
    return entries


def _parse_entries(lines: Iterable[object], where: str) -> tuple[WatchEntry, ...]:
    """Parse the entries of a watchlist, each once and in order."""
    entries: dict[WatchEntry, None] = {}
    for number, line in enumerate(lines, start=1):
        if not isinstance(line, str):
            raise ConfigurationError(
                f"{where}, line {number}: {line!r} is not a text.",
                guidance='Write all artists as texts: ["...", "..."].',
            )
        text = _COMMENT.sub("", line.strip()).strip()
        if text:
            entries[_parse_entry(text, f"{where}, line {number}")] = None
    return tuple(entries)


def _parse_entry(text: str, where: str) -> WatchEntry:
    match = _SPOTIFY_URI.fullmatch(text) or _SPOTIFY_URL.fullmatch(text)
    if match is not None and match["kind"].lower() != "artist":
        raise ConfigurationError(
            f"{where}: {text!r} is not an artist, but of the kind {match['kind'].lower()!r}.",
            guidance="Copy the link of the artist's page.",
        )
    if match is not None:
        return WatchEntry(artist_id=match["id"])
    if is_id(text):
        return WatchEntry(artist_id=text)
    # Spotify sends names in composed form: the same name in another form would not be found.
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    shown = f"{name[:60]}..." if len(name) > _MAX_NAME_LENGTH else name
    if _ANY_URL.match(text):
        error = f"{shown!r} is not the address of an artist", "Write https://open.spotify.com/artist/... or the name."
    elif _ID_AND_MORE.match(name):
        error = f"{shown!r} has more than an id", "Write the id alone, or the id and a comment: ID # comment."
    elif len(name) > _MAX_NAME_LENGTH:
        error = f"{shown!r} is longer than any name", "Write one artist on each line, or the artist's id."
    elif any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name) or not name.strip('"\\ '):
        error = f"{shown!r} is not a name that can be searched for", "Write the artist's id instead."
    else:
        return WatchEntry(name=name)
    raise ConfigurationError(f"{where}: {error[0]}.", guidance=error[1])
