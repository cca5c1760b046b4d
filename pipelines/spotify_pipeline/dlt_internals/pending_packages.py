"""Load packages that a run which died left behind. Knows dlt's working folder, not what the packages hold.

dlt goes on with a package where it stopped, but a process may be killed between any two of its steps, and it does not
know all the states in which that leaves its folders. Its public means (`has_pending_data`, `normalize`, `load`) come
after what is put right here with the names of its folders and files.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import dlt
from dlt.common.storages import LoadStorage, NormalizeStorage, PackageStorage


def load_pending_packages(pipeline: dlt.Pipeline) -> None:
    """Load the packages that an earlier run left behind, each from its start.

    Not with `run`, which drops them where the dataset does not exist yet, and the new data where it does.
    """
    if not pipeline.has_pending_data:
        return
    if not pipeline.schema_names:
        # Killed before its first state was saved: without a schema nothing would be loaded.
        with pipeline.managed_state():
            # The pipeline has the name of the source, and the source gives its name to the schema.
            pipeline.default_schema_name = pipeline.pipeline_name  # type: ignore[assignment]  # the annotation is too narrow
            pipeline.schema_names = [pipeline.pipeline_name]
    pipeline.activate()
    for load_id in pipeline.list_normalized_load_packages():
        _rewind(pipeline, load_id)
    pipeline.normalize()
    pipeline.load()


def finish_moves(working_folder: Path) -> None:
    """Finish what dlt was killed in the middle of: moving packages from one folder to the next.

    Args:
        working_folder: That of the pipeline.
    """
    load = working_folder / "load"
    if not load.is_dir():
        return
    normalized, loaded = load / LoadStorage.NORMALIZED_FOLDER, load / LoadStorage.LOADED_FOLDER
    for folder in (load / LoadStorage.NEW_PACKAGES_FOLDER, normalized, loaded):
        folder.mkdir(exist_ok=True)
    for package in list(normalized.iterdir()):
        if (package / PackageStorage.PACKAGE_COMPLETED_FILE_NAME).exists():
            package.replace(loaded / package.name)
    further = {package.name for folder in (normalized, loaded) for package in folder.iterdir()}
    extracted = working_folder / "normalize" / NormalizeStorage.EXTRACTED_FOLDER
    for package in list(extracted.iterdir()) if extracted.is_dir() else []:
        if package.name in further:
            shutil.rmtree(package)


def _rewind(pipeline: dlt.Pipeline, load_id: str) -> None:
    """Take a package back to where its load began, as if nothing of it had been loaded.

    A file that was loaded into its staging table, but not marked as loaded yet, would be loaded into it once more, and
    the merge would double its rows. From the start dlt empties the staging tables; all our tables merge by key, so
    that what was merged already is replaced.
    """
    package = pipeline.get_load_package_info(load_id)
    for job in [*package.jobs["started_jobs"], *package.jobs["completed_jobs"], *package.jobs["new_jobs"]]:
        path = Path(job.file_path)
        if job.job_file_info.file_format == "sql":
            # A merge: dlt writes it anew when the files of its tables are loaded.
            path.unlink()
        elif not job.job_file_info.table_name.startswith("_dlt"):
            path.replace(path.parent.parent / PackageStorage.NEW_JOBS_FOLDER / path.name)
    # dlt empties the staging tables when it updates the schema, and takes this file for the sign that it has to.
    updates = Path(package.package_path) / PackageStorage.SCHEMA_UPDATES_FILE_NAME
    applied = updates.with_name(PackageStorage.APPLIED_SCHEMA_UPDATES_FILE_NAME)
    if applied.exists():
        applied.replace(updates)
    elif not updates.exists():
        updates.write_text("{}", encoding="utf-8")
