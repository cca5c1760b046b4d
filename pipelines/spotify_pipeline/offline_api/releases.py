"""The album that a slot of the world holds, as it is on a given day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from . import names
from .albums import album_type, assemble, cover, make_artist, make_track, place, relink, small_print, upc
from .ids import fraction
from .markets import MARKETS, REGIONS
from .wire import Album, AlbumType, Artist, Precision, Track
from .world import CLEAN_TWIN, CYCLE, EXPLICIT_TWIN, WINDOW_DAYS, Slot

# Kinds with their shares, and how many tracks they have; a hundred albums come to about 1,200.
_KINDS = {
    "single": (52, (1, 2)),
    "ep": (5, (3, 6)),
    "album": (26, (8, 16)),
    "compilation": (12, (24, 60)),
    "deluxe": (5, (18, 40)),
}
_FEATURED = 0.12
_RELINKED = 0.012
_UNPLAYABLE = 0.008
_HOME = "US"


@dataclass
class _Draft:
    """What is settled about an album before it is put together."""

    rng: Random
    speech: names.Tongue
    artists: list[Artist]
    kind: str
    tracks: int
    discs: int
    explicit: bool


def release(slot: Slot, today: date) -> Album:
    """The slot's album as it is today; the same on every day, but for the few that change."""
    # The clean twin is drawn as the explicit one was, so that only what must differ does.
    twin = slot.index % CYCLE == CLEAN_TWIN
    drawn = Slot(slot.seed, slot.day, slot.index - 1) if twin else slot
    rng = Random(drawn.key)
    draft = _draft(drawn, rng)
    title = names.title(rng, draft.speech) + (" (Deluxe Edition)" if draft.kind == "deluxe" else "")
    album = assemble(slot.album_id, title, draft.artists, rng)
    album["release_date"] = slot.day.isoformat()
    album["copyrights"] = small_print(album["label"], slot.day.year, rng)
    album["available_markets"] = _markets(drawn, rng)
    album["tracks"] = _tracks(slot, draft, album)
    _make_odd(slot, album, rng)
    _change(slot, album, draft, (today - slot.day).days)
    if twin:
        _clean(slot, album)
    album["total_tracks"] = len(album["tracks"])
    album["album_type"] = _type(draft.kind, len(album["tracks"]))
    return album


def _draft(slot: Slot, rng: Random) -> _Draft:
    speech = names.tongue(rng)
    kind = rng.choices(list(_KINDS), [share for share, _ in _KINDS.values()])[0]
    if slot.oddity == "box_set":
        kind, tracks, discs = "compilation", 131, 3
    else:
        kind = {"deluxe": "deluxe", "recording": "single", "surfaced_late": "album"}.get(slot.oddity or "", kind)
        tracks = rng.randint(*_KINDS[kind][1])
        discs = 2 if kind == "deluxe" and tracks > 22 else 1
    if kind == "compilation":
        artists = [make_artist(names.VARIOUS_ARTISTS)]
    else:
        artists = [make_artist(names.artist_name(rng, speech)) for _ in range(rng.choices((1, 2, 3), (86, 11, 3))[0])]
    explicit = slot.index % CYCLE == EXPLICIT_TWIN or rng.random() < 0.22
    return _Draft(rng, speech, artists, kind, tracks, discs, explicit)


def _markets(slot: Slot, rng: Random) -> list[str]:
    if slot.regional:
        return list(rng.choice(REGIONS))
    if slot.oddity == "two_markets":
        return [_HOME, "CA"]
    # Most are everywhere; some lack a few markets, and a few are in the Americas and Europe alone.
    chance = rng.random()
    if chance < 0.04:
        return list(MARKETS[:70])
    missing = set(rng.sample(MARKETS[1:], rng.randint(1, 5))) if chance < 0.4 else set()
    return [market for market in MARKETS if market not in missing]


def _tracks(slot: Slot, draft: _Draft, album: Album) -> list[Track]:
    tracks = [_track(slot, draft, album, number) for number in range(draft.tracks)]
    if draft.kind == "album" and fraction("intro", slot.key) < 0.3:
        tracks[0]["name"] = "Intro"
        tracks[0]["duration_ms"] = 18_000 + int(fraction("intro length", slot.key) * 40_000)
    return tracks


def _track(slot: Slot, draft: _Draft, album: Album, number: int) -> Track:
    rng, artists = draft.rng, draft.artists
    title = album["name"] if draft.tracks <= 2 and number == 0 else names.title(rng, draft.speech)
    if draft.kind == "compilation":
        speech = names.tongue(rng)
        artists = [make_artist(names.artist_name(rng, speech))]
    if rng.random() < _FEATURED:
        guest = names.artist_name(rng, names.tongue(rng))
        artists = [*artists, make_artist(guest)]
        title = f"{title} (feat. {guest})"
    disc, place_on_disc = place(number, draft.tracks, draft.discs)
    key = f"{slot.key}/{number}"
    track = make_track(key, disc, place_on_disc, title, artists, album["available_markets"])
    track["explicit"] = draft.explicit and (number == 0 or rng.random() < 0.6)
    chance = fraction("lot", key)
    if chance < _UNPLAYABLE:
        track["available_markets"] = [market for market in album["available_markets"] if market != _HOME]
    elif chance < _UNPLAYABLE + _RELINKED:
        relink(track)
    return track


def _type(kind: str, tracks: int) -> AlbumType:
    if kind == "compilation":
        return "compilation"
    # Only some EPs are called so; the rest are singles to Spotify.
    return "ep" if kind == "ep" and tracks % 2 else album_type(tracks)


def _clean(slot: Slot, album: Album) -> None:
    for track in album["tracks"]:
        track["explicit"] = False
    if fraction("own upc", slot.key) < 0.5:
        album["external_ids"] = {"upc": upc(Random(slot.key))}


# Dates that are no day of this fortnight.
_ODD_DATES: dict[str, tuple[str, Precision]] = {
    "year_only": ("1967", "year"),
    "month_only": ("2007-03", "month"),
    "zero_date": ("0000", "year"),
}


def _make_odd(slot: Slot, album: Album, rng: Random) -> None:
    if slot.oddity in _ODD_DATES:
        album["release_date"], album["release_date_precision"] = _ODD_DATES[slot.oddity]
    match slot.oddity:
        case "surfaced_late":
            album["release_date"] = (slot.day - timedelta(rng.randint(150, 4000))).isoformat()
        case "no_images":
            album["images"] = []
        case "unmeasured_image":
            album["images"] = [{**image, "height": None, "width": None} for image in cover(slot.key, [640])]
        case "emoji":
            album["name"] += " 🌙✨"
        case "long_title":
            album["name"] = " / ".join(names.title(rng, names.TONGUES[0]) for _ in range(18))
        case "empty":
            album["tracks"] = []
        case "recording":
            album["tracks"][0]["duration_ms"] = 5_400_000 + rng.randrange(3_000_000)
        case "box_set":
            album["name"] = f"The {album['name']} Box: Every Note, Every Take"


def _change(slot: Slot, album: Album, draft: _Draft, age: int) -> None:
    # Each album has one day in the fortnight on which it would change, and a lot that says how.
    if age < 1 + int(fraction("change day", slot.key) * (WINDOW_DAYS - 1)) or slot.oddity:
        return
    lot = fraction("change", slot.key)
    if lot < 0.2 and draft.kind in ("album", "deluxe"):
        _add_bonus_tracks(slot, album, draft)
    elif lot < 0.26:
        album["label"] = names.label(Random(f"new label {slot.key}"))
    elif lot < 0.46:
        album["popularity"] = min(100, album["popularity"] + 1 + int(fraction("rise", slot.key) * 12))


def _add_bonus_tracks(slot: Slot, album: Album, draft: _Draft) -> None:
    rng = Random(f"bonus {slot.key}")
    last_disc = draft.discs
    numbers_used = sum(track["disc_number"] == last_disc for track in album["tracks"])
    for extra in range(1, rng.randint(2, 4) + 1):
        key = f"{slot.key}/bonus {extra}"
        name = f"{names.title(rng, draft.speech)} (Bonus Track)"
        number = numbers_used + extra
        markets = album["available_markets"]
        album["tracks"].append(make_track(key, last_disc, number, name, draft.artists, markets))
