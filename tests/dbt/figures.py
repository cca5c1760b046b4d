"""Figures of the marts, computed independently in Python from the raw tables."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from tests.dbt.support import ask

Pair = tuple[str, str]


@dataclass
class Raw:
    """Raw tables as dictionaries."""

    database: Path
    artists: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.releases = {row["id"]: row for row in self._rows("new_releases")}
        self.albums = {row["id"]: row for row in self._rows("albums")}
        self.tracks = self._rows("album_tracks")
        self.sightings = self._rows("release_sightings")
        self.runs = self._rows("load_runs")
        self.copyrights = self._nested("albums", "copyrights", self.albums.values(), "text", "type")
        fetched = self._nested("albums", "artists", self.albums.values(), "id")
        listed = self._nested("new_releases", "artists", self.releases.values(), "id")
        self._heard_in = {key: row["_dlt_load_id"] for key, row in self.releases.items()}
        for sighting in self.sightings:
            if sighting["album_id"] in self._heard_in:
                heard = self._heard_in[sighting["album_id"]]
                self._heard_in[sighting["album_id"]] = max(heard, sighting["_dlt_load_id"])
        self.artists = {}
        for key in self.album_ids:
            newer, older = (listed, fetched) if self.is_listing_newer(key) else (fetched, listed)
            self.artists[key] = [artist for (artist,) in newer.get(key) or older.get(key, [])]

    @property
    def album_ids(self) -> set[str]:
        """Return the ids of all listed or fetched albums."""
        return {*self.releases, *self.albums, *(sighting["album_id"] for sighting in self.sightings)}

    def is_listing_newer(self, album_id: str) -> bool:
        """Return whether a listing has shown the album since it was fetched."""
        if album_id not in self.albums or album_id not in self.releases:
            return album_id in self.releases
        return bool(self._heard_in[album_id] > self.albums[album_id]["_dlt_load_id"])

    def merged(self, album_id: str, column: str) -> Any:
        """Return the value of the newer of listing and album object, else of the other."""
        objects = [self.albums.get(album_id, {}), self.releases.get(album_id, {})]
        if self.is_listing_newer(album_id):
            objects.reverse()
        return next((found[column] for found in objects if found.get(column) not in {None, ""}), None)

    def announced(self, album_id: str) -> int:
        """Return the total of the album object when it was fetched, else of the listing."""
        fetched = self.albums.get(album_id, {}).get("total_tracks")
        return int(fetched or self.releases.get(album_id, {}).get("total_tracks") or 0)

    def track_artists(self) -> list[tuple[str, str, set[str]]]:
        """Yield album, track and artists of each track position."""
        by_row = defaultdict(set)
        for row in self._rows("album_tracks__artists"):
            by_row[row["_dlt_root_id"]].add(row["id"])
        return [(track["album_id"], track["id"], by_row[track["_dlt_id"]]) for track in self.tracks]

    def _rows(self, table: str) -> list[dict[str, Any]]:
        names = [name for (name,) in ask(self.database, _COLUMNS, table)]
        rows = ask(self.database, f"SELECT * FROM spotify_raw.{table}")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _nested(self, table: str, what: str, roots: Collection[Any], *columns: str) -> dict[str, list[tuple[Any, ...]]]:
        owner = {row["_dlt_id"]: row["id"] for row in roots}
        found = defaultdict(list)
        for row in sorted(self._rows(f"{table}__{what}"), key=lambda row: row["_dlt_list_idx"]):
            if row["_dlt_root_id"] in owner:
                found[owner[row["_dlt_root_id"]]].append(tuple(row[column] for column in columns))
        return found


_COLUMNS = """
    SELECT column_name FROM duckdb_columns()
    WHERE schema_name = 'spotify_raw' AND table_name = ? ORDER BY column_index
"""


def release_groups(raw: Raw) -> set[frozenset[str]]:
    """Return groups of editions, found by merging sets until none overlap."""
    by_mark: dict[object, set[str]] = defaultdict(set)
    for album_id in raw.album_ids:
        by_mark[album_id].add(album_id)
        upc = raw.albums.get(album_id, {}).get("external_ids__upc")
        if upc and int(upc):
            by_mark["upc", int(upc)].add(album_id)
        title, day = _plain(raw.merged(album_id, "name")), raw.merged(album_id, "released_on")
        if title and day and raw.artists[album_id]:
            by_mark[title, day, frozenset(raw.artists[album_id])].add(album_id)
    groups: list[set[str]] = []
    for members in by_mark.values():
        touching = [group for group in groups if group & members]
        groups = [group for group in groups if not group & members] + [members.union(*touching)]
    return {frozenset(group) for group in groups}


def ranks(raw: Raw, cut: Collection[str] = ()) -> dict[tuple[str, str, str], tuple[int, int | None]]:
    """Return rank and rank change by album, market and run, in order of the runs.

    Args:
        raw: The tables.
        cut: The runs whose listings were not read to their ends.
    """
    listings: dict[tuple[str, datetime, str], dict[str, int]] = defaultdict(dict)
    for row in raw.sightings:
        listing = listings[row["market"], row["seen_at"], row["run_id"]]
        listing[row["album_id"]] = min(row["position"], listing.get(row["album_id"], 10**9))
    found = {}
    last: dict[str, dict[str, int]] = defaultdict(dict)
    for (market, _, run_id), listing in sorted(listings.items()):
        for album_id, rank in listing.items():
            previous = last[market].get(album_id)
            found[album_id, market, run_id] = (rank, None if previous is None else previous - rank)
        last[market] = {**last[market], **listing} if run_id in cut else dict(listing)
    return found


def first_seen(raw: Raw) -> dict[tuple[str, str], datetime]:
    """Return the first sighting of each album in each market."""
    found: dict[tuple[str, str], datetime] = {}
    for row in raw.sightings:
        key = (row["album_id"], row["market"])
        found[key] = min(row["seen_at"], found.get(key, row["seen_at"]))
    return found


def artist_pairs(raw: Raw) -> dict[Pair, tuple[int, int]]:
    """Return the number of albums and tracks that credit both artists."""
    stand_ins = _various_artists(raw)
    albums, tracks = defaultdict(set), defaultdict(set)
    for album_id, artists in raw.artists.items():
        for pair in combinations(sorted(set(artists) - stand_ins), 2):
            albums[pair].add(album_id)
    for album_id, track_id, artists in raw.track_artists():
        for pair in combinations(sorted(artists - stand_ins), 2):
            albums[pair].add(album_id)
            tracks[pair].add(track_id)
    return {pair: (len(albums[pair]), len(tracks[pair])) for pair in albums}


def labels(raw: Raw) -> Counter[tuple[str, str]]:
    """Return the number of fetched albums by label name and its origin."""
    found: Counter[tuple[str, str]] = Counter()
    for album_id, album in raw.albums.items():
        lines = [text for text, kind in raw.copyrights.get(album_id, []) if kind == "P"]
        owner = re.sub(r"^(℗|\(P\))?\s*\d{4}\s+", "", lines[0]) if lines else None
        if album["label"]:
            found[album["label"], "label"] += 1
        else:
            found[(owner, "phonogram") if owner else ("unknown", "none")] += 1
    return found


def calendar(raw: Raw) -> Counter[tuple[date, str]]:
    """Return the number of albums by release period and precision."""
    lengths = {4: "year", 7: "month", 10: "day"}
    return Counter(
        (raw.merged(album_id, "released_on"), lengths[len(raw.merged(album_id, "release_date"))])
        for album_id in raw.album_ids
        if raw.merged(album_id, "released_on")
    )


def gaps(raw: Raw) -> dict[str, int]:
    """Return missing tracks by album, if the loaded tracks differ from the total."""
    loaded = Counter(track["album_id"] for track in raw.tracks)
    missing = {album_id: raw.announced(album_id) - loaded[album_id] for album_id in raw.album_ids}
    return {album_id: count for album_id, count in missing.items() if count}


def _plain(name: str | None) -> str:
    unmarked = re.sub(r"[(\[]\s*(explicit|clean)( version| edition)?\s*[)\]]", " ", name or "", flags=re.IGNORECASE)
    letters = [_without_accent(char) for char in unicodedata.normalize("NFC", unmarked)]
    plain = "".join(char if char.isalnum() or unicodedata.category(char)[0] == "M" else " " for char in letters)
    return " ".join(plain.lower().split()) or (name or "").strip().lower()


def _without_accent(char: str) -> str:
    """Return a Latin or Greek letter without its accent, any other unchanged."""
    if not unicodedata.name(char, "").startswith(("LATIN", "GREEK")):
        return char
    return "".join(part for part in unicodedata.normalize("NFD", char) if not unicodedata.combining(part))


def _various_artists(raw: Raw) -> set[str]:
    query = """
        SELECT id FROM spotify_raw.albums__artists WHERE name = 'Various Artists'
        UNION SELECT id FROM spotify_raw.new_releases__artists WHERE name = 'Various Artists'
        UNION SELECT id FROM spotify_raw.album_tracks__artists WHERE name = 'Various Artists'
    """
    return {artist for (artist,) in ask(raw.database, query)}
