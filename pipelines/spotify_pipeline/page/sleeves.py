"""Covers for the albums of the demo, which have none: drawn from the id, always the same. Knows shapes, not colours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

PALETTES = 5


@dataclass(frozen=True)
class Disc:
    """A filled circle on a square of 100 by 100."""

    x: int
    y: int
    radius: int


@dataclass(frozen=True)
class Sleeve:
    """A drawn cover.

    Attributes:
        palette: Which of the stylesheet's colours it has, from 1 to `PALETTES`.
        discs: The circles on it, the hindmost first.
    """

    palette: int
    discs: Sequence[Disc]


def drawn(album_id: str) -> Sleeve:
    """The cover of an album of the demo."""
    digest = hashlib.sha256(album_id.encode()).digest()
    parts = [digest[at : at + 3] for at in (1, 4, 7)]
    discs = [Disc(x * 100 // 255, y * 100 // 255, 12 + radius % 40) for x, y, radius in parts]
    return Sleeve(1 + digest[0] % PALETTES, sorted(discs, key=lambda disc: -disc.radius))
