"""Load packages that a run which died left behind. Knows dlt's package folders, not what the packages hold."""

from __future__ import annotations

from pathlib import Path

import dlt
from dlt.common.storages import PackageStorage


def load_leftovers(pipeline: dlt.Pipeline) -> None:
    """Load the packages that an earlier run left behind, each from its start.

    Not with `run`, which drops them where the dataset does not exist yet, and the new data where it does.
    """
    if not pipeline.has_pending_data:
        return
    pipeline.activate()
    for load_id in pipeline.list_normalized_load_packages():
        _rewind(pipeline, load_id)
    pipeline.normalize()
    pipeline.load()


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
