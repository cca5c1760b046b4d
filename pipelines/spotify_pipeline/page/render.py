"""HTML of the page: its sections, links, covers, and the scripts that it may run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import jinja2
import vl_convert

from spotify_pipeline.page.data import Database
from spotify_pipeline.page.sections import SECTIONS, fill

SPOTIFY: Final = "https://open.spotify.com"
# Most covers are on i.scdn.co: https://developer.spotify.com/documentation/design
IMAGE_HOSTS: Final = (".scdn.co", ".spotifycdn.com")
_HERE: Final = Path(__file__).parent
_SCRIPTS: Final = ("cards.js", "page.js")
_PALETTES: Final = 5
_TOTALS: Final = """
    SELECT counted((SELECT count(*) FROM catalogue), 'album')
        || ' by ' || counted((SELECT count(DISTINCT id) FROM album_credits), 'artist')
        || ', with ' || counted((SELECT count(*) FROM album_tracks), 'track') || '.'
        || coalesce(' Last listed on ' || moment((SELECT max(seen_at) FROM listing_runs)) || '.', '')
"""
_IS_DEMO: Final = "SELECT EXISTS (FROM covers WHERE contains(url, '.invalid/'))"


def page(database: Database, library: str, now: datetime) -> str:
    """Return the page as HTML.

    Args:
        database: Loaded tables and views.
        library: JavaScript of `charting_library`.
        now: Current time in UTC, without a time zone.
    """
    # Browsers replace \r\n with \n before they hash a script: the files must not have any.
    scripts = [library, *((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS)]
    return _template("page.html").render(
        sections=[fill(section, database, now) for section in SECTIONS],
        totals=database.value(_TOTALS),
        is_demo=database.value(_IS_DEMO),
        now=f"{now.day} {now:%B %Y, %H:%M} UTC",
        style=(_HERE / "page.css").read_text(encoding="utf-8"),
        scripts=scripts,
        policy=_content_security_policy(scripts),
    )


def spotify_url(thing: Any) -> str:
    """Return the page of an item on Spotify.

    That is the address that came with it, else one made of its id, else the front page.

    Args:
        thing: Item with `kind`, `id` and `url`.
    """
    if thing["url"] and _host(thing["url"]) == "open.spotify.com":
        return str(thing["url"])
    return f"{SPOTIFY}/{thing['kind']}/{quote(thing['id'], safe='')}" if thing["id"] else SPOTIFY


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        spotify_url=spotify_url,
        cover_url=_cover_url,
        is_invented=_is_invented,
        is_spotify_id=_is_spotify_id,
        drawn_cover=_drawn_cover,
    )
    return environment.get_template(name)


def _host(url: str) -> str | None:
    """Return the host of an https address without port and user."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme == "https" else None


def _cover_url(url: str | None) -> str | None:
    """Return the address of a cover if it is one of Spotify's."""
    host = _host(url) if url else None
    return url if host and host.endswith(IMAGE_HOSTS) else None


def _is_invented(url: str | None) -> bool:
    """Return True for covers of the demo, which have addresses in .invalid (RFC 6761)."""
    return url is not None and (_host(url) or "").endswith(".invalid")


def _is_spotify_id(text: str) -> bool:
    # https://developer.spotify.com/documentation/web-api/concepts/spotify-uris-ids
    return re.fullmatch(r"[0-9A-Za-z]{22}", text) is not None


def _drawn_cover(album_id: str) -> tuple[int, Sequence[tuple[int, int, int]]]:
    """Return a palette and circles that stand for the cover of a demo album.

    Circles are x, y and radius on a square of 100 by 100, the largest first. They depend on the id alone.
    """
    digest = hashlib.sha256(album_id.encode()).digest()
    circles = [(digest[at] * 100 // 255, digest[at + 1] * 100 // 255, 12 + digest[at + 2] % 40) for at in (1, 4, 7)]
    return 1 + digest[0] % _PALETTES, sorted(circles, key=lambda circle: -circle[2])


@lru_cache(maxsize=1)
def charting_library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one JavaScript module.

    Building it takes 100 MB, which are free again afterwards: build it before a large database is read.
    """
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    if "</script" in bundle.lower() or "<!--" in bundle:
        raise ValueError("The charting library can't be embedded in HTML as it is.")
    return bundle


def _content_security_policy(scripts: list[str]) -> str:
    """Return a policy that allows the page's scripts, covers, and Spotify's player."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    covers = " ".join(f"https://*{host}" for host in IMAGE_HOSTS)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src {covers}; "
        f"frame-src {SPOTIFY}; base-uri 'none'; form-action 'none'"
    )
