"""One run of the pipeline, from what an earlier one left behind to the row in load_runs. Prints nothing but failures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import dlt
from dlt.common.pipeline import LoadInfo
from dlt.extract import DltSource

from spotify_pipeline.after_load.follow_up import FollowUp
from spotify_pipeline.destinations.base import Destination, DestinationUnavailableError
from spotify_pipeline.dlt_internals.config import StepCollector
from spotify_pipeline.dlt_internals.failures import will_pass
from spotify_pipeline.dlt_internals.working_directory import WorkingDirectory
from spotify_pipeline.exits import Exit
from spotify_pipeline.run import load_runs
from spotify_pipeline.run.failures import Failure, tell, understand, unreadable_state
from spotify_pipeline.run.outcome import Loaded, Outcome
from spotify_pipeline.run.wording import utc
from spotify_source import Run, schema

Follow = Callable[[Loaded], Iterator[FollowUp]]


def run_pipeline(
    destination: Destination, collector: StepCollector, source: DltSource, run: Run, follow: Follow
) -> Outcome:
    """Load what is pending, then the source; do what follows; enter the run into load_runs.

    The row is there before what follows begins, since dbt's models read it, and says in the end what came of that too.

    Args:
        destination: Where to.
        collector: Progress collector of the pipeline.
        source: What to load.
        run: The run of that source.
        follow: What is done after the load.
    """
    directory = destination.working_directory(collector)
    quarantined_before = directory.quarantined()
    with ExitStack() as stack:
        pipeline, loaded = _load(destination, directory, source, run, stack)
        quarantined = [one for one in directory.quarantined() if one not in quarantined_before]
        loaded = replace(loaded, quarantined=quarantined)
        before = _outcome(run, loaded)
        if before.exit is Exit.CONFIGURATION:
            return before
        not_entered = _enter(before, destination, pipeline)
        if not_entered is not None and loaded.failure is None:
            loaded = replace(loaded, failure=not_entered)
            before = _outcome(run, loaded)
    outcome = before
    for one in follow(loaded):
        outcome = replace(outcome, followed=(*outcome.followed, one))
        if not one.is_copy:
            # Before the next begins, which may copy the row.
            outcome = replace(outcome, finished_at=utc(run.clock.now()))
            _amend(outcome, destination)
    return outcome


def _outcome(run: Run, loaded: Loaded) -> Outcome:
    return Outcome(run.run_id, run.started_at, utc(run.clock.now()), run.result(), loaded)


def _load(
    destination: Destination, directory: WorkingDirectory, source: DltSource, run: Run, stack: ExitStack
) -> tuple[dlt.Pipeline, Loaded]:
    """Take dlt's steps one by one: while calls are made, others may read the file. From then on `stack` holds it."""
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
    except Exception as error:  # noqa: BLE001 - every end is entered into load_runs
        return pipeline, Loaded(failure=tell(error))
    failure = run.result().failure
    return pipeline, Loaded(
        load_id=load_info.loads_ids[-1] if load_info.loads_ids else None,
        new_fields=_new_fields(load_info),
        failure=tell(failure) if failure else None,
    )


def _sync(pipeline: dlt.Pipeline, destination: Destination) -> None:
    """Let the pipeline have the state and the schema that are at the destination.

    Raises:
        ConfigurationError: Somebody changed them so that they can't be read.
    """
    try:
        pipeline.sync_destination()
    except Exception as error:
        if will_pass(error) or isinstance(understand(error).error, DestinationUnavailableError):
            raise
        raise unreadable_state(destination.dataset, error) from error


def _new_fields(load_info: LoadInfo) -> list[str]:
    """Columns that a load added and no table declares, as 'table.column'."""
    declared = {table.name: {column.name for column in table.columns} for table in schema.all_tables()}
    added = [
        f"{table}.{column}"
        for package in load_info.load_packages
        for table, update in package.schema_update.items()
        for column in update["columns"]
        if not table.startswith("_dlt") and not column.startswith("_dlt") and column not in declared.get(table, ())
    ]
    return sorted(added)


def _enter(outcome: Outcome, destination: Destination, pipeline: dlt.Pipeline) -> Failure | None:
    """Enter the run into load_runs, and show the descriptions as comments; why it can't be done, if it can't."""
    try:
        if outcome.loaded.load_id is None and not pipeline.has_pending_data:
            # The extract failed: the tables may be missing, and what the run learnt is not stored yet.
            pipeline.run(load_runs.empty_tables(outcome.result))
        destination.insert_load_run(pipeline, load_runs.row_of(outcome))
        destination.write_comments(pipeline.default_schema)
    except Exception as error:  # noqa: BLE001 - the run itself has ended already
        return _say_not_entered(error)
    return None


def _amend(outcome: Outcome, destination: Destination) -> None:
    """Let the row say what came of that which followed the load."""
    try:
        destination.update_load_run(load_runs.row_of(outcome))
    except Exception as error:  # noqa: BLE001 - the run itself has ended already
        _say_not_entered(error)


def _say_not_entered(error: Exception) -> Failure:
    failure = understand(error)
    print(f"The run could not be recorded in load_runs: {failure.reason}", file=sys.stderr)  # noqa: T201
    return failure
