"""Tests of the exit code, message and guidance of every exception."""

from __future__ import annotations

import duckdb
import pytest
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.destination.exceptions import DestinationTerminalException
from spotify_pipeline.destinations.base import AnotherRunError, DestinationUnavailableError
from spotify_pipeline.exits import Exit
from spotify_pipeline.run.failures import classify_error, report_error, unreadable_state

from spotify_source.errors import (
    ApiUnavailableError,
    BucketClosedError,
    ClosedReason,
    ConfigurationError,
    CredentialsError,
    ForbiddenError,
    LedgerError,
    NotFoundError,
    PremiumRequiredError,
    TokenRejectedError,
    UnknownMarketError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), 78),
        (CredentialsError("x"), 78),
        (UnknownMarketError("x"), 78),
        (PremiumRequiredError("x"), 77),
        (ForbiddenError("x"), 77),
        (ApiUnavailableError("x"), 69),
        (TokenRejectedError("x"), 69),
        (NotFoundError("x"), 69),
        (LedgerError("x"), 69),
        (DestinationUnavailableError("x"), 69),
        (AnotherRunError("x"), 75),
        (BucketClosedError("album", ClosedReason.QUOTA), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_errors_with_guidance_have_an_exit_code(error: Exception, code: int) -> None:
    failure = classify_error(error)
    assert (failure.exit, failure.error) == (code, error)


@pytest.mark.parametrize(
    ("error", "code", "summary", "guidance"),
    [
        (ConfigurationException("No such\nsetting"), 78, "No such", ".dlt/config.toml"),
        (duckdb.IOException("disk on fire"), 69, "The destination failed: disk on fire", "when the destination is"),
        (duckdb.CatalogException("no table"), 69, "The destination failed: no table", "changed by hand"),
        (duckdb.BinderException("no column"), 69, "The destination failed: no column", "drop the table"),
        (DestinationTerminalException("x"), 69, "The destination failed: x", "Run it again"),
        (OSError(28, "No space left on device"), 69, "System error: [Errno 28] No space left", "Free disk space"),
        (FileExistsError(17, "File exists"), 69, "System error: [Errno 17] File exists", "move or delete it"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_other_errors_are_translated(error: Exception, code: int, summary: str, guidance: str) -> None:
    failure = classify_error(error)
    assert failure.error is not None
    assert failure.exit == code
    assert failure.error.summary.startswith(summary)
    assert guidance in failure.error.guidance
    assert failure.error.help_url.startswith("https://")


def test_the_cause_of_a_failed_step_decides() -> None:
    error = RuntimeError("Pipeline step failed")
    error.__cause__ = PremiumRequiredError("lapsed")
    assert classify_error(error).exit is Exit.REFUSED


def test_a_bug_is_reported_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        _ = 1 // 0
    except ZeroDivisionError as error:
        failure = report_error(error)
    assert (failure.exit, failure.error, failure.reason) == (1, None, "a bug in spotify_source")
    err = capsys.readouterr().err
    assert "ZeroDivisionError" in err
    assert err.endswith("This is a bug. Please report it with the lines above.\n")


def test_other_errors_are_reported_in_three_lines(capsys: pytest.CaptureFixture[str]) -> None:
    report_error(PremiumRequiredError("Spotify refuses the app."))
    summary, guidance, link = capsys.readouterr().err.splitlines()
    assert summary == "Spotify refuses the app."
    assert guidance.startswith("  Renew the Premium subscription")
    assert link.startswith("  https://")


def test_no_password_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    for error in (
        ConfigurationException("postgresql://loader:pa55word@host/db is wrong"),
        RuntimeError("password=pa55word"),
    ):
        assert "pa55word" not in report_error(error).reason
    assert "pa55word" not in capsys.readouterr().err


def test_unreadable_state_names_the_tables_to_drop() -> None:
    error = unreadable_state("spotify_raw", ValueError("not base64"))
    assert "ValueError: not base64" in error.summary
    assert "DROP TABLE spotify_raw._dlt_pipeline_state;" in error.guidance
