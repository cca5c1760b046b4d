"""The folder in which dlt keeps what is on its way: read before it is used, set aside as a whole where it is damaged.

Nothing in it but pending load packages is there only once: state and schema are at the destination as well, and what is
in a package is fetched again, since the tables lack it. So a folder that can't be used is kept beside, for a person to
look at, and begun anew. Knows dlt's files, not what is loaded.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import dlt
from dlt.common.storages import LoadStorage, NormalizeStorage

from spotify_pipeline.dlt_internals.failures import first_line, will_pass
from spotify_pipeline.dlt_internals.pending_packages import finish_moves, load_pending_packages

KEPT_PACKAGES: Final = 3
KEPT_SET_ASIDE: Final = 5
_SET_ASIDE: Final = "set_aside"
_WHY: Final = "why.json"
_PENDING: Final = (("normalize", NormalizeStorage.EXTRACTED_FOLDER), ("load", LoadStorage.NORMALIZED_FOLDER))

Make = Callable[[], dlt.Pipeline]


@dataclass(frozen=True)
class SetAside:
    """What was set aside.

    Attributes:
        folder: Where it lies now, in the form of a `pipelines_dir` of dlt's.
        pipeline: The name of the pipeline.
        why: What was wrong with it, in one line.
        packages: The load packages in it that were pending.
    """

    folder: Path
    pipeline: str
    why: str
    packages: tuple[str, ...]

    @property
    def command(self) -> str | None:
        """Shows the package that is in it; None where there is none, and dlt might not be able to read the rest."""
        if not self.packages:
            return None
        return f"dlt pipeline --pipelines-dir {self.folder} {self.pipeline} load-package {self.packages[0]}"


class WorkingFolder:
    """The working folder of a pipeline.

    Args:
        parent: dlt's `pipelines_dir`, which holds this pipeline alone.
        pipeline: The name of the pipeline.
    """

    def __init__(self, parent: Path, pipeline: str) -> None:
        self._parent = parent
        self._pipeline = pipeline
        self.folder = parent / pipeline

    def opened(self, make: Make) -> dlt.Pipeline:
        """The pipeline, once all that it needs of the folder could be read; begun anew where something could not.

        Args:
            make: Makes the pipeline in this folder.

        Raises:
            OSError: The folder can't be read or written now.
        """
        try:
            finish_moves(self.folder)
            return self.readable(make)
        except Exception as error:
            if will_pass(error):
                raise
            return self.begun_anew(make, first_line(error))

    def readable(self, make: Make) -> dlt.Pipeline:
        """The pipeline, once all that it needs of the folder could be read.

        Args:
            make: Makes the pipeline in this folder.

        Raises:
            Exception: As dlt's many readers raise them.
        """
        state = self.folder / dlt.Pipeline.STATE_FILE
        if not state.is_file() and (self.pending() or state.exists()):
            # dlt would take the folder for that of a new pipeline, and delete what is in it.
            raise FileNotFoundError(f"{state} is missing")
        pipeline = make()
        for name in pipeline.schema_names or ():
            _ = pipeline.schemas[name]
        for load_id in [*pipeline.list_extracted_load_packages(), *pipeline.list_normalized_load_packages()]:
            pipeline.get_load_package_info(load_id)
        pipeline.list_completed_load_packages()
        return pipeline

    def trouble(self, make: Make) -> str | None:
        """Why the folder can't be read; None where it can. Changes nothing in it.

        Args:
            make: Makes the pipeline in this folder.
        """
        if not self.folder.exists():
            return None
        try:
            self.readable(make).deactivate()
        except Exception as error:  # noqa: BLE001 - it is told
            return first_line(error)
        return None

    def with_pending_loaded(self, pipeline: dlt.Pipeline, make: Make) -> dlt.Pipeline:
        """Load the packages that an earlier run left behind; begin anew where that will never succeed.

        Args:
            pipeline: The pipeline in this folder.
            make: Makes it again.

        Raises:
            Exception: They can't be loaded now, and wait for the next run.
        """
        try:
            load_pending_packages(pipeline)
        except Exception as error:
            if will_pass(error):
                raise
            pipeline.deactivate()
            return self.begun_anew(make, first_line(error))
        return pipeline

    def begun_anew(self, make: Make, why: str) -> dlt.Pipeline:
        """Set the folder aside, and make the pipeline in an empty one.

        Args:
            make: Makes the pipeline in this folder.
            why: What was wrong.
        """
        before = sorted(self._parent.glob(f"{_SET_ASIDE}/*"), key=_number)
        folder = self._parent / _SET_ASIDE / str(_number(before[-1]) + 1 if before else 1)
        folder.mkdir(parents=True)
        (folder / _WHY).write_text(json.dumps({"why": why, "packages": self.pending()}), encoding="utf-8")
        if self.folder.exists():
            self.folder.rename(folder / self._pipeline)
        for old in before[: max(0, len(before) + 1 - KEPT_SET_ASIDE)]:
            shutil.rmtree(old)
        pipeline = make()
        pipeline.activate()
        return pipeline

    def pending(self) -> list[str]:
        """The load packages that an earlier run left behind, oldest first."""
        found = {
            package.name
            for folders in _PENDING
            for package in self.folder.joinpath(*folders).glob("*")
            if package.is_dir()
        }
        return sorted(found)

    def set_aside(self) -> list[SetAside]:
        """What was set aside, by this run and earlier ones, oldest first."""
        return [self._read(folder) for folder in sorted(self._parent.glob(f"{_SET_ASIDE}/*"), key=_number)]

    def tidy(self, pipeline: dlt.Pipeline) -> None:
        """Delete the packages that were loaded, but for the last few: dlt keeps each for ever."""
        loaded = self.folder / "load" / LoadStorage.LOADED_FOLDER
        for load_id in sorted(pipeline.list_completed_load_packages())[:-KEPT_PACKAGES]:
            shutil.rmtree(loaded / load_id, ignore_errors=True)

    def _read(self, folder: Path) -> SetAside:
        try:
            note = json.loads((folder / _WHY).read_text(encoding="utf-8"))
            return SetAside(folder, self._pipeline, str(note["why"]), tuple(map(str, note["packages"])))
        except (OSError, ValueError, KeyError, TypeError):
            return SetAside(folder, self._pipeline, "the note on it can't be read", ())


def _number(folder: Path) -> int:
    return int(folder.name) if folder.name.isdecimal() else 0
