"""What a person can do next with what was loaded, as commands and queries to copy. Knows shells and SQL, runs nothing."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlglot
from sqlglot.errors import SqlglotError

from spotify_pipeline.places import interpreter

_NEWEST: Final = (
    "SELECT released_on, name, album_type, total_tracks FROM {dataset}.new_releases "
    "ORDER BY released_on DESC NULLS LAST LIMIT 10"
)
_QUERIES: Final = (
    "SELECT name, album_type, released_on FROM {dataset}.new_releases ORDER BY released_on DESC NULLS LAST LIMIT 5",
    (
        "SELECT a.name, count(*) AS tracks, round(sum(t.duration_ms) / 60000) AS minutes FROM {dataset}.albums AS a "
        "JOIN {dataset}.album_tracks AS t ON t.album_id = a.id GROUP BY a.id, a.name ORDER BY tracks DESC LIMIT 5"
    ),
    "SELECT started_at, albums_new, tracks_loaded, calls FROM {dataset}.load_runs ORDER BY started_at DESC LIMIT 5",
)


@dataclass(frozen=True)
class Place:
    """Where the loaded data can be looked at.

    Attributes:
        db: The DuckDB file, where it is one.
        dataset: The schema in it.
        dialect: The SQL of the destination, by sqlglot's name; None where that is not known.
        pipelines_dir: dlt's working directories, as `dlt pipeline --pipelines-dir` takes it.
        queries: Whether to suggest some.
    """

    db: Path | None
    dataset: str
    dialect: str | None
    pipelines_dir: Path
    queries: bool


def next_steps(place: Place) -> Iterator[str]:
    """The lines at the end of a report.

    Args:
        place: Where the data is.
    """
    if place.db is not None:
        query = _NEWEST.format(dataset=place.dataset)
        yield f"Look at it: {as_command(interpreter(), '-c', look_at(place.db, query))}"
    if place.queries:
        yield "Or try:"
        yield from (f"{_in_dialect(query.format(dataset=place.dataset), place.dialect)};" for query in _QUERIES)
    inspected = as_command("dlt", "pipeline", "--pipelines-dir", str(place.pipelines_dir), "spotify", "info")
    yield f"dlt's view of it: {inspected}"


def look_at(db: Path, query: str) -> str:
    """A line of Python that shows what a query gives."""
    return f"import duckdb; duckdb.connect({_literal(str(db))}).sql({_literal(query)}).show()"


def as_command(*words: str, windows: bool = sys.platform == "win32") -> str:
    """A command as a shell takes it, whatever is in its words: cmd and PowerShell on Windows, else POSIX's."""
    return subprocess.list2cmdline(words) if windows else shlex.join(words)


def _literal(text: str, *, windows: bool = sys.platform == "win32") -> str:
    """A text of Python's in the quotes that the shell does not use itself."""
    return repr(text) if windows else json.dumps(text, ensure_ascii=False)


def _in_dialect(query: str, dialect: str | None) -> str:
    try:
        (said,) = sqlglot.transpile(query, read="duckdb", write=dialect or "")
    except SqlglotError:
        return query
    return said
