"""Builds the dbt project on what is loaded, in this process. Knows how dbt is run, not what its models say."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from spotify_pipeline.destinations.driver_errors import redact_passwords
from spotify_pipeline.places import dbt_project, installing, of_models, requirement
from spotify_source.errors import ConfigurationError, SpotifySourceError

PROJECT: Final = dbt_project()
SCHEMAS: Final = ("spotify_staging", "spotify_marts")
_DBT_URL: Final = "https://docs.getdbt.com/reference/commands/build"
_WITHOUT: Final = "Without --transform, everything else works as it is."


class TransformFailedError(SpotifySourceError):
    """dbt built the models and found them wrong, or could not build them."""

    guidance = "The load itself is complete. Look at the named model or test; dbt build shows the details."
    help_url = _DBT_URL


class NoDbtError(ConfigurationError):
    """dbt is not installed, or not for this Python."""

    help_url = "https://docs.getdbt.com/faqs/Core/install-python-compatibility"


@dataclass(frozen=True)
class Target:
    """Where the models are built: an output of profiles.yml, and what it reads in the environment.

    Attributes:
        output: Its name there, which is that of dbt's adapter as well.
        extra: The extra of this project that installs the adapter.
        dataset: What the pipeline loaded into.
        environment: The variables. None of them is shown or written down.
    """

    output: str
    extra: str
    dataset: str
    environment: Mapping[str, str] = field(repr=False)

    @classmethod
    def file(cls, db: Path, dataset: str) -> Target:
        """A DuckDB file, which need not exist yet."""
        return cls("duckdb", "dbt", dataset, {"SPOTIFY_DUCKDB": str(db.absolute())})

    @classmethod
    def postgres(cls, connection: Mapping[str, str], dataset: str) -> Target:
        """A Postgres server.

        Args:
            connection: The variables of libpq that lead to it.
            dataset: What the pipeline loaded into.
        """
        # dbt keeps what begins so out of its logs and of what it writes down of a profile.
        secret = {"DBT_ENV_SECRET_PGPASSWORD": connection.get("PGPASSWORD", "")}
        return cls("postgres", "dbt-postgres", dataset, {**connection, **secret})

    @property
    def schemas(self) -> tuple[str, ...]:
        """The schemas that are written."""
        return schemas()


def schemas() -> tuple[str, str]:
    """The schemas of the models, staging and marts, with the prefix that the environment sets."""
    staging, marts = SCHEMAS
    return of_models(staging), of_models(marts)


@dataclass(frozen=True)
class Finding:
    """A model or a test that did not go well, and what dbt says of it in one line."""

    name: str
    message: str


@dataclass(frozen=True)
class TransformResult:
    """What a build came to.

    Attributes:
        built: How many models and snapshots were built.
        passed: How many tests passed.
        warned: Tests that found something to look at.
        failed: Models, tests or dbt itself that failed.
        skipped: How many models and tests were left out, because one before them failed.
        seconds: How long it took.
        schema: Where the marts are.
    """

    built: int
    passed: int
    warned: tuple[Finding, ...]
    failed: tuple[Finding, ...]
    skipped: int
    seconds: float
    schema: str = SCHEMAS[1]

    @property
    def succeeded(self) -> bool:
        """Whether everything is built, and right as far as the tests go."""
        return not self.failed

    @property
    def failure(self) -> TransformFailedError | None:
        """What failed, as an error; None where nothing did."""
        if self.succeeded:
            return None
        first = self.failed[0]
        return TransformFailedError(
            f"--transform: {len(self.failed)} of the models and tests failed (the first: {first.name}: {first.message})"
        )

    def lines(self) -> Iterator[str]:
        """The lines of a report, in words."""
        tests = f"{self.passed} tests passed, {len(self.warned)} warned, {len(self.failed)} failed"
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        yield f"Transformed: {self.built} models built in {self.schema}; {tests}{skipped}; {self.seconds:.1f} s."
        for finding in self.failed:
            yield f"  Failed: {finding.name}: {finding.message}"
        for finding in self.warned:
            yield f"  Warned: {finding.name}: {finding.message}"


def check(target: Target) -> None:
    """See whether `transform` can work there, before anything is loaded.

    Raises:
        ConfigurationError: dbt can't be imported, or two schemas, or the file and one of them, would be named alike.
    """
    _check_dbt(target)
    schemas = {name.lower() for name in target.schemas}
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


def transform(target: Target, cache_folder: Path) -> TransformResult:
    """Build and test all models on what is loaded.

    Nothing else in this process may hold a DuckDB file open. Unit tests, which are about the models and not about the
    data, are left to `dbt build`. Nothing is written but the database and the cache: the checkout may be read-only.

    Args:
        target: Where.
        cache_folder: Where dbt keeps what it has parsed, which takes most of a day's build otherwise; created if need
            be. dbt sees by itself what has changed since: https://docs.getdbt.com/reference/parsing

    Raises:
        ConfigurationError: As in `check`.
    """
    check(target)
    started = time.monotonic()
    with _environment({**target.environment, "SPOTIFY_DATASET": target.dataset}):
        settings = _settings(target.output, str(cache_folder.absolute()))
        outcome = _run_dbt(target.output, ["build", "--exclude-resource-type", "unit_test", *settings])
        return _result(outcome, target.schemas[1], time.monotonic() - started)


def _check_dbt(target: Target) -> None:
    try:
        for module in ("dbt.cli.main", f"dbt.adapters.{target.output}"):
            import_module(module)
    except ModuleNotFoundError:
        raise NoDbtError(
            f"--transform needs dbt{'' if target.output == 'duckdb' else f' for {target.output}'}, which is not installed.",
            guidance=f"Install it: {installing(requirement(target.extra))}. {_WITHOUT}",
        ) from None
    # A library that doesn't know this Python fails with whatever it meets first.
    except Exception as error:
        raise NoDbtError(
            f"--transform needs dbt, which is installed but can't be imported: {type(error).__name__}: {error}.",
            guidance=f"dbt 1.11 supports Python 3.10 to 3.13; this is {platform.python_version()}. {_WITHOUT}",
        ) from error


def _settings(output: str, folder: str) -> list[str]:
    return [
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target", output),
        *("--target-path", folder, "--log-path", folder, "--log-level", "none", "--log-level-file", "none"),
        *("--quiet", "--no-write-json", "--partial-parse", "--no-send-anonymous-usage-stats"),
    ]


def _run_dbt(adapter: str, arguments: list[str]) -> Any:
    """Run dbt, and let go of a DuckDB file: the adapter keeps it open otherwise."""
    runner = import_module("dbt.cli.main").dbtRunner()
    try:
        return runner.invoke(arguments)
    finally:
        import_module("dbt.adapters.factory").reset_adapters()
        if adapter == "duckdb":
            import_module("dbt.adapters.duckdb.connections").DuckDBConnectionManager.close_all_connections()


def _result(outcome: Any, schema: str, seconds: float) -> TransformResult:
    results = list(outcome.result or []) if outcome.exception is None else []
    failed = [*_findings(results, "fail", "error", "runtime error")]
    if outcome.exception is not None:
        failed.append(Finding("dbt", f"{_one_line(outcome.exception)} See {_DBT_URL}"))
    return TransformResult(
        built=sum(_status(one) == "success" and one.node.resource_type in ("model", "snapshot") for one in results),
        passed=sum(_status(one) == "pass" for one in results),
        warned=tuple(_findings(results, "warn")),
        failed=tuple(failed),
        skipped=sum(_status(one) == "skipped" for one in results),
        seconds=seconds,
        schema=schema,
    )


def _findings(results: Iterable[Any], *statuses: str) -> Iterator[Finding]:
    return (Finding(one.node.name, _one_line(one.message)) for one in results if _status(one) in statuses)


def _status(one: Any) -> str:
    return str(one.status.value)


def _one_line(message: object) -> str:
    return redact_passwords(" ".join(str(message).split()))[:300]


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables for dbt, and put back what was there."""
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
