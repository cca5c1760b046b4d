"""The data dictionary, written from the declaration of the tables and the descriptions of the models. Knows Markdown.

`python -m spotify_pipeline.after_load.data_dictionary` writes it again after a change of either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from spotify_pipeline.after_load.dbt_sources import DLT_LOADS
from spotify_pipeline.places import checkout, dbt_project
from spotify_source import schema

_HEAD: Final = """\
# Data dictionary

Written by `python -m spotify_pipeline.after_load.data_dictionary` from `spotify_source/schema.py` and the descriptions in
`pipelines/dbt_spotify`. Do not edit: change those.

- [Tables](#tables) are what `pipelines/load.py` loads, in the dataset (`spotify_raw` unless `--dataset` says otherwise).
- [Models](#models) are what `--transform` builds of them, in `spotify_marts`.
"""


def render() -> str:
    """The dictionary as it must be."""
    return "\n".join(_lines()) + "\n"


def path() -> Path:
    """Where it stands in a checkout.

    Raises:
        FileNotFoundError: This runs from an installed wheel, which has no documents.
    """
    root = checkout()
    if root is None:
        raise FileNotFoundError("The data dictionary is a document of the checkout; an installed wheel has none.")
    return root / "docs" / "data-dictionary.md"


def write() -> None:
    """Write the dictionary."""
    path().parent.mkdir(exist_ok=True)
    path().write_text(render(), encoding="utf-8", newline="\n")


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "## Tables"
    for table in (*schema.all_tables(), DLT_LOADS):
        key = f" Key: {', '.join(f'`{column}`' for column in table.primary_key)}." if table.primary_key else ""
        rows = [(column.name, column.data_type, column.description) for column in table.columns]
        yield from _section(table.name, table.description + key, rows)
    yield "\n## Models"
    for model in _models():
        rows = [(one["name"], one.get("data_type", ""), one.get("description", "")) for one in model["columns"]]
        yield from _section(model["config"]["alias"], model["description"], rows)


def _section(name: str, description: str, rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"\n### {name}\n"
    yield f"{_one_line(description)}\n"
    yield "| column | type | meaning |"
    yield "| --- | --- | --- |"
    for column, data_type, meaning in rows:
        yield f"| `{column}` | {data_type} | {_one_line(meaning)} |"


def _models() -> Iterator[Mapping[str, Any]]:
    """The marts and the snapshot, as their YAML describes them."""
    project = dbt_project()
    for file, kind in (
        ("models/marts/core/_core.yml", "models"),
        ("models/marts/reports/_reports.yml", "models"),
        ("snapshots/_snapshots.yml", "snapshots"),
    ):
        yield from yaml.safe_load((project / file).read_text(encoding="utf-8"))[kind]


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


if __name__ == "__main__":
    write()
