"""One run of the pipeline: load, row in `load_runs`, follow-ups."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone

import dlt
from dlt.common.pipeline import LoadInfo
from dlt.extract import DltSource

from spotify_pipeline.after_load.follow_up import FollowUpOptions, follow_up
from spotify_pipeline.destinations.base import Destination, DestinationUnavailableError
from spotify_pipeline.dlt_internals.dlt_config import StepCollector
from spotify_pipeline.dlt_internals.exceptions import is_transient
from spotify_pipeline.dlt_internals.working_directory import WorkingDirectory
from spotify_pipeline.exits import Exit
from spotify_pipeline.run.failures import Failure, classify_error, report_error, unreadable_state
from spotify_pipeline.run.outcome import LoadResult, Outcome, empty_tables
from spotify_source import Run, schema


def run_pipeline(
    destination: Destination, source: DltSource, run: Run, follow_ups: FollowUpOptions, collector: StepCollector
) -> Outcome:
    """Load pending packages and the source, record the run, and run the follow-ups.

    The row is inserted before the follow-ups, since dbt's models read it, and updated with the outcome of each.

    Args:
        destination: Destination of the load.
        source: The source.
        run: The run of that source.
        follow_ups: The requested follow-ups.
        collector: Progress collector of the pipeline.

    Returns:
        The outcome. Errors are reported on standard error as they occur.
    """
    directory = destination.working_directory(collector)
    quarantined_before = directory.quarantined()
    with ExitStack() as stack:
        pipeline, load = _load(destination, directory, source, run, stack)
        quarantined = [one for one in directory.quarantined() if one not in quarantined_before]
        load = replace(load, quarantined=quarantined)
        outcome = Outcome(run.run_id, run.started_at, _now(run), run.result(), load)
        if outcome.exit is Exit.CONFIGURATION:
            return outcome
        failure = _insert_row(outcome, destination, pipeline)
        if failure is not None and load.failure is None:
            outcome = replace(outcome, load=replace(load, failure=failure))
    for step in follow_up(follow_ups, destination, load.load_id, _now(run)):
        if step.error is not None:
            report_error(step.error)
        outcome = replace(outcome, follow_ups=(*outcome.follow_ups, step))
        if not step.is_copy:
            # Before the next step begins, which may copy the row.
            outcome = replace(outcome, finished_at=_now(run))
            _update_row(outcome, destination, pipeline)
    return outcome


def _load(
    destination: Destination, directory: WorkingDirectory, source: DltSource, run: Run, stack: ExitStack
) -> tuple[dlt.Pipeline, LoadResult]:
    """Run dlt's steps one by one.

    Other processes can read the DuckDB file during the extract. From the load on, the destination stays writable until
    the stack is closed.
    """
    pipeline = directory.open()
    try:
        with destination.writable():
            destination.repair_tables(pipeline)
            pipeline = directory.load_pending(pipeline)
            was_empty = not pipeline.schema_names
            _sync(pipeline, destination)
            if was_empty:
                destination.repair_tables(pipeline)
        pipeline.extract(source)
        pipeline.normalize()
        stack.enter_context(destination.writable())
        load_info = pipeline.load()
        directory.prune(pipeline)
    except Exception as error:  # noqa: BLE001 - every run is recorded in load_runs
        return pipeline, LoadResult(failure=report_error(error))
    failure = run.result().failure
    return pipeline, LoadResult(
        load_id=load_info.loads_ids[-1] if load_info.loads_ids else None,
        new_fields=_new_fields(load_info),
        failure=report_error(failure) if failure else None,
    )


def _sync(pipeline: dlt.Pipeline, destination: Destination) -> None:
    """Restore state and schema from the destination.

    Raises:
        ConfigurationError: They were changed by hand and can't be read.
    """
    try:
        pipeline.sync_destination()
    except Exception as error:
        if is_transient(error) or isinstance(classify_error(error).error, DestinationUnavailableError):
            raise
        raise unreadable_state(destination.dataset, error) from error


def _new_fields(load_info: LoadInfo) -> list[str]:
    """Return the undeclared columns that a load added, as 'table.column'."""
    declared = {table.name: {column.name for column in table.columns} for table in schema.all_tables()}
    added = [
        f"{table}.{column}"
        for package in load_info.load_packages
        for table, update in package.schema_update.items()
        for column in update["columns"]
        if not table.startswith("_dlt") and not column.startswith("_dlt") and column not in declared.get(table, ())
    ]
    return sorted(added)


def _insert_row(outcome: Outcome, destination: Destination, pipeline: dlt.Pipeline) -> Failure | None:
    """Insert the run into `load_runs` and write comments; return the failure, if any."""
    try:
        if outcome.load.load_id is None and not pipeline.has_pending_data:
            # The extract failed: tables may be missing, and the source state is not stored yet.
            pipeline.run(empty_tables(outcome.result))
        destination.insert_load_run(pipeline, outcome.row)
        destination.write_comments(pipeline)
    except Exception as error:  # noqa: BLE001 - the run itself has ended
        return _report_unrecorded(error)
    return None


def _update_row(outcome: Outcome, destination: Destination, pipeline: dlt.Pipeline) -> None:
    """Update the run in `load_runs` with the outcome of a follow-up."""
    try:
        destination.update_load_run(pipeline, outcome.row)
    except Exception as error:  # noqa: BLE001 - the run itself has ended
        _report_unrecorded(error)


def _report_unrecorded(error: Exception) -> Failure:
    failure = classify_error(error)
    print(f"The run could not be recorded in load_runs: {failure.reason}", file=sys.stderr)  # noqa: T201 - output of the command
    return failure


def _now(run: Run) -> datetime:
    return datetime.fromtimestamp(run.clock.now(), timezone.utc)
