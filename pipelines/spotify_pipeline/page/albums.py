"""Albums as the page shows them: with cover, artists, tracks and their pages on Spotify."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from spotify_pipeline.page import links, sleeves
from spotify_pipeline.page.database import Database, Row

_DETAILS = "SELECT id, total_tracks, label, if(release_date_precision = 'day', released_on, NULL) AS day, covers.url"


@dataclass(frozen=True)
class Artist:
    """An artist and the page of it."""

    name: str
    url: str


@dataclass(frozen=True)
class Track:
    """A track on an album.

    Attributes:
        guests: Its artists that are not the album's.
    """

    name: str
    url: str
    milliseconds: int | None
    explicit: bool
    guests: Sequence[Artist]


@dataclass(frozen=True)
class Album:
    """An album in brief.

    Attributes:
        released: The release date as Spotify sent it; empty where it knows none.
    """

    id: str
    name: str
    url: str
    type: str
    released: str
    artists: Sequence[Artist]

    @property
    def by(self) -> str:
        """Its artists in one line."""
        return ", ".join(artist.name for artist in self.artists)


@dataclass(frozen=True)
class Card:
    """An album with everything that is shown of it.

    Attributes:
        cover: The address of its cover; None where there is none to load.
        sleeve: What is drawn in its place for an album of the demo.
        total_tracks: How many tracks Spotify says it has.
        tracks: Those that are loaded.
        label: None where Spotify does not send it.
        released_on: When it came out, to the day; None where Spotify names no day.
    """

    album: Album
    cover: str | None
    sleeve: sleeves.Sleeve | None
    total_tracks: int | None
    tracks: Sequence[Track]
    label: str | None
    released_on: date | None

    @property
    def explicit(self) -> str:
        """Whether a loaded track is explicit: 'yes' or 'no'; empty where none is loaded."""
        return ("yes" if any(track.explicit for track in self.tracks) else "no") if self.tracks else ""

    @property
    def playable(self) -> bool:
        """Whether Spotify's player can be asked for it: its id is one of theirs."""
        return links.is_id(self.album.id)

    @property
    def milliseconds(self) -> int:
        """How long the loaded tracks take."""
        return sum(track.milliseconds or 0 for track in self.tracks)


def albums(database: Database, ids: Iterable[str]) -> dict[str, Album]:
    """The albums with these ids, by id."""
    wanted = list(ids)
    credits_ = _credits(database, wanted)
    found = database.rows("FROM catalogue WHERE id IN (SELECT unnest(?))", wanted)
    return {row["id"]: _album(row, credits_.get(row["id"], ())) for row in found}


def cards(database: Database, ids: Sequence[str]) -> list[Card]:
    """The albums with these ids in full, in this order."""
    wanted = list(ids)
    known = albums(database, wanted)
    query = f"{_DETAILS} FROM catalogue LEFT JOIN covers ON album_id = id"
    details = {row["id"]: row for row in database.rows(f"{query} WHERE id IN (SELECT unnest(?))", wanted)}
    tracks = _tracks(database, known)
    return [
        Card(
            album=known[album_id],
            cover=links.image(details[album_id]["url"]),
            sleeve=sleeves.drawn(album_id) if links.is_invented(details[album_id]["url"]) else None,
            total_tracks=details[album_id]["total_tracks"],
            tracks=tracks.get(album_id, ()),
            label=details[album_id]["label"],
            released_on=details[album_id]["day"],
        )
        for album_id in wanted
        if album_id in known
    ]


def artist(row: Row) -> Artist:
    """The artist that a row names."""
    return Artist(row["name"] or "Without a name", links.page_of("artist", row["id"], row["url"]))


def _album(row: Row, artists: Sequence[Artist]) -> Album:
    return Album(
        id=row["id"],
        name=row["name"],
        url=links.page_of("album", row["id"], row["url"]),
        type=row["album_type"],
        released=row["release_date"] if row["released_on"] else "",
        artists=artists,
    )


def _credits(database: Database, ids: Sequence[str]) -> dict[str, list[Artist]]:
    found: dict[str, list[Artist]] = defaultdict(list)
    for row in database.rows("FROM album_credits WHERE album_id IN (SELECT unnest(?)) ORDER BY album_id, place", ids):
        found[row["album_id"]].append(artist(row))
    return found


def _tracks(database: Database, known: Mapping[str, Album]) -> dict[str, list[Track]]:
    ids = list(known)
    guests: dict[tuple[str, int, int], list[Artist]] = defaultdict(list)
    for row in database.rows("FROM track_credits WHERE album_id IN (SELECT unnest(?)) ORDER BY place", ids):
        credited = artist(row)
        if credited not in known[row["album_id"]].artists:
            guests[row["album_id"], row["disc_number"], row["track_number"]].append(credited)
    tracks: dict[str, list[Track]] = defaultdict(list)
    places = "FROM album_tracks WHERE album_id IN (SELECT unnest(?)) ORDER BY album_id, disc_number, track_number"
    for row in database.rows(places, ids):
        tracks[row["album_id"]].append(
            Track(
                name=row["name"] or "Without a name",
                url=links.page_of("track", row["id"], row["external_urls__spotify"]),
                milliseconds=row["duration_ms"],
                explicit=bool(row["explicit"]),
                guests=guests.get((row["album_id"], row["disc_number"], row["track_number"]), ()),
            )
        )
    return tracks
