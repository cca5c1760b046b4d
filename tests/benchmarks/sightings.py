"""Benchmark of a run without new albums, before and after adding many sightings.

python tests/benchmarks/sightings.py --rows 50000000
python tests/benchmarks/sightings.py --rows 50000000 --destination postgres    # starts a private server
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))
from tests.support.checkout import LOAD_PY  # noqa: E402 - needs the path above
from tests.support.postgres import private_postgres  # noqa: E402 - the same

# Runs of 1,000 sightings each, before the day of the demo, in SQL of both engines.
ROWS = """
    INSERT INTO spotify_raw.release_sightings
        (run_id, seen_at, market, position, album_id, discovered_via, _dlt_load_id, _dlt_id)
    SELECT 'run-' || n / 1000, {moment}, 'US', n % 100 + 1, 'album' || n % 700000, 'search', '1700000000.0', 'old-' || n
    FROM {series} AS numbers (n)
"""


@dataclass(frozen=True)
class Engine:
    """Destination to load into."""

    # Options of load.py and configuration of dlt.
    arguments: list[str]
    environment: dict[str, str]
    # Inserts a number of sightings.
    fill: Callable[[int], object]
    # Returns the size in bytes.
    size: Callable[[], int]


@contextmanager
def duckdb_file(folder: Path) -> Iterator[Engine]:
    file = folder / "spotify.duckdb"

    def fill(rows: int) -> None:
        with duckdb.connect(str(file)) as connection:
            moment = "TIMESTAMPTZ '2020-01-01 00:00:00+00' + to_seconds(n // 1000)"
            statement = ROWS.format(moment=moment, series=f"range({rows})").replace("n / 1000", "n // 1000")
            connection.execute(statement)

    yield Engine(["--db", str(file)], {}, fill, lambda: file.stat().st_size)


@contextmanager
def postgres_server(_folder: Path) -> Iterator[Engine]:
    with private_postgres() as server:

        def fill(rows: int) -> None:
            moment = "timestamptz '2020-01-01 00:00:00+00' + make_interval(secs => n / 1000)"
            server.sql(ROWS.format(moment=moment, series=f"generate_series(0, {rows} - 1)"))
            server.sql("VACUUM ANALYZE spotify_raw.release_sightings")

        size = "SELECT pg_total_relation_size('spotify_raw.release_sightings')"
        yield Engine(["--destination", "postgres"], server.environment(), fill, lambda: int(server.sql(size)[0][0]))


ENGINES = {"duckdb": duckdb_file, "postgres": postgres_server}


def seconds(engine: Engine, folder: Path) -> float:
    """Return the seconds that a run without new albums takes."""
    command = [sys.executable, str(LOAD_PY), "--demo", "--demo-date", "2026-11-20", "--progress", "none"]
    started = time.monotonic()
    subprocess.run(
        [*command, *engine.arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, **engine.environment, "DLT_DATA_DIR": str(folder / "dlt")},
    )
    return time.monotonic() - started


def main() -> None:
    """Measure and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000, help="sightings to add")
    parser.add_argument("--destination", choices=list(ENGINES), default="duckdb")
    parser.add_argument("--runs", type=int, default=5, help="runs before and after adding them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ENGINES[options.destination](Path(name)) as engine:
        folder = Path(name)
        seconds(engine, folder)
        before = [seconds(engine, folder) for _ in range(options.runs)]
        engine.fill(options.rows)
        after = [seconds(engine, folder) for _ in range(options.runs)]
        print(
            f"{options.destination}: a run without new albums takes {statistics.median(before):.2f} s, and "
            f"{statistics.median(after):.2f} s with {options.rows:,} more sightings ({engine.size() / 1e9:.2f} GB); "
            f"medians of {options.runs} runs"
        )


if __name__ == "__main__":
    main()
