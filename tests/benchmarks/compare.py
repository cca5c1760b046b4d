"""Benchmark of the pipeline against alternatives, on the same offline API.

It runs whole processes in turn and prints a table: `python tests/benchmarks/compare.py --help`. Machines are noisy, so
compare the ratios of medians. CPU time and memory come from the operating system, on POSIX only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
CONTENDERS = HERE / "contenders"


@dataclass
class Figures:
    """Measurements of one contender, by run."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    file_bytes: list[int] = field(default_factory=list)
    calls: int = 0
    albums: int = 0
    tracks: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Contender:
    """Command to measure."""

    name: str
    # Returns the command line for the path of the database.
    command: Callable[[Path], list[str]]
    # Contenders with the same name share a database.
    database: str
    # Removes the database before each run.
    is_fresh: bool = True
    # Has to load every album and track.
    is_loader: bool = True
    # Runs at the default pace instead of an unlimited one.
    paced: bool = False


def main() -> None:
    """Run the contenders and print the table."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="compare-") as folder, _offline_api(options) as (api_url, token_url):
        contenders = [one for one in _contenders(options, api_url, token_url) if one.name[1] in options.contenders]
        figures = {contender.name: Figures() for contender in contenders}
        if options.known:
            _load_known_albums(options, Path(folder), api_url)
        for _ in range(options.runs):
            for contender in contenders:
                _run_once(contender, figures[contender.name], Path(folder), api_url)
    _check_loaded_rows(contenders, figures)
    _print_table(options, figures)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quota-mode", choices=("extended", "development"), default="extended")
    parser.add_argument("--albums", type=int, default=100, help="listed albums (default: 100)")
    parser.add_argument("--latency", type=float, default=0.05, help="latency of a call in seconds (default: 0.05)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each contender (default: 5)")
    parser.add_argument("--known", type=int, default=0, help="albums loaded before (g) runs (default: 0, without g)")
    parser.add_argument("--contenders", default="abcdefgh", help="letters of the contenders (default: all)")
    return parser.parse_args()


def _contenders(options: argparse.Namespace, api_url: str, token_url: str) -> list[Contender]:
    urls = [api_url, token_url, options.quota_mode]

    def load(database: Path) -> list[str]:
        return [sys.executable, str(CHECKOUT / "pipelines" / "load.py"), "--db", str(database)]

    def script(name: str, *arguments: str) -> Callable[[Path], list[str]]:
        return lambda database: [sys.executable, str(CONTENDERS / name), str(database), *arguments]

    contenders = [
        Contender("(a) load.py, cold", load, "ours"),
        Contender("(b) load.py, nothing new", load, "ours", is_fresh=False),
        Contender("(c) spotipy script", script("spotipy_script.py", *urls), "spotipy"),
        Contender("(d) plain dlt source", script("plain_dlt.py", *urls), "plain"),
        Contender("(e) floor: dlt, and the chain of calls", script("floor.py", *urls), "floor", is_loader=False),
        Contender("(f) dlt, nothing to load", script("floor.py"), "floor", is_fresh=False, is_loader=False),
    ]
    contenders.append(Contender("(h) load.py, cold, at the default pace", load, "paced", paced=True))
    if options.known:
        name = f"(g) load.py, nothing new, {options.known:,} known"
        contenders.append(Contender(name, load, "known", is_fresh=False, is_loader=False))
    return contenders


def _load_known_albums(options: argparse.Namespace, folder: Path, api_url: str) -> None:
    """Load other albums into the database of (g), then the listed ones."""
    others = argparse.Namespace(quota_mode="extended", albums=options.known, latency=0.0)
    database = folder / "known.duckdb"
    command = [sys.executable, str(CHECKOUT / "pipelines" / "load.py"), "--db", str(database)]
    with _offline_api(others, seed=2) as (other_url, _):
        for url in (other_url, api_url):
            environment = _environment(folder / "known_dlt", url.removesuffix("v1/"))
            subprocess.run(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, check=True)


@contextmanager
def _offline_api(options: argparse.Namespace, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Start the offline API in a separate process."""
    command = [
        sys.executable,
        "-m",
        "spotify_pipeline.offline_api",
        "--port",
        "0",
        "--date",
        "2026-11-20",
        "--none-gone",
    ]
    command += ["--quota-mode", options.quota_mode, "--listed", str(options.albums), "--latency", str(options.latency)]
    command += ["--seed", str(seed)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            urls = json.loads(server.stdout.readline())
            yield urls["api_url"], urls["token_url"]
        finally:
            server.terminate()


def _run_once(contender: Contender, figures: Figures, folder: Path, api_url: str) -> None:
    database = folder / f"{contender.database}.duckdb"
    if contender.is_fresh:
        for left in folder.glob(f"{contender.database}*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    base = api_url.removesuffix("v1/")
    urllib.request.urlopen(urllib.request.Request(f"{base}_reset", method="POST")).close()
    environment = _environment(folder / f"{contender.database}_dlt", base)
    if contender.paced:
        del environment["SOURCES__SPOTIFY__REQUESTS_PER_SECOND"]
    started = time.perf_counter()
    process = subprocess.Popen(
        contender.command(database), env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    stderr = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    figures.wall.append(time.perf_counter() - started)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{contender.name} ended with {process.returncode}:\n{stderr.decode()}")
    figures.cpu.append(usage.ru_utime + usage.ru_stime)
    figures.megabytes.append(usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024))
    with urllib.request.urlopen(f"{base}_calls") as answer:
        figures.calls = sum(count for bucket, count in json.load(answer).items() if bucket != "token")
    figures.file_bytes.append(database.stat().st_size)
    _count_rows(figures, database)


def _environment(dlt_folder: Path, base: str) -> dict[str, str]:
    return {
        **os.environ,
        "DLT_DATA_DIR": str(dlt_folder),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "SOURCES__SPOTIFY__API_URL": f"{base}v1/",
        "SOURCES__SPOTIFY__TOKEN_URL": f"{base}api/token",
        "SOURCES__SPOTIFY__CLIENT_ID": "demo",
        "SOURCES__SPOTIFY__CLIENT_SECRET": "demo",
        "SOURCES__SPOTIFY__REQUESTS_PER_SECOND": "0",
    }


def _count_rows(figures: Figures, database: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() "
            "WHERE schema_name NOT LIKE '%staging' AND table_name NOT LIKE '\\_dlt%' ESCAPE '\\'"
        ).fetchall()
        counts = {
            table: connection.execute(f'SELECT count(*) FROM "{schema}"."{table}"').fetchall()[0][0]
            for schema, table in tables
        }
    figures.rows = sum(counts.values())
    figures.albums, figures.tracks = counts.get("new_releases", 0), counts.get("album_tracks", 0)


def _check_loaded_rows(contenders: list[Contender], figures: dict[str, Figures]) -> None:
    loaded = {(figures[one.name].albums, figures[one.name].tracks) for one in contenders if one.is_loader}
    if len(loaded) > 1:
        sys.exit(f"The contenders loaded different numbers of (albums, tracks): {sorted(loaded)}")


def _print_table(options: argparse.Namespace, figures: dict[str, Figures]) -> None:
    versions = ", ".join(f"{name} {version(name)}" for name in ("dlt", "duckdb", "requests", "spotipy", "pyarrow"))
    print(
        f"{options.quota_mode}, {options.albums} albums, {options.latency * 1000:.0f} ms a call, {options.runs} runs each"
    )
    print(f"Python {platform.python_version()} on {platform.system()}, {os.cpu_count()} cores; {versions}\n")
    print("| contender | wall s: median (min to max) | CPU s | MB | calls | rows | wall / (a) | wall / (e) |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    medians = {name: statistics.median(one.wall) for name, one in figures.items()}
    for name, one in figures.items():
        wall = f"{medians[name]:.2f} ({min(one.wall):.2f} to {max(one.wall):.2f})"
        ratios = " | ".join(_ratio(medians, name, letter) for letter in "ae")
        cpu, megabytes = statistics.median(one.cpu), statistics.median(one.megabytes)
        print(f"| {name} | {wall} | {cpu:.2f} | {megabytes:.0f} | {one.calls} | {one.rows} | {ratios} |")
    for name, one in figures.items():
        if name.startswith("(g)"):
            print(
                f"\n{name}: the file has {one.file_bytes[0]:,} bytes after its first run, {one.file_bytes[-1]:,} after its last."
            )


def _ratio(medians: dict[str, float], name: str, letter: str) -> str:
    base = next((wall for other, wall in medians.items() if other.startswith(f"({letter})")), None)
    return f"{medians[name] / base:.2f}" if base else ""


if __name__ == "__main__":
    main()
