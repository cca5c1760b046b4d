"""What docs/ says that the code knows better: options, settings, keys of tables, exit codes, metrics. Makes Markdown."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, get_args, get_origin

import yaml
from dlt.common.typing import TSecretStrValue
from spotify_pipeline.cli import options, probe, report
from spotify_pipeline.exits import MEANINGS
from spotify_pipeline.places import dbt_project

from spotify_source import schema, spotify_source
from spotify_source.config import SpotifyConfiguration
from spotify_source.schema import Table

# Which columns lead to which table: (from, column, to, column, words). What is nested is not named here.
RELATIONS: Final = (
    ("new_releases", "id", "albums", "id", "is fetched as"),
    ("new_releases", "id", "release_sightings", "album_id", "is seen in"),
    ("albums", "id", "album_tracks", "album_id", "holds"),
    ("watched_artists", "artist_id", "albums__artists", "id", "is credited as"),
    ("load_runs", "run_id", "release_sightings", "run_id", "sees"),
    ("load_runs", "run_id", "search_yields", "run_id", "asks"),
)
_ONE_OR_NONE: Final = {("new_releases", "albums")}


def generated() -> dict[str, str]:
    """The text between `<!-- name -->` and `<!-- /name -->`, by name."""
    parser = options.build_parser()
    return {
        "options": _table("option", "meaning", _options(parser)),
        "help": _help(parser),
        "report": _table("option", "meaning", _options(report.build_parser())),
        "probe": _table("option", "meaning", _options(probe.build_parser())),
        "exits": _table("code", "meaning", ((str(code), meaning) for code, meaning in MEANINGS.items())),
        "settings": _settings(),
        "diagram": "```mermaid\n" + "\n".join(_diagram()) + "\n```\n",
        "load_runs": _table(
            "column", "meaning", ((f"`{one.name}`", one.description) for one in schema.LOAD_RUNS.columns)
        ),
        "dbt metrics": _table("metric", "meaning", _dbt_metrics()),
    }


def written(text: str, blocks: Mapping[str, str]) -> str:
    """A page with what is generated of it in its place."""
    for name, block in blocks.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        text = re.sub(pattern, lambda match, block=block: match[1] + block + match[2], text, flags=re.DOTALL)
    return text


def _table(first: str, second: str, rows: Iterable[tuple[str, str]]) -> str:
    return f"| {first} | {second} |\n| --- | --- |\n" + "".join(f"| {one} | {two} |\n" for one, two in rows)


def _options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    for action in parser._actions:
        if action.dest != "help":
            yield f"`{action.option_strings[-1]}{_value(action)}`", str(action.help)


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices and action.metavar is None:
        return f" {'/'.join(map(str, action.choices))}"
    return f" {action.metavar}"


def _help(parser: argparse.ArgumentParser) -> str:
    parser.formatter_class = lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=98)
    return f"```text\n{parser.format_help().rstrip()}\n```\n"


def _settings() -> str:
    """One row a setting: its key, its type, what holds without it, what it means to the source."""
    meanings = _arguments_of(inspect.getdoc(spotify_source) or "")
    lines = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    for name, hint in SpotifyConfiguration.get_resolvable_fields().items():
        default = getattr(SpotifyConfiguration, name, None)
        shown = "" if default is None else f"`{default}`"
        lines.append(f"| `{name}` | {_type(hint)} | {shown} | {meanings[name]} |")
    return "\n".join(lines) + "\n"


def _type(hint: object) -> str:
    if hint is TSecretStrValue:
        return "secret"
    choices = [str(one) for one in get_args(hint) if isinstance(one, str)]
    if choices and get_origin(hint) is not None:
        return ", ".join(f"`{one}`" for one in choices)
    names = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    kinds = [names[one] for one in (get_args(hint) or (hint,)) if one in names]
    return kinds[0]


def _arguments_of(docstring: str) -> dict[str, str]:
    """What a docstring's Args say of each."""
    section = docstring.partition("Args:\n")[2].partition("\n\n")[0]
    found = re.findall(r"^    (\w+): (.*?)(?=^    \w|\Z)", section, re.DOTALL | re.MULTILINE)
    return {name: " ".join(text.split()).replace("|", r"\|") for name, text in found}


def _diagram() -> Iterator[str]:
    """The tables with their keys, and how they hang together, as a diagram in Mermaid's language."""
    yield "erDiagram"
    tables = {table.name: table for table in schema.all_tables()}
    for table in schema.TABLES:
        for nested in table.nested.values():
            field = nested.name.removeprefix(f"{table.name}__")
            yield f'  {table.name} ||--o{{ {nested.name} : "{field}, by _dlt_parent_id"'
    for one, its, other, others, words in RELATIONS:
        if its not in _columns(tables[one]) or others not in _columns(tables[other]):
            raise AssertionError(f"{one}.{its} or {other}.{others} is no column")
        many = "o|" if (one, other) in _ONE_OR_NONE else "o{"
        yield f'  {one} ||--{many} {other} : "{words}"'
    for table in tables.values():
        yield f"  {table.name} {{"
        yield from _keys(table, {others for _, _, other, others, _ in RELATIONS if other == table.name})
        yield "  }"


def _columns(table: Table) -> set[str]:
    return {column.name for column in table.columns}


def _keys(table: Table, foreign: set[str]) -> Iterator[str]:
    leads = foreign | {"_dlt_parent_id"}
    for column in table.columns:
        marks = [mark for mark, names in (("PK", table.primary_key), ("FK", leads)) if column.name in names]
        if marks or column.name == "_dlt_id":
            yield f"    {column.data_type} {column.name} {', '.join(marks)}".rstrip()


def _dbt_metrics() -> Iterator[tuple[str, str]]:
    file = dbt_project() / "models" / "marts" / "_semantic_models.yml"
    for metric in yaml.safe_load(file.read_text(encoding="utf-8"))["metrics"]:
        yield f"`{metric['name']}`", " ".join(metric["description"].split())
