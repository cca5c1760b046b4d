"""The command load: check, plan or load as its options say, and report."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from spotify_pipeline.after_load.follow_up import FollowUpOptions, check
from spotify_pipeline.cli.options import LoadOptions
from spotify_pipeline.cli.progress import show_progress
from spotify_pipeline.cli.terminal import print_text, stop_on_signals
from spotify_pipeline.destinations import named_destination
from spotify_pipeline.destinations.base import Destination
from spotify_pipeline.destinations.duckdb import DuckDbFile
from spotify_pipeline.dlt_internals.dlt_config import register_defaults, unknown_settings
from spotify_pipeline.exits import Exit
from spotify_pipeline.run.check import check_all, exit_code
from spotify_pipeline.run.failures import report_error
from spotify_pipeline.run.load import run_pipeline
from spotify_pipeline.run.outcome import load_runs_table
from spotify_pipeline.run.report import dry_run_report, json_report, text_report
from spotify_source import Run, schema, spotify_source
from spotify_source.config import connect, parse_markets, parse_types, resolve
from spotify_source.discovery import discover, path_costs
from spotify_source.limits.governor import Clock, SystemClock
from spotify_source.loaded_state import read_loaded_state
from spotify_source.resources import plan_albums


def run(options: LoadOptions, clock: Clock | None = None) -> Exit:
    """Check, plan or load as the options say, report, and return the exit code.

    Args:
        options: The command line.
        clock: Source of the time; the system clock by default.
    """
    if options.log_level:
        os.environ["RUNTIME__LOG_LEVEL"] = options.log_level
    run = Run(_clock(options, clock or SystemClock()))
    try:
        register_defaults()
        for warning in unknown_settings():
            print(warning, file=sys.stderr)  # noqa: T201 - output of the command
        with ExitStack() as stack:
            stack.enter_context(stop_on_signals(run))
            arguments = _source_arguments(options)
            if options.demo:
                arguments |= _start_demo(options, run.clock, stack)
            destination = _destination(options)
            if options.check:
                return _check(destination, arguments, run)
            if options.dry_run:
                return _dry_run(options, destination, arguments, run, stack)
            return _load(options, destination, arguments, run, stack)
    except Exception as error:  # noqa: BLE001 - every error has an exit code
        failure = report_error(error)
        return _end(options, failure.exit, failure.reason)
    finally:
        # A thread that still waits for a pause to end would keep the process from ending.
        run.stop()


def _clock(options: LoadOptions, clock: Clock) -> Clock:
    """Return the clock of the run, which is set to the day of --demo-date."""
    if options.demo_date is None:
        return clock
    from spotify_pipeline.offline_api.demo_clock import DemoClock  # noqa: PLC0415 - for the demo only

    return DemoClock(clock, options.demo_date)


def _source_arguments(options: LoadOptions) -> dict[str, Any]:
    """Return the arguments of the source that the options set.

    dlt's configuration provides the others.
    """
    arguments: dict[str, Any] = {
        "market": ",".join(parse_markets(",".join(options.market))) if options.market else None,
        "discovery": options.discovery,
        "limit": options.limit,
        "artists": str(options.artists) if options.artists else None,
        "reach": options.reach,
        "only_types": ",".join(parse_types(options.only_types)) or None,
        "full_refresh": options.full_refresh or None,
    }
    return {name: value for name, value in arguments.items() if value is not None}


def _start_demo(options: LoadOptions, clock: Clock, stack: ExitStack) -> dict[str, Any]:
    """Start the offline API, and return the arguments of the source that lead to it.

    The API runs until the stack is closed.
    """
    from spotify_pipeline.offline_api import Catalogue, OfflineApi  # noqa: PLC0415 - for the demo only

    # An app of its own, so that the ledger counts its calls apart from the user's.
    app = "offline-demo"
    catalogue = Catalogue.generate(seed=1, listed=100, day=datetime.fromtimestamp(clock.now(), timezone.utc).date())
    api = stack.enter_context(
        OfflineApi(catalogue, options.demo_regime, client_id=app, client_secret=app, clock=clock.now)
    )
    return {
        "client_id": app,
        "client_secret": app,
        "api_url": api.api_url,
        "token_url": api.token_url,
        "requests_per_second": 0,
    }


def _destination(options: LoadOptions) -> Destination:
    if options.destination is not None:
        return named_destination(options.destination, options.dataset)
    file = options.db or Path("spotify_demo.duckdb" if options.demo else "spotify.duckdb")
    return DuckDbFile(file, options.dataset, options.storage_version)


def _load(
    options: LoadOptions, destination: Destination, arguments: dict[str, Any], run: Run, stack: ExitStack
) -> Exit:
    source = spotify_source(run=run, **arguments)
    if options.resources:
        source = source.with_resources(*options.resources)
    source.resources.add(load_runs_table())
    destination.adapt(source)
    follow_ups = FollowUpOptions(
        options.export, options.export_format, options.retain_days, options.transform, options.iceberg
    )
    stack.enter_context(destination.locked())
    destination.check()
    check(follow_ups, destination)
    started = run.clock.monotonic()
    with show_progress(options.progress, run) as collector:
        outcome = run_pipeline(destination, source, run, follow_ups, collector)
    if outcome.exit is Exit.CONFIGURATION and not outcome.follow_ups:
        return _end(options, outcome.exit, outcome.reason)
    seconds = run.clock.monotonic() - started
    if options.report == "json":
        print_text(json_report(outcome, destination, seconds))
    else:
        print_text(text_report(outcome, destination, seconds, example_queries=options.demo))
    return outcome.exit


def _dry_run(
    options: LoadOptions, destination: Destination, arguments: dict[str, Any], run: Run, stack: ExitStack
) -> Exit:
    connection = connect(resolve(**arguments), run)
    stack.enter_context(destination.locked())
    destination.check(create=False)
    with destination.active_pipeline() as stored_state:
        connection.run.state.attach(stored_state)
        tables = options.resources or [table.name for table in schema.TABLES]
        loaded = read_loaded_state(connection.options, tables)
        plan = plan_albums(connection, discover(connection, loaded, tables=()), loaded, tables)
        costs = path_costs(connection, loaded, tables)
    print_text(dry_run_report(plan, costs, connection))
    failure = run.result().failure
    return report_error(failure).exit if failure else Exit.COMPLETE


def _check(destination: Destination, arguments: dict[str, Any], run: Run) -> Exit:
    settings = Path(os.environ.get("DLT_PROJECT_DIR", ".")).resolve() / ".dlt"
    print_text(f"Settings: {settings if settings.is_dir() else 'no .dlt folder found, environment only'}")
    results = []
    for result in check_all(destination, arguments, run):
        print_text(str(result))
        results.append(result)
    return exit_code(results)


def _end(options: LoadOptions, code: Exit, reason: str | None) -> Exit:
    """Write the JSON report of a run that did not start, and return its exit code.

    Its error is on standard error already.
    """
    if options.report == "json":
        print_text(json.dumps({"exit_code": code, "reason": reason}))
    return code
