"""The artists behind the listing: their names, and their twins of name; not what they release."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple
from unicodedata import combining, normalize

from . import names
from .albums import make_artist
from .ids import draws, pick
from .wire import Artist

# One in twelve is called as another artist is, some of them but for the case or the accents.
_TWINS = 0.085
_TRIES = 6
_SPEECHES = tuple(speech for speech in names.TONGUES for _ in range(speech.weight))


class Member(NamedTuple):
    """One artist, and the tongue of the titles."""

    artist: Artist
    speech: names.Tongue


class Roster:
    """The artists of one world, in order: the first release the most."""

    def __init__(self, seed: int, size: int) -> None:
        """Know so many artists of that world. A larger roster begins with the same ones."""
        self.seed = seed
        self.size = size

    def __len__(self) -> int:
        """How many there are."""
        return self.size

    def __getitem__(self, place: int) -> Member:
        """The artist at that place."""
        return self.members[place]

    @property
    def artists(self) -> list[Artist]:
        """The artists alone."""
        return [member.artist for member in self.members]

    @cached_property
    def members(self) -> list[Member]:
        """All of them, in order."""
        members: list[Member] = []
        bearers: dict[str, int] = {}
        for place in range(self.size):
            name, speech = self._called(place, members, bearers)
            bearers[name] = bearers.get(name, 0) + 1
            # The first of a name is the artist whom the listing calls so.
            key = None if bearers[name] == 1 else f"{name} ({bearers[name]})"
            members.append(Member(make_artist(name, key), speech))
        return members

    def _called(self, place: int, others: list[Member], used: dict[str, int]) -> tuple[str, names.Tongue]:
        lots = draws(f"artist {self.seed}:{place}")
        if others and lots[0] < _TWINS:
            model = pick(others, lots[1])
            return _spelt(model.artist["name"], lots[2]), model.speech
        speech = pick(_SPEECHES, lots[1])
        tries = [_name(speech, draws(f"name {self.seed}:{place}:{number}"), number) for number in range(_TRIES)]
        return next((name for name in tries if name not in used), tries[-1]), speech


def _name(speech: names.Tongue, lots: tuple[float, ...], attempt: int) -> str:
    given, family, word = pick(speech.given, lots[0]), pick(speech.family, lots[1]), pick(speech.words, lots[2])
    space = speech.space
    shape = lots[3]
    if attempt == 0 and shape < 0.6:
        return given + space + family
    if shape < 0.3:
        return given + space + word
    if shape < 0.5:
        return word + space + family
    if shape < 0.7 and space:
        return f"{given} & the {word}s" if speech is names.TONGUES[0] else f"{given} & {family}"
    return given + space + word + space + family


def _spelt(name: str, lot: float) -> str:
    """The same name, as another artist of it may write it."""
    if lot < 0.6:
        return name
    if lot < 0.75:
        return name.lower()
    if lot < 0.9:
        return name.upper()
    return "".join(char for char in normalize("NFKD", name) if not combining(char))
