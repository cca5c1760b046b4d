"""Working directory of the dlt pipeline, quarantined where it is damaged.

Only pending load packages exist nowhere else: state and schema are stored at the destination as well. Whatever a
package held is fetched again, since the tables lack it. An unusable directory is therefore moved aside as a whole.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import dlt
from dlt.common.storages import LoadStorage, NormalizeStorage, PackageStorage

from spotify_pipeline.dlt_internals.capabilities import DltDestination
from spotify_pipeline.dlt_internals.dlt_config import StepCollector
from spotify_pipeline.dlt_internals.exceptions import first_line, is_transient

# dlt finds its state in the destination by the name of the pipeline.
PIPELINE_NAME: Final = "spotify"
KEPT_PACKAGES: Final = 3
KEPT_QUARANTINED: Final = 5
_QUARANTINE: Final = "quarantine"
_NOTE: Final = "reason.json"
_EXTRACTED: Final = ("normalize", NormalizeStorage.EXTRACTED_FOLDER)
_NORMALIZED: Final = ("load", LoadStorage.NORMALIZED_FOLDER)


@dataclass(frozen=True)
class Quarantined:
    """A working directory that was moved aside because it could not be used."""

    directory: Path  # in the form of a `pipelines_dir` of dlt's
    reason: str  # one line
    packages: tuple[str, ...]  # load packages in it that were pending

    @property
    def command(self) -> str | None:
        """Command that shows its first package; None without one."""
        if not self.packages:
            return None
        return f"dlt pipeline --pipelines-dir {self.directory} {PIPELINE_NAME} load-package {self.packages[0]}"


class WorkingDirectory:
    """Working directory of the pipeline into one dataset.

    Args:
        pipelines_dir: dlt's `pipelines_dir`, which holds this pipeline alone.
        destination: Destination, as `dlt.pipeline` takes it.
        dataset: Name of the dataset.
        collector: Progress collector of its pipelines.
    """

    def __init__(
        self, pipelines_dir: Path, destination: DltDestination, dataset: str, collector: StepCollector
    ) -> None:
        self._pipelines_dir = pipelines_dir
        self._destination = destination
        self._dataset = dataset
        self._collector = collector
        self.path = pipelines_dir / PIPELINE_NAME

    def pipeline(self) -> dlt.Pipeline:
        """Return the dlt pipeline that works here."""
        return dlt.pipeline(
            PIPELINE_NAME,
            destination=self._destination,
            dataset_name=self._dataset,
            pipelines_dir=str(self._pipelines_dir),
            progress=self._collector,
        )

    def open(self) -> dlt.Pipeline:
        """Return the pipeline, after quarantine of a directory that can't be read.

        Raises:
            OSError: The directory can't be read or written at the moment.
        """
        try:
            _finish_moves(self.path)
            return self.read()
        except Exception as error:
            if is_transient(error):
                raise
            return self.quarantine(first_line(error))

    def read(self) -> dlt.Pipeline:
        """Return the pipeline after reading everything that it needs here.

        Raises:
            Exception: Whatever dlt's readers raise about a damaged file.
        """
        state = self.path / dlt.Pipeline.STATE_FILE
        if not state.is_file() and (self.pending() or state.exists()):
            # dlt would take the directory for a new pipeline's and delete its contents.
            raise FileNotFoundError(f"{state} is missing")
        pipeline = self.pipeline()
        for name in pipeline.schema_names or ():
            _ = pipeline.schemas[name]
        for load_id in [*pipeline.list_extracted_load_packages(), *pipeline.list_normalized_load_packages()]:
            pipeline.get_load_package_info(load_id)
        pipeline.list_completed_load_packages()
        return pipeline

    def damage(self) -> str | None:
        """Return why the directory can't be read, or None; changes nothing in it."""
        if not self.path.exists():
            return None
        try:
            self.read().deactivate()
        except Exception as error:  # noqa: BLE001 - returned
            return first_line(error)
        return None

    def load_pending(self, pipeline: dlt.Pipeline) -> dlt.Pipeline:
        """Load the packages that an earlier run left, or quarantine them.

        Returns:
            The same pipeline, or after quarantine a new one.

        Raises:
            Exception: They can't be loaded at the moment; the next run tries again.
        """
        try:
            _load_pending(pipeline)
        except Exception as error:
            if is_transient(error):
                raise
            pipeline.deactivate()
            return self.quarantine(first_line(error))
        return pipeline

    def quarantine(self, reason: str) -> dlt.Pipeline:
        """Move the directory aside and return a pipeline in an empty one."""
        earlier = self._quarantined_directories()
        directory = self._pipelines_dir / _QUARANTINE / str(_number(earlier[-1]) + 1 if earlier else 1)
        directory.mkdir(parents=True)
        note = {"reason": reason, "packages": self.pending()}
        (directory / _NOTE).write_text(json.dumps(note), encoding="utf-8")
        if self.path.exists():
            self.path.rename(directory / PIPELINE_NAME)
        for old in earlier[: max(0, len(earlier) + 1 - KEPT_QUARANTINED)]:
            shutil.rmtree(old)
        pipeline = self.pipeline()
        pipeline.activate()
        return pipeline

    def pending(self) -> list[str]:
        """Return the ids of load packages that an earlier run left, oldest first."""
        packages = [package for parts in (_EXTRACTED, _NORMALIZED) for package in self.path.joinpath(*parts).glob("*")]
        return sorted({package.name for package in packages if package.is_dir()})

    def quarantined(self) -> list[Quarantined]:
        """Return the directories that this and earlier runs quarantined, oldest first."""
        return [_read_note(directory) for directory in self._quarantined_directories()]

    def prune(self, pipeline: dlt.Pipeline) -> None:
        """Delete loaded packages except the last few; dlt never deletes any."""
        loaded = self.path / "load" / LoadStorage.LOADED_FOLDER
        for load_id in sorted(pipeline.list_completed_load_packages())[:-KEPT_PACKAGES]:
            shutil.rmtree(loaded / load_id, ignore_errors=True)

    def _quarantined_directories(self) -> list[Path]:
        return sorted(self._pipelines_dir.glob(f"{_QUARANTINE}/*"), key=_number)


def _number(directory: Path) -> int:
    return int(directory.name) if directory.name.isdecimal() else 0


def _read_note(directory: Path) -> Quarantined:
    try:
        note = json.loads((directory / _NOTE).read_text(encoding="utf-8"))
        return Quarantined(directory, str(note["reason"]), tuple(map(str, note["packages"])))
    except (OSError, ValueError, KeyError, TypeError):
        return Quarantined(directory, f"{_NOTE} can't be read", ())


# dlt resumes a package where it stopped, but a process may be killed between any two steps, and dlt does not handle
# every state in which that leaves its directories. The functions below restore one that it does handle.


def _finish_moves(path: Path) -> None:
    """Finish moves of packages from one directory to the next that a kill interrupted."""
    load = path / "load"
    if not load.is_dir():
        return
    normalized, loaded = load / LoadStorage.NORMALIZED_FOLDER, load / LoadStorage.LOADED_FOLDER
    for directory in (load / LoadStorage.NEW_PACKAGES_FOLDER, normalized, loaded):
        directory.mkdir(exist_ok=True)
    for package in list(normalized.iterdir()):
        if (package / PackageStorage.PACKAGE_COMPLETED_FILE_NAME).exists():
            package.replace(loaded / package.name)
    moved = {package.name for directory in (normalized, loaded) for package in directory.iterdir()}
    extracted = path.joinpath(*_EXTRACTED)
    for package in list(extracted.iterdir()) if extracted.is_dir() else []:
        if package.name in moved:
            shutil.rmtree(package)


def _load_pending(pipeline: dlt.Pipeline) -> None:
    """Load the pending packages, each from its start.

    `dlt.Pipeline.run` does not do: it drops them if the dataset does not exist yet, and drops the new data if it does.
    """
    if not pipeline.has_pending_data:
        return
    if not pipeline.schema_names:
        # Killed before its first state was saved. Without a schema dlt would load nothing.
        with pipeline.managed_state():
            # The pipeline is named as the source, and the schema is too.
            pipeline.default_schema_name = pipeline.pipeline_name  # type: ignore[assignment]  # the annotation is too narrow
            pipeline.schema_names = [pipeline.pipeline_name]
    pipeline.activate()
    for load_id in pipeline.list_normalized_load_packages():
        _rewind(pipeline, load_id)
    pipeline.normalize()
    pipeline.load()


def _rewind(pipeline: dlt.Pipeline, load_id: str) -> None:
    """Reset a package to the start of its load.

    A file that was loaded into its staging table but not marked as loaded would be loaded there again, and the merge
    would double its rows. From the start, dlt empties the staging tables. All our tables merge by key, so rows that
    were merged already are replaced.
    """
    package = pipeline.get_load_package_info(load_id)
    for job in [*package.jobs["started_jobs"], *package.jobs["completed_jobs"], *package.jobs["new_jobs"]]:
        path = Path(job.file_path)
        if job.job_file_info.file_format == "sql":
            # A merge job: dlt writes it again once the files of its tables are loaded.
            path.unlink()
        elif not job.job_file_info.table_name.startswith("_dlt"):
            path.replace(path.parent.parent / PackageStorage.NEW_JOBS_FOLDER / path.name)
    # dlt empties the staging tables when it updates the schema, which it does if this file exists.
    updates = Path(package.package_path) / PackageStorage.SCHEMA_UPDATES_FILE_NAME
    applied = updates.with_name(PackageStorage.APPLIED_SCHEMA_UPDATES_FILE_NAME)
    if applied.exists():
        applied.replace(updates)
    elif not updates.exists():
        updates.write_text("{}", encoding="utf-8")
