"""The command probe: measure the API's rate limit at a given interval."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from spotify_pipeline.cli.options import MANY_CALLS, ProbeOptions
from spotify_pipeline.cli.terminal import handle_signals, print_text
from spotify_pipeline.exits import Exit
from spotify_pipeline.run.failures import report_error
from spotify_pipeline.run.probe import Measurement, needs_album
from spotify_source import Run, settings
from spotify_source.config import connect, resolve
from spotify_source.errors import ConfigurationError
from spotify_source.limits.governor import Clock


def run(options: ProbeOptions, clock: Clock | None = None) -> Exit:
    """Make the calls, print the measurement, and return the exit code.

    Args:
        options: The command line.
        clock: Source of the time; the system clock by default.
    """
    run, measurement = Run(clock), None
    try:
        with (
            handle_signals(signal.default_int_handler, signal.SIGINT),
            _source_arguments(options, run.clock) as arguments,
        ):
            _announce(options)
            connection = connect(resolve(requests_per_second=0, **arguments), run, max_attempts=1)
            measurement = Measurement(connection, options.endpoint, options.calls, print_text)
            measurement.run(options.interval)
        code = Exit.PENDING if measurement.closed else Exit.COMPLETE
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - every error has an exit code
        code = report_error(error).exit
    if measurement is not None:
        print_text(measurement.report())
    return code


def _announce(options: ProbeOptions) -> None:
    """Print how many calls will be made; reject many of them without --yes."""
    search = " and 1 call to search" if needs_album(options.endpoint) else ""
    seconds = options.interval * (options.calls - 1)
    print_text(
        f"This makes up to {options.calls} calls to {options.endpoint}{search} in {seconds:.0f} s, without waits for "
        "Retry-After.\nAn app in Development Mode has about 600 calls a day in each bucket."
    )
    if options.calls > MANY_CALLS and not options.yes:
        error = ConfigurationError(
            f"{options.calls} calls are more than {MANY_CALLS}.", guidance="Set fewer --calls, or add --yes."
        )
        error.help_url = settings.QUOTA_URL
        raise error


@contextmanager
def _source_arguments(options: ProbeOptions, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield the arguments of the source: those of an offline API with --demo."""
    if not options.demo:
        yield {}
        return
    from spotify_pipeline.offline_api import Catalogue, OfflineApi  # noqa: PLC0415 - for the demo only

    # An app of its own, so that the ledger counts its calls apart from the user's.
    app = "offline-probe"
    catalogue = Catalogue.generate(seed=1, listed=20, day=datetime.fromtimestamp(clock.now(), timezone.utc).date())
    with OfflineApi(catalogue, client_id=app, client_secret=app, clock=clock.now) as api:
        api.rate_limit, api.rate_limit_retry_after = (4, 6.0), 4
        yield {"client_id": app, "client_secret": app, "api_url": api.api_url, "token_url": api.token_url}
