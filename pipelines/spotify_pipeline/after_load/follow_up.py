"""What is done on the DuckDB file after a run has loaded: export, retention, dbt. Knows the order, not how each works.

Each is imported by the run that asks for it.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import duckdb

from spotify_pipeline.cli.exits import Exit
from spotify_pipeline.cli.options import Options
from spotify_pipeline.destinations.target import Target
from spotify_pipeline.run.loading import Result
from spotify_source import Run


def check(options: Options, target: Target) -> None:
    """See before any call is spent whether it can be done.

    Raises:
        ConfigurationError: It can't.
    """
    if options.export is not None:
        from spotify_pipeline.after_load import export

        export.check_folder(options.export)
    if options.transform and target.db is not None:
        from spotify_pipeline.after_load import transform

        transform.check(target.db, target.dataset)


def follow_up(options: Options, target: Target, run: Run, result: Result) -> Iterator[str]:
    """Do what the options ask for, and yield a line of the report for each; the exit code follows in `result`."""
    if target.db is None or not result.row:
        return
    now = datetime.fromtimestamp(run.clock.now(), timezone.utc)
    if options.export is not None:
        from spotify_pipeline.after_load import export

        load_id = result.load_id or ""
        with duckdb.connect(str(target.db)) as connection:
            path = export.export(connection, target.dataset, load_id, options.export, options.export_format, now)
        yield f"Exported: {path}"
    if options.retain_days is not None:
        from spotify_pipeline.after_load import retention

        with duckdb.connect(str(target.db)) as connection:
            removed = retention.remove_older(connection, target.dataset, options.retain_days, now)
        yield str(removed)
    if options.transform:
        from spotify_pipeline.after_load import transform

        built = transform.transform(target.db, target.dataset, target.working_folder / "dbt")
        yield from built.lines()
        if not built.succeeded and result.exit is Exit.COMPLETE:
            result.exit = Exit.DEFECT
