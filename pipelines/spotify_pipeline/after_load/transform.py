"""Transform step: `dbt build` of the models, in this process."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast

from spotify_pipeline.after_load.follow_up import FollowUp, FollowUpOptions
from spotify_pipeline.destinations.base import Destination
from spotify_pipeline.destinations.driver_errors import redact_passwords
from spotify_pipeline.destinations.postgres import PostgresDestination
from spotify_pipeline.installation import dbt_project, extra_requirement, install_command, with_schema_prefix
from spotify_source.errors import ConfigurationError, SpotifySourceError

PROJECT: Final = dbt_project()
SCHEMAS: Final = ("spotify_staging", "spotify_marts")
_DBT_URL: Final = "https://docs.getdbt.com/reference/commands/build"
_WITHOUT_DBT: Final = "Without --transform, the load works as it is."


class TransformFailedError(SpotifySourceError):
    """A model or a test that failed, or dbt itself."""

    guidance = "The load itself is complete. Check the named model or test; dbt build shows the details."
    help_url = _DBT_URL


class DbtMissingError(ConfigurationError):
    """dbt is not installed, or does not support this Python."""

    help_url = "https://docs.getdbt.com/faqs/Core/install-python-compatibility"


@dataclass(frozen=True)
class DbtTarget:
    """An output of profiles.yml with the environment variables that it reads."""

    output: str  # also the name of dbt's adapter
    dataset: str
    environment: Mapping[str, str] = field(repr=False)  # holds passwords

    @classmethod
    def of(cls, destination: Destination) -> DbtTarget:
        """Return the target for a DuckDB file or a Postgres server."""
        if destination.file is not None:
            return cls.duckdb(destination.file, destination.dataset)
        # The only other proven destination.
        connection = cast("PostgresDestination", destination).libpq_environment()
        # dbt keeps variables with this prefix out of its logs.
        secret = {"DBT_ENV_SECRET_PGPASSWORD": connection.get("PGPASSWORD", "")}
        return cls("postgres", destination.dataset, {**connection, **secret})

    @classmethod
    def duckdb(cls, db: Path, dataset: str) -> DbtTarget:
        """Return the target for a DuckDB file, which need not exist yet."""
        return cls("duckdb", dataset, {"SPOTIFY_DUCKDB": str(db.absolute())})


@dataclass(frozen=True)
class NodeResult:
    """A model or a test that failed or warned, with dbt's message in one line."""

    name: str
    message: str


@dataclass(frozen=True)
class TransformResult:
    """Counts of a build, and the nodes that failed or warned."""

    built: int  # models and snapshots
    passed: int  # tests
    warned: tuple[NodeResult, ...]
    failed: tuple[NodeResult, ...]
    skipped: int  # because a node upstream failed
    seconds: float
    schema: str = SCHEMAS[1]

    @property
    def succeeded(self) -> bool:
        """Return True if no model and no test failed."""
        return not self.failed

    @property
    def failure(self) -> TransformFailedError | None:
        """Return the error of a failed build."""
        if self.succeeded:
            return None
        first = self.failed[0]
        return TransformFailedError(
            f"--transform: {len(self.failed)} of the models and tests failed (the first: {first.name}: {first.message})"
        )

    def lines(self) -> Iterator[str]:
        """Yield the lines of the report."""
        tests = f"{self.passed} tests passed, {len(self.warned)} warned, {len(self.failed)} failed"
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        yield f"Transformed: {self.built} models built in {self.schema}; {tests}{skipped}; {self.seconds:.1f} s."
        for node in self.failed:
            yield f"  Failed: {node.name}: {node.message}"
        for node in self.warned:
            yield f"  Warned: {node.name}: {node.message}"


def check(options: FollowUpOptions, destination: Destination) -> None:  # noqa: ARG001 - the entry point of all steps
    """Check that dbt is installed and that the schemas of the models are free.

    Raises:
        ConfigurationError: As in `check_target`.
    """
    check_target(DbtTarget.of(destination))


def run(
    options: FollowUpOptions,  # noqa: ARG001 - the entry point of all steps
    destination: Destination,
    load_id: str | None,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> FollowUp:
    """Build and test all models; a failed model or test is the error of the step."""
    result = build(DbtTarget.of(destination), destination.pipelines_dir / "dbt")
    return FollowUp("transform", tuple(result.lines()), asdict(result), result.failure)


def model_schemas() -> tuple[str, str]:
    """Return the schemas of staging and marts, with the configured prefix."""
    staging, marts = SCHEMAS
    return with_schema_prefix(staging), with_schema_prefix(marts)


def check_target(target: DbtTarget) -> None:
    """Check that dbt can build there.

    Raises:
        ConfigurationError: dbt cannot be imported, or the name of a schema is already that of the file or the dataset.
    """
    _check_dbt(target)
    schemas = {name.lower() for name in model_schemas()}
    db = Path(target.environment.get("SPOTIFY_DUCKDB", "."))
    if db.stem.lower() in schemas:
        raise ConfigurationError(
            f"A DuckDB file named {db.name} can't hold the schema {db.stem.lower()} that --transform writes.",
            guidance=f"Use --db {db.with_name('spotify.duckdb')}.",
        )
    if {target.dataset.lower(), f"{target.dataset.lower()}_staging"} & schemas:
        raise ConfigurationError(
            f"With --dataset {target.dataset} the load itself writes to a schema that --transform needs.",
            guidance="Use another --dataset, spotify_raw for example.",
        )


def build(target: DbtTarget, cache_folder: Path) -> TransformResult:
    """Build and test all models.

    Only the database and the cache are written: the checkout may be read-only. Unit tests are left out: they check the
    models, not the data.

    Args:
        target: Database to build in. No one else in this process may hold a DuckDB file open.
        cache_folder: Folder for dbt's parsed project, which saves most of the time of a build. Created if missing. dbt
            parses again what has changed: https://docs.getdbt.com/reference/parsing

    Raises:
        ConfigurationError: As in `check_target`.
    """
    check_target(target)
    started = time.monotonic()
    with _environment({**target.environment, "SPOTIFY_DATASET": target.dataset}):
        outcome = _run_dbt(target.output, str(cache_folder.absolute()))
        return _result(outcome, time.monotonic() - started)


def _check_dbt(target: DbtTarget) -> None:
    try:
        for module in ("dbt.cli.main", f"dbt.adapters.{target.output}"):
            import_module(module)
    except ModuleNotFoundError:
        is_duckdb = target.output == "duckdb"
        install = install_command(extra_requirement("dbt" if is_duckdb else f"dbt-{target.output}"))
        raise DbtMissingError(
            f"--transform needs dbt{'' if is_duckdb else f' for {target.output}'}, which is not installed.",
            guidance=f"Install it: {install}. {_WITHOUT_DBT}",
        ) from None
    # On a Python that they do not support, dbt and its dependencies fail with exceptions of many types.
    except Exception as error:
        raise DbtMissingError(
            f"--transform needs dbt, which is installed but can't be imported: {type(error).__name__}: {error}.",
            guidance=f"dbt 1.11 supports Python 3.10 to 3.13; this is {platform.python_version()}. {_WITHOUT_DBT}",
        ) from error


def _run_dbt(output: str, folder: str) -> Any:
    arguments = [
        *("build", "--exclude-resource-type", "unit_test"),
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target", output),
        *("--target-path", folder, "--log-path", folder, "--log-level", "none", "--log-level-file", "none"),
        *("--quiet", "--no-write-json", "--partial-parse", "--no-send-anonymous-usage-stats"),
    ]
    runner = import_module("dbt.cli.main").dbtRunner()
    try:
        return runner.invoke(arguments)
    finally:
        import_module("dbt.adapters.factory").reset_adapters()
        if output == "duckdb":
            # The adapter keeps the file open otherwise.
            import_module("dbt.adapters.duckdb.connections").DuckDBConnectionManager.close_all_connections()


def _result(outcome: Any, seconds: float) -> TransformResult:
    results = list(outcome.result or []) if outcome.exception is None else []
    failed = [*_nodes(results, "fail", "error", "runtime error")]
    if outcome.exception is not None:
        failed.append(NodeResult("dbt", f"{_one_line(outcome.exception)} See {_DBT_URL}"))
    return TransformResult(
        built=sum(_status(one) == "success" and one.node.resource_type in ("model", "snapshot") for one in results),
        passed=sum(_status(one) == "pass" for one in results),
        warned=tuple(_nodes(results, "warn")),
        failed=tuple(failed),
        skipped=sum(_status(one) == "skipped" for one in results),
        seconds=seconds,
        schema=model_schemas()[1],
    )


def _nodes(results: Iterable[Any], *statuses: str) -> Iterator[NodeResult]:
    return (NodeResult(one.node.name, _one_line(one.message)) for one in results if _status(one) in statuses)


def _status(result: Any) -> str:
    return str(result.status.value)


def _one_line(message: object) -> str:
    return redact_passwords(" ".join(str(message).split()))[:300]


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables and restore the previous values afterwards."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
