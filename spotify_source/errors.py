"""Exceptions of the source, one for each meaning, with guidance.

SpotifySourceError
├── ConfigurationError          a setting is invalid
│   ├── UnknownMarketError
│   └── CredentialsError        client id or secret missing or rejected
├── AppRefusedError             Spotify refuses the app
│   ├── PremiumRequiredError    403: the owner's Premium subscription has lapsed
│   └── ForbiddenError          403: the endpoint is not available to the app
├── ApiUnavailableError         no usable reply after all attempts
│   └── TokenRejectedError      401 with a token that was just issued
├── CallFailedError             one call failed; others may succeed
│   ├── NotFoundError           404
│   ├── BadRequestError         400 and other 4xx
│   ├── UnreadableReplyError    not what the API documents
│   └── PagingError             a `next` link that can't be followed
│       └── ForeignOriginError  a URL outside the API
├── LedgerError                 the call ledger can't be used
└── BucketClosedError           no more calls to a bucket in this run
"""

from __future__ import annotations

from enum import Enum

from . import settings


class ClosedReason(str, Enum):
    """Reason why a bucket takes no more calls, as in `load_runs.closed`."""

    QUOTA = "quota"
    BUDGET = "budget"
    RATE_LIMIT = "rate_limit"
    TROUBLE = "trouble"
    STOPPED = "stopped"
    REFUSED = "refused"


class SpotifySourceError(Exception):
    """Base class of all errors of the source.

    Args:
        summary: What happened and why, in one line.
        guidance: What to do; that of the class by default.
    """

    guidance: str = "Run it again later. If it keeps happening, report it with this message."
    help_url: str = settings.STATUS_URL

    def __init__(self, summary: str, *, guidance: str | None = None) -> None:
        super().__init__(summary)
        self.summary = summary
        if guidance is not None:
            self.guidance = guidance

    def __str__(self) -> str:
        return f"{self.summary}\n  {self.guidance}\n  {self.help_url}"


class ConfigurationError(SpotifySourceError):
    """Invalid setting."""

    help_url = "https://dlthub.com/docs/general-usage/credentials/setup"


class UnknownMarketError(ConfigurationError):
    """Market that Spotify does not have."""

    help_url = settings.MARKETS_URL


class CredentialsError(ConfigurationError):
    """Client id or client secret that is missing or rejected."""

    guidance = (
        "Copy client_id and client_secret of your app from the dashboard into .dlt/secrets.toml under "
        "[sources.spotify], or set SOURCES__SPOTIFY__CLIENT_ID and SOURCES__SPOTIFY__CLIENT_SECRET."
    )
    help_url = settings.DASHBOARD_URL


class AppRefusedError(SpotifySourceError):
    """Refusal of the app by Spotify."""


class PremiumRequiredError(AppRefusedError):
    """Refusal of a Development Mode app whose owner has no Premium subscription."""

    guidance = (
        "Renew the Premium subscription of the app's owner. "
        "It can take a few hours before Spotify lets the app in again."
    )
    help_url = settings.QUOTA_URL


class ForbiddenError(AppRefusedError):
    """Refusal of an endpoint for this app (403 that does not mention Premium)."""

    guidance = "Check the app's status in the dashboard, and which endpoints its quota mode has."
    help_url = settings.MIGRATION_URL


class ApiUnavailableError(SpotifySourceError):
    """Call without a usable reply after all attempts."""

    guidance = "Check your network and Spotify's status, then run it again. Nothing that was loaded is lost."


class TokenRejectedError(ApiUnavailableError):
    """Rejection (401) of a token that was just issued."""

    guidance = (
        "The credentials are good: the token endpoint accepts them. Run it again later. If it keeps happening, check "
        "that api_url and token_url belong together, and the app's status in the dashboard."
    )
    help_url = settings.DASHBOARD_URL


class CallFailedError(SpotifySourceError):
    """Failure of one call that retries do not help; other calls may succeed."""


class NotFoundError(CallFailedError):
    """Resource that does not exist (404)."""


class BadRequestError(CallFailedError):
    """Call that the API rejects (400 and other 4xx)."""


class PagingError(CallFailedError):
    """Paging object whose `next` link can't be followed, leads back or never ends."""

    guidance = "The pages that were read are kept. If it happens again, report it."


class ForeignOriginError(PagingError):
    """URL outside the API, to which no request is sent, so that no token leaves."""

    guidance = "Nothing was sent there. Check api_url; if it is right, report the link to Spotify."


class UnreadableReplyError(CallFailedError):
    """Reply that is too large, not JSON, or of an undocumented shape."""


class LedgerError(SpotifySourceError):
    """Unusable ledger; no call is made that would not be counted."""

    guidance = "Free disk space, or fix the permissions of the file and its folder; then run it again."
    help_url = settings.RATE_LIMIT_URL


class BucketClosedError(SpotifySourceError):
    """End of the calls to a bucket in this run.

    Args:
        bucket: The bucket.
        reason: Reason why it is closed.
        until: Unix time at which it opens again; None if only this run is affected.
    """

    guidance = "Fetched albums are kept, and missing ones stay pending: run it again later."
    help_url = settings.RATE_LIMIT_URL

    def __init__(self, bucket: str, reason: ClosedReason, until: float | None = None) -> None:
        super().__init__(f"No more calls to {bucket}: {reason.value.replace('_', ' ')}.")
        self.bucket = bucket
        self.reason = reason
        self.until = until

    def __reduce__(self) -> tuple[type[BucketClosedError], tuple[str, ClosedReason, float | None]]:
        # The message alone does not restore the error from a pickle.
        return type(self), (self.bucket, self.reason, self.until)
