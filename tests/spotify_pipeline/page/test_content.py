"""Content of the page, compared with SQL on the same tables."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from spotify_pipeline.exits import Exit

from tests.support.page import REAL_COVERS, DemoPage, Element, Page, altered_copy, render_page, watch

LATEST = "(SELECT max(seen_at) FROM release_sightings)"
BEFORE = f"(SELECT max(seen_at) FROM release_sightings WHERE seen_at < {LATEST})"
NEW = f"(SELECT album_id FROM release_sightings GROUP BY ALL HAVING min(seen_at) = {LATEST})"


def clock(milliseconds: int) -> str:
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours}:{rest:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def altered_page(demo: DemoPage, folder: Path, *statements: str) -> Page:
    return render_page(altered_copy(demo.database.database, folder, *statements), demo.now)


# -- The demo as it was loaded


def test_header_counts_albums_artists_and_tracks(demo: DemoPage) -> None:
    albums = demo.database.one("SELECT count(*) FROM new_releases")
    artists = demo.database.one("SELECT count(DISTINCT id) FROM new_releases__artists")
    tracks = demo.database.one("SELECT count(*) FROM album_tracks")
    assert f"{albums} albums by {artists} artists, with {tracks:,} tracks." in demo.page.root.one("header").text


def test_cards_are_the_albums_first_seen_by_the_latest_run(demo: DemoPage) -> None:
    expected = demo.database.sql(f"SELECT name FROM new_releases WHERE id IN {NEW}")
    titles = [card.one("h3").text for card in demo.page.cards().values()]
    assert Counter(titles) == Counter(name or "Without a name" for (name,) in expected)


def test_card_has_cover_artists_and_tracks_with_lengths(demo: DemoPage) -> None:
    artists_of = (
        "SELECT artist.name FROM new_releases__artists artist JOIN new_releases album "
        "ON artist._dlt_parent_id = album._dlt_id WHERE album.id = ? ORDER BY artist._dlt_list_idx"
    )
    tracks_of = "SELECT name, duration_ms FROM album_tracks WHERE album_id = ? ORDER BY disc_number, track_number"
    covers_of = (
        "SELECT count(*) FROM new_releases__images image JOIN new_releases album "
        "ON image._dlt_parent_id = album._dlt_id WHERE album.id = ?"
    )
    for album_id, card in demo.page.cards().items():
        artists = demo.database.sql(artists_of, album_id)
        assert card.all("p")[0].text == ", ".join(name for (name,) in artists)
        tracks = demo.database.sql(tracks_of, album_id)
        shown = card.one("ol").all("li")
        assert [one.all("a")[0].text for one in shown] == [name for name, _ in tracks[:50]]
        assert [one.all("span")[-1].text for one in shown] == [clock(length) for _, length in tracks[:50]]
        assert (f"And {len(tracks) - 50} more." in card.text) == (len(tracks) > 50)
        assert clock(sum(length for _, length in tracks)) in card.one("summary").text
        # The demo's covers are drawn, because they have no address.
        has_cover = demo.database.one(covers_of, album_id) > 0
        assert not card.all("img")
        assert len(card.all("svg", class_="sleeve")) == has_cover
        assert len(card.all("div", class_="cover-missing")) == (not has_cover)


def test_labels_are_shown_if_spotify_sends_them(development: DemoPage, extended: DemoPage) -> None:
    query = f"SELECT label FROM albums WHERE id IN {NEW}"
    assert {label for (label,) in development.database.sql(query)} == {None}
    for (label,) in extended.database.sql(query):
        assert label in extended.page.section("new").text


def test_calendar_counts_the_albums_of_each_day(demo: DemoPage) -> None:
    counted = demo.database.sql(
        f"""
        SELECT released_on, album_type, count(*) FROM new_releases WHERE release_date_precision = 'day'
        AND abs(released_on - {LATEST}::DATE) <= 28 GROUP BY ALL
        """
    )
    drawn = {(row["day"], row["type"]): row["albums"] for row in demo.page.chart("calendar")["data"]["values"]}
    assert drawn == {(str(day), kind): count for day, kind, count in counted}
    days = {summary.text for summary in demo.page.section("calendar").one("div", class_="days").all("summary")}
    totals: Counter[str] = Counter()
    for day, _, count in counted:
        totals[f"{day:%A} {day.day} {day:%B %Y}"] += count
    assert days == {f"{day}: {count} album{'' if count == 1 else 's'}" for day, count in totals.items()}


def test_risers_and_fallers_are_those_that_moved_most(demo: DemoPage) -> None:
    moves = demo.database.sql(
        f"""
        SELECT old.position - new.position AS up, old.position, new.position
        FROM release_sightings new JOIN release_sightings old USING (market, album_id)
        WHERE new.seen_at = {LATEST} AND old.seen_at = {BEFORE} ORDER BY up DESC, new.position
        """
    )
    risen, fallen = demo.page.section("movers").all("ul", class_="ranking")
    assert figures(risen) == [f"+{up} {was} to {now}" for up, was, now in moves[:8]]
    assert figures(fallen) == [f"−{-up} {was} to {now}" for up, was, now in reversed(moves[-8:])]  # noqa: RUF001 - a minus sign


def figures(ranking: Element) -> list[str]:
    return [entry.one("span", class_="figure").text for entry in ranking.all("li")]


def test_lengths_count_every_track_once(demo: DemoPage) -> None:
    counted = demo.database.sql(
        "SELECT least(duration_ms // 30000, 20), explicit, count(*) FROM album_tracks GROUP BY ALL ORDER BY ALL"
    )
    values = demo.page.chart("lengths")["data"]["values"]
    assert {(row["from"] // 30, row["words"] == "explicit"): row["tracks"] for row in values} == {
        (half, explicit): count for half, explicit, count in counted
    }
    shortest, longest = demo.page.section("lengths").all("ul", class_="ranking")
    for ranking, direction in ((shortest, "ASC"), (longest, "DESC")):
        lengths = demo.database.sql(f"SELECT duration_ms FROM album_tracks ORDER BY 1 {direction} LIMIT 5")
        assert figures(ranking) == [clock(length) for (length,) in lengths]


def test_pairs_count_tracks_that_name_both_artists(demo: DemoPage) -> None:
    counted = demo.database.sql(
        """
        SELECT count(*) FROM album_tracks__artists one JOIN album_tracks__artists other USING (_dlt_parent_id)
        WHERE one.id < other.id GROUP BY one.id, other.id ORDER BY 1 DESC LIMIT 12
        """
    )
    assert [row["tracks"] for row in demo.page.chart("pairs")["data"]["values"]] == [count for (count,) in counted]


def test_loads_list_runs_and_the_calls_of_a_day(demo: DemoPage) -> None:
    section = demo.page.section("loads")
    expected = demo.database.sql(
        "SELECT albums_new, albums_fetched, tracks_loaded FROM load_runs ORDER BY started_at DESC"
    )
    rows = [[cell.text for cell in row.all("td")] for row in section.all("table")[-1].all("tr")[1:]]
    assert [(row[3], row[4], row[5]) for row in rows] == [tuple(f"{number:,}" for number in row) for row in expected]
    # Only the last of the three loads is less than a day old.
    calls = demo.database.one("SELECT calls::MAP(VARCHAR, BIGINT) FROM load_runs ORDER BY started_at DESC LIMIT 1")
    for bucket, number in calls.items():
        assert f"{bucket} {number} call" in section.text


# -- One database with several changes


@pytest.fixture(scope="module")
def eventful(development: DemoPage, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Render a page with covers, models, a closed bucket and a watched artist."""
    watched, extra, late = (list(development.page.cards())[number] for number in (-1, 0, 1))
    now = datetime.fromtimestamp(development.now, timezone.utc)
    blocked = {"album": now + timedelta(hours=5), "search": now - timedelta(hours=5)}
    age = f"release_date_precision = 'day', released_on = {LATEST}::DATE - 23 WHERE id = '{late}'"
    marts = 'altered."App-b_spotify_marts"'
    statements = [
        REAL_COVERS,
        f"CREATE SCHEMA {marts}",
        f"""
        CREATE TABLE {marts}.rpt_artist_pairs AS
        SELECT one.id AS first_artist_id, other.id AS second_artist_id, 77 AS releases_together
        FROM album_tracks__artists one JOIN album_tracks__artists other USING (_dlt_parent_id) WHERE one.id < other.id
        """,
        f"""
        UPDATE load_runs SET exit_code = 75, albums_pending = 12, reason = 'the quota for album is spent',
        blocked_until = '{{{", ".join(f'"{name}": "{until.isoformat()}"' for name, until in blocked.items())}}}'
        WHERE started_at = (SELECT max(started_at) FROM load_runs)
        """,
        *watch(watched),
        f"UPDATE release_sightings SET query = 'tag:new tag:hipster' WHERE album_id = '{extra}'",
        *(f"UPDATE {table} SET {age}" for table in ("new_releases", "albums")),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPOTIFY_SCHEMA_PREFIX", "App-b_")
        return altered_page(development, tmp_path_factory.mktemp("eventful"), *statements)


def test_covers_come_from_spotify(eventful: Page) -> None:
    images = eventful.section("new").all("img")
    assert images
    assert {urlsplit(image.attributes["src"] or "").netloc for image in images} == {"i.scdn.co"}
    assert not eventful.section("new").all("svg")


def test_releases_of_pairs_are_counted_if_models_are_built(development: DemoPage, eventful: Page) -> None:
    assert " release" not in development.page.section("pairs").text
    assert "77 releases" in eventful.section("pairs").text


def test_closed_bucket_is_shown_until_it_opens(development: DemoPage, eventful: Page) -> None:
    opens = datetime.fromtimestamp(development.now, timezone.utc) + timedelta(hours=5)
    facts = eventful.section("loads").one("dl").text
    assert f"closed until {opens.day} {opens:%B %Y, %H:%M} UTC" in facts
    assert facts.count("closed until") == 1
    assert "something is pending (the quota for album is spent)" in facts
    assert "12 albums to fetch" in facts


def test_watched_artists_come_first_and_extra_queries_give_no_rank(development: DemoPage, eventful: Page) -> None:
    before = list(development.page.cards())
    cards = eventful.cards()
    first = next(iter(cards))
    assert first == before[-1]
    assert "no rank, found at the artist" in cards[first].text
    assert "Watched artist" in cards[first].text
    assert "no rank, found by a search" in cards[before[0]].text
    assert "2 have no rank" in eventful.section("new").text
    assert "1 album of watched artists comes first." in eventful.section("new").text


def test_album_seen_weeks_after_release_surfaced_late(development: DemoPage, eventful: Page) -> None:
    late = list(development.page.cards())[1]
    card = eventful.cards()[late]
    assert "Surfaced 23 days after release" in card.text
    assert card.one("h3").text in eventful.section("late").text


# -- Other databases


def test_run_without_news_keeps_the_latest_arrivals(development: DemoPage, tmp_path: Path) -> None:
    page = altered_page(
        development,
        tmp_path,
        f"""
        INSERT INTO release_sightings BY NAME SELECT * REPLACE ('later' AS run_id, seen_at + INTERVAL 1 HOUR AS seen_at)
        FROM release_sightings WHERE seen_at = {LATEST}
        """,
        # A Friday with more albums than are named.
        "UPDATE new_releases SET released_on = '2026-11-20', release_date_precision = 'day'",
        "UPDATE albums SET released_on = '2026-11-20', release_date_precision = 'day'",
    )
    assert "The run after that found nothing new." in page.section("new").text
    assert page.cards().keys() == development.page.cards().keys()
    assert "None of the 100 albums in both runs moved." in page.section("movers").text
    total = development.database.one("SELECT count(*) FROM new_releases")
    (day,) = page.section("calendar").one("div", class_="days").all("details")
    assert day.one("summary").text == f"Friday 20 November 2026: {total} albums"
    assert len(day.all("li")) == 60
    assert f"And {total - 60} more." in day.text


def test_change_of_listing_is_not_reported_as_one_run(development: DemoPage, tmp_path: Path) -> None:
    other = f"UPDATE release_sightings SET market = '*' WHERE seen_at = {LATEST}"
    text = altered_page(development, tmp_path, other).section("movers").text
    assert "The latest run read another listing than the runs before it." in text
    assert "There has been one run." not in text


MANY_MARKETS = """
    INSERT INTO release_sightings BY NAME
    SELECT sighting.* REPLACE (
        'run' || run AS run_id, seen_at - to_days(CAST(7 * run AS INTEGER)) AS seen_at, 'M' || chr(CAST(65 + m AS INTEGER)) AS market,
        row_number() OVER (PARTITION BY run, m ORDER BY hash(position * 7 + run * 13 + {differ})) AS position
    )
    FROM release_sightings AS sighting, range(0, 156) AS runs(run), range(0, {markets}) AS markets(m)
    WHERE seen_at = (SELECT max(seen_at) FROM release_sightings)
"""


def test_three_years_of_many_markets_stay_below_two_megabytes(development: DemoPage, tmp_path: Path) -> None:
    page = altered_page(development, tmp_path, MANY_MARKETS.format(markets=12, differ="m * m"))
    assert len([name for name in page.charts() if name.startswith("movers")]) == 6
    assert "7 markets more not shown." in page.section("movers").text
    assert len(page.html.encode()) < 2_000_000


def test_markets_with_the_same_listing_share_a_chart(development: DemoPage, tmp_path: Path) -> None:
    page = altered_page(development, tmp_path, MANY_MARKETS.format(markets=3, differ="0"))
    assert [name for name in page.charts() if name.startswith("movers")] == ["movers-ma", "movers-us"]
    assert "Markets MA, MB and MC" in page.section("movers").text


def test_every_exit_code_of_a_run_has_words(development: DemoPage, tmp_path: Path) -> None:
    codes = set(Exit) - {Exit.CONFIGURATION, Exit.INTERRUPTED}  # such runs have no row
    rows = (
        "SELECT 'run' || code AS run_id, now() AS started_at, code AS exit_code, 'x' AS _dlt_load_id, code AS _dlt_id"
    )
    insert = f"INSERT INTO load_runs BY NAME {rows} FROM (SELECT unnest({sorted(map(int, codes))}) AS code)"
    page = altered_page(development, tmp_path, "DELETE FROM load_runs", insert)
    ends = [row.all("td")[1].text for row in page.section("loads").all("table")[-1].all("tr")[1:]]
    assert len(set(ends)) == len(codes)
    assert not [end for end in ends if end.startswith("exit")]
