"""Queries, links, blocks and quoted messages of README and docs/.

UPDATE_DOCS=1 writes the results of the queries into the pages.
"""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import dlt
import duckdb
import pytest

from tests.docs.conftest import Demo
from tests.support.checkout import CHECKOUT
from tests.support.documents import DOCS, README, Block, blocks, pages

RUN = {"sql", "python", "ipython", "sh"}
# Data, diagrams and configuration of other tools, which no test runs.
SHOWN = {"text", "mermaid", "yaml", "toml", "json", "ini"}
QUERY_WITH_RESULT = re.compile(r"(?<!-->\n)```sql\n(?P<query>[^`]*?)```\n\n(?:\|[^\n]*\n)+", re.DOTALL)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_each_query_returns_the_result_shown_below_it(page: Path, demo: Demo) -> None:
    text = page.read_text(encoding="utf-8")
    with duckdb.connect(str(demo.database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")

        def with_result(match: re.Match[str]) -> str:
            answer = connection.execute(match["query"])
            names = [column[0] for column in answer.description]
            lines = [names, ["---"] * len(names), *answer.fetchall()]
            table = "".join(f"| {' | '.join(str(value) for value in line)} |\n" for line in lines)
            return f"```sql\n{match['query']}```\n\n{table}"

        expected = QUERY_WITH_RESULT.sub(with_result, text)
    if os.environ.get("UPDATE_DOCS") and expected != text:
        page.write_text(expected, encoding="utf-8")
        return
    assert text == expected


@pytest.mark.parametrize("block", [one for one in blocks("sql") if not one.marks], ids=str)
def test_each_query_runs(block: Block, demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with duckdb.connect(str(demo.database), read_only=True) as connection:
        assert connection.execute(block.text).description


def test_every_block_is_run_or_gives_a_reason() -> None:
    for block in blocks():
        assert block.language in RUN | SHOWN or not block.is_run, f"{block}: {block.language!r}"


def test_every_page_is_linked_from_an_index() -> None:
    listed = "".join((DOCS / name / "README.md").read_text(encoding="utf-8") for name in (".", "tools"))
    for page in pages():
        if page.is_relative_to(DOCS) and page.name != "README.md":
            assert f"({page.name}" in listed, page


@pytest.mark.parametrize("page", [*CHECKOUT.glob("*.md"), *DOCS.rglob("*.md")], ids=lambda page: page.name)
def test_links_to_files_and_headings_resolve(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?://|#|mailto:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve()
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, link


@pytest.mark.parametrize("page", [CHECKOUT / "CONTRIBUTING.md", DOCS / "architecture.md"], ids=lambda page: page.name)
def test_python_files_named_for_contributors_exist(page: Path) -> None:
    folders = [CHECKOUT, *(CHECKOUT / name for name in ("pipelines", "pipelines/spotify_pipeline", "spotify_source"))]
    for name in re.findall(r"`([\w./]+\.py)`", page.read_text(encoding="utf-8")):
        assert any((folder / name).is_file() for folder in folders), name


def test_code_named_on_the_architecture_page_exists() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    section = text.partition("## From reply to row")[2].partition("## Layers")[0]
    modules = [*(CHECKOUT / "spotify_source").rglob("*.py"), *(CHECKOUT / "pipelines").rglob("*.py")]
    words = set(re.findall(r"\w+", "".join(module.read_text(encoding="utf-8") for module in modules)))
    named = {word for name in re.findall(r"`([\w.]+)`", section) for word in name.removesuffix(".py").split(".")}
    assert named - words == set()


def test_metrics_page_lists_every_key_of_the_json_report(demo: Demo) -> None:
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    assert [name for name in demo.report if f"| `{name}` |" not in text] == []


@pytest.mark.skipif(int(duckdb.__version__.split(".")[0]) < 2, reason="DuckDB 2.0 removed fetch_arrow_table")
def test_arrow_in_one_table_fails_as_documented(demo: Demo, tmp_path: Path) -> None:
    pipeline = dlt.pipeline(
        "spotify",
        destination=dlt.destinations.duckdb(str(demo.database)),
        dataset_name="spotify_raw",
        pipelines_dir=str(tmp_path),
    )
    pipeline.sync_destination()
    albums = pipeline.dataset().albums
    assert sum(table.num_rows for table in albums.iter_arrow(100_000)) == len(albums.fetchall())
    # If this passes, dlt supports DuckDB 2.0: remove the note from docs/tools/jupyter.md and docs/tools/ibis.md.
    with pytest.raises(AttributeError, match="fetch_arrow_table"):
        albums.arrow()


def test_every_message_in_troubleshooting_is_in_the_code() -> None:
    messages = "\n".join([*_strings(CHECKOUT / "spotify_source"), *_strings(CHECKOUT / "pipelines")])
    ours = (DOCS / "troubleshooting.md").read_text(encoding="utf-8").partition("## Python")[0]
    headings = re.findall(r"^### `(.*)`$", ours, re.MULTILINE)
    assert len(headings) >= 15
    for heading in headings:
        for part in heading.split("…"):
            assert part.strip(" .'") in messages, f"{heading!r}: {part!r} is in no message"


def test_ci_runs_the_test_command_of_readme() -> None:
    command = next(block for block in blocks("sh") if block.page == README and "pytest" in block.text)
    install, test = command.text.strip().split(" && ")
    ci = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    assert install.removeprefix("python -m ") in ci
    assert test in ci


def _strings(package: Path) -> list[str]:
    """Return the string constants in a package; an f-string is several."""
    return [
        node.value
        for module in package.rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
