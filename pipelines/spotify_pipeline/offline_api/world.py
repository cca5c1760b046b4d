"""The invented world: what surfaces on which day, how it changes later, and how it ranks; not how it is served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from .ids import fraction, identifier

WINDOW_DAYS = 14
FRIDAY = 4
FRIDAY_SHARE = 3.5
WEEK_SHARES = 6 + FRIDAY_SHARE
# More surfaces than is listed, so that albums can leave the list for lack of rank.
SURPLUS = 1.2
# Of every sixteen albums of a day: which one comes out in one part of the world alone, and which two are twins.
CYCLE = 16
REGIONAL, EXPLICIT_TWIN, CLEAN_TWIN = 5, 8, 9
# The third album of a day, and then one in 160, is odd in a way that the day decides.
ODD_CYCLE, ODD_PLACE = 160, 3
ODDITIES = (
    "box_set",
    "emoji",
    "surfaced_late",
    "two_markets",
    "no_images",
    "long_title",
    "unmeasured_image",
    "taken_down",
    "year_only",
    "recording",
    "month_only",
    "empty",
    "zero_date",
    "deluxe",
)
TAKEN_DOWN_AFTER = 5
UNLISTED_AFTER = 8


@dataclass(frozen=True)
class Slot:
    """A place in the world that an album takes: the day it surfaced and its number on that day."""

    seed: int
    day: date
    index: int

    @property
    def key(self) -> str:
        """What everything about the album follows from."""
        return f"{self.seed}:{self.day}:{self.index}"

    @property
    def album_id(self) -> str:
        """The album's id, on every day."""
        return identifier("album", self.key)

    @property
    def oddity(self) -> str | None:
        """What is odd about the album, if anything."""
        if self.index % ODD_CYCLE != ODD_PLACE:
            return None
        fortnight, turn = divmod(self.day.toordinal(), len(ODDITIES))
        oddity = ODDITIES[turn]
        # An album without tracks is rarer than the rest.
        return None if oddity == "empty" and fortnight % 3 else oddity

    @property
    def regional(self) -> bool:
        """Whether the album is out in one part of the world only, which is not the United States."""
        return self.index % CYCLE == REGIONAL

    def taken_down(self, today: date) -> bool:
        """Whether the album is gone."""
        return self.oddity == "taken_down" and self._age(today) >= TAKEN_DOWN_AFTER

    def listed(self, today: date) -> bool:
        """Whether lists may still show it: they take a while to notice that an album is gone."""
        return self.oddity != "taken_down" or self._age(today) < UNLISTED_AFTER

    def standing(self, today: date) -> float:
        """How sure its place on the list is. It moves little from day to day; what is odd is always listed."""
        if self.oddity or self.index % CYCLE in (EXPLICIT_TWIN, CLEAN_TWIN):
            return 2.0
        return 0.92 * fraction("standing", self.key) + 0.08 * fraction("standing", self.key, today)

    def rank(self, today: date) -> float:
        """Where on the list it is, the highest first. It moves a lot from day to day."""
        return fraction("rank", self.key) + fraction("rank", self.key, today)

    def _age(self, today: date) -> int:
        return (today - self.day).days


def surfacing(seed: int, listed: int, day: date) -> Iterator[Slot]:
    """What surfaces that day in a world whose list is that long: three and a half times as much on a Friday."""
    return (Slot(seed, day, index) for index in range(surfaced(day, SURPLUS * listed + 4)))


def surfaced(day: date, in_a_fortnight: float) -> int:
    """How many surface on that day where so many do in any two weeks."""
    rate = in_a_fortnight / (2 * WEEK_SHARES)
    return int(_shares_before(day + timedelta(1)) * rate) - int(_shares_before(day) * rate)


def lately(seed: int, listed: int, today: date, days: int) -> list[Slot]:
    """What surfaced within that many days, today among them."""
    return [slot for ago in range(days) for slot in surfacing(seed, listed, today - timedelta(ago))]


def ranking(seed: int, listed: int, today: date) -> tuple[list[Slot], list[Slot]]:
    """What is on today's list, and what is so in one part of the world only; both by rank."""
    slots = [slot for slot in lately(seed, listed, today, WINDOW_DAYS) if slot.listed(today)]
    everywhere = sorted((slot for slot in slots if not slot.regional), key=lambda slot: slot.standing(today))

    def by_rank(chosen: list[Slot]) -> list[Slot]:
        return sorted(chosen, key=lambda slot: slot.rank(today), reverse=True)

    return by_rank(everywhere[max(0, len(everywhere) - listed) :]), by_rank([slot for slot in slots if slot.regional])


def _shares_before(day: date) -> float:
    weeks, weekday = divmod(day.toordinal() - 1, 7)
    return weeks * WEEK_SHARES + weekday + (FRIDAY_SHARE - 1 if weekday > FRIDAY else 0)
