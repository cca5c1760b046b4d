"""The releases behind the listing: new ones that only a narrower search shows, and what their artists did before.

Everything about one follows from its key, and a part can be had without the rest: who is on it without its tracks, what
a list shows of it without making the album.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property, lru_cache
from random import Random
from typing import NamedTuple

from . import names
from .albums import album_type, assemble, make_artist, make_track, place, small_print
from .ids import between, draws, identifier, pick
from .markets import MARKETS, REGIONS
from .outline import Cast, Outline
from .roster import Roster
from .wire import Album, AlbumType, Artist, Track
from .world import WINDOW_DAYS, surfaced

# So many artists for each release of a fortnight: some release nothing now, a few a lot.
ARTISTS_PER_RELEASE = 0.3
# A loader may be days behind.
KEPT_DAYS = 28
_MOST_EARLIER = 14
_FIRST_YEAR, _LAST_YEAR = 1996, 2025

# Kinds, up to which lot, and how many tracks they have.
_KINDS = (
    ("single", 0.58, (1, 2)),
    ("ep", 0.64, (3, 6)),
    ("album", 0.9, (8, 16)),
    ("deluxe", 0.95, (18, 30)),
    ("compilation", 1.0, (20, 30)),
)
_LATE = 0.015
_CREDITS = (0.84, 0.96)
_GUESTS = (0.8, 0.93, 0.98)
_GROWS = 0.04
_REGIONAL = 0.07
_EVERYWHERE = frozenset(MARKETS)
_MARKETS = (_EVERYWHERE, *(_EVERYWHERE - {market} for market in MARKETS[1:20]))
_REGIONS = tuple(map(frozenset, REGIONS))
_VARIOUS = make_artist(names.VARIOUS_ARTISTS)


class _Draft(NamedTuple):
    """What is settled about a release before anything is made."""

    kind: str
    tracks: int
    credited: list[Artist]
    guests: int
    speech: names.Tongue
    title: str
    released: date
    popularity: float
    markets: frozenset[str]


class Further:
    """A release behind the listing, as it is today; each part is made when it is asked for."""

    __slots__ = ("_by", "_day", "_key", "_roster", "_today", "album_id")

    def __init__(self, roster: Roster, key: str, day: date, today: date, by: int | None = None) -> None:
        """Have the release of that key.

        Args:
            roster: The artists there are.
            key: What everything about it follows from.
            day: The day it surfaced.
            today: The day it is now.
            by: The place of its artist, for a release of long ago; otherwise the lot decides.
        """
        self.album_id = identifier("album", key)
        self._roster = roster
        self._key = key
        self._day = day
        self._today = today
        self._by = by

    @property
    def late(self) -> bool:
        """Whether it surfaced long after the date it bears, so that ``tag:new`` misses it."""
        return self._by is None and self._draft().released != self._day

    def people(self) -> Cast:
        """Who is on it."""
        draft = self._draft()
        return Cast(draft.credited, _without(self._starring(draft), draft.credited))

    def outline(self) -> Outline:
        """What a search knows of it."""
        draft = self._draft()
        popularity = self._popularity(draft)
        return Outline(draft.title, tuple(draft.credited), draft.released.isoformat(), popularity, draft.markets)

    def sketch(self) -> Album:
        """The album as lists show it: all but its tracks, and how many they are."""
        draft = self._draft()
        rng = Random(self._key)
        album = assemble(self.album_id, draft.title, draft.credited, rng)
        album["release_date"] = draft.released.isoformat()
        album["copyrights"] = small_print(album["label"], draft.released.year, rng)
        album["available_markets"] = _sorted(draft.markets)
        album["popularity"] = self._popularity(draft)
        album["total_tracks"] = draft.tracks
        album["album_type"] = _type(draft)
        return album

    def make(self) -> Album:
        """The whole album."""
        album = self.sketch()
        album["tracks"] = list(self._tracks(album, self._draft()))
        return album

    def _draft(self) -> _Draft:
        kind_lot, size, credits_lot, late, guests, grows, length, *words, fame, where, which, how_late, grown, _ = (
            draws(self._key)
        )
        kind, _, sizes = next(each for each in _KINDS if kind_lot < each[1])
        someone = draws(f"{self._key} by")
        places = [self._someone(someone[0]) if self._by is None else self._by]
        places += [self._someone(someone[number + 1]) for number, share in enumerate(_CREDITS) if credits_lot > share]
        members = [self._roster[place] for place in dict.fromkeys(places)]
        speech = members[0].speech
        # Now and then an album grows while it is new.
        bonus = 2 if grows < _GROWS and (self._today - self._day).days > between(1, 9, grown) else 0
        late_by = between(150, 4000, how_late) if late < _LATE and self._by is None else 0
        return _Draft(
            kind=kind,
            tracks=between(*sizes, size) + bonus,
            credited=[_VARIOUS] if kind == "compilation" else [member.artist for member in members],
            guests=sum(guests > share for share in _GUESTS),
            speech=speech,
            title=_words(speech, length, words) + (" (Deluxe Edition)" if kind == "deluxe" else ""),
            released=self._day - timedelta(late_by) if late_by else self._day,
            # Less than what is listed, which is why it is not listed.
            popularity=45 * fame**3,
            markets=pick(_REGIONS, which) if where < _REGIONAL else pick(_MARKETS, which),
        )

    def _someone(self, lot: float) -> int:
        """The place of an artist, most often one that releases a lot."""
        return int(len(self._roster) * lot**1.25)

    def _popularity(self, draft: _Draft) -> int:
        # It moves a little from day to day.
        return int(draft.popularity + 3 * draws(f"{self._key} {self._today}")[0])

    def _starring(self, draft: _Draft) -> list[Artist]:
        """Who is on a track beside the credits: of a compilation, on each in turn; else on the last ones."""
        if draft.kind != "compilation" and not draft.guests:
            return []
        lots = draws(f"{self._key} with") + draws(f"{self._key} and")
        many = draft.tracks if draft.kind == "compilation" else min(draft.guests, draft.tracks)
        return [self._roster[self._someone(lots[number])].artist for number in range(many)]

    def _tracks(self, album: Album, draft: _Draft) -> Iterator[Track]:
        starring = self._starring(draft)
        for number in range(draft.tracks):
            on_it, guest = draft.credited, None
            if draft.kind == "compilation":
                on_it = [starring[number]]
            elif number >= draft.tracks - len(starring):
                guest = starring[draft.tracks - number - 1]
                on_it = [*draft.credited, *_without([guest], draft.credited)]
            key = f"{self._key}/{number}"
            lots = draws(key)
            title = draft.title if draft.tracks <= 2 and number == 0 else _words(draft.speech, lots[0], lots[1:4])
            if guest and len(on_it) > len(draft.credited):
                title += f" (feat. {guest['name']})"
            disc, on_disc = place(number, draft.tracks, 1)
            yield make_track(key, disc, on_disc, title, on_it, album["available_markets"])


class FurtherWorld:
    """All releases behind the listing of one world on a day."""

    def __init__(self, seed: int, in_a_fortnight: int, today: date) -> None:
        """Have so many new releases on that day, and what their artists did before."""
        self.roster = Roster(seed, int(in_a_fortnight * ARTISTS_PER_RELEASE) + 1 if in_a_fortnight else 0)
        self._seed = seed
        self._size = in_a_fortnight
        self._today = today

    @cached_property
    def new(self) -> list[Further]:
        """What surfaced within two weeks, the late ones among them."""
        return list(self._surfaced(range(WINDOW_DAYS)))

    def older(self) -> Iterator[Further]:
        """What is new no more, back to the beginnings of the artists."""
        yield from self._surfaced(range(WINDOW_DAYS, KEPT_DAYS))
        for by in range(len(self.roster)):
            yield from self._earlier(by)

    def _surfaced(self, ago: range) -> Iterator[Further]:
        for days in ago:
            day = self._today - timedelta(days)
            for index in range(surfaced(day, self._size)):
                yield Further(self.roster, f"further {self._seed}:{day}:{index}", day, self._today)

    def _earlier(self, by: int) -> Iterator[Further]:
        how_many, *lots = draws(f"earlier {self._seed}:{by}")
        for number in range(int(_MOST_EARLIER * how_many**2)):
            days = int(lots[number] * 365 * (_LAST_YEAR - _FIRST_YEAR + 1))
            day = date(_FIRST_YEAR, 1, 1) + timedelta(days)
            if day < self._today - timedelta(KEPT_DAYS):
                yield Further(self.roster, f"earlier {self._seed}:{by}:{number}", day, self._today, by)


def _words(speech: names.Tongue, length: float, lots: list[float] | tuple[float, ...]) -> str:
    how_many = 1 + (length > 0.33) + (length > 0.87)
    return speech.space.join(dict.fromkeys(pick(speech.words, lot) for lot in lots[:how_many]))


def _type(draft: _Draft) -> AlbumType:
    return "compilation" if draft.kind == "compilation" else album_type(draft.tracks)


def _without(artists: list[Artist], others: list[Artist]) -> list[Artist]:
    known = {artist["id"] for artist in others}
    return list({artist["id"]: artist for artist in artists if artist["id"] not in known}.values())


@lru_cache(maxsize=128)
def _in_order(markets: frozenset[str]) -> tuple[str, ...]:
    return tuple(market for market in MARKETS if market in markets)


def _sorted(markets: frozenset[str]) -> list[str]:
    return list(_in_order(markets))
