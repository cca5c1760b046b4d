"""The watchlist as a person writes it: artists by id, URI, address or name, one a line. Knows no artist and no call."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, cast

from dlt.common.json import json

from .errors import ConfigurationError
from .model.ids import is_id
from .model.reach import WatchEntry

_URI: Final = re.compile(r"spotify:(?P<kind>[a-z]+):(?P<id>[0-9A-Za-z]{22})", re.IGNORECASE)
# Addresses as the app shares them: with a language in the path, with `?si=` behind it.
_URL: Final = re.compile(
    r"(?:https?://)?(?:open|play)\.spotify\.com/(?:intl-[a-z-]+/)?(?:embed/)?(?P<kind>[a-z]+)/(?P<id>[0-9A-Za-z]{22})/?(?:[?#].*)?",
    re.IGNORECASE,
)
_SPOTIFY: Final = re.compile(r"(?:https?://)?(?:open|play)\.spotify\.com/|spotify:|https?://", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\s#(\s.*)?$")


def parse_artists(value: str | Sequence[str] | None) -> tuple[WatchEntry, ...]:
    """The watchlist from the setting `artists`: a list, such a list as JSON, or the path of a file.

    Raises:
        ConfigurationError: The file can't be read, or one of the entries can't be an artist.
    """
    if value is None or not value:
        return ()
    if not isinstance(value, str):
        return parse_lines(map(str, value), "artists")
    if value.lstrip().startswith("["):
        try:
            return parse_lines(map(str, cast("list[object]", json.loads(value))), "artists")
        except ValueError:
            raise ConfigurationError(
                "artists is neither a list nor a file.",
                guidance='Write it as ["...", "..."], or as the path of a file.',
            ) from None
    return read_artists(Path(value).expanduser())


def read_artists(path: Path) -> tuple[WatchEntry, ...]:
    """The watchlist in a file, one artist a line, UTF-8.

    Raises:
        ConfigurationError: It can't be read, or one of the lines can't be an artist.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8.", guidance="Save the list of artists as UTF-8.") from None
    except OSError as error:
        raise ConfigurationError(
            f"The list of artists, {path}, can't be read: {error.strerror}.", guidance="Correct the path of artists."
        ) from None
    return parse_lines(text.splitlines(), str(path))


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
    return WatchEntry(name=unicodedata.normalize("NFC", " ".join(text.split())))
