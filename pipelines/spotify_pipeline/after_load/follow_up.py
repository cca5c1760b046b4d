"""What is done with what is loaded after a load: export, retention, dbt, Iceberg. Knows the order, not how each works.

Each is imported by the run that asks for it.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import duckdb

from spotify_pipeline.destinations.base import Destination
from spotify_pipeline.destinations.postgres import PostgresDestination
from spotify_source.errors import ConfigurationError

if TYPE_CHECKING:
    from spotify_pipeline.after_load import transform

Format = Literal["json", "parquet", "csv"]


@dataclass(frozen=True)
class Wanted:
    """What is to follow a load.

    Attributes:
        export: The folder to export to; None for no export.
        export_format: Form of the exported file.
        retain_days: How long an album is kept after it was last listed; None for ever.
        transform: Whether to build the dbt models.
        iceberg: The catalog to write the tables to, by its name in pyiceberg's configuration; None for none.
    """

    export: Path | None
    export_format: Format
    retain_days: int | None
    transform: bool
    iceberg: str | None = None


@dataclass(frozen=True)
class FollowUp:
    """Something that was done after the load.

    Attributes:
        name: What it was: 'export', 'retention', 'transform' or 'iceberg'.
        lines: What it came to, in words.
        data: The same for programs, as JSON takes it.
        error: Why it failed, if it did.
        is_copy: Whether the tables, load_runs too, are to stay as they were copied.
    """

    name: str
    lines: Sequence[str] = ()
    data: Mapping[str, object] = field(default_factory=dict)
    error: Exception | None = None
    is_copy: bool = False


def check(wanted: Wanted, destination: Destination) -> None:
    """See before any call is spent whether it can be done.

    Raises:
        ConfigurationError: It can't.
        DestinationUnavailableError: The Iceberg catalog can't be reached.
    """
    for option in _options(wanted):
        if destination.tier != "proven":
            raise ConfigurationError(
                f"{option} needs a DuckDB file or Postgres, but the destination is {destination.name}.",
                guidance=f"Leave out {option} or --destination.",
            )
    if wanted.export is not None:
        from spotify_pipeline.after_load import export

        export.check_folder(wanted.export)
    if wanted.iceberg is not None:
        from spotify_pipeline.after_load import iceberg_catalog

        iceberg_catalog.check(wanted.iceberg, destination.dataset)
    if wanted.transform:
        from spotify_pipeline.after_load import transform

        transform.check(_dbt_target(destination))


def follow_up(wanted: Wanted, destination: Destination, load_id: str | None, now: datetime) -> Iterator[FollowUp]:
    """Do what is wanted, one after the other; what fails does not keep the next from being done.

    Args:
        wanted: What to do.
        destination: Where it was loaded.
        load_id: The load package; None where nothing was loaded.
        now: The time, UTC.
    """
    if wanted.export is not None:
        folder, fmt = wanted.export, wanted.export_format
        yield _done("export", lambda: _export(folder, fmt, destination, load_id, now))
    if wanted.retain_days is not None:
        days = wanted.retain_days
        yield _done("retention", lambda: _retain(days, destination, now))
    if wanted.transform:
        yield _done("transform", lambda: _transform(destination))
    if wanted.iceberg is not None:
        catalog = wanted.iceberg
        # At last: it copies what the others leave, the row of load_runs too.
        yield _done("iceberg", lambda: _to_iceberg(catalog, destination, load_id, now))


def _options(wanted: Wanted) -> list[str]:
    """Return the options that request follow-ups."""
    values = {
        "--export": wanted.export,
        "--retain-days": wanted.retain_days,
        "--iceberg": wanted.iceberg,
        "--transform": wanted.transform,
    }
    return [option for option, value in values.items() if value]


def _done(name: str, step: Callable[[], FollowUp]) -> FollowUp:
    try:
        return step()
    except Exception as error:  # noqa: BLE001 - it is told with the outcome
        return FollowUp(name, error=error)


def _export(folder: Path, fmt: Format, destination: Destination, load_id: str | None, now: datetime) -> FollowUp:
    from spotify_pipeline.after_load import export

    with destination.as_duckdb_file(export.TABLES) as file, duckdb.connect(str(file)) as connection:
        path = export.export(connection, destination.dataset, load_id or "", folder, fmt, now)
    return FollowUp("export", [f"Exported: {path}"], {"file": str(path.resolve())})


def _retain(days: int, destination: Destination, now: datetime) -> FollowUp:
    from spotify_pipeline.after_load import retention

    with destination.sql_client() as client:
        removed = retention.remove_older(client, destination.dataset, days, now)
    return FollowUp("retention", [removed.told(days)], asdict(removed))


def _to_iceberg(name: str, destination: Destination, load_id: str | None, now: datetime) -> FollowUp:
    from spotify_pipeline.after_load import iceberg, iceberg_catalog

    catalog = iceberg_catalog.load(name)
    with destination.as_duckdb_file() as file, duckdb.connect(str(file)) as connection:
        written = iceberg.Export(catalog, connection, destination.dataset, load_id).run(now)
    told = iceberg.told(written, name, destination.dataset)
    return FollowUp("iceberg", [told], iceberg.as_data(written, name, destination.dataset), is_copy=True)


def _transform(destination: Destination) -> FollowUp:
    from spotify_pipeline.after_load import transform

    built = transform.transform(_dbt_target(destination), destination.pipelines_dir / "dbt")
    return FollowUp("transform", tuple(built.lines()), asdict(built), built.failure)


def _dbt_target(destination: Destination) -> transform.Target:
    from spotify_pipeline.after_load import transform

    if destination.file is not None:
        return transform.Target.file(destination.file, destination.dataset)
    # The only other proven destination.
    environment = cast("PostgresDestination", destination).libpq_environment()
    return transform.Target.postgres(environment, destination.dataset)
