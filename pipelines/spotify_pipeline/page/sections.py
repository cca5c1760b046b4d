"""Sections of the page as data: title, queries, chart and lists.

A query that returns text returns one row with one column, null for no text. Queries read the declared tables and
`views.sql`; in a query of a part, `$column` stands for a value of the part's row, and `$now` for the current time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from spotify_pipeline.page.charts import PALETTE, RUN_AXIS, Chart, DrawnChart, NamedBars, RankLines, StackedBars
from spotify_pipeline.page.data import Database, Row


@dataclass(frozen=True)
class Ranking:
    """A list of albums, tracks or artists with a figure each.

    The query returns for each entry `subjects` (items), and may return `artists` (items, after "by"), `text` and `album`
    (an item) for a second line, `album_artists`, `figure`, and `figure_note`.
    """

    query: str
    title: str | None = None
    empty: str = ""  # text instead of an empty list
    values: Mapping[str, object] = field(default_factory=dict)  # of parameters, beside those of the part


@dataclass(frozen=True)
class Table:
    """A table; the query's columns are its headings."""

    title: str  # query for the text
    label: str  # for screen readers
    query: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the page."""

    id: str
    title: str
    link_text: str  # in the navigation
    empty: str  # query for the reason why there is nothing to show, null if there is
    # Query for the parts of the section, one by default. `title` and `empty` of a part are texts.
    parts: str = "SELECT NULL AS title, NULL AS empty"
    lead: str | None = None  # query for the text, of a part
    facts: str | None = None  # query for `term`, `text` and `warning`, of a part
    chart: Chart | None = None
    rankings: Sequence[Ranking] = ()
    groups: str | None = None  # query for `heading`, `entries` (of a ranking) and `more` (number of others), of a part
    table: Table | None = None
    cards: str | None = None  # query for the cards of albums
    note: str = "SELECT NULL"  # query for the text at the end


@dataclass(frozen=True)
class FilledPart:
    """Content of a part of a section."""

    title: str | None
    empty: str | None
    lead: str | None = None
    facts: Sequence[Row] = ()
    chart: DrawnChart | None = None
    rankings: Sequence[tuple[Ranking, Sequence[Row]]] = ()
    groups: Sequence[Row] = ()
    table: tuple[str, Sequence[str], Sequence[Sequence[object]]] | None = None  # title, headings, rows
    cards: Sequence[Row] = ()


@dataclass(frozen=True)
class FilledSection:
    """A section with its content."""

    section: Section
    empty: str | None
    parts: Sequence[FilledPart]
    note: str | None


def fill(section: Section, database: Database, now: datetime) -> FilledSection:
    """Read the content of a section.

    Args:
        section: The section.
        database: Loaded tables and views.
        now: Current time in UTC, without a time zone.
    """
    empty = database.value(section.empty)
    parts = (
        [] if empty else [_fill_part(section, database, {**row, "now": now}) for row in database.rows(section.parts)]
    )
    return FilledSection(section, empty, parts, database.value(section.note))


def _fill_part(section: Section, database: Database, part: Row) -> FilledPart:
    if part["empty"]:
        return FilledPart(part["title"], part["empty"])
    table = section.table
    rows = database.rows(table.query, part) if table else []
    return FilledPart(
        title=part["title"],
        empty=None,
        lead=database.value(section.lead, part) if section.lead else None,
        facts=database.rows(section.facts, part) if section.facts else (),
        chart=section.chart.draw(database.rows(section.chart.query, part), part) if section.chart else None,
        rankings=[(one, database.rows(one.query, {**part, **one.values})) for one in section.rankings],
        groups=database.rows(section.groups, part) if section.groups else (),
        table=(database.value(table.title), list(rows[0]), [list(row.values()) for row in rows]) if table else None,
        cards=database.rows(section.cards, part) if section.cards else (),
    )


NEW: Final = Section(
    id="new",
    title="New since the last run",
    link_text="New",
    empty="""
        SELECT CASE
            WHEN 'release_sightings' NOT IN (FROM loaded_tables)
                THEN 'The table release_sightings does not exist: load it, and each run records the albums it saw.'
            WHEN NOT EXISTS (FROM listing_runs) THEN 'No run has read a listing yet.'
            WHEN NOT EXISTS (FROM new_albums) THEN 'Albums were listed, but neither new_releases nor albums was loaded.'
        END
    """,
    lead="""
        WITH latest AS (
            SELECT
                count(*) AS found,
                count_if(is_shown) AS shown,
                count_if(is_watched) AS watched,
                count_if(rank IS NULL AND is_shown) AS unranked,
                count(days_late) AS late,
                max(seen_at) AS seen_at
            FROM new_albums
        ), others AS (
            SELECT max(listing_runs.seen_at) FILTER (listing_runs.seen_at < latest.seen_at) AS before,
                count_if(listing_runs.seen_at > latest.seen_at) AS after
            FROM listing_runs, latest
        )
        SELECT concat_ws(' ',
            counted(found, 'album') || ', first seen on ' || moment(seen_at)
                || if(before IS NULL, ', by the first run', '; the run before was on ' || moment(before)) || '.',
            CASE
                WHEN after = 1 THEN 'The run after that found nothing new.'
                WHEN after > 1 THEN format('The {} runs after that found nothing new.', after)
            END,
            CASE
                WHEN watched = 1 THEN '1 album of watched artists comes first.'
                WHEN watched > 1 THEN counted(watched, 'album') || ' of watched artists come first.'
            END,
            CASE WHEN found > shown THEN
                format('Shown are {}: ', shown) || if(watched > 0, 'watched artists, then ', '')
                || 'those with the best ranks in the listing.'
            END,
            CASE
                WHEN unranked = 1
                    THEN '1 has no rank: an artist''s own listing or an extra query showed it, and these have no ranks.'
                WHEN unranked > 1
                    THEN format(
                        '{:,} have no rank: an artist''s own listing or an extra query showed them, and these have no ranks.',
                        unranked
                    )
            END,
            CASE WHEN late > 0 THEN format('{:,} surfaced more than a week after release.', late) END
        )
        FROM latest, others
    """,
    cards="""
        WITH cards AS (
            FROM new_albums WHERE is_shown
        ), artist_lists AS (
            SELECT album_id, disc_number, track_number, list(item('artist', id, name, url) ORDER BY place) AS artists
            FROM track_credits SEMI JOIN cards USING (album_id)
            GROUP BY ALL
        ), tracks AS (
            SELECT
                album_id,
                count(*) AS number,
                sum(coalesce(duration_ms, 0))::BIGINT AS milliseconds,
                bool_or(coalesce(explicit, false)) AS is_explicit,
                list(
                    {
                        'track': item('track', track.id, track.name, track.external_urls__spotify),
                        -- Artists of the track who are not the album's.
                        'guests': [one FOR one IN coalesce(artist_lists.artists, []) IF NOT list_contains(shown.artists, one)],
                        'length': if(duration_ms IS NULL, '', clock(duration_ms)),
                        'is_explicit': coalesce(explicit, false)
                    }
                    ORDER BY disc_number, track_number
                ) AS tracks
            FROM album_tracks AS track
            JOIN cards USING (album_id)
            JOIN shown_albums AS shown ON shown.id = album_id
            LEFT JOIN artist_lists USING (album_id, disc_number, track_number)
            GROUP BY album_id
        )
        SELECT
            shown_albums.*,
            catalogue.label,
            catalogue.day,
            covers.url AS cover,
            cards.is_watched,
            cards.days_late,
            cards.markets,
            CASE
                WHEN rank IS NOT NULL THEN format('No. {:,}', rank)
                    || if(len(cards.markets) > 1 AND rank_market <> '*', ' in ' || rank_market, '')
                WHEN by_artist THEN 'no rank, found at the artist'
                ELSE 'no rank, found by a search'
            END AS found,
            CASE
                WHEN tracks.number IS NULL
                    THEN coalesce(counted(catalogue.total_tracks, 'track'), 'Tracks') || ', not loaded yet'
                WHEN coalesce(catalogue.total_tracks, 0) NOT IN (0, tracks.number)
                    THEN counted(tracks.number, 'track') || format(' of {:,}, ', catalogue.total_tracks) || clock(milliseconds)
                ELSE counted(tracks.number, 'track') || ', ' || clock(milliseconds)
            END AS track_count,
            -- All tracks of a box set would be most of the page.
            coalesce(tracks.tracks, [])[:50] AS tracks,
            greatest(tracks.number - 50, 0) AS more_tracks,
            coalesce(milliseconds, 0) AS milliseconds,
            CASE is_explicit WHEN true THEN 'yes' WHEN false THEN 'no' ELSE '' END AS explicit
        FROM cards
        JOIN shown_albums ON shown_albums.id = cards.album_id
        JOIN catalogue ON catalogue.id = cards.album_id
        LEFT JOIN covers ON covers.album_id = cards.album_id
        LEFT JOIN tracks ON tracks.album_id = cards.album_id
        ORDER BY place
    """,
)

LATE: Final = Section(
    id="late",
    title="Surfaced late",
    link_text="Surfaced late",
    empty="""
        SELECT if(count(*) = 0, 'No album that surfaced in the last four weeks had been out for more than a week.', NULL)
        FROM recent_late_arrivals
    """,
    lead="""
        SELECT counted(count(*), 'album') || ' first seen in the last four weeks, more than a week after release.'
            || if(count(*) > 30, ' Shown are the 30 latest.', '')
        FROM recent_late_arrivals
    """,
    rankings=[
        Ranking(
            """
            SELECT
                [album] AS subjects,
                artists,
                'released ' || released AS text,
                counted(days, 'day') AS figure,
                'seen ' || seen_at::DATE AS figure_note
            FROM recent_late_arrivals JOIN shown_albums ON id = album_id
            ORDER BY seen_at DESC, days, album_id LIMIT 30
            """
        )
    ],
)

CALENDAR: Final = Section(
    id="calendar",
    title="Release calendar",
    link_text="Calendar",
    empty="""
        SELECT CASE
            WHEN NOT EXISTS (FROM catalogue) THEN 'No album is loaded yet.'
            WHEN today IS NULL THEN 'No album that is loaded has a release date.'
            WHEN NOT EXISTS (FROM calendar_albums) THEN format(
                'None of the {:,} albums that are loaded is dated to a day between {} and {}.',
                (SELECT count(*) FROM catalogue), (today - 28)::VARCHAR, (today + 28)::VARCHAR
            )
        END
        FROM latest_day
    """,
    parts="""
        WITH shown_days AS (
            SELECT today - 28 AS first, greatest(today, (SELECT max(day) FROM calendar_albums)) AS last FROM latest_day
        )
        SELECT
            NULL AS title,
            NULL AS empty,
            [first::VARCHAR, (last + 1)::VARCHAR] AS domain,
            -- Most music is released on Fridays.
            [day::DATE::VARCHAR FOR day IN generate_series(first, last, INTERVAL 1 DAY) IF isodow(day) = 5] AS ticks
        FROM shown_days
    """,
    chart=StackedBars(
        name="calendar",
        title="Albums by release date; the dates named are Fridays",
        description="Bars: one for each day, as high as the number of albums with that release date, divided by type.",
        query="""
            SELECT
                day::VARCHAR AS day,
                album_type AS type,
                albums,
                strftime(counts.day, '%a %Y-%m-%d') AS label,
                format('{}: {} of type {}', strftime(counts.day, '%A %Y-%m-%d'), albums, album_type) AS says
            FROM (SELECT day, album_type, count(*) AS albums FROM calendar_albums GROUP BY ALL) AS counts
            ORDER BY counts.day, album_type
        """,
        height=200,
        x="day",
        axis={
            "type": "temporal",
            "timeUnit": "utcyearmonthdate",
            "axis": {"format": "%-d %b", "labelAlign": "left"},
        },
        series="type",
        value="albums",
        bar={"width": {"band": 0.8}},
        label="Day",
        total="Albums",
        colours=dict(zip(("album", "single", "ep", "compilation", "other"), PALETTE, strict=True)),
        newest_first=True,
    ),
    # A Friday can have thousands of albums: at most 60 a day are named, and 900 in all.
    groups="""
        WITH limits AS (
            SELECT least(60, 900 // count(DISTINCT day)) AS named FROM calendar_albums
        )
        SELECT
            strftime(day, '%A %-d %B %Y: ') || counted(count(*), 'album') AS heading,
            list(
                {'subjects': [album], 'artists': artists, 'figure': shown_albums.album_type} ORDER BY number
            ) FILTER (number <= named) AS entries,
            greatest(count(*) - any_value(named), 0) AS more
        FROM limits, calendar_albums JOIN shown_albums USING (id)
        GROUP BY day ORDER BY day DESC
    """,
    note="""
        SELECT counted(elsewhere, 'album') || ' more ' || if(elsewhere = 1, 'is', 'are')
            || ' dated earlier or later than this, or not to a day.'
        FROM (SELECT (SELECT count(*) FROM catalogue) - count(*) AS elsewhere, count(*) AS dated FROM calendar_albums)
        WHERE elsewhere > 0 AND dated > 0
    """,
)


_MOVED: Final = """
    SELECT
        [album] AS subjects,
        artists,
        if(up > 0, '+', '−') || abs(up) AS figure,
        was || ' to ' || now AS figure_note
    FROM moves JOIN shown_albums ON id = album_id
    WHERE market = $market AND kind = $kind
    ORDER BY if(kind = 'rising', from_top, from_bottom)
"""  # noqa: RUF001 - a minus sign
# Six listings are shown, with at most 100 albums in a chart and 180 in all: no one can read more lines, and the page has
# to stay small.
MOVERS: Final = Section(
    id="movers",
    title="Risers and fallers",
    link_text="Risers and fallers",
    empty="""
        SELECT CASE
            WHEN count(*) = 0 THEN 'No run has read a listing yet, or release_sightings was not loaded.'
            WHEN max(runs) > 1 THEN NULL
            WHEN (SELECT count(DISTINCT seen_at) FROM standings) = 1
                THEN 'There has been one run. Positions can be compared after the next.'
            ELSE 'The latest run read another listing than the runs before it. Positions can be compared after the next.'
        END
        FROM listings
    """,
    parts="""
        WITH counts AS (
            SELECT market, count(*) AS stayed, count_if(up <> 0) AS moved FROM moves GROUP BY market
        )
        SELECT
            market,
            if(market = '*', 'all', lower(market)) AS name,
            CASE
                WHEN count(*) OVER () = 1 AND market = '*' THEN NULL
                WHEN len(markets) = 1 THEN 'Market ' || market
                WHEN len(markets) <= 8 THEN 'Markets ' || array_to_string(markets[:-2], ', ') || ' and ' || markets[-1]
                ELSE 'Markets ' || array_to_string(markets[:8], ', ') || format(' and {} more', len(markets) - 8)
            END AS title,
            CASE
                WHEN before IS NULL THEN if(len(markets) = 1, 'This market has', 'These markets have')
                    || ' been listed once. Positions can be compared after the next run.'
                WHEN moved IS NULL THEN 'The two runs have no album in common.'
                WHEN moved = 0 THEN format('None of the {:,} albums in both runs moved.', stayed)
            END AS empty,
            before,
            after,
            since,
            stayed,
            least(100, 180 // least(6, count(*) OVER ())) AS most
        FROM listings LEFT JOIN counts USING (market)
        QUALIFY number <= 6
        ORDER BY number
    """,
    lead="""
        SELECT counted($stayed, 'album') || ' in both runs: that of ' || moment($before) || ' and the latest, of '
            || moment($after) || '.'
            || if($stayed > $most, format(
                ' The chart has those that moved most, and the highest of the others, {} in all.', $most
            ), '')
    """,
    chart=RankLines(
        name="movers-{name}",
        title="Position in the listing, run by run",
        description="Lines: one for each album, from run to run; the higher, the nearer the top of the listing. "
        "Those that rose or fell most since the run before are coloured.",
        query="""
            WITH charted AS (
                FROM moves WHERE market = $market
                QUALIFY row_number() OVER (ORDER BY kind = 'others', now) <= $most
            ), numbered AS (
                SELECT *, row_number() OVER (ORDER BY from_top) - 1 AS line FROM charted
            )
            SELECT
                line AS album,
                strftime(path.seen_at, '%Y-%m-%dT%H:%M:%S') AS run,
                path.position,
                path.seen_at = $after AS latest,
                kind,
                title || CASE
                    WHEN up = 0 THEN format(': stayed at {}', now)
                    ELSE format(': {} {}, from {} to {}', if(up > 0, 'up', 'down'), abs(up), was, now)
                END AS says,
                shown_albums.album AS shown_album,
                array_to_string([artist.name FOR artist IN artists], ', ') AS shown_artists,
                was,
                now,
                if(up = 0, '0', format('{:+d}', up)) AS change
            FROM numbered
            JOIN standings AS path USING (market, album_id)
            JOIN shown_albums ON id = album_id
            WHERE path.seen_at >= $since
            ORDER BY path.seen_at, path.position
        """,
        height=320,
        columns={"Album": "shown_album", "Artists": "shown_artists", "Was": "was", "Is": "now", "Change": "change"},
    ),
    rankings=[
        Ranking(_MOVED, "Rose most", "No album rose.", {"kind": "rising"}),
        Ranking(_MOVED, "Fell most", "No album fell.", {"kind": "falling"}),
    ],
    note="SELECT counted(sum(len(markets))::BIGINT, 'market') || ' more not shown.' FROM listings WHERE number > 6",
)

_LENGTH_ENDS: Final = """
    SELECT
        [item('track', track.id, track.name, track.external_urls__spotify)] AS subjects,
        if(album IS NULL, NULL, 'on ') AS text,
        album,
        artists AS album_artists,
        clock(duration_ms) AS figure
    FROM album_tracks AS track LEFT JOIN shown_albums ON shown_albums.id = album_id
    WHERE duration_ms > 0
    ORDER BY if($longest, -duration_ms, duration_ms), album_id, disc_number, track_number LIMIT 5
"""
LENGTHS: Final = Section(
    id="lengths",
    title="Track lengths",
    link_text="Track lengths",
    empty="""
        SELECT CASE
            WHEN 'album_tracks' NOT IN (FROM loaded_tables)
                THEN 'The table album_tracks does not exist: load it, and tracks are counted here.'
            WHEN NOT EXISTS (FROM album_tracks WHERE duration_ms > 0) THEN 'No track is loaded yet.'
        END
    """,
    lead="""
        SELECT counted(count(*), 'track') || '; half of them are shorter than ' || clock(median(duration_ms)::BIGINT) || '.'
        FROM album_tracks WHERE duration_ms > 0
    """,
    chart=StackedBars(
        name="lengths",
        title="Tracks by length, in half minutes",
        description="Bars: one for each half minute, as high as the number of tracks of that length; the last one holds "
        "all of ten minutes and more.",
        # One recording of three hours would flatten the other bars.
        query="""
            WITH counts AS (
                SELECT
                    least(duration_ms // 30000 * 30, 600)::INTEGER AS start,
                    if(explicit, 'explicit', 'not explicit') AS words,
                    count(*) AS tracks
                FROM album_tracks WHERE duration_ms > 0 GROUP BY ALL
            )
            SELECT
                start AS "from",
                start + 30 AS "to",
                words,
                tracks,
                if(start = 600, '10:00 and longer', clock(start * 1000) || ' to ' || clock(start * 1000 + 29999)) AS label,
                format('{}: {:,} {}', label, tracks, words) AS says
            FROM counts ORDER BY start, words DESC
        """,
        height=200,
        x="from",
        axis={
            "type": "quantitative",
            "title": "minutes",
            "bin": {"binned": True, "step": 30},
            "scale": {"domain": [0, 630], "nice": False},
            "axis": {
                "values": list(range(0, 601, 60)),
                "labelExpr": "datum.value / 60 + (datum.value === 600 ? '+' : '')",
            },
        },
        end="to",
        series="words",
        value="tracks",
        bar={"binSpacing": 2},
        label="Length",
        colours={"not explicit": PALETTE[0], "explicit": PALETTE[3]},
    ),
    rankings=[
        Ranking(_LENGTH_ENDS, "Shortest", values={"longest": False}),
        Ranking(_LENGTH_ENDS, "Longest", values={"longest": True}),
    ],
)

PAIRS: Final = Section(
    id="pairs",
    title="Artist pairs",
    link_text="Artist pairs",
    empty="""
        SELECT if(count(*) = 0, 'No album and no track that is loaded names two artists.', NULL) FROM artist_pairs
    """,
    lead="""
        SELECT counted(count(*), 'pair') || ' of artists named together on an album or a track'
            || if(count(*) > (SELECT count(*) FROM top_pairs), '; here those with most tracks together', '') || '.'
        FROM artist_pairs
    """,
    chart=NamedBars(
        name="pairs",
        title="Artist pairs by tracks together",
        description="Bars: one for each pair of artists, as long as the number of tracks that name both.",
        query="""
            SELECT pair, tracks, albums, format('{}: tracks {}, albums {}', pair, tracks, albums) AS says
            FROM top_pairs ORDER BY place
        """,
        height=36,
        value="tracks",
        bar_name="pair",
        columns={"Pair": "pair", "Albums": "albums", "Tracks": "tracks"},
    ),
    rankings=[
        Ranking(
            """
            SELECT
                [first_artist, second_artist] AS subjects,
                'most recently on ' AS text,
                album,
                counted(tracks, 'track') AS figure,
                coalesce(counted(releases, 'release'), counted(albums, 'album')) AS figure_note
            FROM top_pairs
            JOIN shown_albums ON id = latest
            LEFT JOIN pair_releases ON first_artist_id = one AND second_artist_id = other
            ORDER BY place
            """
        )
    ],
)

LOADS: Final = Section(
    id="loads",
    title="Loads and quota",
    link_text="Loads and quota",
    empty="""
        SELECT CASE
            WHEN 'load_runs' NOT IN (FROM loaded_tables) THEN
                'The table load_runs does not exist: pipelines/load.py writes it, a script of your own does not.'
            WHEN NOT EXISTS (FROM runs) THEN 'No run has been recorded in load_runs yet.'
        END
    """,
    facts="""
        WITH buckets AS (
            SELECT
                bucket,
                coalesce(sum(calls) FILTER ($now - started_at < INTERVAL 1 DAY), 0)::BIGINT AS calls,
                max(blocked_until) AS blocked_until
            FROM (
                SELECT bucket, calls, started_at, NULL::TIMESTAMP AS blocked_until FROM run_calls
                UNION ALL
                SELECT key, 0, started_at, TRY_CAST(value ->> '$' AS TIMESTAMPTZ)::TIMESTAMP
                FROM runs, json_each(runs.blocked_until) WHERE back = 1
            )
            GROUP BY bucket
        ), facts AS (
            SELECT
                1 AS place,
                'Last run' AS term,
                moment(started_at) || ': ' || if(exit_code = 0, 'complete', '') AS text,
                if(exit_code = 0, NULL, ended || coalesce(' (' || reason || ')', '')) AS warning
            FROM runs WHERE back = 1
            UNION ALL
            SELECT 2, 'Pending', if(albums_pending > 0, counted(albums_pending, 'album') || ' to fetch', 'nothing'), NULL
            FROM runs WHERE back = 1
            UNION ALL
            SELECT
                3,
                'The app',
                if(
                    min_by(browse_allowed, back),
                    'may call browse/new-releases',
                    'may not call browse/new-releases, and finds releases by search'
                ),
                NULL
            FROM runs HAVING count(browse_allowed) > 0
            UNION ALL
            SELECT
                4,
                bucket,
                counted(calls, 'call') || ' in the last 24 hours' || if(blocked_until > $now, '; ', ''),
                if(blocked_until > $now, 'closed until ' || moment(blocked_until), NULL)
            FROM buckets
        )
        SELECT term, text, warning FROM facts ORDER BY place, term
    """,
    chart=StackedBars(
        name="calls",
        title="API calls, run by run",
        description="Bars: one for each run, as high as its number of API calls, divided by bucket.",
        query="""
            SELECT
                strftime(started_at, '%Y-%m-%dT%H:%M:%S') AS run,
                bucket,
                calls,
                strftime(started_at, '%Y-%m-%d %H:%M') AS label,
                format('{}: {} calls to {}', label, calls, bucket) AS says
            FROM run_calls WHERE back <= 30 ORDER BY started_at, bucket
        """,
        height=180,
        x="run",
        axis={"type": "ordinal", "axis": RUN_AXIS},
        series="bucket",
        value="calls",
        bar={"width": {"expr": "min(20, 0.7 * bandwidth('x'))"}},
        label="Run (UTC)",
        total="Calls",
        newest_first=True,
    ),
    table=Table(
        title="""
            SELECT CASE
                WHEN count(*) = 1 THEN 'The run'
                WHEN count(*) <= 10 THEN 'All runs'
                ELSE format('The last 10 of {:,} runs', count(*))
            END
            FROM runs
        """,
        label="Runs, the latest first",
        query="""
            SELECT
                strftime(started_at, '%Y-%m-%d %H:%M') AS "Started (UTC)",
                {'text': ended, 'is_warning': exit_code IS DISTINCT FROM 0} AS "Ended",
                round(seconds)::BIGINT AS "Seconds",
                albums_new AS "New",
                albums_fetched AS "Fetched",
                tracks_loaded AS "Tracks",
                albums_pending AS "Pending",
                coalesce((SELECT sum(calls) FROM run_calls WHERE run_calls.back = runs.back), 0)::BIGINT AS "Calls"
            FROM runs WHERE back <= 10 ORDER BY back
        """,
    ),
)

SECTIONS: Final = (NEW, LATE, CALENDAR, MOVERS, LENGTHS, PAIRS, LOADS)
