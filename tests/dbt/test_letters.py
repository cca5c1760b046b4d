"""Tests of the lists of letters and punctuation for Postgres.

`UPDATE_DOCS=1 python -m pytest -m slow -n0 tests/dbt/test_letters.py` writes the lists again.
"""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterator

import duckdb
from spotify_pipeline.after_load.transform import PROJECT

LETTERS = PROJECT / "macros" / "letters.sql"
# All characters except surrogates.
CHARACTERS = """
    SELECT code, chr(code::INTEGER) AS letter
    FROM (SELECT unnest(range(1, 55296)) AS code UNION ALL SELECT unnest(range(57344, 1114112)))
"""
STEPS = (1, 2, 4)


def test_lists_equal_duckdb_unicode_classes() -> None:
    text = LETTERS.read_text(encoding="utf-8")
    lists = {"capital_letters": list(_capital_letters()), "signs": list(_signs())}
    expected = text
    for name, entries in lists.items():
        lines = textwrap.fill(
            " ".join(entries), 118, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
        )
        body = rf"({{% macro {name}\(\) -%}}\n).*?({{%- endmacro %}})"
        expected = re.sub(body, lambda found, lines=lines: f"{found[1]}{lines}\n{found[2]}", expected, flags=re.DOTALL)
    if os.environ.get("UPDATE_DOCS"):
        LETTERS.write_text(expected, encoding="utf-8", newline="\n")
        return
    assert text == expected, "Run UPDATE_DOCS=1 python -m pytest -m slow -n0 tests/dbt/test_letters.py"


def _capital_letters() -> Iterator[str]:
    """Return runs of capital letters: first, last, step, offset of lower case."""
    query = f"SELECT code, ord(lower(letter)) - code FROM ({CHARACTERS}) WHERE lower(letter) <> letter ORDER BY code"
    distances = dict(duckdb.sql(query).fetchall())
    left = sorted(distances)
    while left:
        first = left[0]
        runs = [_run(distances, first, step) for step in STEPS]
        run = max(runs, key=len)
        step = run[1] - run[0] if len(run) > 1 else 1
        yield f"{first:x}/{run[-1]:x}/{step}/{distances[first]}"
        left = left[len(run) :]


def _run(distances: dict[int, int], first: int, step: int) -> list[int]:
    run = [first]
    while distances.get(run[-1] + step) == distances[first] and not any(
        between in distances for between in range(run[-1] + 1, run[-1] + step)
    ):
        run.append(run[-1] + step)
    return run


def _signs() -> Iterator[str]:
    """Return runs of punctuation; unassigned characters do not end a run."""
    query = rf"""
        SELECT code, regexp_matches(letter, '[\p{{L}}\p{{M}}\p{{N}}]') FROM ({CHARACTERS})
        WHERE regexp_matches(letter, '[\p{{L}}\p{{M}}\p{{N}}\p{{P}}\p{{S}}\p{{Z}}\p{{C}}]') ORDER BY code
    """
    first = last = None
    for code, is_letter in duckdb.sql(query).fetchall():
        if not is_letter:
            first, last = first or code, code
        elif first:
            yield f"{first:x}-{last:x}"
            first = None
    if first:
        yield f"{first:x}-{last:x}"
