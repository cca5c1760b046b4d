"""How a run ended: one immutable value, from which the exit code, the report and the row of load_runs are all made.

Knows what each part means for the whole, not how it is said or stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from spotify_pipeline.after_load.follow_up import FollowUp
from spotify_pipeline.dlt_internals.working_directory import Quarantined
from spotify_pipeline.exits import Exit
from spotify_pipeline.run.failures import Failure, understand
from spotify_pipeline.run.reasons import why_incomplete
from spotify_source import RunResult


@dataclass(frozen=True)
class Loaded:
    """What dlt's steps came to.

    Attributes:
        load_id: The load package; None where nothing was loaded.
        new_fields: Columns that Spotify's replies had and no table declares, as 'table.column'.
        quarantined: Working directories that this run moved aside because they could not be used.
        failure: What ended the load, if anything did.
    """

    load_id: str | None = None
    new_fields: Sequence[str] = ()
    quarantined: Sequence[Quarantined] = ()
    failure: Failure | None = None


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        run_id: The run.
        started_at: UTC.
        finished_at: UTC.
        result: What the source did.
        loaded: What was loaded of it.
        followed: What was done after the load.
    """

    run_id: str
    started_at: datetime
    finished_at: datetime
    result: RunResult
    loaded: Loaded
    followed: Sequence[FollowUp] = ()

    @property
    def exit(self) -> Exit:
        """The exit code: that of the load's failure, else of the first failure after it, else whether it is complete."""
        failed = self._failure
        if failed is not None:
            return failed.exit
        return Exit.COMPLETE if self.result.is_complete else Exit.PENDING

    @property
    def reason(self) -> str | None:
        """Why it is not complete, in one line; None where it is."""
        failed = self._failure
        return failed.reason if failed is not None else why_incomplete(self.result)

    @property
    def _failure(self) -> Failure | None:
        followed = (understand(one.error) for one in self.followed if one.error is not None)
        return self.loaded.failure or next(followed, None)
