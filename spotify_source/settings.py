"""Numbers and addresses, each with its source. Knows values only, no behaviour."""

from typing import Final

API_URL: Final = "https://api.spotify.com/v1/"
TOKEN_URL: Final = "https://accounts.spotify.com/api/token"  # noqa: S105 - an address

# https://developer.spotify.com/documentation/web-api/reference/get-new-releases
BROWSE_PAGE_SIZE: Final = 50
# Development Mode answers 400 above 10; see the February 2026 changes:
# https://developer.spotify.com/documentation/web-api/references/changes/february-2026
SEARCH_PAGE_SIZE: Final = 10
# What was released within the last two weeks: https://developer.spotify.com/documentation/web-api/reference/search
NEW_QUERY: Final = "tag:new"
# What Spotify lists of tag:new is a hundred albums, on ten such pages.
SEARCH_LISTING_CALLS: Final = 10
# Of some 700 searches a day: four runs of the plain listing and these leave a third for more.
ARTIST_CALLS: Final = 100
# Today's one listing, and nothing beyond it.
REACH: Final = SEARCH_LISTING_CALLS
# The API answers 400 "Limit + Offset exceeds maximum of 1000" beyond it.
SEARCH_MAX_OFFSET: Final = 1000
# https://developer.spotify.com/documentation/web-api/reference/get-multiple-albums
ALBUM_BATCH_SIZE: Final = 20
# https://developer.spotify.com/documentation/web-api/reference/get-an-albums-tracks
TRACKS_PAGE_SIZE: Final = 50

# No page of the Web API holds more; what a page says of its own size is believed up to here.
MAX_PAGE_SIZE: Final = 100
# A listing or an album that needs more pages than this is a server that never ends.
MAX_PAGES: Final = 1000
# Empty pages do come before the end of a search, but not for ever.
MAX_EMPTY_PAGES: Final = 20
# The largest honest reply, a batch of 20 full albums with all markets, is about 4 MB. Parsed, a body of the worst kind
# takes twenty times its size.
MAX_BODY_BYTES: Final = 10 * 1024 * 1024
# From the first byte that is sent to the last that is read: a stall of 45 s, and 100 KB a second after it.
MAX_CALL_SECONDS: Final = 90.0
# What a stop leaves to replies that are on their way: their calls are counted already.
STOP_SECONDS: Final = 2.0
CONNECT_TIMEOUT: Final = 10.0
# Stalls of 30 to 45 s before an answer are known: https://github.com/spotify/web-api/issues/221
READ_TIMEOUT: Final = 60.0

# How often a failing call is made in all, and how many calls may fail in a row, before the run stops asking.
MAX_ATTEMPTS: Final = 5
MAX_FAILED_CALLS: Final = 10
# Calls for different albums that are refused before it is the app that is refused, in a run in which none has succeeded;
# MAX_FAILED_CALLS in a row where one has.
MAX_REFUSED_CALLS: Final = 3
# Refusals of batches, with no success between them, before a run goes on without; and such runs, before that is
# remembered for a week: a refusal may pass.
SURE_AFTER_REFUSALS: Final = 2
# Runs in which an album fails before it is given up.
MAX_FAILED_RUNS: Final = 5
# An album with more tracks than that could not be read to its end: such a number is not believed when calls are planned.
MAX_TRACKS: Final = 50_000
BACKOFF_SECONDS: Final = 0.5
MAX_BACKOFF_SECONDS: Final = 30.0

REQUESTS_PER_SECOND: Final = 5.0
# What half pace starts from where no pace is set.
UNLIMITED_PACE_AFTER_LIMIT: Final = 10.0
# https://developer.spotify.com/documentation/web-api/concepts/rate-limits
MAX_WAIT: Final = 60.0
MAX_RATE_LIMITS_IN_A_ROW: Final = 5
MAX_PAUSED_SECONDS: Final = 600.0
# Quota replies without a Retry-After have been seen; an hour is a guess that costs at most 24 calls a day.
QUOTA_BLOCK_SECONDS: Final = 3600.0
# The longest that has been seen is a day; more than a month is nonsense that would overflow dates.
MAX_BLOCK_SECONDS: Final = 30 * 86400.0

# A token is renewed this long before it ends.
# https://developer.spotify.com/documentation/web-api/tutorials/client-credentials-flow
TOKEN_MARGIN_SECONDS: Final = 60
DEFAULT_TOKEN_SECONDS: Final = 3600
MAX_TOKEN_SECONDS: Final = 30 * 86400

# How long it is remembered what an app may call.
PROBE_SECONDS: Final = 7 * 86400.0
# How often an album is fetched again while its tracks do not add up to the number listed.
MAX_TRIES: Final = 3

LEDGER_SECONDS: Final = 24 * 3600.0
# https://developer.spotify.com/documentation/web-api/concepts/rate-limits: calls are counted in a rolling window.
WINDOW_SECONDS: Final = 30.0

# Up to so many rows DuckDB takes one INSERT in its stride; 2,000 take it 50 MB.
FEW_ROWS: Final = 500

DASHBOARD_URL: Final = "https://developer.spotify.com/dashboard"
QUOTA_URL: Final = "https://developer.spotify.com/documentation/web-api/concepts/quota-modes"
RATE_LIMIT_URL: Final = "https://developer.spotify.com/documentation/web-api/concepts/rate-limits"
MARKETS_URL: Final = "https://developer.spotify.com/documentation/web-api/reference/get-available-markets"
MIGRATION_URL: Final = "https://developer.spotify.com/documentation/web-api/tutorials/february-2026-migration-guide"
STATUS_URL: Final = "https://developer.spotify.com/documentation/web-api/concepts/api-calls"
