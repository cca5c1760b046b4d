"""One run of the pipeline, from what an earlier one left behind to the entry in load_runs. Prints nothing but failures."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass, field

import dlt
from dlt.common.pipeline import LoadInfo
from dlt.extract import DltSource

from spotify_pipeline.cli.exits import Exit
from spotify_pipeline.cli.failures import Failure, tell, understand
from spotify_pipeline.destinations.base import Destination
from spotify_pipeline.dlt_internals.pending_packages import load_pending_packages
from spotify_pipeline.run import load_runs as run_log
from spotify_pipeline.run.summary import new_fields, why_incomplete
from spotify_source import Run


@dataclass
class Result:
    """How a run ended.

    Attributes:
        exit: The exit code.
        reason: Why it is not complete; None where it is.
        load_id: The load package; None where nothing was loaded.
        new_fields: Columns that Spotify's answers had and no table declares.
        row: The row of load_runs; empty for a run that has none.
    """

    exit: Exit
    reason: str | None
    load_id: str | None = None
    new_fields: list[str] = field(default_factory=list)
    row: run_log.Row = field(default_factory=dict)


def run_pipeline(destination: Destination, pipeline: dlt.Pipeline, source: DltSource, run: Run) -> Result:
    """Load what is left over, then the source, and enter the run into load_runs."""
    with ExitStack() as stack:
        load_info, failure = _load(destination, pipeline, source, run, stack)
        result = Result(
            exit=failure.exit if failure else Exit.COMPLETE if run.is_complete else Exit.PENDING,
            reason=failure.reason if failure else why_incomplete(run),
            load_id=load_info.loads_ids[-1] if load_info and load_info.loads_ids else None,
            new_fields=new_fields(load_info) if load_info else [],
        )
        if result.exit is not Exit.CONFIGURATION:
            result.row = run_log.row_of(run, result.exit, result.reason, result.load_id)
            _enter(result, destination, pipeline, run)
        return result


def _load(
    destination: Destination, pipeline: dlt.Pipeline, source: DltSource, run: Run, stack: ExitStack
) -> tuple[LoadInfo | None, Failure | None]:
    """Take dlt's steps one by one: while calls are made, others may read the file. From then on `stack` holds it."""
    try:
        with destination.opened():
            destination.repair_dropped_tables(pipeline)
            load_pending_packages(pipeline)
            pipeline.sync_destination()
        pipeline.extract(source)
        pipeline.normalize()
        stack.enter_context(destination.opened())
        return pipeline.load(), tell(run.failure) if run.failure else None
    except Exception as error:  # noqa: BLE001 - every end is entered into load_runs
        return None, tell(error)


def _enter(result: Result, destination: Destination, pipeline: dlt.Pipeline, run: Run) -> None:
    """Enter the run into load_runs, and show the descriptions as comments."""
    try:
        if result.load_id is None and not pipeline.has_pending_data:
            # The extract failed: the tables may be missing, and what the run learnt is not stored yet.
            pipeline.run(run_log.empty_tables(run))
        destination.enter_load_run(pipeline, result.row)
        destination.write_comments(pipeline.default_schema)
    except Exception as error:  # noqa: BLE001 - the run itself has ended already
        print(f"The run could not be entered into load_runs: {understand(error).reason}", file=sys.stderr)  # noqa: T201
