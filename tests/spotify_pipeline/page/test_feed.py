"""The feed and the calendar: read by parsers that are not ours, and held against what SQL says of the same tables."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spotify_pipeline.page import feeds
from spotify_pipeline.page.feeds import FeedEntry

from tests.support.page import Shown, altered, report_on, watching

feedparser = pytest.importorskip("feedparser")
icalendar = pytest.importorskip("icalendar")


def written(database: Path, now: float, *options: str) -> tuple[bytes, bytes]:
    """The feed and the calendar of a database."""
    feed, calendar = database.with_suffix(".atom"), database.with_suffix(".ics")
    out = database.with_suffix(".html")
    reported = report_on("--db", database, "--out", out, "--feed", feed, "--calendar", calendar, *options, now=now)
    assert reported.code == 0, reported.err
    assert str(feed) in reported.out
    assert str(calendar) in reported.out
    return feed.read_bytes(), calendar.read_bytes()


def by_uid(calendar: bytes) -> dict[str, Any]:
    """The events of a calendar."""
    return {str(event["UID"]): event for event in icalendar.Calendar.from_ical(calendar).walk("VEVENT")}


def test_the_feed_has_an_entry_for_each_album_that_is_new(loaded: Shown) -> None:
    feed = feedparser.parse(written(loaded.place.database, loaded.now)[0])
    assert not feed.bozo, feed.get("bozo_exception")
    assert len(feed.entries) == loaded.place.one("SELECT count(*) FROM new_releases")
    assert len({entry.id for entry in feed.entries}) == len(feed.entries)
    for entry in feed.entries:
        assert entry.id.startswith("urn:uuid:")
        assert entry.link.startswith("https://open.spotify.com/album/")
        assert "Data from Spotify." in entry.summary
        assert entry.published <= entry.updated <= feed.feed.updated
    assert [entry.published for entry in feed.entries] == sorted((e.published for e in feed.entries), reverse=True)


def test_the_calendar_has_an_event_for_each_album_with_a_day(loaded: Shown) -> None:
    events_ = by_uid(written(loaded.place.database, loaded.now)[1])
    days = dict(
        loaded.place.sql("SELECT id, released_on FROM new_releases WHERE release_date_precision = 'day'")  # type: ignore[arg-type]
    )
    assert {uid.removeprefix("album-").partition("@")[0]: event["DTSTART"].dt for uid, event in events_.items()} == days
    for event in events_.values():
        assert event["DTEND"].dt == event["DTSTART"].dt + timedelta(1)
        assert event["URL"].startswith("https://open.spotify.com/album/")
        assert "Data from Spotify." in event["DESCRIPTION"]
        assert not event.errors


def test_both_are_the_same_when_nothing_has_changed(development: Shown) -> None:
    first = written(development.place.database, development.now)
    assert written(development.place.database, development.now + 3600) == first


def test_both_can_be_of_watched_artists_alone(development: Shown, tmp_path: Path) -> None:
    (watched,) = development.place.sql("SELECT id FROM new_releases ORDER BY id LIMIT 1")[0]
    database = altered(
        development.place.database,
        tmp_path,
        *watching(watched),
    )
    feed, calendar = written(database, development.now, "--watched")
    assert [entry.link.rpartition("/")[2] for entry in feedparser.parse(feed).entries] == [watched]
    assert {uid.removeprefix("album-").partition("@")[0] for uid in by_uid(calendar)} <= {watched}
    unwatched, _ = written(development.place.database, development.now, "--watched")
    assert feedparser.parse(unwatched).entries == []


def test_watched_without_a_feed_or_a_calendar_is_refused() -> None:
    reported = report_on("--watched")
    assert reported.code == 78
    assert "add one of them" in reported.err


def test_a_date_that_moved_updates_its_event(development: Shown, tmp_path: Path) -> None:
    before = by_uid(written(development.place.database, development.now)[1])
    moved = altered(
        development.place.database,
        tmp_path,
        """
        UPDATE new_releases SET released_on = '2026-12-24', release_date = '2026-12-24',
        _dlt_load_id = (SELECT load_id FROM load_runs ORDER BY started_at DESC LIMIT 1)
        WHERE id = (SELECT id FROM new_releases JOIN release_sightings ON album_id = id
                    WHERE release_date_precision = 'day' GROUP BY id
                    HAVING min(seen_at) = (SELECT min(seen_at) FROM release_sightings) ORDER BY id LIMIT 1)
        """,
    )
    after = by_uid(written(moved, development.now)[1])
    (uid,) = [uid for uid in before if after[uid]["DTSTART"].dt != before[uid]["DTSTART"].dt]
    assert after[uid]["DTSTART"].dt == date(2026, 12, 24)
    assert after[uid]["SEQUENCE"] > before[uid]["SEQUENCE"]
    for name in ("LAST-MODIFIED", "DTSTAMP"):
        assert after[uid][name].dt > before[uid][name].dt
    assert after[uid]["CREATED"].dt == before[uid]["CREATED"].dt


@given(name=st.text(), artist=st.text(min_size=1), changed=st.integers(0, 10**8))
def test_every_name_arrives_whole(name: str, artist: str, changed: int) -> None:
    seen = datetime(2026, 11, 20, 12, tzinfo=timezone.utc).replace(tzinfo=None)
    new = FeedEntry(
        album_id="x",
        title=f"{name} by {artist}",
        url="https://open.spotify.com/album/x",
        artists=[(artist, "https://a.example")],
        album_type="album",
        details="Album. Data from Spotify.",
        first_seen=seen,
        changed=seen + timedelta(seconds=changed),
        day=date(2026, 11, 20),
    )
    feed = feedparser.parse(feeds.atom([new], "spotify_raw", seen).encode("utf-8", "strict"))
    assert not feed.bozo
    calendar = feeds.icalendar([new])
    assert all(len(line.encode()) <= 75 for line in calendar.split("\r\n"))
    (event,) = icalendar.Calendar.from_ical(calendar).walk("VEVENT")
    kept = feeds._NOT_TEXT.sub(" ", new.title.replace("\r\n", "\n").replace("\r", "\n"))
    assert str(event["SUMMARY"]) == kept


def test_a_feed_without_news_is_a_feed() -> None:
    now = datetime(2026, 11, 20, tzinfo=timezone.utc).replace(tzinfo=None)
    assert not feedparser.parse(feeds.atom([], "spotify_raw", now)).bozo
    assert by_uid(feeds.icalendar([]).encode()) == {}


@pytest.mark.parametrize("option", ["--feed", "--calendar"])
def test_a_file_that_can_hold_neither_is_refused(development: Shown, tmp_path: Path, option: str) -> None:
    for file in (tmp_path, tmp_path / "nowhere" / "x", tmp_path / "page.html", development.place.database):
        reported = report_on("--db", development.place.database, "--out", tmp_path / "page.html", option, file)
        assert reported.code == 78
        assert f"Choose another {option}" in reported.err or f"choose another {option}" in reported.err
    assert not list(tmp_path.iterdir())
