"""What load.py does once its options are known: configure, run, report, exit code."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Any

import dlt
import duckdb
from dlt.common.pipeline import LoadInfo
from dlt.extract import DltSource

from pipelines import run_log
from pipelines.comments import write_comments
from pipelines.exits import Exit
from pipelines.failures import Failure, understand
from pipelines.leftovers import load_leftovers
from pipelines.options import Options
from pipelines.summary import Outcome, new_fields, report, why_incomplete
from pipelines.target import Target
from spotify_source import Run, spotify_source
from spotify_source.clock import Clock, SystemClock

ISSUES_URL = "the maintainers, with the lines above"


def load(options: Options, clock: Clock | None = None) -> int:
    """Load what the options ask for, and report.

    Args:
        options: The command line.
        clock: Where the time comes from; the machine's by default.

    Returns:
        The exit code.
    """
    if options.log_level:
        os.environ["RUNTIME__LOG_LEVEL"] = options.log_level
    run = Run(clock=clock or SystemClock())
    db = options.db or Path("spotify_demo.duckdb" if options.demo else "spotify.duckdb")
    try:
        with ExitStack() as stack:
            stack.enter_context(_stopped_by_signals(run))
            source = _source(options, run, stack)
            target = Target(options.destination, db, options.dataset)
            stack.enter_context(target.locked())
            target.check()
            return _load_into(target, source, run, suggest_queries=options.demo)
    except Exception as error:  # noqa: BLE001 - every end has an exit code
        failure = understand(error)
        _tell(failure, error)
        return failure.exit


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
    from pipelines.demo import Catalogue, OfflineApi  # noqa: PLC0415 - only the demo needs it

    day = options.demo_date or datetime.now(timezone.utc).date()
    api = stack.enter_context(OfflineApi(Catalogue.generate(seed=1, listed=100, day=day), regime=options.demo_regime))
    return {
        "client_id": "demo",
        "client_secret": "demo",
        "api_url": api.api_url,
        "token_url": api.token_url,
        "requests_per_second": 0,
    }


def _load_into(target: Target, source: DltSource, run: Run, *, suggest_queries: bool) -> Exit:
    """Run the pipeline, enter the run into load_runs, and report."""
    pipeline = target.pipeline()
    started = run.clock.monotonic()
    load_info: LoadInfo | None = None
    failure: Failure | None = None
    try:
        load_leftovers(pipeline)
        load_info = pipeline.run(source)
    except Exception as error:  # noqa: BLE001 - told, and entered into load_runs
        failure = understand(error)
        _tell(failure, error)
    else:
        if run.failure is not None:
            failure = understand(run.failure)
            _tell(failure, run.failure)
    if failure is not None and failure.exit is Exit.CONFIGURATION:
        return failure.exit
    code = failure.exit if failure else Exit.COMPLETE if run.is_complete else Exit.PENDING
    outcome = Outcome(
        reason=failure.reason if failure else why_incomplete(run),
        new_fields=new_fields(load_info) if load_info else [],
        db=target.db,
        dataset=target.dataset,
        queries=suggest_queries,
    )
    _enter_into_log(target, pipeline, run_log.row_of(run, code, outcome.reason, _load_id(load_info)), run)
    print(report(run, outcome, run.clock.monotonic() - started))  # noqa: T201 - the report
    return code


def _enter_into_log(target: Target, pipeline: dlt.Pipeline, row: run_log.Row, run: Run) -> None:
    try:
        if row["load_id"] is None and not pipeline.has_pending_data:
            # The extract failed: the tables may be missing, and what the run learnt is not stored yet.
            pipeline.run(run_log.empty_tables(run))
        if target.db is None:
            pipeline.run(run_log.load_runs_table().add_map(lambda _: row))
        else:
            with duckdb.connect(str(target.db)) as connection:
                run_log.insert(connection, target.dataset, row)
                write_comments(connection, target.dataset, pipeline.default_schema)
    except Exception as error:  # noqa: BLE001 - the run itself has ended already
        print(f"The run could not be entered into load_runs: {understand(error).reason}", file=sys.stderr)  # noqa: T201


def _load_id(load_info: LoadInfo | None) -> str | None:
    return load_info.loads_ids[-1] if load_info and load_info.loads_ids else None


@contextmanager
def _stopped_by_signals(run: Run) -> Iterator[None]:
    """The first SIGINT or SIGTERM asks the run to stop, the second ends the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if run.stopping.is_set():
            os._exit(Exit.INTERRUPTED)
        os.write(2, b"Stopping: what was fetched is loaded. Once more to end at once.\n")
        # A lock may be held here, by this very thread: another one sets the event.
        threading.Thread(target=run.stop).start()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(failure: Failure, error: BaseException) -> None:
    """Say what happened, why, and what to do; a defect with its traceback."""
    if failure.error is not None:
        print(failure.error, file=sys.stderr)  # noqa: T201
        return
    traceback.print_exception(error)
    print(f"This is a defect in the program. Please report it: {ISSUES_URL}", file=sys.stderr)  # noqa: T201
