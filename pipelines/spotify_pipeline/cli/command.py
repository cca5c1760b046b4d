"""What load does once its options are known: load, check or plan, and report."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from dlt.extract import DltSource

from spotify_pipeline.after_load.follow_up import FollowUp, Wanted, check, follow_up
from spotify_pipeline.cli.console import say
from spotify_pipeline.cli.options import Options
from spotify_pipeline.cli.progress import shown
from spotify_pipeline.cli.signals import stopped_by_signals
from spotify_pipeline.destinations.base import Destination
from spotify_pipeline.destinations.duckdb_file import DuckDbFile
from spotify_pipeline.destinations.other import OtherDestination
from spotify_pipeline.dlt_internals.defaults import register_defaults
from spotify_pipeline.dlt_internals.unknown_settings import unknown_settings
from spotify_pipeline.exits import Exit
from spotify_pipeline.run import dry_run, load_runs
from spotify_pipeline.run.check import check_all, exit_of
from spotify_pipeline.run.failures import tell
from spotify_pipeline.run.loading import run_pipeline
from spotify_pipeline.run.next_steps import Place
from spotify_pipeline.run.outcome import Loaded
from spotify_pipeline.run.summary import as_json, as_text
from spotify_source import Run, spotify_source
from spotify_source.config import Connection, connect, parse_markets, parse_types, resolve
from spotify_source.limits.governor import Clock, SystemClock


def load(options: Options, clock: Clock | None = None) -> int:
    """Do what the options ask for, and report.

    Args:
        options: The command line.
        clock: Where the time comes from; the machine's by default.

    Returns:
        The exit code.
    """
    if options.log_level:
        os.environ["RUNTIME__LOG_LEVEL"] = options.log_level
    run = Run(_clock(options, clock or SystemClock()))
    try:
        register_defaults()
        _say_unknown_settings()
        with ExitStack() as stack:
            stack.enter_context(stopped_by_signals(run))
            arguments = _arguments(options, run.clock, stack)
            destination = _destination(options)
            if options.check:
                return _check(destination, arguments, run)
            if options.dry_run:
                return _dry_run(options, destination, arguments, run, stack)
            return _load(options, destination, arguments, run, stack)
    except Exception as error:  # noqa: BLE001 - every end has an exit code
        failure = tell(error)
        return failure.exit if options.report == "text" else _say_failure(failure.exit, failure.reason)
    finally:
        # A thread that still waits, for a pause to end, would keep the process from ending.
        run.stop()


def _say_unknown_settings() -> None:
    for sentence in unknown_settings():
        print(sentence, file=sys.stderr)  # noqa: T201 - the run goes on


def _destination(options: Options) -> Destination:
    if options.destination is not None:
        return OtherDestination(options.destination, options.dataset)
    file = options.db or Path("spotify_demo.duckdb" if options.demo else "spotify.duckdb")
    return DuckDbFile(file, options.dataset, options.storage_version)


def _clock(options: Options, clock: Clock) -> Clock:
    """The clock that a run goes by: the demo's day is the day for all that it writes down."""
    if options.demo_date is None:
        return clock
    from spotify_pipeline.offline_api.demo_clock import DemoClock  # noqa: PLC0415 - only the demo needs it

    return DemoClock(clock, options.demo_date)


def _arguments(options: Options, clock: Clock, stack: ExitStack) -> dict[str, Any]:
    """The arguments of the source that the options name; what they leave out comes from dlt's configuration."""
    named: dict[str, Any] = {
        "market": ",".join(parse_markets(",".join(options.market))) if options.market else None,
        "discovery": options.discovery,
        "limit": options.limit,
        "artists": str(options.artists) if options.artists else None,
        "reach": options.reach,
        "only_types": ",".join(parse_types(options.only_types)) or None,
        "full_refresh": options.full_refresh or None,
    }
    if options.demo:
        named.update(_demo(options, clock, stack))
    return {name: value for name, value in named.items() if value is not None}


def _demo(options: Options, clock: Clock, stack: ExitStack) -> dict[str, Any]:
    """Start the offline API, and return the arguments that lead to it."""
    from spotify_pipeline.offline_api import Catalogue, OfflineApi  # noqa: PLC0415 - only the demo needs it

    day = datetime.fromtimestamp(clock.now(), timezone.utc).date()
    # An app of its own, whose calls are counted apart from those of any other.
    app = "offline-demo"
    catalogue = Catalogue.generate(seed=1, listed=100, day=day)
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


def _source(options: Options, arguments: dict[str, Any], run: Run) -> DltSource:
    source = spotify_source(run=run, **arguments)
    if options.resources:
        source = source.with_resources(*options.resources)
    source.resources.add(load_runs.load_runs_table())
    return source


def _load(options: Options, destination: Destination, arguments: dict[str, Any], run: Run, stack: ExitStack) -> Exit:
    source = _source(options, arguments, run)
    destination.adapt(source)
    wanted = Wanted(options.export, options.export_format, options.retain_days, options.transform, options.iceberg)
    stack.enter_context(destination.locked())
    destination.check()
    check(wanted, destination)
    started = run.clock.monotonic()

    def follow(loaded: Loaded) -> Iterator[FollowUp]:
        now = datetime.fromtimestamp(run.clock.now(), timezone.utc)
        for one in follow_up(wanted, destination, loaded.load_id, now):
            if one.error is not None:
                tell(one.error)
            yield one

    with shown(options.progress, run) as steps:
        outcome = run_pipeline(destination, steps, source, run, follow)
    if outcome.exit is Exit.CONFIGURATION and not outcome.followed:
        return outcome.exit if options.report == "text" else _say_failure(outcome.exit, outcome.reason)
    place = Place(
        destination.file,
        destination.dataset,
        destination.sql_dialect(),
        destination.pipelines_dir,
        queries=options.demo,
    )
    report = as_json if options.report == "json" else as_text
    say(report(outcome, place, run.clock.monotonic() - started))
    return outcome.exit


def _dry_run(options: Options, destination: Destination, arguments: dict[str, Any], run: Run, stack: ExitStack) -> Exit:
    connection = connect(resolve(**arguments), run)
    stack.enter_context(destination.locked())
    destination.check(create=False)
    with destination.active_pipeline() as stored_state:
        connection.state.attach(stored_state)
        plan, further = dry_run.plan_of(connection, options.resources)
    say(dry_run.describe(plan, further, connection))
    failure = run.result().failure
    return tell(failure).exit if failure else Exit.COMPLETE


def _check(destination: Destination, arguments: dict[str, Any], run: Run) -> Exit:
    settings = Path(os.environ.get("DLT_PROJECT_DIR", ".")).resolve() / ".dlt"
    say(f"Settings: {settings if settings.is_dir() else 'none found, the environment alone'}")

    def connected() -> Connection:
        return connect(resolve(**arguments), run, max_attempts=1)

    findings = []
    for finding in check_all(destination, connected):
        say(str(finding))
        findings.append(finding)
    return exit_of(findings)


def _say_failure(code: Exit, reason: str | None) -> Exit:
    say(json.dumps({"exit_code": code, "reason": reason}))
    return code
