"""What load.py does once its options are known: load, check or plan, and report."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from dlt.extract import DltSource

from spotify_pipeline.after_load import follow_up as afterwards
from spotify_pipeline.cli.exits import Exit
from spotify_pipeline.cli.failures import tell
from spotify_pipeline.cli.options import Options
from spotify_pipeline.cli.progress import shown
from spotify_pipeline.cli.signals import stopped_by_signals
from spotify_pipeline.destinations.base import Destination
from spotify_pipeline.destinations.duckdb_file import DuckDbFile
from spotify_pipeline.destinations.other import OtherDestination
from spotify_pipeline.run import dry_run
from spotify_pipeline.run import load_runs as run_log
from spotify_pipeline.run.check import check_all, exit_of
from spotify_pipeline.run.loading import run_pipeline
from spotify_pipeline.run.summary import Outcome, as_json, report
from spotify_source import Run, spotify_source
from spotify_source.limits.clock import Clock, SystemClock


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
    run = Run(clock=clock or SystemClock())
    try:
        with ExitStack() as stack:
            stack.enter_context(stopped_by_signals(run))
            if options.check:
                run.max_attempts = 1
                return _check(options, run, stack)
            source = _source(options, run, stack)
            destination = _destination(options)
            stack.enter_context(destination.locked())
            destination.check(create=not options.dry_run)
            afterwards.check(options, destination)
            return _dry_run(source, destination, run) if options.dry_run else _load(options, source, destination, run)
    except Exception as error:  # noqa: BLE001 - every end has an exit code
        failure = tell(error)
        return failure.exit if options.report == "text" else _say_failure(failure.exit, failure.reason)
    finally:
        # A thread that still waits, for a pause to end, would keep the process from ending.
        run.stop()


def _destination(options: Options) -> Destination:
    if options.destination is not None:
        return OtherDestination(options.destination, options.dataset)
    file = options.db or Path("spotify_demo.duckdb" if options.demo else "spotify.duckdb")
    return DuckDbFile(file, options.dataset)


def _source(options: Options, run: Run, stack: ExitStack) -> DltSource:
    """The source as the options want it; what they leave out comes from dlt's configuration."""
    arguments: dict[str, Any] = {
        "market": ",".join(options.market) if options.market else None,
        "discovery": options.discovery,
        "limit": options.limit,
        "full_refresh": options.full_refresh or None,
    }
    if options.demo:
        arguments.update(_demo(options, stack))
    source = spotify_source(run=run, **{name: value for name, value in arguments.items() if value is not None})
    if options.resources:
        source = source.with_resources(*options.resources)
    source.resources.add(run_log.load_runs_table())
    return source


def _demo(options: Options, stack: ExitStack) -> dict[str, Any]:
    """Start the offline API, and return the arguments that lead to it."""
    from spotify_pipeline.demo import Catalogue, OfflineApi  # noqa: PLC0415 - only the demo needs it

    day = options.demo_date or datetime.now(timezone.utc).date()
    api = stack.enter_context(OfflineApi(Catalogue.generate(seed=1, listed=100, day=day), regime=options.demo_regime))
    return {
        "client_id": "demo",
        "client_secret": "demo",
        "api_url": api.api_url,
        "token_url": api.token_url,
        "requests_per_second": 0,
    }


def _load(options: Options, source: DltSource, destination: Destination, run: Run) -> Exit:
    started = run.clock.monotonic()
    with shown(options.progress, run) as steps:
        pipeline = destination.pipeline(steps)
        result = run_pipeline(destination, pipeline, source, run)
        followed = list(afterwards.follow_up(options, destination, run, result))
    if not result.row:
        return result.exit if options.report == "text" else _say_failure(result.exit, result.reason)
    outcome = Outcome(result.reason, result.new_fields, destination.file, destination.dataset, followed, options.demo)
    seconds = run.clock.monotonic() - started
    _say((as_json if options.report == "json" else report)(result.row, run, outcome, seconds))
    return result.exit


def _dry_run(source: DltSource, destination: Destination, run: Run) -> Exit:
    with destination.active_pipeline():
        plan = dry_run.plan_of(source, run)
    _say(dry_run.describe(plan, run, with_tracks="album_tracks" in source.resources.selected))
    return tell(run.failure).exit if run.failure else Exit.COMPLETE


def _check(options: Options, run: Run, stack: ExitStack) -> Exit:
    settings = Path(os.environ.get("DLT_PROJECT_DIR", ".")).resolve() / ".dlt"
    _say(f"Settings: {settings if settings.is_dir() else 'none found, the environment alone'}")
    destination = _destination(options)
    findings = []
    for finding in check_all(destination, lambda: _source(options, run, stack), run):
        _say(str(finding))
        findings.append(finding)
    return exit_of(findings)


def _say_failure(code: Exit, reason: str | None) -> Exit:
    _say(json.dumps({"exit_code": code, "reason": reason}))
    return code


def _say(text: str) -> None:
    try:
        print(text, flush=True)  # noqa: T201 - the report
    except BrokenPipeError:
        pass  # Nobody reads on, as in `load.py | head -1`: the run itself is as good as it was.
    except OSError as error:
        print(f"The report could not be written: {error}", file=sys.stderr)  # noqa: T201
