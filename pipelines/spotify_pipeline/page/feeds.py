"""New albums as an Atom feed (RFC 4287) and an iCalendar file (RFC 5545)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from xml.etree import ElementTree as ET

from spotify_pipeline.page.data import Database
from spotify_pipeline.page.render import SPOTIFY, spotify_url

# Readers who fetch the feed once a month miss nothing, and new subscribers are not flooded.
DAYS: Final = 35
MAX_ENTRIES: Final = 500
ATTRIBUTION: Final = "Data from Spotify."

# A row of new_releases is rewritten only if it has changed, so the run that wrote it changed it. A load without a row in
# load_runs, by another program, is dated by its id, which is its Unix time.
_ENTRIES: Final = """
    WITH written AS (
        SELECT album.id AS album_id, unnest([listing._dlt_load_id, fetched._dlt_load_id]) AS load_id
        FROM catalogue AS album
        LEFT JOIN new_releases AS listing ON listing._dlt_id = album.listed_row_id
        LEFT JOIN albums AS fetched ON fetched._dlt_id = album.fetched_row_id
    ), changes AS (
        SELECT
            written.album_id,
            max(coalesce(run.started_at, make_timestamp(CAST(TRY_CAST(written.load_id AS DOUBLE) * 1e6 AS BIGINT))))
                AS changed_at
        FROM written
        LEFT JOIN load_runs AS run ON run.load_id = written.load_id
        GROUP BY written.album_id
    ), latest AS (
        SELECT max(seen_at) AS seen_at FROM arrivals
    )
    SELECT
        shown_albums.*,
        date_trunc('second', arrivals.seen_at) AS first_seen,
        date_trunc('second', greatest(arrivals.seen_at, changes.changed_at)) AS changed,
        catalogue.day,
        catalogue.label
    FROM arrivals
    JOIN catalogue ON catalogue.id = arrivals.album_id
    JOIN shown_albums ON shown_albums.id = arrivals.album_id
    JOIN changes ON changes.album_id = arrivals.album_id
    CROSS JOIN latest
    WHERE
        (arrivals.seen_at >= latest.seen_at - to_days($days) OR catalogue.released_on >= latest.seen_at)
        AND (NOT $watched_only OR arrivals.album_id IN (SELECT album_id FROM watched_albums))
    ORDER BY arrivals.seen_at DESC, arrivals.album_id
    LIMIT $most
"""
_ATOM: Final = "http://www.w3.org/2005/Atom"
# Characters that XML 1.0 cannot hold in any form.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_BYTES: Final = 75
_ESCAPED: Final = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}
# Control characters, which an iCalendar text cannot hold; a line break is escaped.
_NOT_TEXT: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class FeedEntry:
    """A new album. Times are in UTC, without a time zone."""

    album_id: str
    title: str  # name and artists
    url: str
    artists: Sequence[tuple[str, str]]  # names and addresses
    album_type: str
    details: str  # type, release date and label in one line, with the attribution that Spotify's terms require
    first_seen: datetime
    changed: datetime  # first_seen if nothing has changed since
    day: date | None  # of the release; None unless Spotify has one


def entries(database: Database, *, watched_only: bool = False) -> list[FeedEntry]:
    """Return new and future albums, the latest first.

    New are those first seen in the `DAYS` days before the latest run.

    Args:
        database: Loaded tables and views.
        watched_only: Only albums of watched artists.
    """
    rows = database.rows(_ENTRIES, {"days": DAYS, "watched_only": watched_only, "most": MAX_ENTRIES})
    return [
        FeedEntry(
            album_id=row["id"],
            title=row["title"],
            url=spotify_url(row["album"]),
            artists=[(artist["name"], spotify_url(artist)) for artist in row["artists"]],
            album_type=row["album_type"],
            details=_details(row["album_type"], row["released"], row["label"]),
            first_seen=row["first_seen"],
            changed=row["changed"],
            day=row["day"],
        )
        for row in rows
    ]


def _details(album_type: str, released: str, label: str | None) -> str:
    known = [album_type.capitalize(), released and f"released {released}", label]
    return f"{', '.join(one for one in known if one)}. {ATTRIBUTION}"


# -- Atom


def atom(albums: Sequence[FeedEntry], dataset: str, now: datetime) -> str:
    """Return the feed as XML, equal for equal albums.

    Args:
        albums: Entries, the latest first.
        dataset: Dataset of the albums; two datasets have two feeds.
        now: Time of the feed if there are no albums, in UTC without a time zone.
    """
    root = ET.Element("feed", xmlns=_ATOM)
    _add(root, "id", _urn(f"{SPOTIFY}/#{dataset}"))
    _add(root, "title", "New releases on Spotify")
    _add(root, "updated", _atom_time(max((album.changed for album in albums), default=now)))
    _add(root, "link", rel="alternate", href=SPOTIFY)
    _add(ET.SubElement(root, "author"), "name", "Spotify")
    _add(root, "generator", "spotify_source")
    _add(root, "rights", ATTRIBUTION)
    for album in albums:
        entry = ET.SubElement(root, "entry")
        # Without the address, which could get a parameter: the entry has to stay the same.
        _add(entry, "id", _urn(f"{SPOTIFY}/album/{album.album_id}"))
        _add(entry, "title", album.title)
        _add(entry, "published", _atom_time(album.first_seen))
        _add(entry, "updated", _atom_time(album.changed))
        _add(entry, "link", rel="alternate", href=album.url)
        for name, url in album.artists:
            author = ET.SubElement(entry, "author")
            _add(author, "name", name)
            _add(author, "uri", url)
        _add(entry, "category", term=album.album_type)
        _add(entry, "summary", album.details)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> None:
    element = ET.SubElement(parent, tag, {name: _xml_text(value) for name, value in attributes.items()})
    element.text = None if text is None else _xml_text(text)


def _xml_text(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _urn(url: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, url).urn


def _atom_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


# -- iCalendar


def icalendar(albums: Sequence[FeedEntry]) -> str:
    """Return the release days as an iCalendar file, equal for equal albums.

    Lines end with CRLF, as the format requires. Albums without a day of release are left out.
    """
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//spotify_source//New releases//EN", "CALSCALE:GREGORIAN"]
    names = ["NAME:New releases on Spotify", "X-WR-CALNAME:New releases on Spotify"]
    events = [line for album in albums if album.day is not None for line in _event(album, album.day)]
    return "".join(f"{_folded(line)}\r\n" for line in [*head, *names, *events, "END:VCALENDAR"])


def _event(album: FeedEntry, day: date) -> Iterator[str]:
    changed = f"{album.changed:%Y%m%dT%H%M%S}Z"
    # Has to rise with each change, and needs no memory like this: minutes from the first sighting to the change.
    sequence = -(-int((album.changed - album.first_seen).total_seconds()) // 60)
    yield "BEGIN:VEVENT"
    yield f"UID:album-{album.album_id}@spotify-source"
    yield f"DTSTAMP:{changed}"
    yield f"CREATED:{album.first_seen:%Y%m%dT%H%M%S}Z"
    yield f"LAST-MODIFIED:{changed}"
    yield f"SEQUENCE:{sequence}"
    yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{day + timedelta(1):%Y%m%d}"
    yield f"SUMMARY:{_calendar_text(album.title)}"
    yield f"DESCRIPTION:{_calendar_text(f'{album.details}{chr(10)}{album.url}')}"
    yield f"URL:{_NOT_TEXT.sub('', album.url)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _calendar_text(value: str) -> str:
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(_ESCAPED.get(character, character) for character in _NOT_TEXT.sub(" ", lines))


def _folded(line: str) -> str:
    """Fold a line into pieces of at most 75 bytes that divide no character."""
    pieces, piece, size = [], "", 0
    for character in line:
        width = len(character.encode())
        if size + width > _LINE_BYTES:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + character, size + width
    return "\r\n".join([*pieces, piece])
