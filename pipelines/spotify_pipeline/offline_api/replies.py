"""Requests and replies of the offline API, and the errors observed in public.

Sources of the errors: https://developer.spotify.com/documentation/web-api/concepts/api-calls#response-error and public
reports of single messages. Load balancers in between send text or HTML.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

JSON_TYPE = "application/json; charset=utf-8"
_PLAIN_JSON = {"content-type": "application/json"}


@dataclass
class LoggedRequest:
    """Request as it was received."""

    method: str
    # The path as sent, without the query: `/v1/albums/ID`.
    path: str
    # Of a repeated name, the first value.
    query: dict[str, str]
    # Names in lower case.
    headers: dict[str, str]
    # The kind of call. A quota counts by it.
    bucket: str
    # Seconds, by the server's clock.
    at: float
    # The server's name in the request, for the links in the reply.
    host: str = ""
    # The fields of a token request.
    form: dict[str, str] = field(default_factory=dict)
    # The status of the reply, once it is complete.
    status: int | None = None


@dataclass(frozen=True)
class Reply:
    """HTTP response, or a fault of the connection."""

    status: int = 200
    # JSON values, text, or bytes that are sent unchanged.
    body: Mapping[str, object] | Sequence[object] | str | bytes | None = None
    # They replace the usual headers of the same name.
    headers: Mapping[str, str] = field(default_factory=dict)
    # Send only that many bytes of the body, under its full Content-Length, then close.
    truncate: int | None = None
    # Send nothing and reset the connection.
    reset: bool = False
    # Seconds to wait before anything is sent.
    hang: float | None = None
    # Bytes of the body to send at a time, and seconds to wait after each.
    drip: tuple[int, float] | None = None

    def encoded(self) -> bytes:
        """Return the body as bytes."""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return b"" if self.body is None else json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


def api_error(status: int, message: str, headers: Mapping[str, str] | None = None, **more: str) -> Reply:
    """Return an error of the Web API."""
    return Reply(status, {"error": {"status": status, "message": message, **more}}, headers or {})


def token_error(error: str, description: str | None = None) -> Reply:
    """Return an error of the token endpoint, whose object is a flat one."""
    body = {"error": error} if description is None else {"error": error, "error_description": description}
    return Reply(400, body, _PLAIN_JSON)


def _unauthorized(error: str, description: str, message: str, headers: Mapping[str, str]) -> Reply:
    challenge = f'Bearer realm="spotify", error="{error}", error_description="{description}"'
    return api_error(401, message, {**headers, "www-authenticate": challenge})


def _retry_after(seconds: int | None) -> dict[str, str]:
    return {} if seconds is None else {"retry-after": str(seconds)}


# Since mid-2026 one text covers the three cases. Only www-authenticate tells them apart.
_ONE_TEXT = "Missing/invalid/expired access token"

missing_token = _unauthorized("missing_token", "No token provided", _ONE_TEXT, _PLAIN_JSON)
bad_token = _unauthorized("invalid_token", "Invalid access token", _ONE_TEXT, _PLAIN_JSON)
expired_token = _unauthorized("invalid_token", "The access token expired", _ONE_TEXT, _PLAIN_JSON)
expired_token_old = _unauthorized("invalid_token", "The access token expired", "The access token expired", {})
no_bearer = api_error(400, "Only valid bearer authentication supported")

forbidden = api_error(403, "Forbidden")
premium_lapsed = api_error(
    403,
    "Active premium subscription required for the owner of the app. "
    "When the subscription status changes, it can take a few hours before requests are allowed again.",
)
not_registered = Reply(403, "User not registered in the Developer Dashboard")

invalid_limit = api_error(400, "Invalid limit")
invalid_offset = api_error(400, "Invalid offset")
invalid_market = api_error(400, "Invalid market code")
offset_too_large = api_error(400, "Limit + Offset exceeds maximum of 1000")
bad_id = api_error(400, "Invalid base62 id")
no_ids = api_error(400, "invalid id")
too_many_ids = api_error(400, "Too many ids requested")
no_search_query = api_error(400, "No search query")
no_search_type = api_error(400, "Missing parameter type")
# Spotify's texts for these two are not on record.
bad_groups = api_error(400, "Invalid include_groups")
bad_search_type = api_error(400, "Bad search type field")

not_found = api_error(404, "Resource not found")
no_service = api_error(404, "Service not found")
wrong_method = api_error(405, "Method not allowed", {"allow": "GET, HEAD, OPTIONS"})
wrong_token_method = api_error(405, "Method not allowed", {"allow": "POST, OPTIONS"})

# Browsers send OPTIONS before a call with a token. It needs no token and spends no quota.
preflight = Reply(200, "", {"allow": "GET, HEAD, POST, OPTIONS"})

server_error = api_error(500, "Internal server error")
bad_gateway = api_error(502, "Bad gateway.")
unavailable_empty = Reply(503, "")
gateway_timeout = Reply(504, "upstream request timeout", {"content-type": "text/plain"})
html_error_page = Reply(
    502,
    "<!DOCTYPE html>\n<html lang=en>\n<title>Error 502 (Server Error)!!1</title>\n"
    "<p><b>502.</b> <ins>That is an error.</ins>\n<p>The server encountered a temporary error. "
    "Please try again in 30 seconds.\n</html>\n",
    {"content-type": "text/html; charset=UTF-8"},
)

token_upstream_text = Reply(
    503, "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
)
invalid_client = token_error("invalid_client", "Invalid client")
missing_client = token_error("invalid_client")
wrong_grant_type = token_error("unsupported_grant_type", "grant_type must be client_credentials")


def quota_exceeded(retry_after: int | None = 48925) -> Reply:
    """Return the error of a spent quota; None leaves out Retry-After."""
    return api_error(429, "Too many requests", _retry_after(retry_after), reason="QUOTA_EXCEEDED")


def rate_limited(retry_after: int | None = 1) -> Reply:
    """Return the error of the rate limit."""
    return api_error(429, "API rate limit exceeded", _retry_after(retry_after))


def rate_limited_text(retry_after: int | None = 1) -> Reply:
    """Return the error of the rate limit as balancers send it: bare text."""
    headers = {**_retry_after(retry_after), "cache-control": "private, max-age=0", "server": "envoy"}
    return Reply(429, "Too many requests", headers)
