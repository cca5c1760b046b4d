"""Minimal HTTP client that returns replies as received."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from spotify_pipeline.offline_api import OfflineApi


@dataclass(frozen=True)
class Answer:
    """Reply as received."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.content)


class Caller:
    """Client of one offline API, with a token after `log_in`."""

    def __init__(self, api: OfflineApi) -> None:
        """Create a client without a token."""
        self.api = api
        self.token: str | None = None

    def log_in(self) -> Caller:
        """Get a token with the right credentials."""
        self.token = self.ask_for_token().json["access_token"]
        return self

    def ask_for_token(self, headers: Mapping[str, str] | None = None, **form: str) -> Answer:
        """Request a token, with the right credentials by default."""
        if not form:
            form = {"grant_type": "client_credentials", "client_id": "demo", "client_secret": "demo"}
        return self.send("POST", self.api.token_url, headers or {}, urlencode(form))

    def get(self, path: str, authorization: str | None = None, **query: object) -> Answer:
        """Get a path below ``/v1/``, or an absolute link."""
        url = path if path.startswith("http") else self.api.api_url + path
        if query:
            url += "?" + urlencode(query)
        authorization = authorization or (f"Bearer {self.token}" if self.token else None)
        return self.send("GET", url, {"Authorization": authorization} if authorization else {})

    def send(self, method: str, url: str, headers: Mapping[str, str], body: str | None = None) -> Answer:
        """Send one request on a new connection."""
        parts = urlsplit(url)
        connection = HTTPConnection(parts.netloc, timeout=60)
        try:
            connection.request(
                method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, dict(headers)
            )
            response = connection.getresponse()
            content = response.read()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
        finally:
            connection.close()
