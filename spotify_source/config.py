"""Configuration of the source: validated settings, watchlist entries, and the connection built from them."""

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
from .limits.state import SourceState
from .models import Discovery, Paging, WatchEntry, is_id
from .run import Run

# As listings have them: https://developer.spotify.com/documentation/web-api/reference/get-an-album, and 'ep'.
ALBUM_TYPES: Final = ("album", "single", "ep", "compilation")
# What `dlt init` writes where a value is to be filled in: dlt.common.configuration.const.
_PLACEHOLDER: Final = "<configure me>"
# Up to the last @ before a path, a query or a fragment, as urlsplit has it.
_USER: Final = re.compile(r"^([^/?#]*//)?[^/?#]*@")


@dataclass(frozen=True)
class SourceOptions:
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


# As the app shares them: with a language in the path, with a part of the page or `?si=` behind.
_BEHIND: Final = r"(?:[/?#].*)?"
_URI: Final = re.compile(rf"spotify:(?P<kind>[a-z]+):(?P<id>[0-9A-Za-z]{{22}}){_BEHIND}", re.IGNORECASE)
_URL: Final = re.compile(
    rf"(?:https?://)?(?:open|play)\.spotify\.com/(?:intl-[a-z-]+/)?(?:embed/)?(?P<kind>[a-z]+)/(?P<id>[0-9A-Za-z]{{22}}){_BEHIND}",
    re.IGNORECASE,
)
_AS_A_LIST: Final = '["...", "..."].'
_SPOTIFY: Final = re.compile(r"(?:https?://)?(?:open|play)\.spotify\.com/|spotify:|https?://", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\s#(\s.*)?$")
_LINE_END: Final = re.compile("\r\n|\r|\n")
# Such as a line of a table, which is nobody's name.
_ID_AND_MORE: Final = re.compile(r"[0-9A-Za-z]{22}\s*[,;|]")
# No artist's name is longer: a search takes about 250 characters.
_LONGEST_NAME: Final = 250
# What Windows writes as "Unicode" begins so.
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


def parse_artists(value: str | Sequence[str] | None) -> tuple[WatchEntry, ...]:
    """The watchlist from the setting `artists`: a list, such a list as JSON, or the path of a file.

    Raises:
        ConfigurationError: The file can't be read, or one of the entries can't be an artist.
    """
    if value is None or not value or (isinstance(value, str) and not value.strip()):
        return ()
    if not isinstance(value, str):
        return parse_lines(_texts(value), "artists")
    if value.lstrip().startswith("["):
        try:
            found = cast("list[object]", json.loads(value))
        except ValueError:
            raise ConfigurationError("artists is neither a list nor a file.", guidance=_AS_A_LIST) from None
        return parse_lines(_texts(found), "artists")
    return read_artists(Path(value).expanduser())


def read_artists(path: Path) -> tuple[WatchEntry, ...]:
    """The watchlist in a file, one artist a line, UTF-8 or UTF-16 with its mark.

    Raises:
        ConfigurationError: It can't be read, names nobody, or one of the lines can't be an artist.
    """
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ConfigurationError(
            f"The list of artists, {path}, can't be read: {why}.",
            guidance=f"Correct the path of artists. To name artists in the setting itself: {_AS_A_LIST}",
        ) from None
    found = parse_lines(_LINE_END.split(_decoded(content, path)), str(path))
    if not found:
        raise ConfigurationError(
            f"The list of artists, {path}, names no artist.",
            guidance="Write ids, links or names into it, one a line; or leave artists out.",
        )
    return found


def _decoded(content: bytes, path: Path) -> str:
    encoding = "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(_LINE_END.split(content[: error.start].decode("latin-1")))
        raise ConfigurationError(
            f"{path}, line {line}: not {encoding.removesuffix('-sig').upper()}.",
            guidance="Save the list of artists as UTF-8.",
        ) from None


def _texts(entries: Iterable[object]) -> list[str]:
    found = list(entries)
    for number, one in enumerate(found, start=1):
        if not isinstance(one, str):
            raise ConfigurationError(
                f"artists, line {number}: {one!r} is not a text.", guidance=f"Write all of them as texts: {_AS_A_LIST}"
            )
    return cast("list[str]", found)


def parse_lines(lines: Iterable[str], where: str) -> tuple[WatchEntry, ...]:
    """The entries of a watchlist, each once, in order.

    A line is empty, a comment (`# ...`), or an artist, which a comment may follow after a blank.

    Args:
        lines: The lines.
        where: What to call them in an error.

    Raises:
        ConfigurationError: One of them can't be an artist.
    """
    found: dict[WatchEntry, None] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        # A name may hold a "#": only one between blanks begins a comment.
        text = "" if text.startswith("#") else _COMMENT.sub("", text).strip()
        if text:
            found.setdefault(_entry(text, f"{where}, line {number}"))
    return tuple(found)


def _entry(text: str, where: str) -> WatchEntry:
    match = _URI.fullmatch(text) or _URL.fullmatch(text)
    if match is not None:
        if match["kind"].lower() != "artist":
            raise ConfigurationError(
                f"{where}: {text!r} is not an artist, but of the kind {match['kind'].lower()!r}.",
                guidance="Copy the link of the artist's page.",
            )
        return WatchEntry(artist_id=match["id"])
    if is_id(text):
        return WatchEntry(artist_id=text)
    if _SPOTIFY.match(text):
        raise ConfigurationError(
            f"{where}: {text!r} is not the address of an artist.",
            guidance="Write it like https://open.spotify.com/artist/... or spotify:artist:..., or write the name.",
        )
    # As Spotify sends names: composed. Otherwise the same name would be another one.
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    _check_name(name, where)
    return WatchEntry(name=name)


def _check_name(name: str, where: str) -> None:
    short = f"{name[:60]}..." if len(name) > _LONGEST_NAME else name
    if _ID_AND_MORE.match(name):
        raise ConfigurationError(
            f"{where}: {short!r} has more than an id.", guidance="Write the id alone; a comment goes behind ' # '."
        )
    if len(name) > _LONGEST_NAME:
        raise ConfigurationError(
            f"{where}: {short!r} is longer than any name.", guidance="Write one artist a line, or the artist's id."
        )
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name) or not name.strip('"\\ '):
        raise ConfigurationError(
            f"{where}: {short!r} is not a name that can be searched for.", guidance="Write the artist's id instead."
        )


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


def resolve(**explicit: Any) -> SpotifyConfiguration:
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
    options: SourceOptions
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
    options = SourceOptions(
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
    policy = Policy(configuration.requests_per_second, configuration.max_wait, configuration.daily_calls)
    client_id, client_secret = check_credentials(configuration.client_id, configuration.client_secret)
    ledger = Ledger.of_app(client_id)
    governor = run.governor = Governor(policy, ledger, run.clock, run.stopping)
    run.listing.markets = options.markets
    client = SpotifyClient(
        client_id,
        client_secret,
        governor,
        max_attempts=max_attempts,
        api_url=check_url("api_url", configuration.api_url),
        token_url=check_url("token_url", configuration.token_url),
    )
    return Connection(client, governor, ledger, run.state, policy, options, run)
