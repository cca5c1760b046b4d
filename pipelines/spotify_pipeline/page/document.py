"""The page as a whole: every section read, the template filled, and the scripts that it may run. Writes no file."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import jinja2

from spotify_pipeline.page import arrivals, late, lengths, library, links, movers, pairs, release_calendar, runs
from spotify_pipeline.page.database import Database

_HERE = Path(__file__).parent
_SCRIPTS = ("cards.js", "page.js")
_TOTALS = """
    SELECT
        (SELECT count(*) FROM catalogue) AS albums,
        (SELECT count(*) FROM album_tracks) AS tracks,
        (SELECT count(DISTINCT id) FROM album_credits) AS artists,
        (SELECT max(seen_at) FROM release_sightings) AS seen_at
"""


@dataclass(frozen=True)
class Sections:
    """What the page shows, section by section."""

    arrivals: arrivals.Arrivals
    late: late.Late
    calendar: release_calendar.Calendar
    movers: movers.Movers
    lengths: lengths.Lengths
    pairs: pairs.Pairs
    runs: runs.Runs


def page(database: Database, now: datetime) -> str:
    """The page as HTML.

    Args:
        database: What it shows.
        now: The time, in UTC without a zone, as the database has its own.
    """
    sections = Sections(
        arrivals=arrivals.read(database),
        late=late.read(database),
        calendar=release_calendar.read(database),
        movers=movers.read(database),
        lengths=lengths.read(database),
        pairs=pairs.read(database),
        runs=runs.read(database, now),
    )
    # A browser takes \r\n for \n before it hashes a script, so there must be none.
    scripts = [library.javascript(), *((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS)]
    template = _templates().get_template("page.html")
    return template.render(
        sections=sections,
        totals=database.one(_TOTALS),
        tracks_shown=arrivals.TRACKS_SHOWN,
        now=now,
        style=(_HERE / "page.css").read_text(encoding="utf-8"),
        scripts=scripts,
        policy=_policy(scripts),
    )


def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(clock=lengths.clock, number=_number, moment=_moment, day=_day)
    return environment


def _policy(scripts: list[str]) -> str:
    """What the page may load and run: its own scripts, covers, and Spotify's player. Nothing that a name could smuggle in."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    covers = " ".join(f"https://*{host}" for host in links.IMAGE_HOSTS)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src {covers}; "
        f"frame-src {links.SPOTIFY}; "
        "base-uri 'none'; form-action 'none'"
    )


def _number(value: int) -> str:
    return f"{value:,}"


def _moment(value: datetime) -> str:
    return f"{value.day} {value:%B %Y, %H:%M} UTC"


def _day(value: date) -> str:
    return f"{value:%A} {value.day} {value:%B %Y}"
