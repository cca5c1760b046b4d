"""One exception per meaning, each with guidance for a person. Knows nothing of HTTP."""

from __future__ import annotations

from enum import Enum

from . import settings


class ClosedReason(str, Enum):
    """Why a bucket takes no more calls. `load_runs.closed` holds these values."""

    QUOTA = "quota"
    BUDGET = "budget"
    RATE_LIMIT = "rate_limit"
    TROUBLE = "trouble"
    STOPPED = "stopped"
    REFUSED = "refused"


class SpotifySourceError(Exception):
    """Base of all errors that a person can act on.

    Attributes:
        guidance: What to do next, in a sentence.
        help_url: A page that says more.
    """

    guidance: str = "Run it again later. If it keeps happening, report it with this message."
    help_url: str = settings.STATUS_URL

    def __init__(self, message: str, *, guidance: str | None = None) -> None:
        super().__init__(message)
        if guidance is not None:
            self.guidance = guidance

    def __str__(self) -> str:
        return f"{self.args[0]}\n  {self.guidance}\n  {self.help_url}"

    @property
    def what(self) -> str:
        """What happened, in one line, without the guidance."""
        return str(self.args[0])


class ConfigurationError(SpotifySourceError):
    """Something that was configured can't be right."""

    help_url = "https://dlthub.com/docs/general-usage/credentials/setup"


class UnknownMarketError(ConfigurationError):
    """A market that Spotify does not have."""

    help_url = settings.MARKETS_URL


class CredentialsError(ConfigurationError):
    """The client id or the client secret is missing or refused."""

    guidance = (
        "Copy client_id and client_secret of your app from the dashboard into .dlt/secrets.toml under "
        "[sources.spotify], or set SOURCES__SPOTIFY__CLIENT_ID and SOURCES__SPOTIFY__CLIENT_SECRET."
    )
    help_url = settings.DASHBOARD_URL


class AppRefusedError(SpotifySourceError):
    """Spotify knows the app and refuses it."""


class PremiumRequiredError(AppRefusedError):
    """The owner of a Development Mode app has no active Premium subscription."""

    guidance = "Renew the Premium subscription of the app's owner. It can take a few hours before Spotify lets the app in again."
    help_url = settings.QUOTA_URL


class ForbiddenError(AppRefusedError):
    """This app may not call this endpoint (403 without a word of Premium)."""

    guidance = "Check the app's status in the dashboard, and which endpoints its quota mode has."
    help_url = settings.MIGRATION_URL


class ApiUnavailableError(SpotifySourceError):
    """No usable answer, however often it was asked."""

    guidance = "Check your network and Spotify's status, then run it again. Nothing that was loaded is lost."


class TokenRefusedError(ApiUnavailableError):
    """A token that was just issued is refused (401): the credentials are good, or there would be none."""

    guidance = (
        "The credentials are good: the token endpoint takes them. Run it again later; if it stays so, check that "
        "api_url and token_url belong together, and the app's status in the dashboard."
    )
    help_url = settings.DASHBOARD_URL


class CallFailedError(SpotifySourceError):
    """One call failed for good; others may well succeed."""


class NotFoundError(CallFailedError):
    """The thing is gone (404)."""


class BadRequestError(CallFailedError):
    """The API does not understand the call (400 and other 4xx)."""


class PagingError(CallFailedError):
    """A paging object that leads elsewhere, in circles, or nowhere."""

    guidance = "The pages that were read are kept. If it happens again, report it."


class ForeignOriginError(PagingError):
    """A link that leads away from the API. It is never followed, so that the token stays here."""

    guidance = "Nothing was sent there. Check api_url; if it is right, report the link to Spotify."


class UnreadableReplyError(CallFailedError):
    """A reply that is not what the API documents: no JSON, no envelope, too large."""


class LedgerError(SpotifySourceError):
    """The file in which calls are counted can't be used: no call is made that would not be counted."""

    guidance = "Free disk space, or fix the permissions of the file and its folder; then run it again."
    help_url = settings.RATE_LIMIT_URL


class BucketClosedError(SpotifySourceError):
    """No more calls to this bucket for now: quota, budget, rate limit, trouble, or a stop signal.

    Attributes:
        bucket: The calls that are closed.
        reason: Why.
        until: When it opens again (Unix time), or None where only this run is concerned.
    """

    guidance = "What was fetched is kept, what is missing stays pending: run it again later."
    help_url = settings.RATE_LIMIT_URL

    def __init__(self, bucket: str, reason: ClosedReason, until: float | None = None) -> None:
        super().__init__(f"No more calls to {bucket}: {reason.value.replace('_', ' ')}.")
        self.bucket = bucket
        self.reason = reason
        self.until = until

    def __reduce__(self) -> tuple[type[BucketClosedError], tuple[str, ClosedReason, float | None]]:
        """Pickle as it was made: the message alone is not enough to make it again."""
        return type(self), (self.bucket, self.reason, self.until)
