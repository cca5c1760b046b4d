"""The section on artist pairs: who releases with whom, on the cover or on a track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spotify_pipeline.page import charts
from spotify_pipeline.page.albums import Album, Artist, albums, artist
from spotify_pipeline.page.charts import Chart, Table
from spotify_pipeline.page.database import PAIRS, Database, Row

MOST_SHOWN = 12

_PAIRS = """
    WITH named AS (
        SELECT album_id, 0 AS disc_number, 0 AS track_number, id FROM album_credits
        UNION
        SELECT album_id, disc_number, track_number, id FROM track_credits
    ), pairs AS (
        SELECT one.id AS one, other.id AS other,
            count(DISTINCT album_id) AS albums,
            count(*) FILTER (disc_number > 0) AS tracks,
            max_by(album_id, (released_on, album_id)) AS latest
        FROM named AS one
        JOIN named AS other USING (album_id, disc_number, track_number)
        JOIN catalogue ON catalogue.id = album_id
        WHERE one.id < other.id
        GROUP BY ALL
    )
    SELECT *, count(*) OVER () AS found
    FROM pairs
    ORDER BY tracks DESC, albums DESC, one, other
    LIMIT ?
"""
# What only the dbt project knows: which albums are twins of one release.
_MART_COLUMNS = {"first_artist_id", "second_artist_id", "releases_together"}
_ARTISTS = """
    SELECT id, any_value(name) AS name, any_value(url) AS url
    FROM (SELECT id, name, url FROM album_credits UNION ALL SELECT id, name, url FROM track_credits)
    WHERE id IN (SELECT unnest(?))
    GROUP BY id
"""


@dataclass(frozen=True)
class Pair:
    """Two artists who are credited together.

    Attributes:
        albums: On how many albums, or tracks of them.
        tracks: On how many tracks.
        latest: The newest of the albums.
        releases: On how many releases, each with its twins; None where the dbt project has not said.
    """

    one: Artist
    other: Artist
    albums: int
    tracks: int
    latest: Album
    releases: int | None


@dataclass(frozen=True)
class Pairs:
    """The pairs with most tracks together.

    Attributes:
        found: How many there are in all.
        empty: Why there is nothing to show.
    """

    pairs: Sequence[Pair] = ()
    found: int = 0
    chart: Chart | None = None
    empty: str | None = None


def read(database: Database) -> Pairs:
    """Every two artists who share an album's line of artists or that of a track."""
    rows = database.rows(_PAIRS, MOST_SHOWN)
    if not rows:
        return Pairs(empty="No album and no track that is loaded names two artists.")
    artists = {row["id"]: artist(row) for row in database.rows(_ARTISTS, [row[end] for row in rows for end in _ENDS])}
    known = albums(database, [row["latest"] for row in rows])
    releases = _releases(database)
    pairs = [
        Pair(
            one=artists[row["one"]],
            other=artists[row["other"]],
            albums=row["albums"],
            tracks=row["tracks"],
            latest=known[row["latest"]],
            releases=releases.get((row["one"], row["other"])),
        )
        for row in rows
    ]
    return Pairs(pairs, rows[0]["found"], _chart(pairs))


_ENDS = ("one", "other")


def _releases(database: Database) -> dict[tuple[str, str], int]:
    """Releases that two artists share, by the dbt project; nothing where it has not been built."""
    mart = database.mart(PAIRS, _MART_COLUMNS)
    if mart is None:
        return {}
    rows = database.rows(f"SELECT first_artist_id, second_artist_id, releases_together FROM {mart}")  # noqa: S608 - quoted
    return {(row["first_artist_id"], row["second_artist_id"]): row["releases_together"] for row in rows}


def _chart(pairs: Sequence[Pair]) -> Chart:
    values: list[Row] = [
        {
            "place": place,
            "pair": f"{pair.one.name} and {pair.other.name}",
            "tracks": pair.tracks,
            "says": f"{pair.one.name} and {pair.other.name}: tracks {pair.tracks}, albums {pair.albums}",
        }
        for place, pair in enumerate(pairs)
    ]
    description = "Bars: one a pair of artists, as long as the number of tracks that name both."
    encoding = {"y": {"field": "place", "type": "ordinal", "axis": None}}
    spec = {
        "data": {"values": values},
        "encoding": encoding,
        "layer": [
            {
                "mark": {"type": "bar", "height": 6, "yOffset": 10, "color": charts.FIRST},
                "encoding": {
                    "x": {"field": "tracks", "type": "quantitative", "title": None, "axis": _TRACK_AXIS},
                    **charts.said(),
                },
            },
            {
                # The names stand above their bar: beside it, a phone would have no room for the bars.
                "mark": {
                    "type": "text",
                    "align": "left",
                    "dx": 1,
                    "dy": -4,
                    "fontSize": 13,
                    "color": charts.INK,
                    "aria": False,
                },
                "encoding": {"x": {"value": 0}, "text": {"field": "pair"}},
            },
        ],
    }
    return Chart(
        name="pairs",
        title="Artist pairs by tracks together",
        description=description,
        spec=charts.drawn(spec, 36 * len(pairs), description),
        table=Table(
            ["Pair", "Albums", "Tracks"],
            [[f"{pair.one.name} and {pair.other.name}", pair.albums, pair.tracks] for pair in pairs],
        ),
    )


_TRACK_AXIS: charts.Spec = {"tickCount": 4, "tickMinStep": 1, "format": "d", "grid": True}
