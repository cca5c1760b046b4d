"""The watchlist as a person writes it: artists by id, URI, address or name, one a line. Knows no artist and no call."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, cast

from dlt.common.json import json

from .errors import ConfigurationError
from .models import WatchEntry, is_id

# As the app shares them: with a language in the path, with a part of the page or `?si=` behind.
_BEHIND: Final = r"(?:[/?#].*)?"
_URI: Final = re.compile(rf"spotify:(?P<kind>[a-z]+):(?P<id>[0-9A-Za-z]{{22}}){_BEHIND}", re.IGNORECASE)
_URL: Final = re.compile(
    rf"(?:https?://)?(?:open|play)\.spotify\.com/(?:intl-[a-z-]+/)?(?:embed/)?(?P<kind>[a-z]+)/(?P<id>[0-9A-Za-z]{{22}}){_BEHIND}",
    re.IGNORECASE,
)
_AS_A_LIST: Final = '["...", "..."].'
_SPOTIFY: Final = re.compile(r"(?:https?://)?(?:open|play)\.spotify\.com/|spotify:|https?://", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\s#(\s.*)?$")
_LINE_END: Final = re.compile("\r\n|\r|\n")
# Such as a line of a table, which is nobody's name.
_ID_AND_MORE: Final = re.compile(r"[0-9A-Za-z]{22}\s*[,;|]")
# No artist's name is longer: a search takes about 250 characters.
_LONGEST_NAME: Final = 250
# What Windows writes as "Unicode" begins so.
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


def parse_artists(value: str | Sequence[str] | None) -> tuple[WatchEntry, ...]:
    """The watchlist from the setting `artists`: a list, such a list as JSON, or the path of a file.

    Raises:
        ConfigurationError: The file can't be read, or one of the entries can't be an artist.
    """
    if value is None or not value or (isinstance(value, str) and not value.strip()):
        return ()
    if not isinstance(value, str):
        return parse_lines(_texts(value), "artists")
    if value.lstrip().startswith("["):
        try:
            found = cast("list[object]", json.loads(value))
        except ValueError:
            raise ConfigurationError("artists is neither a list nor a file.", guidance=_AS_A_LIST) from None
        return parse_lines(_texts(found), "artists")
    return read_artists(Path(value).expanduser())


def read_artists(path: Path) -> tuple[WatchEntry, ...]:
    """The watchlist in a file, one artist a line, UTF-8 or UTF-16 with its mark.

    Raises:
        ConfigurationError: It can't be read, names nobody, or one of the lines can't be an artist.
    """
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ConfigurationError(
            f"The list of artists, {path}, can't be read: {why}.",
            guidance=f"Correct the path of artists. To name artists in the setting itself: {_AS_A_LIST}",
        ) from None
    found = parse_lines(_LINE_END.split(_decoded(content, path)), str(path))
    if not found:
        raise ConfigurationError(
            f"The list of artists, {path}, names no artist.",
            guidance="Write ids, links or names into it, one a line; or leave artists out.",
        )
    return found


def _decoded(content: bytes, path: Path) -> str:
    encoding = "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(_LINE_END.split(content[: error.start].decode("latin-1")))
        raise ConfigurationError(
            f"{path}, line {line}: not {encoding.removesuffix('-sig').upper()}.",
            guidance="Save the list of artists as UTF-8.",
        ) from None


def _texts(entries: Iterable[object]) -> list[str]:
    found = list(entries)
    for number, one in enumerate(found, start=1):
        if not isinstance(one, str):
            raise ConfigurationError(
                f"artists, line {number}: {one!r} is not a text.", guidance=f"Write all of them as texts: {_AS_A_LIST}"
            )
    return cast("list[str]", found)


def parse_lines(lines: Iterable[str], where: str) -> tuple[WatchEntry, ...]:
    """The entries of a watchlist, each once, in order.

    A line is empty, a comment (`# ...`), or an artist, which a comment may follow after a blank.

    Args:
        lines: The lines.
        where: What to call them in an error.

    Raises:
        ConfigurationError: One of them can't be an artist.
    """
    found: dict[WatchEntry, None] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        # A name may hold a "#": only one between blanks begins a comment.
        text = "" if text.startswith("#") else _COMMENT.sub("", text).strip()
        if text:
            found.setdefault(_entry(text, f"{where}, line {number}"))
    return tuple(found)


def _entry(text: str, where: str) -> WatchEntry:
    match = _URI.fullmatch(text) or _URL.fullmatch(text)
    if match is not None:
        if match["kind"].lower() != "artist":
            raise ConfigurationError(
                f"{where}: {text!r} is not an artist, but of the kind {match['kind'].lower()!r}.",
                guidance="Copy the link of the artist's page.",
            )
        return WatchEntry(artist_id=match["id"])
    if is_id(text):
        return WatchEntry(artist_id=text)
    if _SPOTIFY.match(text):
        raise ConfigurationError(
            f"{where}: {text!r} is not the address of an artist.",
            guidance="Write it like https://open.spotify.com/artist/... or spotify:artist:..., or write the name.",
        )
    # As Spotify sends names: composed. Otherwise the same name would be another one.
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    _check_name(name, where)
    return WatchEntry(name=name)


def _check_name(name: str, where: str) -> None:
    short = f"{name[:60]}..." if len(name) > _LONGEST_NAME else name
    if _ID_AND_MORE.match(name):
        raise ConfigurationError(
            f"{where}: {short!r} has more than an id.", guidance="Write the id alone; a comment goes behind ' # '."
        )
    if len(name) > _LONGEST_NAME:
        raise ConfigurationError(
            f"{where}: {short!r} is longer than any name.", guidance="Write one artist a line, or the artist's id."
        )
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name) or not name.strip('"\\ '):
        raise ConfigurationError(
            f"{where}: {short!r} is not a name that can be searched for.", guidance="Write the artist's id instead."
        )
