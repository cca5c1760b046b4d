"""Benchmark of `--transform` after one more day, on small and large databases.

Each build is a separate process. The first one builds everything. The second one runs after one more day, with dbt's cache.
"nothing" builds the project on empty tables, which is the time of dbt itself. "growing" builds only the models that grow with
every run, on a copy of the database.

    python tests/benchmarks/transform.py                         # 100 albums, and three years of five markets
    python tests/benchmarks/transform.py --days 30 --markets 1   # smaller
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from history import add_days, create
from spotify_pipeline.after_load import transform

GROWING = ("int_spotify__listing_runs", "int_spotify__album_sightings", "fct_spotify__release_sightings")


def build(db: Path, cache: Path, only: tuple[str, ...] = ()) -> dict[str, object]:
    """Build in this process, and return times and peak memory."""
    found = []
    result_of, run_dbt = transform._result, transform._run_dbt
    select = ["--select", *only, "--resource-type", "model"] if only else []
    with (
        patch.object(transform, "_run_dbt", lambda adapter, arguments: run_dbt(adapter, [*arguments, *select])),
        patch.object(transform, "_result", lambda outcome, *more: found.append(outcome) or result_of(outcome, *more)),
    ):
        result = transform.build(transform.DbtTarget.duckdb(db, "spotify_raw"), cache)
    assert result.succeeded, list(result.lines())
    times = {getattr(one.node, "alias", one.node.name): one.execution_time for one in found[0].result}
    used = resource.getrusage(resource.RUSAGE_SELF)
    slowest = sorted(times.items(), key=lambda item: -item[1])[:6]
    return {
        "seconds": round(result.seconds, 2),
        "in_models": round(sum(times.values()), 3),
        "slowest": {name: round(seconds, 2) for name, seconds in slowest},
        "nodes": len(times),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "megabytes": used.ru_maxrss // 1024,
    }


def print_build(name: str, db: Path, *options: str) -> None:
    """Build in a separate process, and print its figures."""
    ran = subprocess.run(
        [sys.executable, __file__, "--build", str(db), *options], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise SystemExit(ran.stderr)
    print(f"{name}: {ran.stdout.splitlines()[-1]}", flush=True)


def print_builds(name: str, folder: Path, days: int, markets: int) -> None:
    """Print the figures of the first build, the second one, and the growing models."""
    folder.mkdir()
    db = folder / "spotify.duckdb"
    create(db)
    if days:
        add_days(db, 0, days, markets)
    print_build(f"{name}, first", db)
    if days:
        add_days(db, days, days + 1, markets)
        for number in range(1, 4):
            copy = Path(shutil.copytree(folder, folder.with_name(f"{folder.name}-{number}")))
            print_build(f"{name}, second, growing ({number} of 3)", copy / db.name, "--growing")
    print_build(f"{name}, second", db)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=1095)
    parser.add_argument("--markets", type=int, default=5)
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--growing", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        print(json.dumps(build(options.build, options.build.parent / "dbt", GROWING if options.growing else ())))
        return
    with tempfile.TemporaryDirectory() as folder:
        print_builds("nothing", Path(folder) / "nothing", 0, 1)
        print_builds("100 albums", Path(folder) / "little", 1, 1)
        print_builds(
            f"{options.days} days, {options.markets} markets", Path(folder) / "much", options.days, options.markets
        )


if __name__ == "__main__":
    main()
