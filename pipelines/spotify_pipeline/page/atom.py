"""News as an Atom feed (RFC 4287). Knows the format, not where the news comes from."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from spotify_pipeline.page.links import SPOTIFY
from spotify_pipeline.page.news import ATTRIBUTION, NewAlbum

_NAMESPACE = "http://www.w3.org/2005/Atom"
# What XML 1.0 can't hold, however it is written.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def feed(news: Sequence[NewAlbum], dataset: str, now: datetime) -> str:
    """The feed as XML, the same for the same news.

    Args:
        news: The entries, the latest first.
        dataset: Which dataset they are of; two datasets are two feeds.
        now: When the feed changed if there is no news, in UTC without a zone.
    """
    root = ET.Element("feed", xmlns=_NAMESPACE)
    _add(root, "id", _urn(f"{SPOTIFY}/#{dataset}"))
    _add(root, "title", "New releases on Spotify")
    _add(root, "updated", _time(max((album.changed for album in news), default=now)))
    _add(root, "link", rel="alternate", href=SPOTIFY)
    _add(ET.SubElement(root, "author"), "name", "Spotify")
    _add(root, "generator", "spotify_source")
    _add(root, "rights", ATTRIBUTION)
    for album in news:
        _entry(ET.SubElement(root, "entry"), album)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _entry(entry: ET.Element, new: NewAlbum) -> None:
    # Of the id alone: the address may come to have a parameter, and the entry must stay the same.
    _add(entry, "id", _urn(f"{SPOTIFY}/album/{new.album.id}"))
    _add(entry, "title", new.title)
    _add(entry, "published", _time(new.first_seen))
    _add(entry, "updated", _time(new.changed))
    _add(entry, "link", rel="alternate", href=new.album.url)
    for artist in new.album.artists:
        author = ET.SubElement(entry, "author")
        _add(author, "name", artist.name)
        _add(author, "uri", artist.url)
    _add(entry, "category", term=new.album.type)
    _add(entry, "summary", new.details)


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> None:
    element = ET.SubElement(parent, tag, {name: _writable(value) for name, value in attributes.items()})
    element.text = None if text is None else _writable(text)


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _urn(url: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, url).urn


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
