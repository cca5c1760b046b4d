"""Follow-ups, the steps after a load: export, retention, transform, Iceberg.

Each step is one module, imported only by runs that request it, with the same entry point: `check(options, destination)`
before any call is spent, and `run(options, destination, load_id, now)` after the load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Final, Literal, Protocol, cast

from spotify_pipeline.destinations.base import Destination
from spotify_pipeline.installation import extra_requirement, install_command
from spotify_source.errors import ConfigurationError

ExportFormat = Literal["json", "parquet", "csv"]
Step = Literal["export", "retention", "transform", "iceberg"]

# In the order in which they run. Iceberg is last: it copies what the others leave, including the row of load_runs.
_OPTIONS: Final[Mapping[Step, str]] = {
    "export": "--export",
    "retention": "--retain-days",
    "transform": "--transform",
    "iceberg": "--iceberg",
}


@dataclass(frozen=True)
class FollowUpOptions:
    """Follow-ups that a command line requests."""

    export: Path | None  # folder
    export_format: ExportFormat
    retain_days: int | None
    transform: bool
    iceberg: str | None = None  # name of the catalog in pyiceberg's configuration

    @property
    def requested(self) -> list[Step]:
        """The requested steps, in the order in which they run."""
        values = {
            "export": self.export,
            "retention": self.retain_days,
            "transform": self.transform,
            "iceberg": self.iceberg,
        }
        return [step for step in _OPTIONS if values[step]]


@dataclass(frozen=True)
class FollowUp:
    """Result of one step."""

    name: Step
    lines: Sequence[str] = ()  # of the report
    data: Mapping[str, object] = field(default_factory=dict)  # of the JSON report
    error: Exception | None = None
    # The step has copied the tables, including the run's row in load_runs, which must not change afterwards.
    is_copy: bool = False


class _StepModule(Protocol):
    """Module of one step."""

    def check(self, options: FollowUpOptions, destination: Destination) -> None: ...

    def run(
        self, options: FollowUpOptions, destination: Destination, load_id: str | None, now: datetime
    ) -> FollowUp: ...


def check(options: FollowUpOptions, destination: Destination) -> None:
    """Check before any call is spent that the requested steps can run.

    Raises:
        ConfigurationError: The destination does not support a step, a package is missing, or an option is wrong.
        DestinationUnavailableError: The Iceberg catalog cannot be reached.
    """
    for step in options.requested:
        if destination.tier != "proven":
            raise ConfigurationError(
                f"{_OPTIONS[step]} needs a DuckDB file or Postgres, but the destination is {destination.name}.",
                guidance=f"Leave out {_OPTIONS[step]} or --destination.",
            )
        _step_module(step).check(options, destination)


def follow_up(
    options: FollowUpOptions, destination: Destination, load_id: str | None, now: datetime
) -> Iterator[FollowUp]:
    """Run the requested steps in order; a step that fails does not stop the next.

    Args:
        options: The requested steps.
        destination: Destination of the load.
        load_id: Load package; None if nothing was loaded.
        now: Current time in UTC.

    Yields:
        The result of each step as soon as it has ended.
    """
    for step in options.requested:
        try:
            result = _step_module(step).run(options, destination, load_id, now)
        except Exception as error:  # noqa: BLE001 - reported with the outcome of the run
            result = FollowUp(step, error=error)
        yield result


def _step_module(step: Step) -> _StepModule:
    """Import the module of a step.

    Raises:
        ConfigurationError: pyiceberg is not installed.
    """
    try:
        return cast("_StepModule", import_module(f"spotify_pipeline.after_load.{step}"))
    except ModuleNotFoundError:
        if step != "iceberg":
            raise
        raise ConfigurationError(
            "--iceberg needs pyiceberg, which is not installed.",
            guidance=f"Install it: {install_command(extra_requirement('iceberg'))}. Without --iceberg, the load works as it is.",
        ) from None
