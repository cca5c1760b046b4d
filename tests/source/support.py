"""A clock that tests move, and a place to load to: a DuckDB file with a working folder of its own."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext
from spotify_pipeline.demo import Album, OfflineApi

from spotify_source import Run, spotify_source

HOUR = 3600.0
DAY = 24 * HOUR


class FakeClock:
    """Time that passes only where it is waited for, or where a test moves it."""

    def __init__(self, start: float = 1_795_000_000.0) -> None:
        self.waits: list[float] = []
        self._start = start
        # Counted apart from Unix time, in which the smallest wait would be lost in rounding.
        self._elapsed = 0.0
        self._lock = threading.Lock()

    @property
    def time(self) -> float:
        """Unix time."""
        return self._start + self._elapsed

    def now(self) -> float:
        """Unix time."""
        return self.time

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._elapsed

    def wait(self, seconds: float, wake: threading.Event) -> None:
        """Let the time pass at once, unless it is woken already."""
        if not wake.is_set():
            self.waits.append(seconds)
            self.move(seconds)

    def jitter(self) -> float:
        """No chance: always the middle."""
        return 0.5

    def move(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._elapsed += max(0.0, seconds)


def source_of(api: OfflineApi, **options: Any) -> Any:
    """The source, pointed at an offline API, at no pace that would take time."""
    defaults = {"client_id": "demo", "client_secret": "demo", "requests_per_second": 0}
    urls = {"api_url": api.api_url, "token_url": api.token_url}
    return spotify_source(**{**defaults, **urls, **options})


@dataclass(frozen=True)
class Extracted:
    """What came out of the source without a pipeline, as if into an empty database."""

    run: Run
    calls: Counter[str]
    rows: dict[str, list[dict[str, Any]]]

    @property
    def album_ids(self) -> list[str]:
        """The albums that came in full."""
        return sorted(row["id"] for row in self.rows["albums"])

    @property
    def places(self) -> list[tuple[str, int, int]]:
        """The places on albums, as `places_of` has them."""
        return sorted((row["album_id"], row["disc_number"], row["track_number"]) for row in self.rows["album_tracks"])


def extract(api: OfflineApi, run: Run, **options: Any) -> Extracted:
    """Run the source without a pipeline: where no table is needed, this takes a twentieth of the time."""
    Container()[PipelineContext].deactivate()
    source = source_of(api, run=run, **options)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in source.resources.selected}
    for name, kept in rows.items():
        source.resources[name].add_map(_keep_in(kept))
    before = api.calls
    for _ in source:
        pass
    return Extracted(run, calls_since(api, before), rows)


def _keep_in(kept: list[dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def keep(row: dict[str, Any]) -> dict[str, Any]:
        kept.append(row)
        return row

    return keep


@dataclass(frozen=True)
class Loaded:
    """What a load did: its run, and the calls that the API saw of it, token requests aside."""

    run: Run
    calls: Counter[str]


class Warehouse:
    """A DuckDB file that is loaded to, and the working folder of the machine that loads it."""

    def __init__(self, folder: Path, clock: FakeClock | None = None) -> None:
        self.folder = folder
        self.clock = clock or FakeClock()
        self.database = folder / "spotify.duckdb"
        self.working_folder = folder / "work"
        self._pipelines: dict[Path, dlt.Pipeline] = {}

    def pipeline(self) -> dlt.Pipeline:
        """The pipeline as it stands in anybody's own script; made once for a file, which saves time."""
        if self.database not in self._pipelines:
            self._pipelines[self.database] = dlt.pipeline(
                pipeline_name="spotify",
                pipelines_dir=str(self.working_folder),
                destination=dlt.destinations.duckdb(str(self.database)),
                dataset_name="spotify_raw",
            )
        return self._pipelines[self.database]

    def load(
        self, api: OfflineApi, *, only: Sequence[str] | None = None, run: Run | None = None, **options: Any
    ) -> Loaded:
        """Run the pipeline once."""
        run = run or Run(clock=self.clock)
        source = source_of(api, run=run, **options)
        before = api.calls
        self.pipeline().run(source.with_resources(*only) if only else source)
        return Loaded(run, calls_since(api, before))

    def sql(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the file."""
        with duckdb.connect(str(self.database)) as connection:
            connection.execute("USE spotify.spotify_raw")
            result = connection.execute(query, list(parameters))
            return result.fetchall()

    def one(self, query: str, *parameters: object) -> Any:
        """The only value of the only row."""
        ((value,),) = self.sql(query, *parameters)
        return value

    def tables(self) -> set[str]:
        """The names of the tables."""
        return {name for (name,) in self.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name='spotify_raw'")}

    def places(self) -> list[tuple[str, int, int]]:
        """Every place on an album that is loaded, repeats included."""
        return self.sql("SELECT album_id, disc_number, track_number FROM album_tracks ORDER BY ALL")

    def album_ids(self) -> list[str]:
        """Every album that is loaded in full, repeats included."""
        return [album_id for (album_id,) in self.sql("SELECT id FROM albums ORDER BY id")]

    def copy_of_database(self, name: str) -> Path:
        """A backup of the file."""
        return Path(shutil.copy(self.database, self.folder / name))

    def restore(self, backup: Path) -> None:
        """Put a backup in the place of the file."""
        shutil.copy(backup, self.database)

    def on_a_fresh_machine(self, name: str = "elsewhere") -> Warehouse:
        """The same file, loaded from a machine that knows nothing of it."""
        other = Warehouse(self.folder, self.clock)
        other.working_folder = self.folder / name
        return other


def calls_since(api: OfflineApi, before: Counter[str]) -> Counter[str]:
    """The calls after those, token requests aside."""
    calls = api.calls - before
    del calls["token"]
    return calls


def places_of(albums: Sequence[Album]) -> list[tuple[str, int, int]]:
    """Every place on these albums, as `Warehouse.places` has them."""
    return sorted(
        (album["id"], track["disc_number"], track["track_number"]) for album in albums for track in album["tracks"]
    )


def further_pages(albums: Sequence[Album]) -> int:
    """The calls that tracks beyond the first 50 cost."""
    return sum(max(0, (len(album["tracks"]) - 1) // 50) for album in albums)
