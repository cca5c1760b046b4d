"""Generator of an invented catalogue.

A day's albums surface once and for all; the listing shows those of two weeks. All numbers come from `Random.random`,
which gives the same ones on every version of Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from random import Random

from spotify_source.api.markets import MARKETS
from spotify_source.models import Artist, Track

from . import names
from .names import pick
from .objects import (
    CatalogueAlbum,
    album_type,
    copyrights,
    cover,
    fraction,
    identifier,
    make_artist,
    make_track,
    relink,
    track_position,
    untracked_album,
    upc,
)

# Days in which an album is new, and in which it can be read: a loader may be a week behind.
WINDOW_DAYS = 14
KEPT_DAYS = 21
_FRIDAY = 4
# Three and a half times as many albums surface on a Friday as on another day.
_FRIDAY_SHARE = 3.5
_WEEK_SHARES = 6 + _FRIDAY_SHARE
# More albums could be listed than are, so that some leave the listing before they are two weeks old.
_SURPLUS = 1.2
# Cumulative shares of the kinds, and their least and highest number of tracks.
_CANDIDATE_SHARES = (("single", 0.50), ("ep", 0.54), ("album", 0.81), ("deluxe", 0.86), ("compilation", 1.0))
_OTHER_SHARES = (("single", 0.75), ("ep", 0.80), ("album", 0.96), ("deluxe", 0.98), ("compilation", 1.0))
_TRACKS = {
    "single": (1, 2),
    "ep": (3, 6),
    "album": (8, 16),
    "deluxe": (18, 40),
    "compilation": (24, 60),
    "box_set": (131, 131),
}
_TRACKS_PER_DISC = 50
# The shares of albums with a second artist and a third.
_CREDITS = (0.15, 0.04)
_EXPLICIT = 0.22
_INTRO = 0.3
_FEATURED = 0.12
_RELINKED = 0.012
_UNPLAYABLE = 0.008
_REGIONAL_SHARE = 0.07
# New artists for each new album, and the share of artists with the name of another one.
_ARTISTS_PER_ALBUM = 0.3
_NAMESAKES = 0.05
_MOST_EARLIER = 7
_FIRST_DAY = date(1996, 1, 1).toordinal()

# Of sixteen candidates of a day, one is out in one region only, and two are the explicit and the clean version of one.
_CYCLE = 16
_REGIONAL, _EXPLICIT_TWIN, _CLEAN_TWIN = 5, 8, 9
# The fourth candidate of a day, and then one in 160, is a special one. The day decides which.
_SPECIAL_CYCLE, _SPECIAL_INDEX = 160, 3
_SPECIALS = (
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
_SPECIAL_KINDS = {"box_set": "box_set", "deluxe": "deluxe", "recording": "single", "surfaced_late": "album"}
# An album that is taken down answers 404 for some days before it leaves the lists.
_GONE_AFTER, _UNLISTED_AFTER = 5, 8

_HOME = "US"
_MARKETS = [_HOME, *(market for market in MARKETS if market != _HOME)]
_REGIONS = (
    ["JP"],
    ["DE", "AT", "CH"],
    ["GB", "IE"],
    ["BR", "PT", "AO", "MZ"],
    ["KR", "JP", "TW", "HK"],
    ["SE", "NO", "DK", "FI", "IS"],
    ["FR", "BE", "LU", "MC"],
    ["MX", "AR", "CL", "CO", "PE", "ES"],
)


class Generator:
    """Invented albums and lists of one day, as a `Catalogue` holds them.

    An album depends on the seed, the day it surfaced, its number on that day, and the number of artists.

    Args:
        seed: Another number gives other albums.
        listed: The number of albums in the plain listing.
        current: The approximate number of new albums, listed or not.
        today: The day, as `date.toordinal` gives it: the last day of the calendar has no day after it.
    """

    def __init__(self, seed: int, listed: int, current: int, today: int) -> None:
        self._seed = seed
        self._today = today
        self._artists = list(self._make_artists(int(_ARTISTS_PER_ALBUM * current) + 1))
        self.albums: dict[str, CatalogueAlbum] = {}
        self.regional: list[str] = []
        self.gone: list[str] = []
        self.beyond: list[str] = []
        ranked: list[tuple[float, str]] = []
        for day in range(today, max(0, today - KEPT_DAYS), -1):
            candidates = _surfaced(day, _SURPLUS * listed + 4)
            for index in range(max(candidates, _surfaced(day, current))):
                self._add_release(day, index, index < candidates, ranked)
        self._add_earlier_albums()
        ranked.sort(reverse=True)
        self.listing = [album_id for _, album_id in ranked[:listed]]
        self.listing.sort(key=lambda album_id: self._daily("rank", album_id, 0.5))
        self.beyond += [album_id for _, album_id in ranked[listed:]]

    def _add_release(self, day: int, index: int, is_candidate: bool, ranked: list[tuple[float, str]]) -> None:
        """Add an album of the last weeks, and put it on a list."""
        special = _special_of(day) if is_candidate and index % _SPECIAL_CYCLE == _SPECIAL_INDEX else ""
        album = self._release(day, index, is_candidate, special)
        album_id = album["id"]
        self.albums[album_id] = album
        age = self._today - day
        if special == "taken_down" and age >= _GONE_AFTER:
            self.gone.append(album_id)
        if age >= WINDOW_DAYS or (special == "taken_down" and age >= _UNLISTED_AFTER):
            return
        if not is_candidate:
            self.beyond.append(album_id)
        elif index % _CYCLE == _REGIONAL:
            self.regional.append(album_id)
        else:
            is_certain = special or index % _CYCLE in (_EXPLICIT_TWIN, _CLEAN_TWIN)
            ranked.append((2 if is_certain else self._daily("standing", album_id, 0.08), album_id))

    def _daily(self, purpose: str, album_id: str, share: float) -> float:
        """Return a number from 0 to 1, of which a share changes from day to day."""
        return (1 - share) * fraction(purpose, album_id) + share * fraction(purpose, album_id, self._today)

    def _make_artists(self, number: int) -> Iterator[tuple[Artist, names.Language]]:
        taken: dict[str, int] = {}
        for index in range(number):
            rng = Random(f"band {self._seed}:{index}")
            language = names.language(rng)
            name = names.artist_name(rng, language)
            if taken and rng.random() < _NAMESAKES:
                name = pick(rng, list(taken))
                name = name.upper() if rng.random() < 0.2 else name
            elif name in taken:
                name = names.long_artist_name(rng, language)
            taken[name] = taken.get(name, 0) + 1
            yield make_artist(name, f"{name} ({taken[name]})"), language

    def _pick_artist(self, rng: Random) -> tuple[Artist, names.Language]:
        """Pick an artist, most often one of the first."""
        return self._artists[int(len(self._artists) * rng.random() ** 1.25)]

    def _release(self, day: int, index: int, is_candidate: bool, special: str) -> CatalogueAlbum:
        """Return an album of the last weeks as it is today."""
        slot = index % _CYCLE if is_candidate else None
        # The clean version is drawn from the numbers of the explicit one.
        rng = Random(f"new {self._seed}:{day}:{index - (slot == _CLEAN_TWIN)}")
        kind = _SPECIAL_KINDS.get(special) or _draw_kind(rng, _CANDIDATE_SHARES if is_candidate else _OTHER_SHARES)
        album_id = identifier("album", f"{self._seed}:{day}:{index}")
        album = self._album(rng, album_id, day, self._pick_artist(rng), kind)
        if slot == _REGIONAL or (not is_candidate and rng.random() < _REGIONAL_SHARE):
            album["available_markets"][:] = pick(rng, _REGIONS)
        if slot == _EXPLICIT_TWIN:
            _mark_explicit(rng, album)
        elif slot == _CLEAN_TWIN:
            _clean(rng, album)
        if not is_candidate:
            # Less than the candidates, so that a search that is cut shows these last.
            album["popularity"] = album["popularity"] * 4 // 10
        if special:
            _make_special(rng, album, special, day)
        elif self._today - day > WINDOW_DAYS * rng.random():
            _change(rng, album)
        return album

    def _add_earlier_albums(self) -> None:
        """Add what the artists released in the thirty years before."""
        for index, artist in enumerate(self._artists):
            rng = Random(f"earlier {self._seed}:{index}")
            for number in range(int(_MOST_EARLIER * rng.random() ** 2)):
                day = _FIRST_DAY + int(rng.random() * 30 * 365)
                album_id = identifier("album", f"{self._seed}:{index}:{number}")
                album = self._album(rng, album_id, day, artist, _draw_kind(rng, _OTHER_SHARES))
                if day <= self._today - KEPT_DAYS:
                    self.albums[album_id] = album

    def _album(
        self, rng: Random, album_id: str, day: int, lead: tuple[Artist, names.Language], kind: str
    ) -> CatalogueAlbum:
        """Return an album that surfaced on its release date."""
        artist, language = lead
        artists = {artist["id"]: artist}
        for share in _CREDITS:
            if rng.random() < share:
                other, _ = self._pick_artist(rng)
                artists[other["id"]] = other
        is_compilation = kind in ("compilation", "box_set")
        credited = [make_artist(names.VARIOUS_ARTISTS)] if is_compilation else list(artists.values())
        title = names.title(rng, language) + (" (Deluxe Edition)" if kind == "deluxe" else "")
        album = untracked_album(album_id, title, credited, rng)
        released = date.fromordinal(day)
        album["release_date"] = released.isoformat()
        album["copyrights"] = copyrights(album["label"], released.year, rng)
        album["available_markets"] = _draw_markets(rng)
        least, most = _TRACKS[kind]
        tracks = least + int(rng.random() * (most - least + 1))
        album["total_tracks"] = tracks
        # Only some EPs are called so.
        is_ep = kind == "ep" and tracks % 2
        album["album_type"] = "compilation" if is_compilation else "ep" if is_ep else album_type(tracks)
        album["tracks"] = [self._track(rng, album, language, number) for number in range(tracks)]
        if kind == "album" and rng.random() < _INTRO:
            album["tracks"][0].update({"name": "Intro", "duration_ms": 18_000 + int(40_000 * rng.random())})
        if rng.random() < _EXPLICIT:
            _mark_explicit(rng, album)
        return album

    def _track(self, rng: Random, album: CatalogueAlbum, language: names.Language, number: int) -> Track:
        artists, tracks = album["artists"], album["total_tracks"]
        title = album["name"] if tracks <= 2 and number == 0 else names.title(rng, language)
        if album["album_type"] == "compilation":
            artist, _ = self._pick_artist(rng)
            artists = [artist]
        if rng.random() < _FEATURED:
            guest, _ = self._pick_artist(rng)
            artists = [*artists, guest]
            title = f"{title} (feat. {guest['name']})"
        disc, on_disc = track_position(number, tracks, discs=-(-tracks // _TRACKS_PER_DISC))
        markets = album["available_markets"]
        track = make_track(f"{album['id']}/{number}", disc, on_disc, title, artists, markets)
        lot = rng.random()
        if lot < _UNPLAYABLE:
            track["available_markets"] = [market for market in markets if market != _HOME]
        elif lot < _UNPLAYABLE + _RELINKED:
            relink(track)
        return track


def _surfaced(day: int, in_a_fortnight: float) -> int:
    """Return the number of albums that surface on a day."""
    rate = in_a_fortnight / (2 * _WEEK_SHARES)
    return int(_shares_before(day + 1) * rate) - int(_shares_before(day) * rate)


def _shares_before(day: int) -> float:
    weeks, weekday = divmod(day - 1, 7)
    return weeks * _WEEK_SHARES + weekday + (_FRIDAY_SHARE - 1 if weekday > _FRIDAY else 0)


def _special_of(day: int) -> str:
    fortnight, turn = divmod(day, len(_SPECIALS))
    # An album without tracks is rarer than the others.
    return "" if _SPECIALS[turn] == "empty" and fortnight % 3 else _SPECIALS[turn]


def _draw_kind(rng: Random, shares: Iterable[tuple[str, float]]) -> str:
    lot = rng.random()
    return next(kind for kind, share in shares if lot < share)


def _draw_markets(rng: Random) -> list[str]:
    """Return all markets, or, of every third album, all but one to five."""
    start, missing = 1 + int(rng.random() * (len(_MARKETS) - 1)), int(rng.random() * 5) + 1
    return _MARKETS.copy() if rng.random() < 0.65 else _MARKETS[:start] + _MARKETS[start + missing :]


def _mark_explicit(rng: Random, album: CatalogueAlbum) -> None:
    for number, track in enumerate(album["tracks"]):
        track["explicit"] = number == 0 or rng.random() < 0.6


def _clean(rng: Random, album: CatalogueAlbum) -> None:
    for track in album["tracks"]:
        track["explicit"] = False
    if rng.random() < 0.5:
        album["external_ids"] = {"upc": upc(rng)}


def _change(rng: Random, album: CatalogueAlbum) -> None:
    """Change an album's label or popularity, add bonus tracks, or do nothing."""
    lot = rng.random()
    if lot < 0.06:
        album["label"] = names.label(rng)
    elif lot < 0.26:
        album["popularity"] = min(100, album["popularity"] + 1 + int(12 * rng.random()))
    elif lot < 0.86 and album["album_type"] == "album" and album["total_tracks"] <= _TRACKS_PER_DISC:
        played, markets = album["tracks"], album["available_markets"]
        album["tracks"] = played + [
            make_track(
                f"{album['id']}/live {number}",
                1,
                len(played) + number,
                f"{played[number]['name']} (Live)",
                album["artists"],
                markets,
            )
            for number in range(1, 3 + int(3 * rng.random()))
        ]
        album["total_tracks"] = len(album["tracks"])


def _make_special(rng: Random, album: CatalogueAlbum, special: str, day: int) -> None:
    """Give an album values that loaders stumble over."""
    long_ago = date.fromordinal(max(1, day - 150 - int(3850 * rng.random())))
    changes: dict[str, CatalogueAlbum] = {
        "box_set": {"name": f"The {album['name']} Box: Every Note, Every Take"},
        "emoji": {"name": f"{album['name']} 🌙✨"},
        "long_title": {"name": " / ".join(names.title(rng, names.LANGUAGES[0]) for _ in range(18))},
        "surfaced_late": {"release_date": long_ago.isoformat()},
        "year_only": {"release_date": "1967", "release_date_precision": "year"},
        "month_only": {"release_date": "2007-03", "release_date_precision": "month"},
        "zero_date": {"release_date": "0000", "release_date_precision": "year"},
        "no_images": {"images": []},
        "unmeasured_image": {"images": [{**cover(album["id"])[0], "height": None, "width": None}]},
        "empty": {"tracks": [], "total_tracks": 0},
    }
    album.update(changes.get(special, {}))
    if special == "two_markets":
        album["available_markets"][:] = [_HOME, "CA"]
    if special == "recording":
        album["tracks"][0]["duration_ms"] = 5_400_000 + int(3_000_000 * rng.random())
