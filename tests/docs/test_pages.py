"""README and docs/ say what the code says, and their queries what the demo's database answers.

UPDATE_DOCS=1 (or UPDATE_README=1) writes the answers into them.
"""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path

import dlt
import duckdb
import pytest
from spotify_pipeline.cli.load_command import run as load
from spotify_pipeline.cli.options import parse_load

from tests.support.checkout import CHECKOUT
from tests.support.documents import DOCS, README, Block, blocks, pages

UPDATE = bool(os.environ.get("UPDATE_DOCS") or os.environ.get("UPDATE_README"))
RUN = {"sql", "python", "ipython", "sh"}
# What is no program, or is one of another tool that is read and not run.
SHOWN = {"text", "mermaid", "yaml", "toml", "json", "ini"}
WITH_RESULT = re.compile(r"(?<!-->\n)```sql\n(?P<query>[^`]*?)```\n\n(?:\|[^\n]*\n)+", re.DOTALL)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that the pages' queries are asked of."""
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLT_DATA_DIR", str(folder))
        for day in ("2026-11-20", "2026-11-21"):
            assert load(parse_load(["--demo", "--demo-date", day, "--db", str(folder / "demo.duckdb")])) == 0
    return folder / "demo.duckdb"


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_each_query_gives_the_result_that_stands_below_it(page: Path, database: Path) -> None:
    text = page.read_text(encoding="utf-8")
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")

        def with_result(match: re.Match[str]) -> str:
            answer = connection.execute(match["query"])
            names = [column[0] for column in answer.description]
            lines = [names, ["---"] * len(names), *answer.fetchall()]
            table = "".join(f"| {' | '.join(str(value) for value in line)} |\n" for line in lines)
            return f"```sql\n{match['query']}```\n\n{table}"

        asked = WITH_RESULT.sub(with_result, text)
    if UPDATE:
        page.write_text(asked, encoding="utf-8")
    assert asked == text


@pytest.mark.slow
@pytest.mark.parametrize("block", [one for one in blocks("sql") if not one.marks], ids=str)
def test_each_query_answers(block: Block, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with duckdb.connect(str(database), read_only=True) as connection:
        assert connection.execute(block.text).description


def test_every_block_is_run_or_says_why_not() -> None:
    for block in blocks():
        assert block.language in RUN | SHOWN or not block.is_run, (
            f"{block}: {block.language!r} is neither run nor marked"
        )


def test_every_page_is_led_to_from_the_first() -> None:
    listed = (DOCS / "README.md").read_text(encoding="utf-8") + (DOCS / "tools" / "README.md").read_text(
        encoding="utf-8"
    )
    for page in pages():
        if page.is_relative_to(DOCS) and page.name != "README.md":
            assert f"({page.name}" in listed, page


@pytest.mark.parametrize("page", [CHECKOUT / "CONTRIBUTING.md", *pages()], ids=lambda page: page.name)
def test_links_to_files_lead_to_files(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?://|#|mailto:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve()
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {_slug(heading) for heading in headings}, link


def test_the_report_in_json_has_the_keys_that_metrics_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path))
    assert load(parse_load(["--demo", "--limit", "1", "--report", "json", "--db", str(tmp_path / "demo.duckdb")])) == 0
    report = json.loads(capsys.readouterr().out)
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    assert [name for name in report if f"| `{name}` |" not in text] == []


@pytest.mark.skipif(int(duckdb.__version__.split(".")[0]) < 2, reason="the name is gone since DuckDB 2.0")
def test_arrow_in_one_piece_fails_as_the_page_on_jupyter_says(database: Path, tmp_path: Path) -> None:
    pipeline = dlt.pipeline(
        "spotify",
        destination=dlt.destinations.duckdb(str(database)),
        dataset_name="spotify_raw",
        pipelines_dir=str(tmp_path),
    )
    pipeline.sync_destination()
    albums = pipeline.dataset().albums
    assert sum(table.num_rows for table in albums.iter_arrow(100_000)) == len(albums.fetchall())
    # Where this passes, a newer dlt has mended it: the pages on Jupyter and Ibis need not speak of it any more.
    with pytest.raises(AttributeError, match="fetch_arrow_table"):
        albums.arrow()


def test_each_message_of_troubleshooting_is_one_that_the_code_can_say() -> None:
    said = "\n".join(_texts(CHECKOUT / "spotify_source")) + "\n".join(_texts(CHECKOUT / "pipelines"))
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    ours = text.partition("## Python")[0]
    headings = re.findall(r"^### `(.*)`$", ours, re.MULTILINE)
    assert len(headings) >= 15
    for heading in headings:
        for part in heading.split("…"):
            assert part.strip(" .'") in said, f"{heading!r}: nothing says {part!r}"


def test_ci_runs_the_test_command_of_readme() -> None:
    command = next(block for block in blocks("sh") if block.page == README and "pytest" in block.text)
    install, test = command.text.strip().split(" && ")
    ci = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    assert install.removeprefix("python -m ") in ci
    assert test in ci


def _texts(package: Path) -> list[str]:
    """All texts in a package's code, those with values in them in their parts."""
    return [
        node.value
        for module in package.rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _slug(heading: str) -> str:
    """The anchor that the forge gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
