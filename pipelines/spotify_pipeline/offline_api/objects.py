"""Web API objects of the offline catalogue, and functions that invent them.

The keys are those of https://developer.spotify.com/documentation/web-api/reference/get-an-album.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from random import Random
from typing import Literal, cast

from spotify_source.api.markets import MARKETS
from spotify_source.models import Artist, Copyright, Image, SimplifiedAlbum, Track

from . import names

Kind = Literal["album", "artist", "track"]

# Nothing answers under .invalid (RFC 6761), so no client asks Spotify's servers for pictures that do not exist.
_COVERS = "https://covers.invalid/image"
# The prefix of a size in the names of Spotify's image host.
_COVER_PREFIXES = {640: "ab67616d0000b273", 300: "ab67616d00001e02", 64: "ab67616d00004851"}
_BASE64_TO_BASE62 = bytes.maketrans(b"+/", b"xY")


class CatalogueAlbum(SimplifiedAlbum, total=False):
    """Album with all its tracks in one list, and with every field of both quota modes."""

    copyrights: list[Copyright]
    external_ids: dict[str, str]
    genres: list[str]
    label: str
    popularity: int
    tracks: list[Track]


def identifier(kind: Kind, key: str) -> str:
    """Return the base62 id of 22 characters that belongs to a key."""
    return _base62(hashlib.blake2b(f"{kind}:{key}".encode(), digest_size=16).digest())


def fraction(*key: object) -> float:
    """Return a number from 0 to 1 that looks random and depends on the key alone."""
    digest = hashlib.blake2b("/".join(map(str, key)).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / 2**56


# Objects keep the addresses of the real API: rows must not hold the port of an offline one.
def href(kind: Kind, object_id: str) -> str:
    """Return the object's address in the Web API."""
    return f"https://api.spotify.com/v1/{kind}s/{object_id}"


def web_url(kind: Kind, object_id: str) -> str:
    """Return the object's page."""
    return f"https://open.spotify.com/{kind}/{object_id}"


def uri(kind: Kind, object_id: str) -> str:
    """Return the object's Spotify URI."""
    return f"spotify:{kind}:{object_id}"


def make_album(
    name: str = "Untitled", tracks: int = 12, discs: int = 1, artist: str | None = None, **overrides: object
) -> CatalogueAlbum:
    """Make a plausible album that can be played in every market.

    Args:
        name: The title. The same name gives the same album.
        tracks: The number of tracks.
        discs: The number of discs. Track numbers start at 1 on each.
        artist: The name of the album's one artist; invented by default.
        overrides: Any key of the album. An `id` changes its addresses too.
    """
    rng = Random(name)
    language = names.language(rng)
    artists = [make_artist(artist or names.artist_name(rng, language))]
    titles = [names.title(rng, language) for _ in range(tracks)]
    album = untracked_album(str(overrides.get("id") or identifier("album", name)), name, artists, rng)
    album["album_type"] = album_type(tracks)
    album["total_tracks"] = tracks
    album["tracks"] = [
        make_track(
            f"{album['id']}/{number}",
            *track_position(number, tracks, discs),
            title,
            artists,
            album["available_markets"],
        )
        for number, title in enumerate(titles)
    ]
    album.update(cast(CatalogueAlbum, overrides))
    return album


def untracked_album(album_id: str, name: str, artists: list[Artist], rng: Random) -> CatalogueAlbum:
    """Make an album without tracks that is available everywhere since 2026-11-20."""
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
        "copyrights": copyrights(label, 2026, rng),
        "external_ids": {"upc": upc(rng)},
        "genres": [],
        "label": label,
        "popularity": int(100 * rng.random() ** 2),
    }


def make_artist(name: str, key: str | None = None) -> Artist:
    """Make the artist of a name.

    Args:
        name: The name.
        key: The source of the id, by default the name. Two artists may have one name.
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
    """Make the track at a position. Its id and length depend on the key alone."""
    digest = hashlib.blake2b(f"track:{key}".encode(), digest_size=19).digest()
    track_id = _base62(digest[:16])
    return {
        "artists": artists,
        "available_markets": markets,
        "disc_number": disc,
        "duration_ms": 130_000 + int.from_bytes(digest[16:], "big") % 150_000,
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
    """Replace a track by a substitute, as Spotify does where a recording exists twice."""
    original = str(track["id"])
    substitute = identifier("track", f"substitute for {original}")
    track["linked_from"] = {
        "external_urls": {"spotify": web_url("track", original)},
        "href": href("track", original),
        "id": original,
        "type": "track",
        "uri": uri("track", original),
    }
    # external_urls keeps the original, as in recorded replies.
    track["id"] = substitute
    track["href"] = href("track", substitute)
    track["uri"] = uri("track", substitute)


def track_position(number: int, tracks: int, discs: int) -> tuple[int, int]:
    """Return disc and track number, both from 1, of track `number`, counted from 0."""
    per_disc = -(-tracks // discs)
    return number // per_disc + 1, number % per_disc + 1


def album_type(tracks: int) -> str:
    """Return the type of an album with that number of tracks."""
    return "album" if tracks > 6 else "single"


def cover(key: str) -> list[Image]:
    """Return the cover in several sizes."""
    # 40 hexadecimal digits: 16 of the size, 24 of the picture.
    picture = hashlib.blake2b(f"cover:{key}".encode(), digest_size=12).hexdigest()
    return [
        {"url": f"{_COVERS}/{prefix}{picture}", "height": size, "width": size}
        for size, prefix in _COVER_PREFIXES.items()
    ]


def copyrights(label: str, year: int, rng: Random) -> list[Copyright]:
    """Return one or two lines of copyright, most of them with their sign."""
    signs = ("© ", "℗ ") if rng.random() < 0.8 else ("", "")
    lines: list[Copyright] = [
        {"text": f"{signs[0]}{year} {label}", "type": "C"},
        {"text": f"{signs[1]}{year} {label}", "type": "P"},
    ]
    return lines[1:] if rng.random() < 0.06 else lines


def upc(rng: Random) -> str:
    """Return a UPC of 12 to 14 digits, padded with zeros or not."""
    return f"{int(rng.random() * 10**12):0{12 + int(rng.random() * 3)}}"


def _base62(digest: bytes) -> str:
    return b64encode(digest).translate(_BASE64_TO_BASE62)[:22].decode()
