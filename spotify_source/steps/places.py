"""Which place on its album each track holds: by its numbers, and by the order of the list where these can't be right.

Pure. Relinking replaces a track by one of another edition, and with it may come that one's disc and number: 24 tracks
then stand on 17 places. https://developer.spotify.com/documentation/web-api/concepts/track-relinking
The list keeps its order, so that the true places can be told from the tracks that were not relinked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from ..models import MOST, DataIssue, DataIssueKind, PlacedTrack, Track, whole_number
from ..schema import ALBUM_TRACKS

Place = tuple[int, int]


@dataclass(frozen=True)
class _Listed:
    """A track as it stands in the list.

    Attributes:
        index: Where, from 0; what else stands there counts too.
        track: The track.
        own: Disc and number as they came, where both are numbers.
    """

    index: int
    track: Track
    own: Place | None

    @property
    def is_relinked(self) -> bool:
        return bool(self.track.get("linked_from"))


def placed_tracks(items: Sequence[object]) -> tuple[list[PlacedTrack], list[DataIssue]]:
    """Every track of a list, each in a place of its own, in order; and what was odd about the list.

    Where all tracks have places and no two have the same, these are theirs. What is no track makes none, and neither
    does one that was there before: the same track, from the same place.

    Args:
        items: The whole list, over all its pages.
    """
    plain = _all_in_place(items)
    if plain is not None:
        return plain, []
    found: list[DataIssue] = []
    listed = list(_tracks(items, found))
    owns = [one.own for one in listed]
    if None not in owns and len(set(owns)) == len(owns):
        places = cast("list[Place]", owns)
    else:
        places = _places_by_order(listed)
        found += [
            DataIssue(DataIssueKind.PLACED_BY_ORDER, ALBUM_TRACKS.name)
            for one, place in zip(listed, places, strict=True)
            if one.own != place
        ]
    return [PlacedTrack(one.track, *place) for one, place in zip(listed, places, strict=True)], found


def _all_in_place(items: Sequence[object]) -> list[PlacedTrack] | None:
    """The tracks of a list that is as documented, which nearly all are; None where a closer look is needed."""
    placed: dict[Place, PlacedTrack] = {}
    for item in items:
        if not isinstance(item, dict):
            return None
        disc, number = item.get("disc_number"), item.get("track_number")
        if type(disc) is not int or type(number) is not int or not (0 < disc <= MOST and 0 < number <= MOST):
            return None
        placed[disc, number] = PlacedTrack(cast(Track, item), disc, number)
    return list(placed.values()) if len(placed) == len(items) else None


def _tracks(items: Sequence[object], found: list[DataIssue]) -> Iterable[_Listed]:
    seen: set[tuple[object, ...]] = set()
    for index, item in enumerate(items):
        if not isinstance(item, dict) or not any(item.get(key) for key in ("id", "uri", "name", "track_number")):
            found.append(DataIssue(DataIssueKind.EMPTY, ALBUM_TRACKS.name))
            continue
        disc, number = whole_number(item.get("disc_number")), whole_number(item.get("track_number"))
        own = None if disc is None or number is None else (disc, number)
        identity = (repr(item.get("id")), repr(item.get("linked_from")), own)
        if item.get("id") and identity in seen:
            found.append(DataIssue(DataIssueKind.REPEATED, ALBUM_TRACKS.name))
            continue
        seen.add(identity)
        yield _Listed(index, cast(Track, item), own)


def _places_by_order(listed: Sequence[_Listed]) -> list[Place]:
    """A place for each: the sure ones keep theirs, the others stand between them in the order of the list."""
    sure = _sure(listed)
    taken = set(sure.values())
    following = _following(listed, sure)
    before: Place = (1, 0)
    places = []
    for one, after in zip(listed, following, strict=True):
        place = sure.get(one.index)
        if place is None:
            place = _free(_between(one, before, after, sure), taken)
            taken.add(place)
        places.append(place)
        before = place
    return places


def _sure(listed: Sequence[_Listed]) -> dict[int, Place]:
    """The places of the tracks that hold their own, by index: not relinked, and none of them twice.

    Of several on one place, it is the one that stands where its disc's others would have it.
    """
    originals = [one for one in listed if one.own is not None and not one.is_relinked]
    starts = Counter((one.own[0], one.index - one.own[1]) for one in originals if one.own)
    sure: dict[Place, _Listed] = {}
    for one in originals:
        place = cast(Place, one.own)
        held = sure.get(place)
        if held is None or starts[place[0], one.index - place[1]] > starts[place[0], held.index - place[1]]:
            sure[place] = one
    return {one.index: place for place, one in sure.items()}


def _following(listed: Sequence[_Listed], sure: dict[int, Place]) -> list[int | None]:
    """For each track, the index of the next one whose place is sure."""
    following: list[int | None] = []
    after: int | None = None
    for one in reversed(listed):
        following.append(after)
        after = one.index if one.index in sure else after
    return following[::-1]


def _between(one: _Listed, before: Place, after: int | None, sure: dict[int, Place]) -> Place:
    """Where a track stands, behind one place and before a sure one."""
    forward = (before[0], before[1] + 1)
    disc, number = sure[after] if after is not None else (MOST, MOST)
    counted_back = None if after is None or number - (after - one.index) < 1 else (disc, number - (after - one.index))
    fitting = [place for place in (counted_back, forward) if place is not None and before < place < (disc, number)]
    if one.own in fitting:
        return one.own
    if counted_back in fitting:
        return counted_back
    if one.own is not None and before < one.own < (disc, number):
        return one.own
    # Numbers begin anew: so does a disc.
    if one.own is not None and one.own[1] == 1 and (before[0] + 1, 1) < (disc, number):
        return (before[0] + 1, 1)
    return forward


def _free(place: Place, taken: set[Place]) -> Place:
    disc, number = place
    if not number <= MOST or not disc <= MOST:
        disc, number = 1, 1
    while (disc, number) in taken:
        number = number + 1 if number < MOST else 1
    return disc, number
