"""News as a calendar of release days (iCalendar, RFC 5545). Knows the format, not where the news comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from spotify_pipeline.page.news import NewAlbum

_LINE = 75
_ESCAPED = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}
# Control characters, which a text value can't hold; a line break is escaped.
_UNWRITABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f]")


def calendar(news: Sequence[NewAlbum]) -> str:
    """The calendar, with CRLF at the end of each line as the format has it; the same for the same news.

    Albums without a day of release are left out.
    """
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//spotify_source//New releases//EN", "CALSCALE:GREGORIAN"]
    named = ["NAME:New releases on Spotify", "X-WR-CALNAME:New releases on Spotify"]
    events = [line for album in news for line in _event(album)]
    return "".join(f"{_folded(line)}\r\n" for line in [*head, *named, *events, "END:VCALENDAR"])


def _event(new: NewAlbum) -> Iterator[str]:
    if new.day is None:
        return
    changed = f"{new.changed:%Y%m%dT%H%M%S}Z"
    yield "BEGIN:VEVENT"
    yield f"UID:album-{new.album.id}@spotify-source"
    yield f"DTSTAMP:{changed}"
    yield f"CREATED:{new.first_seen:%Y%m%dT%H%M%S}Z"
    yield f"LAST-MODIFIED:{changed}"
    yield f"SEQUENCE:{_sequence(new.first_seen, new.changed)}"
    yield f"DTSTART;VALUE=DATE:{new.day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{new.day + timedelta(1):%Y%m%d}"
    yield f"SUMMARY:{_text(new.title)}"
    yield f"DESCRIPTION:{_text(f'{new.details}{chr(10)}{new.album.url}')}"
    yield f"URL:{_UNWRITABLE.sub('', new.album.url)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _sequence(first_seen: datetime, changed: datetime) -> int:
    """A number that rises with each change and needs no memory: minutes from the first sighting to the change."""
    return -(-int((changed - first_seen).total_seconds()) // 60)


def _text(value: str) -> str:
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(_ESCAPED.get(character, character) for character in _UNWRITABLE.sub(" ", lines))


def _folded(line: str) -> str:
    """The line in pieces of at most 75 bytes, none of which parts a character."""
    pieces, piece, size = [], "", 0
    for character in line:
        width = len(character.encode())
        if size + width > _LINE:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + character, size + width
    return "\r\n".join([*pieces, piece])
