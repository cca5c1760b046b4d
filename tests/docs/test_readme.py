"""README is run: its queries on the demo's database, its commands as .ci/run has them.

UPDATE_README=1 writes the results of the queries into it.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from spotify_pipeline.cli.command import load
from spotify_pipeline.cli.options import build_parser, parse
from spotify_pipeline.demo import Catalogue, OfflineApi, make_album
from spotify_pipeline.exits import MEANINGS

from tests.support.checkout import CHECKOUT

README = CHECKOUT / "README.md"
QUERY = re.compile(r"```sql\n(?P<query>.*?)```\n(?:\n(?:\|[^\n]*\n)+)?", re.DOTALL)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that README's queries are asked of."""
    folder = tmp_path_factory.mktemp("readme")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLT_DATA_DIR", str(folder))
        for day in ("2026-11-20", "2026-11-21"):
            assert load(parse(["--demo", "--demo-date", day, "--db", str(folder / "demo.duckdb")])) == 0
    return folder / "demo.duckdb"


def test_each_query_in_readme_gives_the_result_that_stands_below_it(database: Path) -> None:
    text = README.read_text(encoding="utf-8")
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")

        def with_result(match: re.Match[str]) -> str:
            answer = connection.execute(match["query"])
            names = [column[0] for column in answer.description]
            lines = [names, ["---"] * len(names), *answer.fetchall()]
            table = "".join(f"| {' | '.join(str(value) for value in line)} |\n" for line in lines)
            return f"```sql\n{match['query']}```\n\n{table}"

        asked = QUERY.sub(with_result, text)
    if os.environ.get("UPDATE_README"):
        README.write_text(asked, encoding="utf-8")
    assert len(QUERY.findall(text)) >= 5
    assert asked == text


def test_options_help_and_exit_codes_in_readme_are_those_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    parser = build_parser()
    rows = [
        f"| `{action.option_strings[-1]}{_value(action)}` | {action.help} |\n"
        for action in parser._actions
        if action.dest != "help"
    ]
    generated = {
        "options": "| option | meaning |\n| --- | --- |\n" + "".join(rows),
        "exits": "| code | meaning |\n| --- | --- |\n"
        + "".join(f"| {code} | {meaning} |\n" for code, meaning in MEANINGS.items()),
        "help": f"```text\n{parser.format_help().rstrip()}\n```\n",
    }
    text = README.read_text(encoding="utf-8")
    written = text
    for name, block in generated.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        written = re.sub(pattern, lambda match, block=block: match[1] + block + match[2], written, flags=re.DOTALL)
    if os.environ.get("UPDATE_README"):
        README.write_text(written, encoding="utf-8")
    assert written == text


def test_the_notebook_example_of_readme_gives_the_releases(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = next(block for block in _code_blocks("python") if ".dataset()" in block)
    monkeypatch.chdir(database.parent)
    variables: dict[str, Any] = {}
    exec(code.replace('"spotify.duckdb"', f"{str(database)!r}"), variables)
    assert len(variables["releases"]) == 106


def test_the_script_of_readme_loads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code = next(block for block in _code_blocks("python") if "pipeline.run" in block)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path))
    with OfflineApi(Catalogue.of([make_album("One", tracks=3)]), regime="development") as api:
        monkeypatch.setenv("SOURCES__SPOTIFY__CLIENT_ID", "demo")
        monkeypatch.setenv("SOURCES__SPOTIFY__CLIENT_SECRET", "demo")
        monkeypatch.setenv("SOURCES__SPOTIFY__API_URL", api.api_url)
        monkeypatch.setenv("SOURCES__SPOTIFY__TOKEN_URL", api.token_url)
        exec(code, {})
    with duckdb.connect(str(tmp_path / "releases.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM spotify_raw.album_tracks").fetchone() == (3,)


def _code_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)\n```", README.read_text(encoding="utf-8"), re.DOTALL)


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices and action.metavar is None:
        return f" {'/'.join(map(str, action.choices))}"
    return f" {action.metavar}"


def test_ci_runs_the_test_command_of_readme() -> None:
    install, test = _code_blocks("sh")[1].split(" && ")
    ci = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    assert install.removeprefix("python -m ") in ci
    assert test in ci
