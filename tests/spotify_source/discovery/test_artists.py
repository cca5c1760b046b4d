"""Watched artists: queries and queues."""

from __future__ import annotations

import pytest

from spotify_source.discovery.artists import query_for, search_queue, sweep_queue, watched_artists
from spotify_source.models import Resolution, WatchedArtist, WatchEntry


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ('The "Quotation" Marques', 'tag:new artist:"The Quotation Marques"'),
        ("Mo\ud800no", 'tag:new artist:"Mono"'),
        ("a\nb\\", 'tag:new artist:"a b"'),
        ("夜" * 300, f'tag:new artist:"{"夜" * 180}"'),
        ("", None),
        ('""" \\', None),
        ("\ud800", None),
    ],
)
def test_queries_hold_only_what_a_search_can_take(name: str, query: str | None) -> None:
    assert query_for(name) == query


def test_each_entry_becomes_one_artist_with_its_loaded_row() -> None:
    row = WatchedArtist("a" * 22, "Mono", name="Mono", resolved=Resolution.BY_NAME)
    entries = [WatchEntry(name="Mono"), WatchEntry(artist_id="a" * 22), WatchEntry(name="New"), WatchEntry("b" * 22)]
    found = watched_artists(entries, {row.key: row})
    assert [one.key for one in found] == ["a" * 22, "name:New", "b" * 22]
    assert found[0] is row
    assert [one.resolved for one in found[1:]] == [Resolution.PENDING, Resolution.GIVEN]


def test_queues_start_with_the_longest_due_or_least_recently_swept() -> None:
    late = WatchedArtist("late", "late", due_at=200, swept_at=1)
    soon = WatchedArtist("soon", "soon", due_at=100, swept_at=2)
    new = WatchedArtist("new", "new")
    missing = WatchedArtist("gone", "gone", resolved=Resolution.NOT_FOUND, due_at=50)
    name = WatchedArtist("name:x", "x", due_at=50)
    artists = [late, soon, new, missing, name]
    assert search_queue(artists, now=10) == [new, soon, late]
    assert search_queue(artists, now=60) == [new, missing, name, soon, late]
    assert sweep_queue(artists) == [new, late, soon]
