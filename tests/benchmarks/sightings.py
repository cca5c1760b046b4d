"""What a run costs when there are many sightings already: before and after they are there, in the same minutes.

python tests/benchmarks/sightings.py --rows 50000000
python tests/benchmarks/sightings.py --rows 50000000 --destination postgres    # starts a server of its own
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
from tests.support.checkout import LOAD_PY  # noqa: E402 - the checkout is on the path now
from tests.support.postgres import private_postgres  # noqa: E402 - the same

# Runs of 1,000 sightings each, before the day of the demo; both engines have these functions.
ROWS = """
    INSERT INTO spotify_raw.release_sightings
        (run_id, seen_at, market, position, album_id, discovered_via, _dlt_load_id, _dlt_id)
    SELECT 'run-' || n / 1000, {moment}, 'US', n % 100 + 1, 'album' || n % 700000, 'search', '1700000000.0', 'old-' || n
    FROM {series} AS numbers (n)
"""


@dataclass(frozen=True)
class Engine:
    """Where it is loaded.

    Attributes:
        arguments: The command line that loads there.
        environment: What dlt is told of it.
        fill: Inserts so many sightings.
        size: How many bytes it takes.
    """

    arguments: list[str]
    environment: dict[str, str]
    fill: Callable[[int], object]
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
    """How long a run takes that finds nothing new."""
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
    """Run it, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000, help="sightings that are there already")
    parser.add_argument("--destination", choices=list(ENGINES), default="duckdb")
    parser.add_argument("--runs", type=int, default=5, help="runs before and after, of which the median is shown")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ENGINES[options.destination](Path(name)) as engine:
        folder = Path(name)
        seconds(engine, folder)
        before = [seconds(engine, folder) for _ in range(options.runs)]
        engine.fill(options.rows)
        after = [seconds(engine, folder) for _ in range(options.runs)]
        print(
            f"{options.destination}: a run that finds nothing new takes {statistics.median(before):.2f} s, and "
            f"{statistics.median(after):.2f} s with {options.rows:,} sightings more ({engine.size() / 1e9:.2f} GB); "
            f"median of {options.runs}"
        )


if __name__ == "__main__":
    main()
