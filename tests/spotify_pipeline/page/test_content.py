"""What the page says, held against what SQL says of the same tables."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.page import REAL_COVERS, Element, Shown, altered, page_of, watching



def clock(milliseconds: int) -> str:
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours}:{rest:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


LATEST = "(SELECT max(seen_at) FROM release_sightings)"
BEFORE = f"(SELECT max(seen_at) FROM release_sightings WHERE seen_at < {LATEST})"


def test_the_head_counts_albums_artists_and_tracks(loaded: Shown) -> None:
    albums = loaded.place.one("SELECT count(*) FROM new_releases")
    artists = loaded.place.one("SELECT count(DISTINCT id) FROM new_releases__artists")
    tracks = loaded.place.one("SELECT count(*) FROM album_tracks")
    assert f"{albums} albums by {artists} artists, with {tracks:,} tracks." in loaded.page.root.one("header").text


def test_new_are_the_albums_that_the_latest_run_saw_first(loaded: Shown) -> None:
    expected = loaded.place.sql(
        f"SELECT name FROM new_releases WHERE id IN (SELECT album_id FROM release_sightings GROUP BY ALL "
        f"HAVING min(seen_at) = {LATEST})"
    )
    titles = [card.one("h3").text for card in loaded.page.section("new").all("li", class_="card")]
    assert Counter(titles) == Counter(name or "Without a name" for (name,) in expected)


def test_a_card_has_cover_artists_tracks_and_their_lengths(loaded: Shown) -> None:
    for card in loaded.page.section("new").all("li", class_="card"):
        address = card.one("h3").one("a").attributes["href"] or ""
        album_id = address.rpartition("/")[2]
        artists = loaded.place.sql(
            "SELECT artist.name FROM new_releases__artists artist JOIN new_releases album "
            "ON artist._dlt_parent_id = album._dlt_id WHERE album.id = ? ORDER BY artist._dlt_list_idx",
            album_id,
        )
        assert card.all("p")[0].text == ", ".join(name for (name,) in artists)
        tracks = loaded.place.sql(
            "SELECT name, duration_ms FROM album_tracks WHERE album_id = ? ORDER BY disc_number, track_number", album_id
        )
        shown = card.one("ol").all("li")
        assert [item.all("a")[0].text for item in shown] == [name for name, _ in tracks[:50]]
        assert [item.all("span")[-1].text for item in shown] == [clock(length) for _, length in tracks[:50]]
        assert (f"And {len(tracks) - 50} more." in card.text) == (len(tracks) > 50)
        covers = loaded.place.sql(
            "SELECT image.url FROM new_releases__images image JOIN new_releases album "
            "ON image._dlt_parent_id = album._dlt_id WHERE album.id = ?",
            album_id,
        )
        # The demo's covers have addresses at which there is nothing: the page draws them.
        assert not card.all("img")
        assert len(card.all("svg", class_="sleeve")) == bool(covers)
        assert len(card.all("div", class_="cover-missing")) == (not covers)


def test_a_real_cover_is_the_one_that_spotify_names(development: Shown, tmp_path: Path) -> None:
    page = page_of(altered(development.place.database, tmp_path, REAL_COVERS), development.now)
    images = page.section("new").all("img")
    assert images
    assert {urlsplit(image.attributes["src"] or "").netloc for image in images} == {"i.scdn.co"}
    assert not page.section("new").all("svg")


def test_labels_are_shown_where_spotify_sends_them(development: Shown, extended: Shown) -> None:
    query = f"""
        SELECT label FROM albums WHERE id IN
        (SELECT album_id FROM release_sightings GROUP BY ALL HAVING min(seen_at) = {LATEST})
    """
    assert {label for (label,) in development.place.sql(query)} == {None}
    for (label,) in extended.place.sql(query):
        assert label in extended.page.section("new").text


def test_the_calendar_counts_the_albums_of_each_day(loaded: Shown) -> None:
    counted = loaded.place.sql(
        f"""
        SELECT released_on, album_type, count(*) FROM new_releases WHERE release_date_precision = 'day'
        AND abs(released_on - {LATEST}::DATE) <= 28 GROUP BY ALL
        """
    )
    drawn = {(row["day"], row["type"]): row["albums"] for row in loaded.page.chart("calendar")["data"]["values"]}
    assert drawn == {(str(day), kind): count for day, kind, count in counted}
    days = {summary.text for summary in loaded.page.section("calendar").one("div", class_="days").all("summary")}
    totals: Counter[str] = Counter()
    for day, _, count in counted:
        totals[f"{day:%A} {day.day} {day:%B %Y}"] += count
    assert days == {f"{day}: {count} album{'' if count == 1 else 's'}" for day, count in totals.items()}


def test_risers_and_fallers_are_those_that_moved_most(loaded: Shown) -> None:
    moves = loaded.place.sql(
        f"""
        SELECT old.position - new.position AS up, old.position, new.position
        FROM release_sightings new JOIN release_sightings old USING (market, album_id)
        WHERE new.seen_at = {LATEST} AND old.seen_at = {BEFORE} ORDER BY up DESC, new.position
        """
    )
    risen, fallen = loaded.page.section("movers").all("ul", class_="ranking")
    expected = [f"+{up} {was} to {now}" for up, was, now in moves[:8]]
    assert [_figure(item) for item in risen.all("li")] == expected
    expected = [f"−{-up} {was} to {now}" for up, was, now in reversed(moves[-8:])]  # noqa: RUF001 - a minus sign
    assert [_figure(item) for item in fallen.all("li")] == expected


def _figure(item: Element) -> str:
    return item.one("span", class_="figure").text


def test_lengths_count_every_track_once(loaded: Shown) -> None:
    counted = loaded.place.sql(
        "SELECT least(duration_ms // 30000, 20), explicit, count(*) FROM album_tracks GROUP BY ALL ORDER BY ALL"
    )
    drawn = {
        (row["from"] // 30, row["words"] == "explicit"): row["tracks"]
        for row in loaded.page.chart("lengths")["data"]["values"]
    }
    assert drawn == {(half, explicit): count for half, explicit, count in counted}
    longest = loaded.place.one("SELECT max(duration_ms) FROM album_tracks")
    assert clock(longest) in loaded.page.section("lengths").text


def test_pairs_count_the_tracks_that_name_both(loaded: Shown) -> None:
    ((most,),) = loaded.place.sql(
        """
        SELECT count(*) FROM album_tracks__artists one JOIN album_tracks__artists other USING (_dlt_parent_id)
        WHERE one.id < other.id GROUP BY one.id, other.id ORDER BY 1 DESC LIMIT 1
        """
    )
    tracks = [row["tracks"] for row in loaded.page.chart("pairs")["data"]["values"]]
    assert tracks[0] == most
    assert tracks == sorted(tracks, reverse=True)


@pytest.mark.parametrize("prefix", ["", "App-b_"])
def test_releases_are_counted_by_the_dbt_project_where_it_was_built(
    development: Shown, tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert " release" not in development.page.section("pairs").text
    monkeypatch.setenv("SPOTIFY_SCHEMA_PREFIX", prefix)
    marts = f'altered."{prefix}spotify_marts"'
    database = altered(
        development.place.database,
        tmp_path,
        f"CREATE SCHEMA {marts}",
        f"""
        CREATE TABLE {marts}.rpt_artist_pairs AS
        SELECT one.id AS first_artist_id, other.id AS second_artist_id, 77 AS releases_together
        FROM album_tracks__artists one JOIN album_tracks__artists other USING (_dlt_parent_id) WHERE one.id < other.id
        """,
    )
    assert "77 releases" in page_of(database, development.now).section("pairs").text


def test_loads_tell_each_run_and_the_calls_of_a_day(loaded: Shown) -> None:
    section = loaded.page.section("loads")
    table = section.all("table")[-1]
    expected = loaded.place.sql(
        "SELECT albums_new, albums_fetched, tracks_loaded FROM load_runs ORDER BY started_at DESC"
    )
    rows = [[cell.text for cell in row.all("td")] for row in table.all("tr")[1:]]
    assert [(row[3], row[4], row[5]) for row in rows] == [tuple(f"{number:,}" for number in row) for row in expected]
    # Only the last of the three loads is less than a day old.
    for bucket, calls in loaded.place.sql(
        "SELECT unnest(json_keys(calls)) AS bucket, (calls -> bucket)::INT FROM load_runs ORDER BY started_at DESC LIMIT 3"
    )[:1]:
        assert f"{bucket} {calls} call" in section.text


def test_a_closed_bucket_is_named_with_the_time_when_it_opens(development: Shown, tmp_path: Path) -> None:
    now = datetime.fromtimestamp(development.now, timezone.utc)
    opens, opened = now + timedelta(hours=5), now - timedelta(hours=5)
    database = altered(
        development.place.database,
        tmp_path,
        f"""
        UPDATE load_runs SET exit_code = 75, albums_pending = 12, reason = 'the quota for album is spent',
        blocked_until = '{{"album": "{opens.isoformat()}", "search": "{opened.isoformat()}"}}'
        WHERE started_at = (SELECT max(started_at) FROM load_runs)
        """,
    )
    said = page_of(database, development.now).section("loads").one("dl").text
    assert f"closed until {opens.day} {opens:%B %Y, %H:%M} UTC" in said
    assert said.count("closed until") == 1
    assert "something is pending (the quota for album is spent)" in said
    assert "12 albums to fetch" in said


def test_a_run_that_brings_nothing_leaves_the_latest_arrivals_in_sight(development: Shown, tmp_path: Path) -> None:
    database = altered(
        development.place.database,
        tmp_path,
        f"""
        INSERT INTO release_sightings BY NAME SELECT * REPLACE ('later' AS run_id, seen_at + INTERVAL 1 HOUR AS seen_at)
        FROM release_sightings WHERE seen_at = {LATEST}
        """,
    )
    page = page_of(database, development.now)
    assert "The run after that brought nothing new." in page.section("new").text
    assert len(page.section("new").all("li", class_="card")) == len(
        development.page.section("new").all("li", class_="card")
    )
    assert "None of the 100 albums in both runs moved." in page.section("movers").text


def test_a_day_with_very_many_albums_names_some_and_counts_all(development: Shown, tmp_path: Path) -> None:
    database = altered(
        development.place.database,
        tmp_path,
        "UPDATE new_releases SET released_on = '2026-11-20', release_date_precision = 'day'",
        "UPDATE albums SET released_on = '2026-11-20', release_date_precision = 'day'",
    )
    total = development.place.one("SELECT count(*) FROM new_releases")
    (day,) = page_of(database, development.now).section("calendar").one("div", class_="days").all("details")
    assert day.one("summary").text == f"Friday 20 November 2026: {total} albums"
    assert len(day.all("li")) == 60
    assert f"And {total - 60} more." in day.text


def test_a_switch_of_path_is_not_told_as_one_run(development: Shown, tmp_path: Path) -> None:
    other = f"UPDATE release_sightings SET market = '*' WHERE seen_at = {LATEST}"
    said = page_of(altered(development.place.database, tmp_path, other), development.now).section("movers").text
    assert "The latest run read another listing than the runs before it." in said
    assert "There has been one run." not in said


MANY_MARKETS = """
    INSERT INTO release_sightings BY NAME
    SELECT sighting.* REPLACE (
        'run' || run AS run_id, seen_at - to_days(CAST(7 * run AS INTEGER)) AS seen_at, 'M' || chr(CAST(65 + m AS INTEGER)) AS market,
        row_number() OVER (PARTITION BY run, m ORDER BY hash(position * 7 + run * 13 + {differ})) AS position
    )
    FROM release_sightings AS sighting, range(0, 156) AS runs(run), range(0, {markets}) AS markets(m)
    WHERE seen_at = (SELECT max(seen_at) FROM release_sightings)
"""


def test_three_years_of_many_markets_stay_below_two_megabytes(development: Shown, tmp_path: Path) -> None:
    many = MANY_MARKETS.format(markets=12, differ="m * m")
    page = page_of(altered(development.place.database, tmp_path, many), development.now)
    assert len([name for name in page.charts() if name.startswith("movers")]) == 6
    assert len(page.html.encode()) < 2_000_000


def test_markets_that_repeat_a_listing_share_a_chart(development: Shown, tmp_path: Path) -> None:
    same = MANY_MARKETS.format(markets=3, differ="0")
    page = page_of(altered(development.place.database, tmp_path, same), development.now)
    assert [name for name in page.charts() if name.startswith("movers")] == ["movers-ma", "movers-us"]
    assert "Markets MA, MB and MC" in page.section("movers").text


def test_watched_artists_come_first_and_a_further_search_gives_no_rank(development: Shown, tmp_path: Path) -> None:
    cards = development.page.section("new").all("li", class_="card")
    watched, searched = ((card.attributes["id"] or "").removeprefix("album-") for card in (cards[-1], cards[0]))
    page = page_of(
        altered(
            development.place.database,
            tmp_path,
            *watching(watched),
            f"UPDATE release_sightings SET query = 'tag:new tag:hipster' WHERE album_id = '{searched}'",
        ),
        development.now,
    )
    shown = page.section("new").all("li", class_="card")
    assert shown[0].attributes["id"] == f"album-{watched}"
    assert "no rank, found at the artist" in shown[0].text
    assert "Watched artist" in shown[0].text
    (other,) = [card for card in shown if card.attributes["id"] == f"album-{searched}"]
    assert "no rank, found by a search" in other.text
    assert "2 have no rank" in page.section("new").text


def test_an_album_that_was_out_for_long_surfaced_late(development: Shown, tmp_path: Path) -> None:
    card = development.page.section("new").all("li", class_="card")[0]
    album_id = (card.attributes["id"] or "").removeprefix("album-")
    age = f"release_date_precision = 'day', released_on = {LATEST}::DATE - 23 WHERE id = '{album_id}'"
    tables = ("new_releases", "albums")
    page = page_of(
        altered(development.place.database, tmp_path, *(f"UPDATE {table} SET {age}" for table in tables)),
        development.now,
    )
    shown = {each.attributes["id"]: each for each in page.section("new").all("li", class_="card")}
    assert "Surfaced 23 days after release" in shown[f"album-{album_id}"].text
    assert card.one("h3").text in page.section("late").text
