"""Track positions: disc and track number of each track of an album.

Relinking replaces a track by one of another edition, which may have the disc and number of that edition: 24 tracks were
seen on 17 positions. https://developer.spotify.com/documentation/web-api/concepts/track-relinking
The list keeps its order, so the tracks that were not relinked show the positions of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

from .models import INT64_MAX, DataIssue, DataIssueKind, PositionedTrack, Track, whole_number
from .schema import ALBUM_TRACKS

# Disc and track number, from 1.
Position = tuple[int, int]

_START: Final[Position] = (1, 0)
_END: Final[Position] = (INT64_MAX, INT64_MAX)


@dataclass(frozen=True)
class _ListedTrack:
    """A track in the list of an album."""

    # Position in the list, from 0. Items that are no tracks count.
    index: int
    track: Track
    # Disc and track number as sent; None unless both are numbers.
    sent: Position | None

    @property
    def is_relinked(self) -> bool:
        return bool(self.track.get("linked_from"))


def position_tracks(items: Sequence[object]) -> tuple[list[PositionedTrack], list[DataIssue]]:
    """Return the tracks of an album with distinct positions, and the data issues.

    The positions are those sent if all tracks have different ones. An item that is no track, or the same track at the
    same position again, is left out.

    Args:
        items: All items of the list of tracks, from all pages.
    """
    as_sent = _positions_as_sent(items)
    if as_sent is not None:
        return as_sent, []
    issues: list[DataIssue] = []
    listed = list(_listed_tracks(items, issues))
    positions = [one.sent for one in listed if one.sent is not None]
    if len(set(positions)) < len(listed):
        positions = _positions_by_order(listed)
        moved = sum(one.sent != position for one, position in zip(listed, positions, strict=True))
        issues += [DataIssue(DataIssueKind.PLACED_BY_ORDER, ALBUM_TRACKS.name)] * moved
    return [PositionedTrack(one.track, *position) for one, position in zip(listed, positions, strict=True)], issues


def _positions_as_sent(items: Sequence[object]) -> list[PositionedTrack] | None:
    """Return the tracks of a list that is as documented, or None if it is not."""
    found: dict[Position, PositionedTrack] = {}
    for item in items:
        if not isinstance(item, dict):
            return None
        disc, number = item.get("disc_number"), item.get("track_number")
        if type(disc) is not int or type(number) is not int:
            return None
        if not (0 < disc <= INT64_MAX and 0 < number <= INT64_MAX):
            return None
        found[disc, number] = PositionedTrack(cast(Track, item), disc, number)
    return list(found.values()) if len(found) == len(items) else None


def _listed_tracks(items: Sequence[object], issues: list[DataIssue]) -> Iterator[_ListedTrack]:
    seen: set[tuple[object, ...]] = set()
    for index, item in enumerate(items):
        if not isinstance(item, dict) or not any(item.get(key) for key in ("id", "uri", "name", "track_number")):
            issues.append(DataIssue(DataIssueKind.EMPTY, ALBUM_TRACKS.name))
            continue
        disc, number = whole_number(item.get("disc_number")), whole_number(item.get("track_number"))
        sent = None if disc is None or number is None else (disc, number)
        identity = (repr(item.get("id")), repr(item.get("linked_from")), sent)
        if item.get("id") and identity in seen:
            issues.append(DataIssue(DataIssueKind.REPEATED, ALBUM_TRACKS.name))
            continue
        seen.add(identity)
        yield _ListedTrack(index, cast(Track, item), sent)


def _positions_by_order(listed: Sequence[_ListedTrack]) -> list[Position]:
    """Return a position for each track: certain ones as sent, others by list order."""
    certain = _certain_positions(listed)
    taken = set(certain.values())
    positions: list[Position] = []
    before = _START
    for one, following in zip(listed, _next_certain(listed, certain), strict=True):
        position = certain.get(one.index)
        if position is None:
            position = _free_position(_position_between(one, before, following, certain), taken)
            taken.add(position)
        positions.append(position)
        before = position
    return positions


def _certain_positions(listed: Sequence[_ListedTrack]) -> dict[int, Position]:
    """Return the positions of the tracks that were not relinked, by index.

    If several tracks have one position, it belongs to the one whose index fits the most other tracks of the disc.
    """
    originals = [(one.sent, one.index) for one in listed if one.sent is not None and not one.is_relinked]
    starts = Counter((disc, index - number) for (disc, number), index in originals)
    certain: dict[Position, int] = {}
    for position, index in originals:
        disc, number = position
        other = certain.get(position)
        if other is None or starts[disc, index - number] > starts[disc, other - number]:
            certain[position] = index
    return {index: position for position, index in certain.items()}


def _next_certain(listed: Sequence[_ListedTrack], certain: dict[int, Position]) -> list[int | None]:
    """Return for each track the index of the next track with a certain position."""
    found: list[int | None] = []
    following: int | None = None
    for one in reversed(listed):
        found.append(following)
        following = one.index if one.index in certain else following
    return found[::-1]


def _position_between(
    one: _ListedTrack, before: Position, following: int | None, certain: dict[int, Position]
) -> Position:
    """Return the position of a track between a position and a certain one."""
    forward = (before[0], before[1] + 1)
    end = _END if following is None else certain[following]
    backward = _START if following is None else (end[0], end[1] - (following - one.index))
    if one.sent == forward < end:
        return forward
    if backward[1] >= 1 and before < backward < end:
        return backward
    if one.sent is not None:
        if before < one.sent < end:
            return one.sent
        # Track numbers start again at 1 on each disc.
        if one.sent[1] == 1 and (before[0] + 1, 1) < end:
            return (before[0] + 1, 1)
    return forward


def _free_position(position: Position, taken: set[Position]) -> Position:
    """Return the position, or the next free one on the disc."""
    disc, number = position if max(position) <= INT64_MAX else (1, 1)
    while (disc, number) in taken:
        number = number + 1 if number < INT64_MAX else 1
    return disc, number
