"""One set of claims, tried on each engine; docs/destinations.md shows what was found, and UPDATE_DOCS=1 writes it there.

Of a proven engine each claim must hold. Of others it is noted whether it does, and a cell that changes fails the last test.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from unittest.mock import patch

import dlt
import duckdb
import pytest
from spotify_pipeline.cli.options import parse_report
from spotify_pipeline.cli.report_command import run as report
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, make_album

from tests.conformance.engines import DuckDb, Engine, MariaDbDatabase, PostgresDataset, Rows, SQLite
from tests.support.checkout import CHECKOUT
from tests.support.clock import FakeClock
from tests.support.mariadb import MariaDb, private_mariadb
from tests.support.place import Place
from tests.support.postgres import PASSWORD, Postgres, private_postgres
from tests.support.ran import Ran

pytestmark = pytest.mark.engines
ENGINES = ("DuckDB", "Postgres", "MariaDB", "SQLite")
SERVERS = {"Postgres", "MariaDB"}
PAGE = CHECKOUT / "docs" / "destinations.md"
DAY = 86400.0


@dataclass
class Loading:
    """An engine, an API of its own, and a clock that all engines go by alike."""

    engine: Engine
    place: Place
    api: OfflineApi
    albums: dict[str, Album]
    days: list[Rows] = field(default_factory=list)
    ran: list[Ran] = field(default_factory=list)

    def load(self, *more: str, **environment: str) -> Ran:
        """Run the command."""
        return self.place.load(self.api, *self.engine.arguments, *more, env={**self.engine.environment, **environment})

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self.engine.sql(f"SELECT count(*) FROM {table}")[0][0])


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with private_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDb]:
    with private_mariadb() as server:
        yield server


@pytest.fixture(scope="module")
def make(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Loading]]:
    """Make an empty place in an engine."""
    apis = []

    def made(name: str) -> Loading:
        folder = tmp_path_factory.mktemp(name)
        engine: Engine
        if name == "Postgres":
            engine = PostgresDataset(folder, request.getfixturevalue("server"))
        elif name == "MariaDB":
            engine = MariaDbDatabase(folder, request.getfixturevalue("mariadb"))
        else:
            engine = {"DuckDB": DuckDb, "SQLite": SQLite}[name](folder)
        clock = FakeClock()
        albums = {
            name: make_album(name, 12) for name in ("Same", "Grows", "Shrinks", "Is emptied", "Is renamed 夏雨 🌙")
        }
        albums["Undated"] = make_album("Undated", 2, release_date="0000", release_date_precision="year")
        albums["Old"] = make_album("Old", 2, release_date="1899-12", release_date_precision="month")
        api = OfflineApi(Catalogue.of(albums.values()), "development", clock=clock.now)
        apis.append(api)
        return Loading(engine, Place(folder, clock), api.__enter__(), albums)

    yield made
    for api in apis:
        api.__exit__(None, None, None)


@pytest.fixture(scope="module")
def days(make: Callable[[str], Loading]) -> Callable[[str], Loading]:
    """Three loads, of which the second finds nothing new and the third finds everything changed; each engine once."""
    done: dict[str, Loading] = {}

    def loaded(name: str) -> Loading:
        if name not in done:
            done[name] = loading = make(name)
            for day in range(3):
                if day == 2:
                    _change(loading)
                loading.ran.append(loading.load())
                loading.days.append(loading.engine.rows() if loading.ran[-1].code == 0 else {})
                loading.place.clock.move(DAY)
        return done[name]

    return loaded


def _change(loading: Loading) -> None:
    albums, catalogue = loading.albums, loading.api.catalogue
    albums["New"] = make_album("New", 3)
    catalogue.albums[albums["New"]["id"]] = albums["New"]
    catalogue.listing.append(albums["New"]["id"])
    del albums["Shrinks"]["tracks"][9:]
    albums["Shrinks"]["total_tracks"] = 9
    del albums["Is emptied"]["tracks"][0:]
    albums["Is emptied"]["total_tracks"] = 0
    albums["Is renamed 夏雨 🌙"]["name"] = "Another name"


@dataclass(frozen=True)
class Case:
    """What a claim is tried on.

    Attributes:
        loading: Three days, loaded into the engine.
        reference: The same in a DuckDB file.
        fresh: Makes an empty place in the engine.
        fresh_reference: Makes an empty DuckDB file.
    """

    loading: Loading
    reference: Loading
    fresh: Callable[[], Loading]
    fresh_reference: Callable[[], Loading]


Claim = Callable[[Case], None]
CLAIMS: dict[str, Claim] = {}
NEEDS_SERVER: set[str] = set()
NEEDS_WRITERS: set[str] = set()
FOUND: dict[tuple[str, str], str] = {}
# Why a claim does not hold, for who asks: pytest shows it where the matrix differs.
WHY: dict[tuple[str, str], str] = {}
VERSIONS: dict[str, tuple[str, str]] = {}


def claim(sentence: str, *, of_servers: bool = False, of_writers: bool = False) -> Callable[[Claim], Claim]:
    """Add to what is tried on each engine."""

    def added(check: Claim) -> Claim:
        CLAIMS[sentence] = check
        if of_writers:
            NEEDS_WRITERS.add(sentence)
        if of_servers:
            NEEDS_SERVER.add(sentence)
        return check

    return added


def _equal(here: Rows, there: Rows) -> None:
    assert here.keys() == there.keys()
    for table, rows in here.items():
        assert rows == there[table], table


@claim("A first load equals DuckDB's, cell by cell")
def _first(case: Case) -> None:
    assert case.loading.ran[0].err == ""
    _equal(case.loading.days[0], case.reference.days[0])


@claim("A second load fetches nothing, and changes nothing but sightings and load_runs")
def _second(case: Case) -> None:
    assert case.loading.ran[1].calls["album"] == 0
    _equal(case.loading.days[1], case.reference.days[1])


@claim("New, renamed, shrunken and emptied albums are as in DuckDB")
def _third(case: Case) -> None:
    assert case.loading.ran[2].calls == case.reference.ran[2].calls
    _equal(case.loading.days[2], case.reference.days[2])


@claim("Dates of year 0000 and before 1900 are kept")
def _dates(case: Case) -> None:
    found = case.loading.engine.sql("SELECT CAST(released_on AS text) FROM albums WHERE name IN ('Undated', 'Old')")
    assert {str(day)[:10] if day else None for (day,) in found} == {None, "1899-12-01"}


@claim("Tables and columns are commented")
def _comments(case: Case) -> None:
    assert case.loading.engine.commented() == case.reference.engine.commented() > 100


@claim("A dropped table is made anew by the next load")
def _dropped(case: Case) -> None:
    for table in ("album_tracks", "load_runs", "album_tracks__artists", "new_releases__artists"):
        before = case.loading.count(table)
        case.loading.engine.sql(f"DROP TABLE {table}")
        ran = case.loading.load()
        assert (ran.code, ran.err) == (0, ""), table
        assert case.loading.count(table) == (1 if table == "load_runs" else before), table


@claim("What a killed load left is loaded by the next run, once")
def _killed(case: Case) -> None:
    fresh = case.fresh()
    # The trial before a first load has a pipeline and a schema of its own.
    for step, name in (
        ("dlt.Pipeline.load", "pipeline_name"),
        (f"{fresh.engine.client}.complete_load", "schema.name"),
    ):
        code = (
            f"import os, sys, dlt, {fresh.engine.client.rpartition('.')[0]}\n"
            f"whole = {step}\n"
            "def killed(self, *a, **k):\n"
            f"    return os.kill(os.getpid(), 9) if self.{name} == 'spotify' else whole(self, *a, **k)\n"
            f"{step} = killed\n"
            "from spotify_pipeline.cli.load_command import run\nfrom spotify_pipeline.cli.options import parse_load\n"
            "run(parse_load(sys.argv[1:]))"
        )
        environment = {**os.environ, **fresh.place.environment(fresh.api), **fresh.engine.environment}
        command = [sys.executable, "-c", code, *fresh.engine.arguments, *(("--full-refresh",) if fresh.ran else ())]
        died = subprocess.run(
            command, env={**environment, "PYTHONPATH": ":".join(sys.path)}, capture_output=True, check=False
        )
        if died.returncode != -9:
            pytest.fail(f"{step} was not come to: {died.returncode} {died.stderr[-500:]!r}")
        fresh.ran.append(fresh.load())
        assert (fresh.ran[-1].code, fresh.ran[-1].calls["album"]) == (0, 0), fresh.ran[-1].err
        rows = fresh.engine.rows()
        assert {table: len(rows[table]) for table in ("albums", "album_tracks")} == {"albums": 7, "album_tracks": 64}


@claim("A run from a second machine is kept out, and told who is at work")
def _second_machine(case: Case) -> None:
    code = (
        "import sys; from spotify_pipeline.cli.load_command import _destination\n"
        "from spotify_pipeline.cli.options import parse_load\n"
        "with _destination(parse_load(sys.argv[1:])).locked() as _:\n"
        "    import duckdb; f = parse_load(sys.argv[1:]).db; held = f and duckdb.connect(str(f))\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, **case.loading.place.environment(), **case.loading.engine.environment}
    environment |= {"DLT_DATA_DIR": str(case.loading.place.folder / "second"), "PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", code, *case.loading.engine.arguments],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        ran = case.loading.load()
        other.communicate()
    assert ran.code in {69, 75}
    assert str(other.pid) in ran.err
    assert sum(ran.calls.values()) == 0


@claim("Three machines at a time, one killed on the way, leave what one after the other would", of_writers=True)
def _three_writers(case: Case) -> None:
    left = []
    for fresh, together in ((case.fresh(), True), (case.fresh_reference(), False)):
        environment = {**os.environ, **fresh.place.environment(fresh.api), **fresh.engine.environment}
        _load_markets(fresh, environment, ["US", "DE", "JP"], together=together)
        left.append({table: rows for table, rows in fresh.engine.rows().items() if table not in _OF_RUNS})
        assert len(fresh.engine.sql("SELECT DISTINCT market FROM release_sightings")) == 3
    for table, rows in left[0].items():
        assert len(rows) == len(left[1][table]), table
    assert {table: len(left[0][table]) for table in ("albums", "album_tracks")} == {"albums": 7, "album_tracks": 64}


# How many runs and sightings there are depends on how often one was told to come again.
_OF_RUNS = {"load_runs", "release_sightings"}


def _load_markets(loading: Loading, environment: Mapping[str, str], waiting: list[str], *, together: bool) -> None:
    """Load each market from a machine of its own, again until it is loaded; one of the first is killed."""
    killed = False
    for _ in range(20):
        running = {market: _machine(loading, environment, market) for market in waiting[: None if together else 1]}
        if together and not killed:
            first = next(iter(running.values()))
            assert first.stdout is not None
            first.stdout.readline()
            first.kill()
            killed = True
        for market, process in running.items():
            said, _ = process.communicate()
            assert process.returncode in {0, -9, 69, 75}, said
            if process.returncode == 0:
                waiting.remove(market)
        if not waiting:
            return
    pytest.fail(f"not loaded after twenty rounds: {waiting}")


def _machine(loading: Loading, environment: Mapping[str, str], market: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*loading.place.command_line(*loading.engine.arguments), "--market", market, "--progress", "log"],
        env={**environment, "DLT_DATA_DIR": str(loading.place.folder / market), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@claim("--export writes what it writes from DuckDB, in each format")
def _export(case: Case) -> None:
    files: list[dict[str, object]] = []
    for fresh in (case.fresh(), case.fresh_reference()):
        found: dict[str, object] = {}
        for fmt in ("json", "parquet", "csv"):
            folder = fresh.place.folder / fmt
            ran = fresh.load("--export", str(folder), "--export-format", fmt, "--full-refresh")
            assert (ran.code, ran.err) == (0, ""), ran.err
            (file,) = folder.iterdir()
            found[fmt] = duckdb.sql(f"FROM '{file}'").fetchall() if fmt == "parquet" else file.read_bytes()
        files.append(found)
    assert files[0] == files[1]


@claim("--retain-days removes what it removes from DuckDB")
def _retention(case: Case) -> None:
    left = []
    for fresh in (case.fresh(), case.fresh_reference()):
        assert fresh.load().code == 0
        for name in ("Grows", "Old"):
            fresh.api.catalogue.listing.remove(fresh.albums[name]["id"])
        fresh.place.clock.move(20 * DAY)
        # Loads are dated by the machine's clock; what is seen is by the place's.
        ran = fresh.load("--retain-days", "10")
        assert (ran.code, ran.err) == (0, ""), ran.err
        removed = [line for line in ran.out.splitlines() if line.startswith("Removed: ")]
        left.append((fresh.engine.rows(), removed))
    assert left[0][1] == left[1][1]
    assert "2 albums" in left[0][1][0]
    _equal(left[0][0], left[1][0])


# What differs from load to load, and from dataset to dataset.
_LOADED_AT = re.compile(r"(DTSTAMP|LAST-MODIFIED|SEQUENCE):.*|<updated>.*?</updated>|urn:uuid:[-0-9a-f]+")


@claim("The page, the feed and the calendar show what they show of DuckDB")
def _page(case: Case) -> None:
    pages = []
    for loading in (case.fresh(), case.fresh_reference()):
        assert loading.load().code == 0
        out = {name: loading.place.folder / f"out.{name}" for name in ("html", "xml", "ics")}
        with patch.dict(os.environ, {**loading.place.environment(), **loading.engine.environment}):
            code = report(
                parse_report(
                    [
                        *loading.engine.arguments,
                        "--out",
                        str(out["html"]),
                        "--feed",
                        str(out["xml"]),
                        "--calendar",
                        str(out["ics"]),
                    ]
                ),
                now=datetime(2026, 11, 20, tzinfo=timezone.utc),
            )
        assert code == 0
        pages.append([_LOADED_AT.sub("", file.read_text(encoding="utf-8")) for file in out.values()])
    assert pages[0] == pages[1]


@claim("--check tries it, and leaves nothing")
def _check(case: Case) -> None:
    fresh = case.fresh()
    ran = fresh.load("--check")
    assert ran.code == 0, ran.out
    assert fresh.engine.datasets() == set()


@claim("A wrong password ends with 78 in the driver's words, and is not shown", of_servers=True)
def _wrong_password(case: Case) -> None:
    wrong = {key: value.replace(PASSWORD, "not-the-one") for key, value in case.loading.engine.environment.items()}
    ran = case.loading.load(**wrong)
    assert ran.code == 78
    assert "password authentication failed" in ran.err or "Access denied" in ran.err
    assert "not-the-one" not in ran.err + ran.out


@claim("A server that is down ends with 69 before the first call, and loads when it is back", of_servers=True)
def _down(case: Case) -> None:
    engine = case.loading.engine
    assert isinstance(engine, (PostgresDataset, MariaDbDatabase))
    engine.server.stop()
    try:
        ran = case.loading.load()
    finally:
        engine.server.start()
    assert (ran.code, sum(ran.calls.values())) == (69, 0)
    assert "Traceback" not in ran.err
    assert PASSWORD not in ran.err
    assert case.loading.load().code == 0


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("sentence", list(CLAIMS))
def test_it_holds(sentence: str, name: str, days: Callable[[str], Loading], make: Callable[[str], Loading]) -> None:
    if sentence in NEEDS_SERVER and name not in SERVERS:
        FOUND[sentence, name] = "no server"
        return

    loading = days(name)
    VERSIONS[name] = loading.engine.version(), loading.engine.tier
    if sentence in NEEDS_WRITERS and loading.engine.tier != "proven":
        FOUND[sentence, name] = "one machine alone"
        return
    FOUND[sentence, name] = "no"
    try:
        CLAIMS[sentence](Case(loading, days("DuckDB"), lambda: make(name), lambda: make("DuckDB")))
    except Exception as error:
        if loading.engine.tier == "proven":
            raise
        WHY[sentence, name] = str(error)
        print(WHY[sentence, name])  # noqa: T201
        return
    FOUND[sentence, name] = "yes"


def _matrix() -> str:
    today = datetime.now(timezone.utc).date()
    head = [f"dlt {dlt.__version__}, {today}", *(VERSIONS[name][0] for name in ENGINES)]
    tiers = ["tier", *(VERSIONS[name][1] for name in ENGINES)]
    rows = [[sentence, *(FOUND[sentence, name] for name in ENGINES)] for sentence in CLAIMS]
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---"] * len(head), tiers, *rows])


def _cells(matrix: str) -> list[str]:
    """All but the versions and the day, which differ from machine to machine."""
    return matrix.splitlines()[1:]


def test_the_matrix_says_what_was_found() -> None:
    if len(FOUND) < len(CLAIMS) * len(ENGINES):
        pytest.skip("not all engines and claims were tried")
    print(WHY)  # noqa: T201
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(r"(?<=<!-- matrix -->\n).*?(?=<!-- /matrix -->)", text, re.DOTALL)
    assert found is not None
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(text[: found.start()] + _matrix() + text[found.end() :], encoding="utf-8")
        return
    assert _cells(found[0]) == _cells(_matrix()), "UPDATE_DOCS=1 python -m pytest -m engines -n0 tests/conformance"
