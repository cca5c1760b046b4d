"""Feed and calendar, read by independent parsers and compared with the tables."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spotify_pipeline.page import feeds
from spotify_pipeline.page.feeds import FeedEntry

from tests.support.page import DemoPage, altered_copy, run_report, watch

feedparser = pytest.importorskip("feedparser")
icalendar = pytest.importorskip("icalendar")


def write_both(database: Path, now: float, *options: str) -> tuple[bytes, bytes]:
    """Write feed and calendar of a database and return them."""
    feed, calendar = database.with_suffix(".atom"), database.with_suffix(".ics")
    out = database.with_suffix(".html")
    ran = run_report("--db", database, "--out", out, "--feed", feed, "--calendar", calendar, *options, now=now)
    assert ran.code == 0, ran.err
    assert str(feed) in ran.out
    assert str(calendar) in ran.out
    return feed.read_bytes(), calendar.read_bytes()


def events_of(calendar: bytes) -> dict[str, Any]:
    """Return the events of a calendar by the id of their album."""
    events = icalendar.Calendar.from_ical(calendar).walk("VEVENT")
    return {str(event["UID"]).removeprefix("album-").removesuffix("@spotify-source"): event for event in events}


@pytest.fixture(scope="module")
def written(demo: DemoPage) -> tuple[bytes, bytes]:
    """Feed and calendar of the demo."""
    return write_both(demo.database.database, demo.now)


def test_feed_has_an_entry_for_each_new_album(demo: DemoPage, written: tuple[bytes, bytes]) -> None:
    feed = feedparser.parse(written[0])
    assert not feed.bozo, feed.get("bozo_exception")
    assert len(feed.entries) == demo.database.count("new_releases")
    assert len({entry.id for entry in feed.entries}) == len(feed.entries)
    for entry in feed.entries:
        assert entry.id.startswith("urn:uuid:")
        assert entry.link.startswith("https://open.spotify.com/album/")
        assert "Data from Spotify." in entry.summary
        assert entry.published <= entry.updated <= feed.feed.updated
    assert [entry.published for entry in feed.entries] == sorted((e.published for e in feed.entries), reverse=True)


def test_calendar_has_an_event_for_each_release_day(demo: DemoPage, written: tuple[bytes, bytes]) -> None:
    events = events_of(written[1])
    days = "SELECT id, released_on FROM new_releases WHERE release_date_precision = 'day'"
    assert {album_id: event["DTSTART"].dt for album_id, event in events.items()} == dict(demo.database.sql(days))  # type: ignore[arg-type]
    for event in events.values():
        assert event["DTEND"].dt == event["DTSTART"].dt + timedelta(1)
        assert event["URL"].startswith("https://open.spotify.com/album/")
        assert "Data from Spotify." in event["DESCRIPTION"]
        assert not event.errors


def test_files_are_equal_until_something_changes(demo: DemoPage, written: tuple[bytes, bytes]) -> None:
    assert write_both(demo.database.database, demo.now + 3600) == written


def test_watched_limits_both_to_watched_artists(development: DemoPage, tmp_path: Path) -> None:
    assert feedparser.parse(write_both(development.database.database, development.now, "--watched")[0]).entries == []
    (watched,) = development.database.sql("SELECT id FROM new_releases ORDER BY id LIMIT 1")[0]
    database = altered_copy(development.database.database, tmp_path, *watch(watched))
    feed, calendar = write_both(database, development.now, "--watched")
    assert [entry.link.rpartition("/")[2] for entry in feedparser.parse(feed).entries] == [watched]
    assert set(events_of(calendar)) <= {watched}


def test_watched_without_feed_or_calendar_is_rejected() -> None:
    ran = run_report("--watched")
    assert ran.code == 78
    assert "--watched has no effect without --feed or --calendar" in ran.err


def test_changed_date_updates_its_event(development: DemoPage, tmp_path: Path) -> None:
    before = events_of(write_both(development.database.database, development.now)[1])
    moved = altered_copy(
        development.database.database,
        tmp_path,
        """
        UPDATE new_releases SET released_on = '2026-12-24', release_date = '2026-12-24',
        _dlt_load_id = (SELECT load_id FROM load_runs ORDER BY started_at DESC LIMIT 1)
        WHERE id = (SELECT id FROM new_releases JOIN release_sightings ON album_id = id
                    WHERE release_date_precision = 'day' GROUP BY id
                    HAVING min(seen_at) = (SELECT min(seen_at) FROM release_sightings) ORDER BY id LIMIT 1)
        """,
    )
    after = events_of(write_both(moved, development.now)[1])
    (album_id,) = [one for one in before if after[one]["DTSTART"].dt != before[one]["DTSTART"].dt]
    assert after[album_id]["DTSTART"].dt == date(2026, 12, 24)
    assert after[album_id]["SEQUENCE"] > before[album_id]["SEQUENCE"]
    for name in ("LAST-MODIFIED", "DTSTAMP"):
        assert after[album_id][name].dt > before[album_id][name].dt
    assert after[album_id]["CREATED"].dt == before[album_id]["CREATED"].dt


@given(title=st.text(), artist=st.text(min_size=1), changed=st.integers(0, 10**8))
def test_any_text_is_readable_in_both(title: str, artist: str, changed: int) -> None:
    seen = datetime(2026, 11, 20, 12, tzinfo=timezone.utc).replace(tzinfo=None)
    entry = FeedEntry(
        album_id="x",
        title=title,
        url="https://open.spotify.com/album/x",
        artists=[(artist, "https://a.example")],
        album_type="album",
        details="Album. Data from Spotify.",
        first_seen=seen,
        changed=seen + timedelta(seconds=changed),
        day=date(2026, 11, 20),
    )
    feed = feedparser.parse(feeds.atom([entry], "spotify_raw", seen).encode("utf-8", "strict"))
    assert not feed.bozo
    calendar = feeds.icalendar([entry])
    assert all(len(line.encode()) <= 75 for line in calendar.split("\r\n"))
    (event,) = icalendar.Calendar.from_ical(calendar).walk("VEVENT")
    kept = feeds._NOT_TEXT.sub(" ", title.replace("\r\n", "\n").replace("\r", "\n"))
    assert str(event["SUMMARY"]) == kept


def test_both_are_valid_without_albums() -> None:
    now = datetime(2026, 11, 20, tzinfo=timezone.utc).replace(tzinfo=None)
    assert not feedparser.parse(feeds.atom([], "spotify_raw", now)).bozo
    assert events_of(feeds.icalendar([]).encode()) == {}


@pytest.mark.parametrize("option", ["--feed", "--calendar"])
def test_unusable_path_is_rejected_with_its_option(development: DemoPage, tmp_path: Path, option: str) -> None:
    database = development.database.database
    for file in (tmp_path, tmp_path / "nowhere" / "x", tmp_path / "page.html", database):
        ran = run_report("--db", database, "--out", tmp_path / "page.html", option, file)
        assert ran.code == 78
        assert f"hoose another {option}" in ran.err
    assert not list(tmp_path.iterdir())
