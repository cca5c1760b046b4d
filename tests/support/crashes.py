"""Runs of the load command that are killed before a chosen step.

A step is a change that outlives the process: a file or directory created, moved or deleted, a change to the database.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spotify_pipeline.offline_api import OfflineApi

from tests.support.place import Place

# Children of a process that has imported everything start fast, and without the threads of this one.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["spotify_pipeline.cli.load_command", "pyarrow.parquet"])

_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir"}


def crash(place: Place, api: OfflineApi, *, before: str = "", at: int = 0, **settings: object) -> list[str]:
    """Run the command in a process that is killed.

    Args:
        place: Place to load into.
        api: API to load from.
        before: Regular expression for the step before which the process is killed: its line, or the previous step's
            and its own.
        at: Number of that step, without an expression; 0 lets the process end.
        settings: Settings of the source, by their names in [sources.spotify].

    Returns:
        The steps that were reached; the last one was not executed.
    """
    notes = place.folder / "steps.txt"
    notes.unlink(missing_ok=True)
    environment = {**place.environment(api, **settings), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    child = _FORKS.Process(target=_run, args=(place.arguments(), environment, str(notes), before, at))
    child.start()
    child.join()
    steps = notes.read_text().splitlines()
    alive = not before and not at
    assert child.exitcode == (0 if alive else -signal.SIGKILL), steps[-3:]
    return steps


def _run(arguments: Sequence[str], environment: Mapping[str, str], notes: str, before: str, at: int) -> None:
    os.environ.update(environment)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    _watch(_Steps(Path(notes), re.compile(before) if before else None, at), str(Path(notes).parent))
    from spotify_pipeline.cli.load_command import run  # noqa: PLC0415 - here it is imported already
    from spotify_pipeline.cli.options import parse_load  # noqa: PLC0415

    sys.exit(int(run(parse_load(arguments))))


class _Steps:
    """Log of the steps, which kills the process before the chosen one."""

    def __init__(self, notes: Path, pattern: re.Pattern[str] | None, number: int) -> None:
        self._notes = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._pattern = pattern
        self._number = number
        self._count = 0
        self._last = ""
        self._lock = threading.Lock()

    def note(self, step: str) -> None:
        with self._lock:
            self._count += 1
            os.write(self._notes, f"{step}\n".encode())
            if self._count == self._number or (self._pattern and self._pattern.search(f"{self._last}\n{step}")):
                os.kill(os.getpid(), signal.SIGKILL)
            self._last = step


def _watch(steps: _Steps, folder: str) -> None:
    """Log every further change that the process makes."""
    _watch_files(steps, folder)
    _watch_database(steps)


def _watch_files(steps: _Steps, folder: str) -> None:
    def on_event(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES:
            paths = " to ".join(str(path).replace(folder, "") for path in arguments[: 1 + (event == "os.rename")])
            steps.note(f"{event} {paths}")
        elif event == "open" and str(arguments[0]).startswith(folder) and set(str(arguments[1])) & set("wax"):
            steps.note(f"write {str(arguments[0]).replace(folder, '')}")

    sys.addaudithook(on_event)


def _watch_database(steps: _Steps) -> None:
    from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient  # noqa: PLC0415 - here it is imported already

    execute, commit = DuckDbSqlClient.execute_query, DuckDbSqlClient.commit_transaction

    @contextmanager
    def noted_execute(client: DuckDbSqlClient, query: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        words = " ".join(str(query).split())[:120]
        changes = not words.startswith("SELECT")
        if changes:
            steps.note(f"before {words}")
        with execute(client, query, *args, **kwargs) as cursor:
            yield cursor
        if changes:
            steps.note(f"after {words}")

    def noted_commit(client: DuckDbSqlClient) -> None:
        steps.note("before COMMIT")
        commit(client)
        steps.note("after COMMIT")

    replacements: dict[str, Callable[..., Any]] = {
        "execute_query": noted_execute,
        "commit_transaction": noted_commit,
    }
    for name, replacement in replacements.items():
        setattr(DuckDbSqlClient, name, replacement)
