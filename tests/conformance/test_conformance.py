"""Tests of the same claims on each engine, the matrix of docs/destinations.md.

On a proven engine each claim must hold. On the others the matrix says whether it does, and the last test fails if that
changes. UPDATE_DOCS=1 writes the matrix.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
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
from tests.support.checkout import CHECKOUT, LOAD_PY
from tests.support.clock import DAY, FakeClock
from tests.support.mariadb import MariaDb, private_mariadb
from tests.support.place import Place
from tests.support.postgres import PASSWORD, Postgres, private_postgres
from tests.support.ran import Ran

pytestmark = pytest.mark.engines
ENGINES = ("DuckDB", "Postgres", "MariaDB", "SQLite")
SERVERS = {"Postgres", "MariaDB"}
PAGE = CHECKOUT / "docs" / "destinations.md"
RENAMED = "Is renamed 夏雨 🌙"


@dataclass
class Subject:
    """An engine with an API and a clock of its own; all engines' clocks start alike."""

    engine: Engine
    place: Place
    api: OfflineApi
    albums: dict[str, Album]
    ran: list[Ran] = field(default_factory=list)
    days: list[Rows] = field(default_factory=list)  # all rows after each run

    def load(self, *arguments: str, **environment: str) -> Ran:
        """Run a load into the engine."""
        return self.place.load(
            self.api, *self.engine.arguments, *arguments, env={**self.engine.environment, **environment}
        )

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a subprocess that loads."""
        return {**os.environ, **self.place.environment(self.api), **self.engine.environment, **more}


class Subjects:
    """Subjects by engine: one that has loaded on three days, and new ones."""

    def __init__(self, request: pytest.FixtureRequest, folders: pytest.TempPathFactory, stack: ExitStack) -> None:
        self._request = request
        self._folders = folders
        self._stack = stack
        self._loaded: dict[str, Subject] = {}
        self._results: dict[tuple[str, str], object] = {}

    def new(self, name: str) -> Subject:
        """Return an empty dataset in an engine."""
        folder = self._folders.mktemp(name)
        engine: Engine
        if name == "Postgres":
            engine = PostgresDataset(folder, self._request.getfixturevalue("server"))
        elif name == "MariaDB":
            engine = MariaDbDatabase(folder, self._request.getfixturevalue("mariadb"))
        else:
            engine = {"DuckDB": DuckDb, "SQLite": SQLite}[name](folder)
        clock = FakeClock()
        albums = {name: make_album(name, 12) for name in ("Same", "Grows", "Shrinks", "Is emptied", RENAMED)}
        albums["Undated"] = make_album("Undated", 2, release_date="0000", release_date_precision="year")
        albums["Old"] = make_album("Old", 2, release_date="1899-12", release_date_precision="month")
        api = self._stack.enter_context(OfflineApi(Catalogue.of(albums.values()), "development", clock=clock.now))
        return Subject(engine, Place(folder, clock), api, albums)

    def loaded(self, name: str) -> Subject:
        """Return the engine after three runs; albums change before the third."""
        if name not in self._loaded:
            self._loaded[name] = subject = self.new(name)
            for day in range(3):
                if day == 2:
                    change_albums(subject)
                subject.ran.append(subject.load())
                subject.days.append(subject.engine.rows() if subject.ran[-1].code == 0 else {})
                subject.place.clock.move(DAY)
        return self._loaded[name]

    def result(self, function: Callable[[Subject], object], name: str) -> object:
        """Return the result of a function on a new subject, computed once for each engine."""
        key = (function.__name__, name)
        if key not in self._results:
            self._results[key] = function(self.new(name))
        return self._results[key]


def change_albums(subject: Subject) -> None:
    """Add an album, shrink, empty and rename others."""
    albums, catalogue = subject.albums, subject.api.catalogue
    albums["New"] = make_album("New", 3)
    catalogue.albums[albums["New"]["id"]] = albums["New"]
    catalogue.listing.append(albums["New"]["id"])
    del albums["Shrinks"]["tracks"][9:]
    albums["Shrinks"]["total_tracks"] = 9
    del albums["Is emptied"]["tracks"][0:]
    albums["Is emptied"]["total_tracks"] = 0
    albums[RENAMED]["name"] = "Another name"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with private_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDb]:
    with private_mariadb() as server:
        yield server


@pytest.fixture(scope="module")
def subjects(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subjects]:
    with ExitStack() as stack:
        yield Subjects(request, tmp_path_factory, stack)


Claim = Callable[[Subjects, str], None]
CLAIMS: dict[str, Claim] = {}
NEEDS_SERVER: set[str] = set()
NEEDS_WRITERS: set[str] = set()
# Results by claim and engine; why a claim does not hold; version and tier by engine.
FOUND: dict[tuple[str, str], str] = {}
WHY: dict[tuple[str, str], str] = {}
VERSIONS: dict[str, tuple[str, str]] = {}


def claim(sentence: str, *, of_servers: bool = False, of_writers: bool = False) -> Callable[[Claim], Claim]:
    """Add a claim, which takes the subjects and the name of an engine."""

    def add(check: Claim) -> Claim:
        CLAIMS[sentence] = check
        if of_writers:
            NEEDS_WRITERS.add(sentence)
        if of_servers:
            NEEDS_SERVER.add(sentence)
        return check

    return add


def assert_equal(here: Rows, there: Rows) -> None:
    """Compare rows table by table, which makes a difference readable."""
    assert here.keys() == there.keys()
    for table, rows in here.items():
        assert rows == there[table], table


@claim("A first load equals DuckDB's, cell by cell")
def _first(subjects: Subjects, name: str) -> None:
    assert subjects.loaded(name).ran[0].err == ""
    assert_equal(subjects.loaded(name).days[0], subjects.loaded("DuckDB").days[0])


@claim("A second load fetches nothing and changes only sightings and load_runs")
def _second(subjects: Subjects, name: str) -> None:
    assert subjects.loaded(name).ran[1].calls["album"] == 0
    assert_equal(subjects.loaded(name).days[1], subjects.loaded("DuckDB").days[1])


@claim("New, renamed, shrunken and emptied albums are as in DuckDB")
def _third(subjects: Subjects, name: str) -> None:
    assert subjects.loaded(name).ran[2].calls == subjects.loaded("DuckDB").ran[2].calls
    assert_equal(subjects.loaded(name).days[2], subjects.loaded("DuckDB").days[2])


@claim("Dates of year 0000 and before 1900 are kept")
def _dates(subjects: Subjects, name: str) -> None:
    engine = subjects.loaded(name).engine
    rows = engine.sql("SELECT CAST(released_on AS text) FROM albums WHERE name IN ('Undated', 'Old')")
    assert {str(day)[:10] if day else None for (day,) in rows} == {None, "1899-12-01"}


@claim("Tables and columns have comments")
def _comments(subjects: Subjects, name: str) -> None:
    expected = subjects.loaded("DuckDB").engine.count_comments()
    assert subjects.loaded(name).engine.count_comments() == expected > 100


# Parts of the page that differ from load to load.
_VARIABLE = re.compile(r"(DTSTAMP|LAST-MODIFIED|SEQUENCE):.*|<updated>.*?</updated>|urn:uuid:[-0-9a-f]+")


def documents(subject: Subject) -> list[str]:
    """Return page, feed and calendar of a subject."""
    out = {name: subject.place.folder / f"out.{name}" for name in ("html", "xml", "ics")}
    options = ["--out", str(out["html"]), "--feed", str(out["xml"]), "--calendar", str(out["ics"])]
    with patch.dict(os.environ, {**subject.place.environment(), **subject.engine.environment}):
        arguments = parse_report([*subject.engine.arguments, *options])
        assert report(arguments, now=datetime(2026, 11, 20, tzinfo=timezone.utc)) == 0
    texts = [_VARIABLE.sub("", file.read_text(encoding="utf-8")) for file in out.values()]
    return [text.replace(subject.engine.dataset, "spotify_raw") for text in texts]


@claim("The page, the feed and the calendar are the same as from DuckDB")
def _page(subjects: Subjects, name: str) -> None:
    assert documents(subjects.loaded(name)) == documents(subjects.loaded("DuckDB"))


@claim("A dropped table is recreated by the next load")
def _dropped(subjects: Subjects, name: str) -> None:
    subject = subjects.loaded(name)
    for table in ("album_tracks", "load_runs", "album_tracks__artists", "new_releases__artists"):
        before = subject.engine.count(table)
        subject.engine.sql(f"DROP TABLE {table}")
        ran = subject.load()
        assert (ran.code, ran.err) == (0, ""), table
        assert subject.engine.count(table) == (1 if table == "load_runs" else before), table


@claim("A load package that a killed run left is loaded once by the next run")
def _killed(subjects: Subjects, name: str) -> None:
    subject = subjects.new(name)
    client = subject.engine.job_client
    for step, attribute in (("dlt.Pipeline.load", "pipeline_name"), (f"{client}.complete_load", "schema.name")):
        # The trial load has another pipeline and schema.
        code = (
            f"import os, runpy, sys, dlt, {client.rpartition('.')[0]}\n"
            f"original = {step}\n"
            "def killed(self, *a, **k):\n"
            f"    return os.kill(os.getpid(), 9) if self.{attribute} == 'spotify' else original(self, *a, **k)\n"
            f"{step} = killed\n"
            f"runpy.run_path({str(LOAD_PY)!r}, run_name='__main__')"
        )
        command = [sys.executable, "-c", code, *subject.engine.arguments, *(("--full-refresh",) if subject.ran else ())]
        environment = subject.environment(PYTHONPATH=os.pathsep.join(sys.path))
        killed = subprocess.run(command, env=environment, capture_output=True, check=False)
        if killed.returncode != -9:
            pytest.fail(f"{step} was not reached: {killed.returncode} {killed.stderr[-500:]!r}")
        subject.ran.append(subject.load())
        assert (subject.ran[-1].code, subject.ran[-1].calls["album"]) == (0, 0), subject.ran[-1].err
        assert (subject.engine.count("albums"), subject.engine.count("album_tracks")) == (7, 64)


@claim("A run on a second machine is rejected and names the process at work")
def _second_machine(subjects: Subjects, name: str) -> None:
    subject = subjects.loaded(name)
    code = (
        "import sys; from pathlib import Path\n"
        "from spotify_pipeline.destinations import named_destination\n"
        "from spotify_pipeline.destinations.duckdb import DuckDbFile\n"
        f"dataset = {subject.engine.dataset!r}; destination = {subject.engine.destination}\n"
        "with destination.locked(), destination.writable(): print('held', flush=True); sys.stdin.read()"
    )
    machine = {"DLT_DATA_DIR": str(subject.place.folder / "second"), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=subject.environment(**machine),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        ran = subject.load()
        other.communicate()
    assert ran.code in {69, 75}
    assert str(other.pid) in ran.err
    assert sum(ran.calls.values()) == 0


@claim("Three machines at once, one of them killed, load the same as one after another", of_writers=True)
def _three_machines(subjects: Subjects, name: str) -> None:
    subject = subjects.new(name)
    load_markets(subject, together=True)
    assert count_rows(subject) == subjects.result(load_markets_in_turn, "DuckDB")
    assert (subject.engine.count("albums"), subject.engine.count("album_tracks")) == (7, 64)


def load_markets_in_turn(subject: Subject) -> dict[str, int]:
    """Return the rows that three markets leave, loaded one after another."""
    load_markets(subject, together=False)
    return count_rows(subject)


def count_rows(subject: Subject) -> dict[str, int]:
    """Return rows by table, where runs add none, and the number of markets."""
    rows = {table: len(found) for table, found in subject.engine.rows().items()}
    del rows["load_runs"], rows["release_sightings"]
    return {**rows, "markets": len(subject.engine.sql("SELECT DISTINCT market FROM release_sightings"))}


def load_markets(subject: Subject, *, together: bool) -> None:
    """Load each market on its own machine until it succeeds; kill a first run."""
    waiting = ["US", "DE", "JP"]
    killed = False
    for _ in range(20):
        running = {market: machine(subject, market) for market in waiting[: None if together else 1]}
        if together and not killed:
            first = next(iter(running.values()))
            assert first.stdout is not None
            first.stdout.readline()
            first.kill()
            killed = True
        for market, process in running.items():
            output, _ = process.communicate()
            assert process.returncode in {0, -9, 69, 75}, output
            if process.returncode == 0:
                waiting.remove(market)
        if not waiting:
            return
    pytest.fail(f"not loaded after twenty rounds: {waiting}")


def machine(subject: Subject, market: str) -> subprocess.Popen[str]:
    """Start a load of one market, with working directories of its own."""
    return subprocess.Popen(
        [*subject.place.command_line(*subject.engine.arguments), "--market", market, "--progress", "log"],
        env=subject.environment(DLT_DATA_DIR=str(subject.place.folder / market), PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def export_and_retain(subject: Subject) -> tuple[object, object]:
    """Return what `--export` writes and what `--retain-days` leaves, after two runs."""
    folder = subject.place.folder / "exported"
    ran = subject.load("--export", str(folder), "--export-format", "parquet")
    assert (ran.code, ran.err) == (0, ""), ran.err
    (file,) = folder.iterdir()
    exported = duckdb.sql(f"FROM '{file}'")
    exported_rows = (exported.columns, list(map(str, exported.types)), exported.fetchall())

    for name in ("Grows", "Old"):
        subject.api.catalogue.listing.remove(subject.albums[name]["id"])
    subject.place.clock.move(20 * DAY)
    ran = subject.load("--retain-days", "10")
    assert (ran.code, ran.err) == (0, ""), ran.err
    removed = [line for line in ran.out.splitlines() if line.startswith("Removed: ")]
    assert "2 albums" in removed[0]
    return exported_rows, (removed, subject.engine.rows())


@claim("--export writes the same rows as from DuckDB")
def _export(subjects: Subjects, name: str) -> None:
    ours, reference = (subjects.result(export_and_retain, one) for one in (name, "DuckDB"))
    assert ours[0] == reference[0]  # type: ignore[index]  # tuples


@claim("--retain-days removes the same rows as from DuckDB")
def _retention(subjects: Subjects, name: str) -> None:
    ours, reference = (subjects.result(export_and_retain, one) for one in (name, "DuckDB"))
    assert ours[1] == reference[1]  # type: ignore[index]  # tuples


@claim("--check tries a load and leaves nothing")
def _check(subjects: Subjects, name: str) -> None:
    subject = subjects.new(name)
    ran = subject.load("--check")
    assert ran.code == 0, ran.out
    assert subject.engine.datasets() == set()


@claim("A wrong password ends with 78 and is not shown", of_servers=True)
def _wrong_password(subjects: Subjects, name: str) -> None:
    subject = subjects.loaded(name)
    wrong = {key: value.replace(PASSWORD, "not-the-one") for key, value in subject.engine.environment.items()}
    ran = subject.load(**wrong)
    assert ran.code == 78
    assert "password authentication failed" in ran.err or "Access denied" in ran.err
    assert "not-the-one" not in ran.err + ran.out


@claim("A server that is down ends with 69 before the first call", of_servers=True)
def _down(subjects: Subjects, name: str) -> None:
    subject = subjects.loaded(name)
    assert isinstance(subject.engine, (PostgresDataset, MariaDbDatabase))
    subject.engine.server.stop()
    try:
        ran = subject.load()
    finally:
        subject.engine.server.start()
    assert (ran.code, sum(ran.calls.values())) == (69, 0)
    assert "Traceback" not in ran.err
    assert PASSWORD not in ran.err
    assert subject.load().code == 0


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("sentence", list(CLAIMS))
def test_a_claim_holds(sentence: str, name: str, subjects: Subjects) -> None:
    if sentence in NEEDS_SERVER and name not in SERVERS:
        FOUND[sentence, name] = "no server"
        return
    engine = subjects.loaded(name).engine
    VERSIONS[name] = engine.version(), engine.tier
    if sentence in NEEDS_WRITERS and engine.tier != "proven":
        FOUND[sentence, name] = "one machine alone"
        return
    FOUND[sentence, name] = "no"
    try:
        CLAIMS[sentence](subjects, name)
    except Exception as error:
        if engine.tier == "proven":
            raise
        WHY[sentence, name] = str(error)
        print(WHY[sentence, name])  # noqa: T201
        return
    FOUND[sentence, name] = "yes"


def test_the_documented_matrix_is_up_to_date() -> None:
    if len(FOUND) < len(CLAIMS) * len(ENGINES):
        pytest.skip("not all engines and claims were tried")
    print(WHY)  # noqa: T201
    text = PAGE.read_text(encoding="utf-8")
    documented = re.search(r"(?<=<!-- matrix -->\n).*?(?=<!-- /matrix -->)", text, re.DOTALL)
    assert documented is not None
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(text[: documented.start()] + matrix() + text[documented.end() :], encoding="utf-8")
        return
    # Versions and day, in the first line, differ from machine to machine.
    expected = "UPDATE_DOCS=1 python -m pytest -m engines -n0 tests/conformance"
    assert documented[0].splitlines()[1:] == matrix().splitlines()[1:], expected


def matrix() -> str:
    """Return the results as a table in Markdown."""
    today = datetime.now(timezone.utc).date()
    head = [f"dlt {dlt.__version__}, {today}", *(VERSIONS[name][0] for name in ENGINES)]
    tiers = ["tier", *(VERSIONS[name][1] for name in ENGINES)]
    rows = [[sentence, *(FOUND[sentence, name] for name in ENGINES)] for sentence in CLAIMS]
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---"] * len(head), tiers, *rows])
