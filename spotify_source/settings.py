"""Constants and addresses, with their sources."""

from typing import Final

API_URL: Final = "https://api.spotify.com/v1/"
TOKEN_URL: Final = "https://accounts.spotify.com/api/token"  # noqa: S105 - an address

# -- pages

# https://developer.spotify.com/documentation/web-api/reference/get-new-releases
BROWSE_PAGE_SIZE: Final = 50
# Development Mode returns 400 above 10:
# https://developer.spotify.com/documentation/web-api/references/changes/february-2026
SEARCH_PAGE_SIZE: Final = 10
# Albums released in the last two weeks: https://developer.spotify.com/documentation/web-api/reference/search
NEW_QUERY: Final = "tag:new"
# Spotify lists a hundred albums for tag:new.
SEARCH_LISTING_CALLS: Final = 10
# The API returns 400 "Limit + Offset exceeds maximum of 1000" beyond it.
SEARCH_MAX_OFFSET: Final = 1000
# https://developer.spotify.com/documentation/web-api/reference/get-multiple-albums
ALBUM_BATCH_SIZE: Final = 20
# https://developer.spotify.com/documentation/web-api/reference/get-an-albums-tracks
TRACKS_PAGE_SIZE: Final = 50
# The largest page of the Web API; a larger `limit` in a reply is ignored.
MAX_PAGE_SIZE: Final = 100
# A list with more pages is taken for endless.
MAX_PAGES: Final = 1000
# Searches have empty pages before their end, but not this many in a row.
MAX_EMPTY_PAGES: Final = 20
# An album of MAX_PAGES pages. Calls are not planned for a larger number of tracks.
MAX_TRACKS: Final = 50_000

# -- discovery

# An app has some 700 searches a day: four runs with this number and the plain listing leave a third.
ARTIST_CALLS: Final = 100
# One plain listing, without extra queries.
REACH: Final = SEARCH_LISTING_CALLS
# How long the permissions of an app are remembered.
PROBE_SECONDS: Final = 7 * 86400.0

# -- replies

# The largest valid reply, 20 full albums with all markets, has about 4 MB. Parsed JSON takes up to twenty times as much.
MAX_BODY_BYTES: Final = 10 * 1024 * 1024
# From the request to the last byte: a stall of 45 s, then 100 KB a second.
MAX_CALL_SECONDS: Final = 90.0
# Time left to replies in flight after a stop signal: their calls are counted already.
STOP_SECONDS: Final = 2.0
CONNECT_TIMEOUT: Final = 10.0
# Stalls of 30 to 45 s occur: https://github.com/spotify/web-api/issues/221
READ_TIMEOUT: Final = 60.0

# -- failures

# Attempts for a failing call.
MAX_ATTEMPTS: Final = 5
# Calls that may fail in a row before a run stops making them.
MAX_FAILED_CALLS: Final = 10
# Albums that may be refused before the app counts as refused, in a run without a successful call. After a successful
# one, MAX_FAILED_CALLS in a row.
MAX_REFUSED_CALLS: Final = 3
# Refusals of batches, without a success between them, before a run makes no more, and such runs before that is
# remembered. A single refusal may be temporary.
SURE_AFTER_REFUSALS: Final = 2
# Runs in which an album may fail before it is given up.
MAX_FAILED_RUNS: Final = 5
# Fetches of an album that has other than the listed number of tracks.
MAX_TRIES: Final = 3
BACKOFF_SECONDS: Final = 0.5
MAX_BACKOFF_SECONDS: Final = 30.0

# -- limits

REQUESTS_PER_SECOND: Final = 5.0
# Full rate after a rate limit if no rate is set.
UNLIMITED_PACE_AFTER_LIMIT: Final = 10.0
# Calls are counted in a rolling window: https://developer.spotify.com/documentation/web-api/concepts/rate-limits
WINDOW_SECONDS: Final = 30.0
MAX_WAIT: Final = 60.0
MAX_RATE_LIMITS_IN_A_ROW: Final = 5
MAX_PAUSED_SECONDS: Final = 600.0
# Quota replies without Retry-After occur. An hour is a guess that costs at most 24 calls a day.
QUOTA_BLOCK_SECONDS: Final = 3600.0
# Spotify asks for a day at most. More than a month would overflow dates.
MAX_BLOCK_SECONDS: Final = 30 * 86400.0
# Window of `daily_calls`.
LEDGER_SECONDS: Final = 24 * 3600.0

# -- tokens

# https://developer.spotify.com/documentation/web-api/tutorials/client-credentials-flow
DEFAULT_TOKEN_SECONDS: Final = 3600
MAX_TOKEN_SECONDS: Final = 30 * 86400
# A token is renewed this long before it expires.
TOKEN_MARGIN_SECONDS: Final = 60

# -- rows

# Up to this number of rows, one INSERT is cheaper than a file; for 2,000, DuckDB needs 50 MB.
FEW_ROWS: Final = 500

# -- pages for guidance

DASHBOARD_URL: Final = "https://developer.spotify.com/dashboard"
QUOTA_URL: Final = "https://developer.spotify.com/documentation/web-api/concepts/quota-modes"
RATE_LIMIT_URL: Final = "https://developer.spotify.com/documentation/web-api/concepts/rate-limits"
MARKETS_URL: Final = "https://developer.spotify.com/documentation/web-api/reference/get-available-markets"
MIGRATION_URL: Final = "https://developer.spotify.com/documentation/web-api/tutorials/february-2026-migration-guide"
STATUS_URL: Final = "https://developer.spotify.com/documentation/web-api/concepts/api-calls"
