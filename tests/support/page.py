"""A written page as a tree of elements, and copies of databases for other pages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
from spotify_pipeline.cli.options import parse_report
from spotify_pipeline.cli.report_command import run as report

from tests.support.database import Database
from tests.support.ran import Ran, run_here

# Gives the demo's covers the addresses of Spotify's.
REAL_COVERS = "; ".join(
    f"UPDATE {table}__images SET url = replace(url, 'covers.invalid', 'i.scdn.co')"
    for table in ("new_releases", "albums")
)

_VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass
class Element:
    """An HTML element."""

    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    inside: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text in it, with single spaces."""
        return " ".join("".join(self._words()).split())

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements with a tag and attributes, at any depth; `class_` is class."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [
            each
            for each in self.below()
            if each.tag == tag
            and all(value in (each.attributes.get(name) or "").split() for name, value in wanted.items())
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        """Return the only such element."""
        (found,) = self.all(tag, **attributes)
        return found

    def links(self) -> dict[str, str]:
        """Return the address of each link by its text."""
        return {link.text: link.attributes["href"] or "" for link in self.all("a")}

    def below(self) -> Iterator[Element]:
        """Yield the elements in it, at any depth, in order."""
        for each in self.inside:
            if isinstance(each, Element):
                yield each
                yield from each.below()

    def _words(self) -> Iterator[str]:
        for each in self.inside:
            if isinstance(each, str):
                yield each
            elif each.tag == "br":
                yield " "
            else:
                yield from each._words()


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self._open[-1].inside.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self._open[-1].inside.append(data)


class Page:
    """A written page."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.html = path.read_text(encoding="utf-8")
        builder = _Builder()
        builder.feed(self.html)
        self.root = builder.root

    def section(self, name: str) -> Element:
        """Return the section with an id."""
        return self.root.one("section", id=name)

    def cards(self) -> dict[str, Element]:
        """Return the cards by the id of their album."""
        cards = self.section("new").all("li", class_="card")
        return {(card.attributes["id"] or "").removeprefix("album-"): card for card in cards}

    def chart(self, name: str) -> dict[str, Any]:
        """Return the specification of a chart."""
        figure = self.root.one("figure", id=f"chart-{name}")
        found = json.loads("".join(str(each) for each in figure.one("script").inside))
        assert isinstance(found, dict)
        return found

    def elements(self) -> list[Element]:
        """Return every element, in order."""
        return list(self.root.below())

    def charts(self) -> list[str]:
        """Return the names of the charts."""
        return [figure.attributes["data-chart"] or "" for figure in self.root.all("figure")]


def run_report(*arguments: object, now: float = 0) -> Ran:
    """Run the command in this process at a Unix time."""
    at = datetime.fromtimestamp(now, timezone.utc)
    return run_here(lambda: report(parse_report([str(argument) for argument in arguments]), at))


def render_page(database: Path, now: float) -> Page:
    """Return the page of a database, written beside it."""
    out = database.with_suffix(".html")
    ran = run_report("--db", database, "--out", out, now=now)
    assert ran.code == 0, ran.err
    return Page(out)


def altered_copy(database: Path, folder: Path, *statements: str) -> Path:
    """Copy a database into a folder and run statements in the copy."""
    copy = Path(shutil.copy(database, folder / "altered.duckdb"))
    with duckdb.connect(str(copy)) as connection:
        connection.execute("USE altered.spotify_raw")
        for statement in statements:
            connection.execute(statement)
    return copy


def watch(album_id: str) -> list[str]:
    """Return statements after which only a watched artist's listing shows an album."""
    return [
        "CREATE TABLE IF NOT EXISTS watched_artists (artist_id VARCHAR, name VARCHAR)",
        "ALTER TABLE release_sightings ADD COLUMN IF NOT EXISTS query VARCHAR",
        "DELETE FROM watched_artists",
        (
            "INSERT INTO watched_artists BY NAME SELECT 'someone' AS artist_id, 'Someone' AS name, "
            "'x' AS _dlt_load_id, 'x' AS _dlt_id"
        ),
        f"UPDATE release_sightings SET query = 'artist:someone' WHERE album_id = '{album_id}'",
    ]


@dataclass(frozen=True)
class DemoPage:
    """The page of a demo database, which tests do not change."""

    database: Database
    page: Page
    now: float  # Unix time of the page
