"""Every error reply that was seen in public, by name, and the ones that balancers in between send."""

from __future__ import annotations

from .replies import Reply

_PLAIN_JSON = {"content-type": "application/json"}


def api_error(status: int, message: str, headers: dict[str, str] | None = None, **more: str) -> Reply:
    """An error in the Web API's own envelope."""
    return Reply(status, {"error": {"status": status, "message": message, **more}}, headers or {})


def token_error(error: str, description: str | None = None) -> Reply:
    """An error in the token endpoint's envelope, which is a flat one."""
    body = {"error": error} if description is None else {"error": error, "error_description": description}
    return Reply(400, body, _PLAIN_JSON)


def _unauthorized(error: str, description: str, message: str, headers: dict[str, str]) -> Reply:
    challenge = f'Bearer realm="spotify", error="{error}", error_description="{description}"'
    return api_error(401, message, {**headers, "www-authenticate": challenge})


def _retry_after(seconds: int | None) -> dict[str, str]:
    return {} if seconds is None else {"retry-after": str(seconds)}


# Since mid-2026 one text covers the three cases, and only www-authenticate tells them apart.
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
# What Spotify says of these is not on record.
bad_groups = api_error(400, "Invalid include_groups")
bad_search_type = api_error(400, "Bad search type field")

not_found = api_error(404, "Resource not found")
no_service = api_error(404, "Service not found")
wrong_method = api_error(405, "Method not allowed", {"allow": "GET, HEAD, OPTIONS"})
wrong_token_method = api_error(405, "Method not allowed", {"allow": "POST, OPTIONS"})

# Browsers ask this before a call with a token. It needs none, and costs nothing.
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
    """The day's calls of a bucket are spent. Some clients met it without Retry-After, which None gives."""
    return api_error(429, "Too many requests", _retry_after(retry_after), reason="QUOTA_EXCEEDED")


def rate_limited(retry_after: int | None = 1) -> Reply:
    """Too many calls in half a minute."""
    return api_error(429, "API rate limit exceeded", _retry_after(retry_after))


def rate_limited_text(retry_after: int | None = 1) -> Reply:
    """The same from the balancer: seventeen bytes of text without a type."""
    headers = {**_retry_after(retry_after), "cache-control": "private, max-age=0", "server": "envoy"}
    return Reply(429, "Too many requests", headers)
