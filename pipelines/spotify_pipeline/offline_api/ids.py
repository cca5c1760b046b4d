"""Names that look like Spotify's: ids, URIs, links; each a function of what it names."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from struct import Struct
from typing import Literal, TypeVar

T = TypeVar("T")

Kind = Literal["album", "artist", "track"]

_WELL_FORMED = re.compile(r"[0-9A-Za-z]{22}")
_SIXTEEN = Struct(">16I")
_BASE64_TO_BASE62 = bytes.maketrans(b"+/", b"xY")


def identifier(kind: str, key: str) -> str:
    """A base62 id of 22 characters, always the same for the same key."""
    digest = hashlib.blake2b(f"{kind}:{key}".encode(), digest_size=16).digest()
    return b64encode(digest).translate(_BASE64_TO_BASE62)[:22].decode()


def fraction(*key: object) -> float:
    """A number from 0 to 1 that looks random and is always the same for the same key."""
    digest = hashlib.blake2b("/".join(map(str, key)).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / 2**56


def draws(key: str) -> tuple[float, ...]:
    """Sixteen numbers from 0 to 1 at once, each of its own and all the same for the same key."""
    digest = hashlib.blake2b(key.encode(), digest_size=64).digest()
    return tuple(number / 2**32 for number in _SIXTEEN.unpack(digest))


def pick(things: Sequence[T], lot: float) -> T:
    """The thing that the lot, from 0 to 1, falls on."""
    return things[int(lot * len(things))]


def between(lowest: int, highest: int, lot: float) -> int:
    """The whole number that the lot, from 0 to 1, falls on, both ends among them."""
    return lowest + int(lot * (highest - lowest + 1))


def well_formed(album_id: str) -> bool:
    """Whether Spotify would look for it at all."""
    return _WELL_FORMED.fullmatch(album_id) is not None


# Objects keep the address the real API gives them: what is loaded must not hold the port of the day.
def href(kind: Kind, object_id: str) -> str:
    """Where the API has it."""
    return f"https://api.spotify.com/v1/{kind}s/{object_id}"


def web_url(kind: Kind, object_id: str) -> str:
    """Where a person finds it."""
    return f"https://open.spotify.com/{kind}/{object_id}"


def uri(kind: Kind, object_id: str) -> str:
    """What Spotify's programs call it."""
    return f"spotify:{kind}:{object_id}"
