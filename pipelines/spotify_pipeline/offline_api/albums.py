"""How one album is put together from its title, artists and tracks; not which albums there are."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import cast

from . import names
from .ids import fraction, href, identifier, uri, web_url
from .markets import MARKETS
from .wire import Album, AlbumType, Artist, Copyright, Image, Track

# Nothing answers under .invalid (RFC 6761), so nobody asks Spotify's servers for pictures that do not exist.
_COVERS = "https://covers.invalid/image"
# What Spotify's host of covers calls each size.
_COVER_PREFIXES = {640: "ab67616d0000b273", 300: "ab67616d00001e02", 64: "ab67616d00004851"}


def make_album(
    name: str = "Untitled", tracks: int = 12, discs: int = 1, artist: str | None = None, **overrides: object
) -> Album:
    """A plausible album, always the same for the same name; it and its tracks can be played everywhere.

    Args:
        name: The title, from which the id follows.
        tracks: How many tracks it has.
        discs: On how many discs they are; numbers start again on each.
        artist: The one artist of the album; by default one is invented.
        overrides: Any key of the album. An ``id`` changes the addresses too.
    """
    rng = Random(name)
    speech = names.tongue(rng)
    artists = [make_artist(artist or names.artist_name(rng, speech))]
    titles = [names.title(rng, speech) for _ in range(tracks)]
    album = assemble(str(overrides.get("id") or identifier("album", name)), name, artists, rng)
    album["tracks"] = [
        make_track(f"{album['id']}/{number}", *place(number, tracks, discs), title, artists, album["available_markets"])
        for number, title in enumerate(titles)
    ]
    album["total_tracks"] = tracks
    album["album_type"] = album_type(tracks)
    album.update(cast(Album, overrides))
    return album


def assemble(album_id: str, name: str, artists: list[Artist], rng: Random) -> Album:
    """An album without tracks yet, out today everywhere, with everything else an album has."""
    label = names.label(rng)
    return {
        "album_type": "album",
        "total_tracks": 0,
        "available_markets": list(MARKETS),
        "external_urls": {"spotify": web_url("album", album_id)},
        "href": href("album", album_id),
        "id": album_id,
        "images": cover(album_id),
        "name": name,
        "release_date": "2026-11-20",
        "release_date_precision": "day",
        "type": "album",
        "uri": uri("album", album_id),
        "artists": artists,
        "tracks": [],
        "copyrights": small_print(label, 2026, rng),
        "external_ids": {"upc": upc(rng)},
        "genres": [],
        "label": label,
        "popularity": int(rng.betavariate(1.3, 3) * 100),
    }


def make_artist(name: str, key: str | None = None) -> Artist:
    """The artist of that name, always the same.

    Args:
        name: The name, from which the id follows.
        key: What the id follows from instead: two artists may have one name.
    """
    artist_id = identifier("artist", name if key is None else key)
    return {
        "external_urls": {"spotify": web_url("artist", artist_id)},
        "href": href("artist", artist_id),
        "id": artist_id,
        "name": name,
        "type": "artist",
        "uri": uri("artist", artist_id),
    }


def make_track(key: str, disc: int, number: int, name: str, artists: list[Artist], markets: list[str]) -> Track:
    """The track at that place, of a length that follows from the key."""
    track_id = identifier("track", key)
    return {
        "artists": artists,
        "available_markets": markets,
        "disc_number": disc,
        "duration_ms": 130_000 + int(fraction("length", key) * 150_000),
        "explicit": False,
        "external_urls": {"spotify": web_url("track", track_id)},
        "href": href("track", track_id),
        "id": track_id,
        "name": name,
        "preview_url": None,
        "track_number": number,
        "type": "track",
        "uri": uri("track", track_id),
        "is_local": False,
    }


def relink(track: Track) -> None:
    """Let another track stand in for this one, as Spotify does where a recording exists twice."""
    original = track["id"]
    substitute = identifier("track", f"instead of {original}")
    track["linked_from"] = {
        "external_urls": {"spotify": web_url("track", original)},
        "href": href("track", original),
        "id": original,
        "type": "track",
        "uri": uri("track", original),
    }
    # external_urls keeps the original: so do the real replies.
    track["id"] = substitute
    track["href"] = href("track", substitute)
    track["uri"] = uri("track", substitute)


def place(number: int, tracks: int, discs: int) -> tuple[int, int]:
    """Disc and number, both from 1, of the track that is ``number``-th from 0."""
    per_disc = -(-tracks // discs)
    return number // per_disc + 1, number % per_disc + 1


def album_type(tracks: int) -> AlbumType:
    """What an album of that many tracks is called, as Spotify draws the line."""
    return "album" if tracks > 6 else "single"


def cover(key: str, sizes: Sequence[int] = (640, 300, 64)) -> list[Image]:
    """The cover in several sizes, the largest first."""
    # The host's names are 40 hexadecimal digits: 16 of the size, 24 of the picture.
    picture = f"{int(fraction('cover', key) * 2**56):014x}{int(fraction('back', key) * 2**40):010x}"
    return [{"url": f"{_COVERS}/{_COVER_PREFIXES[size]}{picture}", "height": size, "width": size} for size in sizes]


def small_print(label: str, year: int, rng: Random) -> list[Copyright]:
    """The copyrights: mostly both, with or without the sign."""
    signs = ("© ", "℗ ") if rng.random() < 0.8 else ("", "")
    lines: list[Copyright] = [
        {"text": f"{signs[0]}{year} {label}", "type": "C"},
        {"text": f"{signs[1]}{year} {label}", "type": "P"},
    ]
    return lines[1:] if rng.random() < 0.06 else lines


def upc(rng: Random) -> str:
    """A UPC of 12 to 14 digits, with or without the zeros that pad it."""
    return str(rng.randrange(10**11, 10**12)).zfill(rng.choice((12, 12, 13, 14)))
