"""Generated files, compared with the output of `docs/generate.py`.

UPDATE_DOCS=1 writes them, as `python docs/generate.py` does.
"""

from __future__ import annotations

import os

from docs import generate
from spotify_source import schema
from tests.support.checkout import CHECKOUT


def test_generated_files_are_up_to_date() -> None:
    if os.environ.get("UPDATE_DOCS"):
        generate.write()
    stale = [
        path.relative_to(CHECKOUT).as_posix()
        for path, text in generate.generated_files().items()
        if path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "Run python docs/generate.py"


def test_every_generated_block_is_on_a_page() -> None:
    pages = "".join(generate.generated_files().values())
    assert [name for name in generate.generated_blocks() if f"<!-- {name} -->\n" not in pages] == []


def test_relations_in_the_diagram_name_columns() -> None:
    columns = {(table.name, column.name) for table in schema.all_tables() for column in table.columns}
    named = {end for one, its, other, others, _ in generate._RELATIONS for end in ((one, its), (other, others))}
    assert named <= columns
