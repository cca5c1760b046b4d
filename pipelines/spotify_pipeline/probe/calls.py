"""Sends the calls that are measured, each exactly once, and says what its reply means. Knows no pace and no count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import dlt
import requests
from dlt.common.configuration import with_config
from requests import PreparedRequest, Response

from spotify_source import SpotifyClientCredentials, settings
from spotify_source.api import endpoints
from spotify_source.api.endpoints import TOKEN, Endpoint
from spotify_source.api.responses import Meaning, Reply, classify
from spotify_source.errors import (
    ApiUnavailableError,
    BadRequestError,
    BucketClosedError,
    CredentialsError,
    ForbiddenError,
    NotFoundError,
    PremiumRequiredError,
    SpotifySourceError,
)
from spotify_source.limits.clock import Clock
from spotify_source.options import check_credentials, check_url, parse_markets

# What is asked of each bucket: path and parameters; {id} stands for an album.
_CALLS: Final[Mapping[str, tuple[Endpoint, str, Mapping[str, Any]]]] = {
    "search": (endpoints.SEARCH, "search", {"q": "tag:new", "type": "album", "limit": 1}),
    "browse": (endpoints.BROWSE, "browse/new-releases", {"limit": 1}),
    "album": (endpoints.ALBUM, "albums/{id}", {}),
    "albums": (endpoints.ALBUMS, "albums", {"ids": "{id}"}),
    "album_tracks": (endpoints.ALBUM_TRACKS, "albums/{id}/tracks", {"limit": 1}),
}
_REFUSALS: Final[Mapping[Meaning, tuple[type[SpotifySourceError], str]]] = {
    Meaning.TOKEN_REFUSED: (CredentialsError, "Spotify refuses a token that it has just issued, on"),
    Meaning.PREMIUM_REQUIRED: (PremiumRequiredError, "Spotify refuses the app, on"),
    Meaning.FORBIDDEN: (ForbiddenError, "This app may not call"),
    Meaning.GONE: (NotFoundError, "There is nothing at"),
    Meaning.BAD_REQUEST: (BadRequestError, "The API does not understand"),
}


@dataclass(frozen=True)
class App:
    """An app, and where the API is that knows it."""

    client_id: str
    client_secret: str
    api_url: str
    token_url: str
    market: str = "US"


@with_config(sections=("sources", "spotify"))
def configured_app(
    client_id: str = dlt.config.value,
    client_secret: dlt.TSecretStrValue = dlt.secrets.value,
    api_url: str = settings.API_URL,
    token_url: str = settings.TOKEN_URL,
    market: str = "US",
) -> App:
    """The app that load.py would use, from the same settings.

    Raises:
        ConfigurationError: A setting can't be right.
    """
    urls = check_url("api_url", api_url), check_url("token_url", token_url)
    return App(*check_credentials(client_id, client_secret), *urls, parse_markets(market)[0])


class Caller:
    """Makes calls on behalf of an app, past everything that would repeat or delay them.

    Args:
        app: The app.
        clock: What the token's lifetime goes by.
    """

    def __init__(self, app: App, clock: Clock) -> None:
        self._app = app
        self._session = _Session()
        self._auth = SpotifyClientCredentials(
            client_id=app.client_id,
            client_secret=app.client_secret,
            access_token_url=app.token_url,
            session=self._session,
            clock=clock,
        )

    def authorize(self) -> None:
        """Get a token, which counts towards no bucket.

        Raises:
            CredentialsError: Spotify refuses the credentials.
            ApiUnavailableError: There is no token to be had.
        """
        try:
            self._auth.obtain_token()
        except requests.HTTPError as error:
            raise _token_error(error.response) from None
        except (requests.RequestException, KeyError) as error:
            raise ApiUnavailableError(f"No token from {self._app.token_url} ({type(error).__name__}).") from None

    def find_album(self) -> str:
        """The id of some album, in one call to search.

        Raises:
            SpotifySourceError: The call brought none.
        """
        reply = self.call("search")
        if reply.meaning in (Meaning.RATE_LIMITED, Meaning.QUOTA_SPENT):
            raise BucketClosedError("search", reply.meaning.value)
        found = [album for album in reply.body["albums"]["items"] if album] if reply.meaning is Meaning.GOOD else []
        if not found:
            raise ApiUnavailableError(f"No album to ask for: search answered {reply.status or 'nothing'}.")
        return str(found[0]["id"])

    def call(self, bucket: str, album_id: str = "") -> Reply:
        """Make one call.

        Args:
            bucket: One of `search`, `browse`, `album`, `albums`, `album_tracks`.
            album_id: What to ask for, where the call is about an album.

        Returns:
            What the reply means, if it is one that says something about limits, trouble included.

        Raises:
            SpotifySourceError: The API refuses this call, and will go on refusing it.
        """
        endpoint, path, parameters = _CALLS[bucket]
        filled = {name: album_id if value == "{id}" else value for name, value in parameters.items()}
        market = {} if endpoint is endpoints.BROWSE else {"market": self._app.market}
        url = self._app.api_url.rstrip("/") + "/" + path.replace("{id}", album_id)
        try:
            response = self._session.get(url, params={**filled, **market}, auth=self._auth)
        except requests.HTTPError as error:
            # Only the token's reply is raised: it had ended on the way.
            raise _token_error(error.response) from None
        except requests.RequestException as error:
            return Reply(Meaning.SERVER_TROUBLE, 0, None, type(error).__name__)
        reply = classify(response.status_code, response.headers, response.content, endpoint.envelope)
        if reply.meaning in _REFUSALS:
            kind, what = _REFUSALS[reply.meaning]
            raise kind(f"{what} {bucket} ({reply.status}).")
        return reply


class _Session(requests.Session):
    """A plain session that does not wait for ever, and takes the token nowhere else."""

    def send(self, request: PreparedRequest, **kwargs: Any) -> Response:
        kwargs["timeout"] = (settings.CONNECT_TIMEOUT, settings.READ_TIMEOUT)
        kwargs["allow_redirects"] = False
        return super().send(request, **kwargs)


def needs_album(bucket: str) -> bool:
    """Whether calls to this bucket are about an album."""
    _, path, parameters = _CALLS[bucket]
    return "{id}" in path or "{id}" in parameters.values()


def _token_error(response: Response) -> SpotifySourceError:
    reply = classify(response.status_code, response.headers, response.content, TOKEN.envelope)
    if reply.meaning in (Meaning.BAD_REQUEST, Meaning.TOKEN_REFUSED, Meaning.FORBIDDEN):
        return CredentialsError(f"Spotify refuses the client id or the client secret ({reply.status}).")
    return ApiUnavailableError(f"Spotify gives no token ({reply.status}).")
