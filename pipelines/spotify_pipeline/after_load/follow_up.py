"""What is done on the destination after a run has loaded: export, retention, dbt. Knows the order, not how each works.

Each is imported by the run that asks for it.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from spotify_pipeline.cli.exits import Exit
from spotify_pipeline.cli.options import Options
from spotify_pipeline.destinations.base import Destination, Feature
from spotify_pipeline.run.loading import Result
from spotify_source import Run
from spotify_source.errors import ConfigurationError


def check(options: Options, destination: Destination) -> None:
    """See before any call is spent whether it can be done.

    Raises:
        ConfigurationError: It can't.
    """
    for option, feature in _wanted(options).items():
        if not destination.supports(feature):
            raise ConfigurationError(
                f"{option} works on a DuckDB file, and {destination.place} is none.",
                guidance=f"Leave out {option} or --destination.",
            )
    if options.export is not None:
        from spotify_pipeline.after_load import export

        export.check_folder(options.export)
    if options.transform and destination.file is not None:
        from spotify_pipeline.after_load import transform

        transform.check(destination.file, destination.dataset)


def follow_up(options: Options, destination: Destination, run: Run, result: Result) -> Iterator[str]:
    """Do what the options ask for, and yield a line of the report for each; the exit code follows in `result`."""
    if not result.row:
        return
    now = datetime.fromtimestamp(run.clock.now(), timezone.utc)
    dataset = destination.dataset
    if options.export is not None:
        from spotify_pipeline.after_load import export

        with destination.connect() as connection:
            load_id = result.load_id or ""
            path = export.export(connection, dataset, load_id, options.export, options.export_format, now)
        yield f"Exported: {path}"
    if options.retain_days is not None:
        from spotify_pipeline.after_load import retention

        with destination.connect() as connection:
            removed = retention.remove_older(connection, dataset, options.retain_days, now)
        yield str(removed)
    if options.transform and destination.file is not None:
        from spotify_pipeline.after_load import transform

        built = transform.transform(destination.file, dataset)
        yield from built.lines()
        if not built.succeeded and result.exit is Exit.COMPLETE:
            result.exit = Exit.DEFECT


def _wanted(options: Options) -> dict[str, Feature]:
    """What the options ask for, by the option."""
    wanted: dict[str, tuple[Feature, object]] = {
        "--export": ("export", options.export),
        "--retain-days": ("retention", options.retain_days),
        "--transform": ("transform", options.transform),
    }
    return {option: feature for option, (feature, value) in wanted.items() if value}
