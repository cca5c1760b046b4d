"""What a run asks of the place that it loads to. Knows dlt's pipeline and the working folder, no particular destination."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import dlt
from dlt.extract import DltSource

from spotify_pipeline.destinations.lock import one_run_at_a_time
from spotify_pipeline.dlt_internals.destinations import AnyDestination, SqlClient, dataset_name, pipelines_folder
from spotify_pipeline.dlt_internals.failures import will_pass
from spotify_pipeline.dlt_internals.named_destination import apart
from spotify_pipeline.dlt_internals.progress import Progress
from spotify_pipeline.dlt_internals.working_directory import PIPELINE_NAME, WorkingDirectory
from spotify_source.errors import ConfigurationError

# What is done on the destination after a load, where it can be done.
Feature = Literal["export", "retention", "iceberg", "transform"]
Row = Mapping[str, Any]


class Destination(ABC):
    """A destination and a dataset in it. What a kind of destination can't do is left out, unless it is asked for.

    Args:
        place: The file, or the name of the dlt destination: what tells it from others, and what people are told.
        dataset: The dataset (DuckDB calls it a schema).

    Attributes:
        file: The DuckDB file, where it is one.
        dataset: The dataset, as dlt names it there.
        pipelines_dir: dlt's `pipelines_dir`, one for each place and dataset.
    """

    file: Path | None = None
    location: str | None = None

    def __init__(self, place: str, dataset: str) -> None:
        self.place = place
        self.dataset = dataset = dataset_name(dataset)
        # A file that is reached by two paths is one place.
        same = str(self.file.resolve()) if self.file else self.location or place
        digest = hashlib.sha256(f"{same}\n{dataset}".encode()).hexdigest()[:12]
        label = re.sub(r"\W+", "_", self.file.stem if self.file else place)[:40]
        self.pipelines_dir = pipelines_folder() / f"{PIPELINE_NAME}-{label}-{digest}"

    # -- before a run

    def supports(self, _feature: Feature) -> bool:
        """Whether it can be done here."""
        return False

    def check(self, *, create: bool = True) -> None:  # noqa: B027 - dlt finds out when it loads
        """See whether it can be loaded to.

        Args:
            create: Whether to create what is missing.

        Raises:
            ConfigurationError: It can't be what is wanted.
            DestinationUnavailableError: Another program holds it.
        """

    def state(self) -> str:
        """What is there, in words, for `--check`. Asked after `check`; creates nothing."""
        return "configured"

    def sql_dialect(self) -> str | None:
        """Its SQL, by sqlglot's name; None where that is not known."""
        return None

    def locked(self) -> AbstractContextManager[None]:
        """Keep other runs into the same place out.

        Raises:
            AnotherRunError: One is at work.
        """
        return one_run_at_a_time(self.pipelines_dir)

    # -- a run

    def adapt(self, source: DltSource) -> None:  # noqa: B027 - the source is made for a DuckDB file
        """Take hints off a source that can't be followed here, before it is extracted."""

    def working_directory(
        self, progress: Progress | None = None, pipelines_dir: Path | None = None
    ) -> WorkingDirectory:
        """Return dlt's working directory for loads into this dataset.

        Args:
            progress: Progress collector of dlt's; silent by default.
            pipelines_dir: Another parent than its own.
        """
        return WorkingDirectory(
            pipelines_dir or self.pipelines_dir, self._dlt_destination(), self.dataset, progress or Progress()
        )

    @contextmanager
    def active_pipeline(self) -> Iterator[dict[str, Any]]:
        """Let what is loaded be read, without a run. Creates nothing at the destination.

        Yields:
            A copy of what earlier runs left in dlt's source state.
        """
        with TemporaryDirectory() as elsewhere:
            try:
                pipeline = self.working_directory().read()
            except Exception as error:
                if will_pass(error):
                    raise
                # The next run quarantines it; until then everything is read from the destination.
                pipeline = self.working_directory(pipelines_dir=Path(elsewhere)).pipeline()
            pipeline.sync_destination()
            pipeline.activate()
            try:
                yield deepcopy(dict(pipeline.state.get("sources", {}).get(PIPELINE_NAME, {})))
            finally:
                pipeline.deactivate()

    def opened(self) -> AbstractContextManager[None]:
        """Keep it open for dlt's next steps, where to open it costs something.

        Raises:
            ConfigurationError: It can't be opened.
            DestinationUnavailableError: Another program holds it.
        """
        return nullcontext()

    def repair_dropped_tables(self, pipeline: dlt.Pipeline) -> None:  # noqa: B027 - not everywhere is it known
        """Have tables that were dropped by hand created anew by the next load, and what was in them fetched again."""

    # -- after a run

    @abstractmethod
    def enter_load_run(self, pipeline: dlt.Pipeline, row: Row) -> None:
        """Write one row of `load_runs`."""

    def amend_load_run(self, row: Row) -> None:  # noqa: B027 - only where something follows a load
        """Write the row of a run anew: what followed its load has changed how it ended."""

    def write_comments(self, schema: dlt.Schema) -> None:  # noqa: B027 - not everywhere are there any
        """Show the descriptions of a schema's tables and columns as comments."""

    def as_file(self, _tables: Collection[str] | None = None) -> AbstractContextManager[Path]:
        """A DuckDB file with what is loaded, to be read while this lasts.

        Args:
            _tables: The tables that are read; all of the dataset unless given. One of another schema is named with it.

        Raises:
            ConfigurationError: There is none to be had.
            DestinationUnavailableError: Another program holds it, or the server can't be reached.
        """
        raise ConfigurationError(
            f"What {self.place} holds can't be read as a DuckDB file.",
            guidance="Load into a DuckDB file (leave out --destination) or into Postgres.",
        )

    @contextmanager
    def sql_client(self) -> Iterator[SqlClient]:
        """A client of dlt's for what is done with SQL: it has one connection, and takes values where `%s` stands."""
        with apart(self._dlt_destination(), self.dataset) as pipeline, pipeline.sql_client() as client:
            yield client

    def libpq_environment(self) -> Mapping[str, str]:
        """The variables by which Postgres's own library finds the server.

        Raises:
            ConfigurationError: It is no Postgres.
        """
        raise ConfigurationError(f"{self.place} is not Postgres.", guidance="Leave out --destination.")

    @abstractmethod
    def _dlt_destination(self) -> AnyDestination:
        """The destination as `dlt.pipeline` takes it."""
